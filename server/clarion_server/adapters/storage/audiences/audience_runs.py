"""Stores runs and their members."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Select,
    bindparam,
    delete,
    func,
    insert,
    select,
    update,
)

from clarion_server.adapters.storage.rows.json_columns import FAILED_EVALUATIONS, LABELS, REASON_COUNTS
from clarion_server.adapters.storage.rows.json_rows import RowsReader
from clarion_server.adapters.storage.schema import (
    audience_runs,
    profile_aliases,
    profile_identities,
    profiles,
    run_addresses,
    run_members,
)
from clarion_server.adapters.storage.statements.bulk import insertion
from clarion_server.application.ports.audience_runs import RunMember
from clarion_server.domain.access.access import Visibility
from clarion_server.domain.audiences.audience import AudienceMember
from clarion_server.domain.audiences.audience_run import AudienceRun, EndReason, RunState, Selection
from clarion_server.domain.instant import Instant
from clarion_server.domain.messages.message import NO_LABELS
from clarion_server.domain.people.identity import Identity, IdentityKey

_runs = audience_runs
_ADD_MEMBERS = insertion(run_members, tuple(run_members.columns))
_ADD_ADDRESSES = insertion(
    run_addresses,
    tuple(run_addresses.columns),
    "ON CONFLICT (run_key, ordinal) DO UPDATE SET hashes = excluded.hashes",
)
_ADDRESSES = select(run_addresses.c.ordinal, run_addresses.c.hashes).where(
    run_addresses.c.run_key == bindparam("run_key"), run_addresses.c.ordinal.in_(bindparam("ordinals", expanding=True))
)
_ADDRESSES_FROM = (
    select(run_addresses.c.ordinal, run_addresses.c.hashes)
    .where(run_addresses.c.run_key == bindparam("run_key"), run_addresses.c.ordinal >= bindparam("ordinal"))
    .order_by(run_addresses.c.ordinal)
    .limit(bindparam("limit"))
)
#: About so many members have their addresses in one row.
_MEMBERS_IN_ROW = 250


def _next_members() -> RowsReader:
    """Reads each member with the profile that it stands for, once for each identity that it has in the namespace."""
    listed = profile_identities.alias("listed")
    named = profile_identities.alias("named")
    of_listed = (
        (listed.c.sandbox == bindparam("sandbox"))
        & (listed.c.namespace == run_members.c.namespace)
        & (listed.c.normal_value == run_members.c.normal_value)
    )
    # An absorbed profile stands for its survivor.
    found = func.coalesce(profile_aliases.c.profile_key, run_members.c.profile_key, listed.c.profile_key)
    joined = (
        run_members.outerjoin(listed, of_listed)
        .outerjoin(profile_aliases, profile_aliases.c.former_key == run_members.c.profile_key)
        .outerjoin(profiles, profiles.c.key == found)
        .outerjoin(named, (named.c.profile_key == profiles.c.key) & (named.c.namespace == bindparam("of_namespace")))
    )
    return RowsReader(
        select(
            run_members.c.ordinal,
            run_members.c.namespace,
            run_members.c.normal_value,
            run_members.c.value,
            profiles.c.key,
            named.c.normal_value.label("named_normal"),
            func.coalesce(named.c.value, named.c.normal_value).label("named_value"),
        )
        .select_from(joined)
        .where(
            run_members.c.run_key == bindparam("run_key"),
            run_members.c.ordinal >= bindparam("first"),
            run_members.c.ordinal < bindparam("end"),
        )
        .order_by(run_members.c.ordinal, named.c.position)
    )


_NEXT_MEMBERS = _next_members()


class SqlAudienceRunRepository:
    def __init__(self, connection: Connection, *, locks: bool) -> None:
        self._connection = connection
        self._locks = locks

    def add(self, run: AudienceRun) -> AudienceRun:
        values = {**_fixed_values(run), **_changing_values(run)}
        key = self._connection.execute(insert(_runs).values(values).returning(_runs.c.key)).scalar_one()
        return _from_row(self._connection.execute(select(_runs).where(_runs.c.key == key)).one())

    def get(self, execution_id: str) -> AudienceRun | None:
        return self._one(select(_runs).where(_runs.c.execution_id == execution_id))

    def of_executions(self, execution_ids: Collection[str]) -> dict[str, AudienceRun]:
        found = self._all(select(_runs).where(_runs.c.execution_id.in_(execution_ids)))
        return {run.execution_id: run for run in found}

    def lock(self, key: int) -> AudienceRun | None:
        statement = select(_runs).where(_runs.c.key == key)
        return self._one(statement.with_for_update() if self._locks else statement)

    def save(self, run: AudienceRun) -> None:
        self._connection.execute(update(_runs).where(_runs.c.key == run.key).values(_changing_values(run)))

    def open(self, limit: int) -> list[AudienceRun]:
        ordered = select(_runs).order_by(_runs.c.start_time, _runs.c.key)
        return self._all(ordered.where(_runs.c.end_time.is_(None)).limit(limit))

    def first_open(self, visibility: Visibility, audience_id: str) -> AudienceRun | None:
        needing = _runs.c.state.in_([RunState.SCHEDULED, RunState.SELECTING])
        of_it = (_runs.c.sandbox == visibility.sandbox, _runs.c.audience == audience_id)
        return self._one(select(_runs).where(_runs.c.end_time.is_(None), needing, *of_it).limit(1))

    def add_members(self, run: AudienceRun, first: int, members: Sequence[AudienceMember]) -> None:
        rows = [_member_row(run.key, first + index, member) for index, member in enumerate(members)]
        _ADD_MEMBERS.change(self._connection, rows)

    def members(self, run: AudienceRun, namespace: str, limit: int) -> list[RunMember]:
        first = run.decided_count
        asked = {"run_key": run.key, "sandbox": run.sandbox, "of_namespace": namespace}
        rows = _NEXT_MEMBERS.read(self._connection, {**asked, "first": first, "end": first + limit})
        # Of several identities in the namespace, the first one counts.
        return list({row[0]: _member(row, namespace) for row in reversed(rows)}.values())[::-1]

    def add_addresses(self, run: AudienceRun, hashes: bytes) -> None:
        _ADD_ADDRESSES.change(self._connection, [(run.key, run.decided_count, hashes)])

    def addresses(self, run: AudienceRun, ordinals: Collection[int]) -> dict[int, bytes]:
        rows = self._connection.execute(_ADDRESSES, {"run_key": run.key, "ordinals": sorted(ordinals)})
        return {row.ordinal: bytes(row.hashes) for row in rows}

    def addresses_from(self, run: AudienceRun, ordinal: int, limit: int) -> dict[int, bytes]:
        rows = self._connection.execute(_ADDRESSES_FROM, {"run_key": run.key, "ordinal": ordinal, "limit": limit})
        return {row.ordinal: bytes(row.hashes) for row in rows}

    def delete_members(self, run: AudienceRun, limit: int) -> int:
        return self._delete_members(run.key, limit)

    def purge_members(self, ended_before: Instant, limit: int) -> int:
        ended = (_runs.c.end_time < ended_before, _runs.c.purge_time.is_(None))
        key = self._connection.execute(select(_runs.c.key).where(*ended).limit(1)).scalar_one_or_none()
        if key is None:
            return 0
        if deleted := self._delete_members(key, limit):
            return deleted
        purged = update(_runs).where(_runs.c.key == key).values(purge_time=ended_before)
        return self._connection.execute(purged).rowcount

    def _delete_members(self, key: int, limit: int) -> int:
        some = select(run_members.c.ordinal).where(run_members.c.run_key == key).limit(limit)
        deleted = self._delete((run_members.c.run_key == key) & run_members.c.ordinal.in_(some), delete(run_members))
        if deleted:
            return deleted
        rows = max(1, limit // _MEMBERS_IN_ROW)
        others = select(run_addresses.c.ordinal).where(run_addresses.c.run_key == key).limit(rows)
        of_run = run_addresses.c.run_key == key
        return self._delete(of_run & run_addresses.c.ordinal.in_(others), delete(run_addresses))

    def _delete(self, condition: ColumnElement[bool], deletion: Any) -> int:
        return self._connection.execute(deletion.where(condition)).rowcount

    def _all(self, statement: Select[Any]) -> list[AudienceRun]:
        return [_from_row(row) for row in self._connection.execute(statement)]

    def _one(self, statement: Select[Any]) -> AudienceRun | None:
        found = self._all(statement)
        return found[0] if found else None


def _member_row(run_key: int, ordinal: int, member: AudienceMember) -> tuple[Any, ...]:
    if member.identity is not None:
        return (run_key, ordinal, None, *member.identity.key, member.identity.value)
    assert member.profile is not None, "a member is a profile or an identity"
    return (run_key, ordinal, member.profile.key, None, None, None)


def _member(row: Sequence[Any], namespace: str) -> RunMember:
    ordinal, listed_namespace, normal_value, value, profile_key, named_normal, named_value = row
    if listed_namespace == namespace:
        return RunMember(ordinal, Identity(IdentityKey(namespace, normal_value), value), is_listed=True)
    if named_normal is not None:
        return RunMember(ordinal, Identity(IdentityKey(namespace, named_normal), named_value))
    has_profile = profile_key is not None
    return RunMember(
        ordinal,
        None,
        is_deleted=listed_namespace is None and not has_profile,
        is_unknown=listed_namespace is not None and not has_profile,
    )


def _fixed_values(run: AudienceRun) -> dict[str, Any]:
    return {
        "execution_id": run.execution_id,
        "sandbox": run.sandbox,
        "campaign_key": run.campaign_key,
        "audience": run.audience,
        "max_recipients": run.max_recipients,
        "start_time": run.start_time,
        "context": run.context,
        "locale": run.locale,
        "labels": LABELS.encode(run.labels) if run.labels else None,
    }


def _changing_values(run: AudienceRun) -> dict[str, Any]:
    selection = run.selection
    return {
        "state": run.state,
        "owner": run.owner,
        "select_time": run.select_time,
        "selected_count": None if selection is None else selection.count,
        "failures": None if selection is None else FAILED_EVALUATIONS.encode(selection.failures),
        "snapshot_count": 0 if selection is None else selection.snapshot_count,
        "decided_count": run.decided_count,
        "accepted_count": run.accepted_count,
        "exclusions": REASON_COUNTS.encode(run.exclusions) if run.exclusions else None,
        "deleted_count": run.deleted_count,
        "end_time": run.end_time,
        "end_reason": run.end_reason,
    }


def _from_row(row: Row[Any]) -> AudienceRun:
    exclusions: Mapping[Any, int] = REASON_COUNTS.decode(row.exclusions) or {}
    return AudienceRun(
        execution_id=row.execution_id,
        sandbox=row.sandbox,
        campaign_key=row.campaign_key,
        audience=row.audience,
        max_recipients=row.max_recipients,
        start_time=row.start_time,
        context=row.context,
        locale=row.locale,
        labels=LABELS.decode(row.labels) or NO_LABELS,
        state=RunState(row.state),
        owner=row.owner,
        select_time=row.select_time,
        selection=_selection(row),
        decided_count=row.decided_count,
        accepted_count=row.accepted_count,
        exclusions=exclusions,
        deleted_count=row.deleted_count,
        end_time=row.end_time,
        end_reason=None if row.end_reason is None else EndReason(row.end_reason),
        key=row.key,
    )


def _selection(row: Row[Any]) -> Selection | None:
    if row.selected_count is None:
        return None
    return Selection(row.selected_count, FAILED_EVALUATIONS.decode(row.failures) or (), row.snapshot_count)

"""Stores fragments, their versions, and what names them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import (
    Connection,
    Row,
    Subquery,
    and_,
    case,
    delete,
    insert,
    literal,
    or_,
    select,
    tuple_,
    union_all,
)

from clarion_server.adapters.storage.resources import SqlArchivableRepository
from clarion_server.adapters.storage.rows.access_labels import decode_labels, label_subject
from clarion_server.adapters.storage.rows.json_columns import FRAGMENT_CONTENT, TEXTS
from clarion_server.adapters.storage.schema import (
    campaign_fragments,
    campaigns,
    fragment_references,
    fragment_versions,
    fragments,
)
from clarion_server.adapters.storage.statements.bulk import insertion
from clarion_server.adapters.storage.statements.conditions import is_visible
from clarion_server.application.ports.fragments import UsePosition
from clarion_server.domain.access.access import Visibility
from clarion_server.domain.campaign_states import ApprovalState, CampaignState
from clarion_server.domain.fragments.fragment import Fragment, FragmentUse, FragmentVersion
from clarion_server.domain.fragments.fragment_reference import FragmentReference, references_in
from clarion_server.domain.names import CAMPAIGNS, FRAGMENTS

_IN_USE = (CampaignState.SCHEDULED, CampaignState.LIVE, CampaignState.PAUSED)
_ENDED = (CampaignState.STOPPED, CampaignState.COMPLETED, CampaignState.ARCHIVED)
_DRAFT = 0
_NAME = insertion(fragment_references, tuple(fragment_references.columns))
_OF_FRAGMENTS = 1
_VERSIONS = select(fragment_versions, fragments.c.id, fragments.c.access_labels).join_from(
    fragment_versions, fragments, fragments.c.key == fragment_versions.c.fragment_key
)


class SqlFragmentRepository(SqlArchivableRepository[Fragment]):
    def __init__(self, connection: Connection) -> None:
        super().__init__(connection, fragments, _to_row, _from_row)

    def add(self, resource: Fragment) -> Fragment:
        added = super().add(resource)
        self._name(added.key, _DRAFT, added.source)
        label_subject(self._connection, added.sandbox, added.name, added.access_labels)
        return added

    def save(self, resource: Fragment) -> None:
        super().save(resource)
        of_draft = (fragment_references.c.fragment_key == resource.key, fragment_references.c.number == _DRAFT)
        self._connection.execute(delete(fragment_references).where(*of_draft))
        self._name(resource.key, _DRAFT, resource.source)
        label_subject(self._connection, resource.sandbox, resource.name, resource.access_labels)

    def lock(self, fragment: Fragment) -> None:
        # PostgreSQL alone has such locks. SQLite has one writer at a time.
        self._connection.execute(select(fragments.c.key).where(fragments.c.key == fragment.key).with_for_update())

    def add_version(self, version: FragmentVersion) -> None:
        row = {
            "fragment_key": version.fragment_key,
            "number": version.number,
            "content": FRAGMENT_CONTENT.encode(version.content),
            "digest": version.digest,
            "create_time": version.create_time,
            "creator": version.creator,
            "approvers": TEXTS.encode(version.approvers),
            "bypass_reason": version.bypass_reason,
        }
        self._connection.execute(insert(fragment_versions).values(row))
        self._name(version.fragment_key, version.number, version.content.source)

    def version(self, fragment_key: int, number: int) -> FragmentVersion | None:
        same = (fragment_versions.c.fragment_key == fragment_key, fragment_versions.c.number == number)
        row = self._connection.execute(_VERSIONS.where(*same)).one_or_none()
        return None if row is None else _version_from_row(row)

    def versions(self, fragment_key: int, before: int | None, limit: int) -> list[FragmentVersion]:
        number = fragment_versions.c.number
        statement = _VERSIONS.where(fragment_versions.c.fragment_key == fragment_key)
        if before is not None:
            statement = statement.where(number < before)
        return [
            _version_from_row(row) for row in self._connection.execute(statement.order_by(number.desc()).limit(limit))
        ]

    def find(
        self, visibility: Visibility, reference: FragmentReference, *, hold: bool = False
    ) -> FragmentVersion | None:
        statement = _VERSIONS.where(is_visible(fragments, visibility), fragments.c.id == reference.fragment_id)
        if reference.version:
            statement = statement.where(fragment_versions.c.number == reference.version)
        else:
            newest = fragment_versions.c.number == fragments.c.published_version
            statement = statement.where(newest, fragments.c.archive_time.is_(None))
        if hold:
            statement = statement.with_for_update(read=True, of=fragments)
        row = self._connection.execute(statement).one_or_none()
        return None if row is None else _version_from_row(row)

    def uses(
        self,
        fragment: Fragment,
        visibility: Visibility,
        after: UsePosition | None,
        limit: int,
        *,
        current: bool = False,
    ) -> list[tuple[UsePosition, FragmentUse]]:
        found = _uses_of(fragment, visibility)
        position = tuple_(found.c.kind, found.c.id, found.c.number, found.c.version)
        statement = select(found).order_by(found.c.kind, found.c.id, found.c.number, found.c.version).limit(limit)
        if after is not None:
            statement = statement.where(position > tuple_(*map(literal, after)))
        if current:
            statement = statement.where(found.c.current)
        rows = self._connection.execute(statement)
        return [((row.kind, row.id, row.number, row.version), _use_from_row(row)) for row in rows]

    def _name(self, key: int, number: int, source: str) -> None:
        references = sorted(references_in(source))
        _NAME.change(self._connection, [(key, number, each.fragment_id, each.version) for each in references])


def _uses_of(fragment: Fragment, visibility: Visibility) -> Subquery:
    named, naming = campaign_fragments.c, fragment_references.c
    is_draft = named.number == _DRAFT
    is_live = and_(~is_draft, named.number == campaigns.c.live_version, campaigns.c.state.in_(_IN_USE))
    by_campaigns = (
        select(
            literal(0).label("kind"),
            campaigns.c.id.label("id"),
            named.number.label("number"),
            named.version.label("version"),
            _flag(is_live).label("live"),
            or_(is_live, and_(is_draft, campaigns.c.state.not_in(_ENDED))).label("current"),
        )
        .join_from(campaign_fragments, campaigns, campaigns.c.key == named.campaign_key)
        .where(is_visible(campaigns, visibility), named.fragment_id == fragment.id)
    )
    is_newest = naming.number.in_((_DRAFT, fragments.c.published_version))
    by_fragments = (
        select(
            literal(_OF_FRAGMENTS),
            fragments.c.id,
            naming.number,
            naming.version,
            literal(0),
            and_(is_newest, fragments.c.archive_time.is_(None)),
        )
        .join_from(fragment_references, fragments, fragments.c.key == naming.fragment_key)
        # One that names itself can never be published, and must not keep itself.
        .where(
            is_visible(fragments, visibility),
            naming.fragment_id == fragment.id,
            fragments.c.key != fragment.key,
        )
    )
    return union_all(by_campaigns, by_fragments).subquery()


def _flag(condition: Any) -> Any:
    return case((condition, 1), else_=0)


def _use_from_row(row: Row[Any]) -> FragmentUse:
    name = (FRAGMENTS if row.kind == _OF_FRAGMENTS else CAMPAIGNS).format(row.id)
    return FragmentUse(f"{name}/versions/{row.number}" if row.number else name, row.version, bool(row.live))


def _to_row(fragment: Fragment) -> Mapping[str, Any]:
    return {
        "display_name": fragment.display_name,
        "description": fragment.description,
        "content": FRAGMENT_CONTENT.encode(fragment.content),
        "published_version": fragment.published_version,
        "published_digest": fragment.published_digest,
        "approval_state": fragment.approval_state,
        "draft_editors": TEXTS.encode(fragment.draft_editors),
    }


def _from_row(row: Row[Any], common: Mapping[str, Any]) -> Fragment:
    content = FRAGMENT_CONTENT.decode(row.content)
    return Fragment(
        **common,
        display_name=row.display_name,
        description=row.description,
        kind=content.kind,
        source=content.source,
        parameters=content.parameters,
        translations=content.translations,
        published_version=row.published_version,
        published_digest=row.published_digest,
        approval_state=None if row.approval_state is None else ApprovalState(row.approval_state),
        draft_editors=TEXTS.decode(row.draft_editors),
    )


def _version_from_row(row: Row[Any]) -> FragmentVersion:
    return FragmentVersion(
        fragment_key=row.fragment_key,
        fragment_id=row.id,
        number=row.number,
        content=FRAGMENT_CONTENT.decode(row.content),
        create_time=row.create_time,
        creator=row.creator,
        digest=row.digest,
        access_labels=decode_labels(row.access_labels),
        approvers=TEXTS.decode(row.approvers),
        bypass_reason=row.bypass_reason,
    )

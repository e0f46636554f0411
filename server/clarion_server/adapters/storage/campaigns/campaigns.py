"""Stores campaigns and their versions."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, bindparam, delete, exists, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from clarion_server.adapters.storage.campaigns.built_sources import add_built_sources, built_sources_of
from clarion_server.adapters.storage.campaigns.campaign_attachments import (
    drop_from_draft,
    name_in_draft,
    name_in_version,
)
from clarion_server.adapters.storage.campaigns.campaign_fragments import (
    drop_fragments_of_draft,
    name_fragments_in_draft,
    pin_fragments,
)
from clarion_server.adapters.storage.campaigns.campaign_lists import campaign_page, tag_page
from clarion_server.adapters.storage.campaigns.campaign_locks import lock_exclusive, lock_shared
from clarion_server.adapters.storage.campaigns.campaign_rows import (
    campaign_from_row,
    campaign_to_row,
    version_from_row,
    version_to_row,
)
from clarion_server.adapters.storage.rows.access_labels import count_change
from clarion_server.adapters.storage.schema import (
    campaign_tags,
    campaign_version_actions,
    campaign_version_audiences,
    campaign_versions,
    campaigns,
)
from clarion_server.adapters.storage.statements.bulk import BulkStatement, Values
from clarion_server.adapters.storage.statements.conditions import is_visible
from clarion_server.application.ports.queries import CampaignQuery, DeliveryPolicy, LockedCampaign, TagUse
from clarion_server.application.ports.repositories import NameTaken
from clarion_server.application.ports.store import WriteConflict
from clarion_server.domain.access.access import Visibility
from clarion_server.domain.campaign_states import CampaignState
from clarion_server.domain.campaigns.campaign import Campaign, CampaignVersion, QueueDisposal
from clarion_server.domain.content.built_source import NOTHING_BUILT, BuiltSources
from clarion_server.domain.instant import Instant
from clarion_server.domain.tags import folded

_IN_USE = (CampaignState.SCHEDULED, CampaignState.LIVE, CampaignState.PAUSED)
# Statements are built once where they run often: building one takes longer than running it.
_BY_NAME = select(campaigns).where(
    campaigns.c.sandbox == bindparam("sandbox"),
    campaigns.c.id == bindparam("id"),
    campaigns.c.access_mask.bitwise_and(bindparam("hidden")) == 0,
)
_BY_KEYS = select(campaigns).where(campaigns.c.key.in_(bindparam("keys", expanding=True)))
_ADD = insert(campaigns).returning(campaigns.c.key)
_SAVE = update(campaigns).where(
    campaigns.c.key == bindparam("of_key"), campaigns.c.revision == bindparam("former_revision")
)
_VERSION = select(campaign_versions).where(
    campaign_versions.c.campaign_key == bindparam("campaign_key"), campaign_versions.c.number == bindparam("number")
)
_CHANNEL_KEYS = (
    select(campaign_version_actions.c.channel_key)
    .where(
        campaign_version_actions.c.campaign_key == bindparam("campaign_key"),
        campaign_version_actions.c.number == bindparam("number"),
    )
    .order_by(campaign_version_actions.c.position)
)
_REVISIONS = BulkStatement("SELECT key, revision FROM campaigns WHERE key IN ({rows})", Values(campaigns.c.key))

_ACCESS_MASKS = BulkStatement("SELECT key, access_mask FROM campaigns WHERE key IN ({rows})", Values(campaigns.c.key))

# The first of a sandbox by id, because PostgreSQL takes all rows to be of few sandboxes: for EXISTS it reads the table
# from its beginning, which is millions of rows where the sandbox has none of them.
_HAS_SUPPRESSIONS = (
    "(SELECT 1 FROM suppressions WHERE suppressions.sandbox = campaigns.sandbox ORDER BY suppressions.id LIMIT 1)"
    " IS NOT NULL"
)
_HAS_ALLOW_LIST = "EXISTS (SELECT 1 FROM allow_lists WHERE allow_lists.sandbox = campaigns.sandbox AND enabled)"
_LOCKED = BulkStatement(
    "SELECT key, revision,"  # noqa: S608 - names of the schema
    " (SELECT 1 FROM profiles WHERE profiles.sandbox = campaigns.sandbox ORDER BY profiles.id LIMIT 1) IS NOT NULL,"
    f" {_HAS_SUPPRESSIONS}, {_HAS_ALLOW_LIST},"
    " EXISTS (SELECT 1 FROM sending_policies WHERE sending_policies.sandbox = campaigns.sandbox)"
    " FROM campaigns WHERE key IN ({rows})",
    Values(campaigns.c.key),
)

_FOLDED_TAGS = BulkStatement(
    "SELECT campaign_key, folded FROM campaign_tags WHERE campaign_key IN ({rows})",
    Values(campaign_tags.c.campaign_key),
)

_DELIVERY_POLICIES = BulkStatement(
    "SELECT key, state, queue_disposal, EXISTS (SELECT 1 FROM erasures),"  # noqa: S608 - names of the schema
    " EXISTS (SELECT 1 FROM turn_schedules WHERE turn_schedules.name = 'campaign/' || campaigns.key),"
    f" {_HAS_SUPPRESSIONS}, {_HAS_ALLOW_LIST}"
    " FROM campaigns WHERE key IN ({rows})",
    Values(campaigns.c.key),
)


class SqlCampaignRepository:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, campaign: Campaign) -> Campaign:
        try:
            # A savepoint lets the transaction go on after a refusal, on every database.
            with self._connection.begin_nested():
                key = self._connection.execute(_ADD, campaign_to_row(campaign)).scalar_one()
        except IntegrityError as error:
            raise NameTaken(campaign.name) from error
        added = replace(campaign, key=key)
        self._add_tags(added)
        name_in_draft(self._connection, added)
        name_fragments_in_draft(self._connection, added)
        return added

    def get(self, visibility: Visibility, campaign_id: str) -> Campaign | None:
        found = self._read(_BY_NAME, {"sandbox": visibility.sandbox, "id": campaign_id, "hidden": visibility.hidden})
        return found[0] if found else None

    def by_keys(self, keys: Collection[int]) -> dict[int, Campaign]:
        return {campaign.key: campaign for campaign in self._read(_BY_KEYS, {"keys": list(keys)})}

    def revision(self, key: int) -> int | None:
        return dict(_REVISIONS.select(self._connection, [(key,)])).get(key)

    def lock(self, keys: Collection[int]) -> dict[int, LockedCampaign]:
        lock_shared(self._connection, keys)
        found = _LOCKED.read(self._connection, [(key,) for key in keys])
        return {key: LockedCampaign(revision, *map(bool, has)) for key, revision, *has in found}

    def delivery_policies(self, keys: Collection[int]) -> dict[int, DeliveryPolicy]:
        return {
            key: DeliveryPolicy(
                CampaignState(state),
                None if disposal is None else QueueDisposal(disposal),
                *map(bool, has),
            )
            for key, state, disposal, *has in _DELIVERY_POLICIES.read(self._connection, [(key,) for key in keys])
        }

    def save(self, campaign: Campaign) -> None:
        lock_exclusive(self._connection, campaign.key)
        count_change(self._connection, campaign.key, campaign.sandbox, campaign.access_labels)
        former = {"of_key": campaign.key, "former_revision": campaign.revision - 1}
        if self._connection.execute(_SAVE, {**campaign_to_row(campaign), **former}).rowcount == 0:
            raise WriteConflict(campaign.name)
        self._connection.execute(delete(campaign_tags).where(campaign_tags.c.campaign_key == campaign.key))
        self._add_tags(campaign)
        name_in_draft(self._connection, campaign)
        name_fragments_in_draft(self._connection, campaign)

    def delete(self, campaign: Campaign, now: Instant) -> None:
        same = (campaigns.c.key == campaign.key, campaigns.c.revision == campaign.revision)
        if self._connection.execute(delete(campaigns).where(*same)).rowcount == 0:
            raise WriteConflict(campaign.name)
        drop_from_draft(self._connection, campaign, now)
        drop_fragments_of_draft(self._connection, campaign.key)

    def page(self, query: CampaignQuery) -> list[Campaign]:
        return self._read(campaign_page(query))

    def tags(self, visibility: Visibility, after: str | None, limit: int) -> list[TagUse]:
        rows = self._connection.execute(tag_page(visibility, after, limit))
        return [TagUse(tag, count) for tag, count in rows]

    def due(self, now: Instant) -> list[Campaign]:
        time = campaigns.c.next_transition_time
        return self._read(select(campaigns).where(time <= now).order_by(time, campaigns.c.key))

    def next_transition_time(self) -> Instant | None:
        time = campaigns.c.next_transition_time
        earliest: Instant | None = self._connection.execute(
            select(func.min(time)).where(time.is_not(None))
        ).scalar_one()
        return earliest

    def access_masks(self, keys: Collection[int]) -> dict[int, int]:
        return {key: mask for key, mask in _ACCESS_MASKS.select(self._connection, [(key,) for key in keys])}  # noqa: C416 - typed rows

    def first_with_policy(self, visibility: Visibility, policy_id: str) -> Campaign | None:
        return self._first_in_use(visibility, campaign_versions.c.sending_policy == policy_id)

    def first_with_namespace(self, visibility: Visibility, namespace_id: str) -> Campaign | None:
        return self._first_in_use(visibility, campaign_versions.c.identity_namespace == namespace_id)

    def _first_in_use(self, visibility: Visibility, names_it: ColumnElement[bool]) -> Campaign | None:
        live = and_(
            campaign_versions.c.campaign_key == campaigns.c.key, campaign_versions.c.number == campaigns.c.live_version
        )
        naming = (is_visible(campaigns, visibility), names_it)
        statement = select(campaigns).join(campaign_versions, live).where(*naming, campaigns.c.state.in_(_IN_USE))
        found = self._read(statement.order_by(campaigns.c.key).limit(1))
        return found[0] if found else None

    def first_with_audience(self, visibility: Visibility, audience_id: str) -> Campaign | None:
        asked = campaign_version_audiences.c
        asks = exists().where(
            asked.campaign_key == campaign_versions.c.campaign_key,
            asked.number == campaign_versions.c.number,
            asked.audience_id == audience_id,
        )
        return self._first_in_use(visibility, asks)

    def first_using(self, channel_key: int) -> Campaign | None:
        actions = campaign_version_actions.c
        uses_it = exists().where(
            actions.campaign_key == campaigns.c.key,
            actions.number == campaigns.c.live_version,
            actions.channel_key == channel_key,
        )
        of_channel = campaigns.c.key.in_(select(actions.campaign_key).where(actions.channel_key == channel_key))
        in_use = (of_channel, campaigns.c.state.in_(_IN_USE), uses_it)
        found = self._read(select(campaigns).where(*in_use).order_by(campaigns.c.key).limit(1))
        return found[0] if found else None

    def add_version(
        self, version: CampaignVersion, channel_keys: Sequence[int], built: BuiltSources = NOTHING_BUILT
    ) -> None:
        self._connection.execute(insert(campaign_versions).values(version_to_row(version)))
        version_key = {"campaign_key": version.campaign_key, "number": version.number}
        rows = [{**version_key, "position": index, "channel_key": key} for index, key in enumerate(channel_keys)]
        self._connection.execute(insert(campaign_version_actions), rows)
        asked = [{**version_key, "audience_id": each} for each in sorted(version.definition.audience_ids)]
        if asked:
            self._connection.execute(insert(campaign_version_audiences), asked)
        name_in_version(self._connection, version)
        pin_fragments(self._connection, version)
        add_built_sources(self._connection, version, built)

    def version(self, campaign_key: int, number: int) -> CampaignVersion | None:
        row = self._connection.execute(_VERSION, {"campaign_key": campaign_key, "number": number}).one_or_none()
        return None if row is None else version_from_row(row)

    def built_sources(self, campaign_key: int, number: int) -> BuiltSources:
        return built_sources_of(self._connection, campaign_key, number)

    def channel_keys(self, campaign_key: int, number: int) -> list[int]:
        version = {"campaign_key": campaign_key, "number": number}
        return list(self._connection.execute(_CHANNEL_KEYS, version).scalars())

    def folded_tags(self, keys: Collection[int]) -> dict[int, Collection[str]]:
        tags = defaultdict(list)
        for key, tag in _FOLDED_TAGS.select(self._connection, [(key,) for key in keys]):
            tags[key].append(tag)
        return dict(tags)

    def next_key(self, sandbox: str, after: int) -> int | None:
        following = (campaigns.c.sandbox == sandbox, campaigns.c.key > after)
        found: int | None = self._connection.execute(select(func.min(campaigns.c.key)).where(*following)).scalar_one()
        return found

    def live_channel_keys(self, keys: Collection[int]) -> dict[int, list[int]]:
        actions = campaign_version_actions.c
        live = and_(actions.campaign_key == campaigns.c.key, actions.number == campaigns.c.live_version)
        statement = select(actions.campaign_key, actions.channel_key).join(campaigns, live)
        ordered = statement.where(campaigns.c.key.in_(keys)).order_by(actions.campaign_key, actions.position)
        found: dict[int, list[int]] = {}
        for campaign_key, channel_key in self._connection.execute(ordered):
            found.setdefault(campaign_key, []).append(channel_key)
        return found

    def versions(self, campaign_key: int, before: int | None, limit: int) -> list[CampaignVersion]:
        number = campaign_versions.c.number
        statement = select(campaign_versions).where(campaign_versions.c.campaign_key == campaign_key)
        if before is not None:
            statement = statement.where(number < before)
        rows = self._connection.execute(statement.order_by(number.desc()).limit(limit))
        return [version_from_row(row) for row in rows]

    def _add_tags(self, campaign: Campaign) -> None:
        by_form = {folded(tag): tag for tag in campaign.tags}
        rows = [{"campaign_key": campaign.key, "folded": form, "tag": tag} for form, tag in by_form.items()]
        if rows:
            self._connection.execute(insert(campaign_tags), rows)

    def _read(self, statement: Select[Any], parameters: Mapping[str, Any] | None = None) -> list[Campaign]:
        return [campaign_from_row(row) for row in self._connection.execute(statement, parameters)]

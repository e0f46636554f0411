"""Stores what building made of the sources of campaign versions, the same source once."""

from __future__ import annotations

from sqlalchemy import Connection, bindparam, select

from clarion_server.adapters.storage.rows.json_columns import LINES, PLACES
from clarion_server.adapters.storage.schema import built_sources, campaign_version_sources
from clarion_server.adapters.storage.statements.bulk import insertion
from clarion_server.domain.campaigns.campaign import CampaignVersion
from clarion_server.domain.content.built_source import BuiltSource, BuiltSources

_ADD = insertion(
    built_sources,
    (built_sources.c.digest, built_sources.c.text, built_sources.c.lines, built_sources.c.places),
    # Whoever stored it first made the same of it. The update lets the statement return its key.
    "ON CONFLICT (digest) DO UPDATE SET digest = excluded.digest RETURNING digest, key",
)
_USE = insertion(campaign_version_sources, tuple(campaign_version_sources.columns))
_OF_VERSION = (
    select(campaign_version_sources.c.source_key, built_sources.c.text, built_sources.c.lines, built_sources.c.places)
    .join_from(campaign_version_sources, built_sources, built_sources.c.key == campaign_version_sources.c.built_key)
    .where(
        campaign_version_sources.c.campaign_key == bindparam("campaign_key"),
        campaign_version_sources.c.number == bindparam("number"),
    )
)


def add_built_sources(connection: Connection, version: CampaignVersion, built: BuiltSources) -> None:
    by_digest = {source.digest: source for source in built.values()}
    # They are written in one order for all, so that two of them wait for each other and not in a circle.
    rows = [
        (digest, source.text, LINES.encode(source.lines), PLACES.encode(source.stretches))
        for digest, source in sorted(by_digest.items())
    ]
    keys = {bytes(digest): key for digest, key in _ADD.select(connection, rows)}
    used = [(version.campaign_key, version.number, key, keys[source.digest]) for key, source in built.items()]
    _USE.change(connection, used)


def built_sources_of(connection: Connection, campaign_key: int, number: int) -> BuiltSources:
    rows = connection.execute(_OF_VERSION, {"campaign_key": campaign_key, "number": number})
    return {
        bytes(row.source_key): BuiltSource(row.text, LINES.decode(row.lines), PLACES.decode(row.places)) for row in rows
    }

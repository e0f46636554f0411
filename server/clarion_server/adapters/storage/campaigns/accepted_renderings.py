"""Stores the renderings that were accepted."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, bindparam, delete, func, insert, select

from clarion_server.adapters.storage.schema import accepted_renderings, test_cases
from clarion_server.domain.campaigns.accepted_rendering import AcceptedRendering
from clarion_server.domain.campaigns.campaign import Campaign
from clarion_server.domain.campaigns.test_cells import CellKey

_ROWS = accepted_renderings.c
_KEY = (test_cases.c.id.label("test_case"), _ROWS.action, _ROWS.locale, _ROWS.rule)
_OF_CAMPAIGN = (
    select(*_KEY)
    .join_from(accepted_renderings, test_cases, test_cases.c.key == _ROWS.test_case_key)
    .where(test_cases.c.campaign_key == bindparam("campaign"))
)
_CASES = select(test_cases.c.id, test_cases.c.key).where(test_cases.c.campaign_key == bindparam("campaign"))
_DROP = delete(accepted_renderings).where(
    _ROWS.test_case_key == bindparam("case"),
    _ROWS.action == bindparam("of_action"),
    _ROWS.locale == bindparam("of_locale"),
    _ROWS.rule == bindparam("of_rule"),
)


class SqlAcceptedRenderingRepository:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def of(self, campaign: Campaign) -> dict[CellKey, AcceptedRendering]:
        statement = _OF_CAMPAIGN.add_columns(_ROWS.packed, _ROWS.format_data, _ROWS.accept_time, _ROWS.accepter)
        rows = self._connection.execute(statement, {"campaign": campaign.key})
        found = (AcceptedRendering(CellKey(*row[:4]), bytes(row[4]), *row[5:]) for row in rows)
        return {each.key: each for each in found}

    def sizes(self, campaign: Campaign) -> Mapping[CellKey, int]:
        statement = _OF_CAMPAIGN.add_columns(func.length(_ROWS.packed))
        rows = self._connection.execute(statement, {"campaign": campaign.key})
        return {CellKey(*row[:4]): row[4] for row in rows}

    def put(self, campaign: Campaign, renderings: Sequence[AcceptedRendering]) -> None:
        cases = self._cases(campaign)
        self.drop(campaign, [each.key for each in renderings])
        rows = [_row(each, cases[each.key.test_case]) for each in renderings]
        if rows:
            self._connection.execute(insert(accepted_renderings), rows)

    def drop(self, campaign: Campaign, keys: Collection[CellKey]) -> None:
        cases = self._cases(campaign)
        named = [
            {"case": cases[key.test_case], "of_action": key.action, "of_locale": key.locale, "of_rule": key.rule}
            for key in keys
            if key.test_case in cases
        ]
        if named:
            self._connection.execute(_DROP, named)

    def _cases(self, campaign: Campaign) -> dict[str, int]:
        """Returns the keys of the test cases of a campaign by their ids."""
        rows = self._connection.execute(_CASES, {"campaign": campaign.key})
        return {row.id: row.key for row in rows}


def _row(rendering: AcceptedRendering, case_key: int) -> dict[str, Any]:
    return {
        "test_case_key": case_key,
        "action": rendering.key.action,
        "rule": rendering.key.rule,
        "locale": rendering.key.locale,
        "packed": rendering.packed,
        "format_data": rendering.format_data,
        "accept_time": rendering.accept_time,
        "accepter": rendering.accepter,
    }

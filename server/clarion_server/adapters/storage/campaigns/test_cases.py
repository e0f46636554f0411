"""Stores test cases."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_

from clarion_server.adapters.storage.resources import SqlResourceRepository
from clarion_server.adapters.storage.rows.json_columns import ATTRIBUTES, TEXTS
from clarion_server.adapters.storage.schema import test_cases
from clarion_server.domain.access.access import Visibility
from clarion_server.domain.campaigns.campaign import Campaign
from clarion_server.domain.campaigns.test_case import MAX_TEST_CASES, TestCase


class SqlTestCaseRepository:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def of(self, campaign: Campaign) -> _CasesOfCampaign:
        return _CasesOfCampaign(self._connection, campaign)

    def all(self, campaign: Campaign) -> list[TestCase]:
        return self.of(campaign).page(Visibility(campaign.sandbox), None, MAX_TEST_CASES)

    def copy(self, source: Campaign, copy: Campaign) -> None:
        copies = self.of(copy)
        for case in self.all(source):
            time = copy.create_time
            copies.add(replace(case, sandbox=copy.sandbox, revision=1, create_time=time, update_time=time))


class _CasesOfCampaign(SqlResourceRepository[TestCase]):
    def __init__(self, connection: Connection, campaign: Campaign) -> None:
        super().__init__(connection, test_cases, self._case_to_row, self._case_from_row)
        self._campaign = campaign

    def _is_seen(self, visibility: Visibility) -> ColumnElement[bool]:
        return and_(super()._is_seen(visibility), test_cases.c.campaign_key == self._campaign.key)

    def _case_to_row(self, case: TestCase) -> Mapping[str, Any]:
        return {
            "campaign_key": self._campaign.key,
            "display_name": case.display_name,
            "context": ATTRIBUTES.encode(case.context),
            "profile": ATTRIBUTES.encode(case.profile),
            "locale": case.locale,
            "rule": case.rule,
            "audiences": TEXTS.encode(case.audiences),
        }

    def _case_from_row(self, row: Row[Any], common: Mapping[str, Any]) -> TestCase:
        return TestCase(
            **common,
            campaign_id=self._campaign.id,
            display_name=row.display_name,
            context=ATTRIBUTES.decode(row.context),
            profile=ATTRIBUTES.decode(row.profile),
            locale=row.locale,
            rule=row.rule,
            audiences=TEXTS.decode(row.audiences),
        )

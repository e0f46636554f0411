"""Says what is special about test cases among the resources that callers write: each belongs to a campaign."""

from __future__ import annotations

from clarion_server.application.ports.clock import Clock
from clarion_server.application.ports.resources import ResourceRepository
from clarion_server.application.ports.store import UnitOfWork
from clarion_server.application.resource_lookup import find_campaign
from clarion_server.application.resources import ManageResources, ResourceKind
from clarion_server.application.transactions import Transactions
from clarion_server.domain.access.access import Visibility
from clarion_server.domain.campaigns.test_case import MAX_TEST_CASES, TestCase, test_case_violations
from clarion_server.domain.errors import InvalidFields
from clarion_server.domain.names import test_cases_of
from clarion_server.domain.violation import Violation

EDITABLE_FIELDS = frozenset({"display_name", "context", "profile", "locale", "rule", "audiences"})


class ManageTestCases(ManageResources[TestCase]):
    """Manages the test cases of one campaign, in whichever state that is. Every method also raises ResourceNotFound
    when the caller sees no such campaign.
    """

    def __init__(self, campaign_id: str, visibility: Visibility, transactions: Transactions, clock: Clock) -> None:
        def repository(unit: UnitOfWork) -> ResourceRepository[TestCase]:
            return unit.test_cases.of(find_campaign(unit, visibility, campaign_id))

        kind = ResourceKind(
            "test_case",
            test_cases_of(campaign_id),
            EDITABLE_FIELDS,
            MAX_TEST_CASES,
            repository,
            test_case_violations,
        )
        super().__init__(kind, transactions, clock)

    def _check_room(self, unit: UnitOfWork, visibility: Visibility, field: str) -> None:
        """Raises InvalidFields when the campaign can have no further test case."""
        if self.kind.repository(unit).count(visibility) >= self.kind.most:
            description = f"The campaign has {self.kind.most} test cases already. Delete one."
            raise InvalidFields((Violation(field, "TOO_MANY", description),))


class TestCases:
    """Manages the test cases of all campaigns."""

    __test__ = False

    def __init__(self, transactions: Transactions, clock: Clock) -> None:
        self._transactions = transactions
        self._clock = clock

    def of(self, campaign_id: str, visibility: Visibility) -> ManageTestCases:
        """Returns what manages those of one campaign for callers who see so much."""
        return ManageTestCases(campaign_id, visibility, self._transactions, self._clock)

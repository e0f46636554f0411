"""The repository of test cases."""

from __future__ import annotations

from typing import Protocol

from clarion_server.application.ports.resources import ResourceRepository
from clarion_server.domain.campaign import Campaign
from clarion_server.domain.test_case import TestCase


class TestCaseRepository(Protocol):
    def of(self, campaign: Campaign) -> ResourceRepository[TestCase]:
        """Returns the repository of the test cases of one campaign."""
        ...

    def all(self, campaign: Campaign) -> list[TestCase]:
        """Returns the test cases of a campaign by id."""
        ...

    def copy(self, source: Campaign, copy: Campaign) -> None:
        """Gives a new campaign the test cases of another one."""
        ...

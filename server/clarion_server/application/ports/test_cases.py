"""The repositories of test cases and of the renderings that were accepted of them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

from clarion_server.application.ports.resources import ResourceRepository
from clarion_server.domain.campaigns.accepted_rendering import AcceptedRendering
from clarion_server.domain.campaigns.campaign import Campaign
from clarion_server.domain.campaigns.test_case import TestCase
from clarion_server.domain.campaigns.test_cells import CellKey


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


class AcceptedRenderingRepository(Protocol):
    """A rendering is deleted with its test case."""

    def of(self, campaign: Campaign) -> dict[CellKey, AcceptedRendering]:
        """Returns what was accepted of a campaign."""
        ...

    def sizes(self, campaign: Campaign) -> Mapping[CellKey, int]:
        """Returns how many octets each of them takes."""
        ...

    def put(self, campaign: Campaign, renderings: Sequence[AcceptedRendering]) -> None:
        """Stores renderings, each in place of the one of its cell. Their test cases must exist."""
        ...

    def drop(self, campaign: Campaign, keys: Collection[CellKey]) -> None: ...

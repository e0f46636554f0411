"""Exports of everything, which continue after a lost connection."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from clarion.v1.profile_pb2 import Profile
from clarion.v1.profile_service_pb2 import ExportedProfile, ExportProfilesRequest, ExportProfilesResponse
from clarion.v1.suppression_pb2 import Suppression
from clarion.v1.suppression_service_pb2 import ExportSuppressionsRequest, ExportSuppressionsResponse
from clarion_client import UnavailableError

from tests.integration.client.conftest import Connect
from tests.integration.client.scripted import fail, serving, unavailable


class Profiles:
    """Exports profiles 1 to 5, and breaks behind each of the second and the fourth."""

    def __init__(self, *, by_ending: bool) -> None:
        self.requests: list[str] = []
        self._by_ending = by_ending

    async def answer(self, request: ExportProfilesRequest, context: Any) -> AsyncIterator[ExportProfilesResponse]:
        self.requests.append(request.after)
        for number in range(int(request.after.removeprefix("profiles/") or 0) + 1, 6):
            yield ExportProfilesResponse(profiles=[ExportedProfile(profile=Profile(name=f"profiles/{number}"))])
            if number in (2, 4):
                if not self._by_ending:
                    await fail(context, unavailable())
                return
        yield ExportProfilesResponse(complete=True)


@pytest.mark.parametrize("by_ending", [True, False])
async def test_every_profile_comes_once_although_connections_are_lost(connect: Connect, by_ending: bool) -> None:
    profiles = Profiles(by_ending=by_ending)
    async with serving(ExportProfiles=profiles.answer) as target, connect(target) as client:
        names = [each.profile.name async for each in client.profiles.export()]
    assert names == [f"profiles/{number}" for number in range(1, 6)]
    assert profiles.requests == ["", "profiles/2", "profiles/4"]


async def test_an_export_begins_behind_what_is_named(connect: Connect) -> None:
    async def answer(request: ExportSuppressionsRequest, _context: Any) -> AsyncIterator[ExportSuppressionsResponse]:
        assert request.after == "suppressions/7"
        yield ExportSuppressionsResponse(suppressions=[Suppression(name="suppressions/6")])
        yield ExportSuppressionsResponse(complete=True)

    async with serving(ExportSuppressions=answer) as target, connect(target) as client:
        assert [each.name async for each in client.suppressions.export(after="7")] == ["suppressions/6"]


async def test_an_export_fails_when_the_service_stays_away(connect: Connect) -> None:
    async def answer(_request: ExportProfilesRequest, context: Any) -> AsyncIterator[ExportProfilesResponse]:
        yield ExportProfilesResponse()
        await fail(context, unavailable())

    async with serving(ExportProfiles=answer) as target, connect(target) as client:
        export = client.profiles.export(max_outage=0)
        with pytest.raises(UnavailableError):
            await anext(aiter(export))

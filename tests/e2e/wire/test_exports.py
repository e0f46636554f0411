"""Exports over the wire: everything once, and the same again when it is imported."""

from __future__ import annotations

import pytest
from clarion_client import (
    AsyncClient,
    ConsentChange,
    ConsentChoice,
    ConsentSource,
    ImportedProfileOutcome,
    InvalidRequestError,
    Profile,
    Suppression,
    SuppressionReason,
    SuppressionScope,
)

from tests.e2e.wire.conftest import Sandbox

PERSON = ConsentSource.PREFERENCE_PAGE


@pytest.fixture
def client(sandbox: Sandbox) -> AsyncClient:
    return sandbox.client


async def test_all_profiles_are_exported_and_change_nothing_when_they_are_imported_again(client: AsyncClient) -> None:
    people = [
        Profile(
            identities=[f"email:p{number}@example.com", f"crm:{number}"], attributes={"number": number}, locale="de"
        )
        for number in range(230)
    ]
    await client.profiles.import_all(people)
    denial = ConsentChange(choice=ConsentChoice.DENIED, source=PERSON)
    grant = ConsentChange(choice=ConsentChoice.GRANTED, source=PERSON)
    await client.consents.set("p7@example.com", [denial, grant])
    found = [each async for each in client.profiles.export()]
    assert [dict(each.profile.attributes or {})["number"] for each in found] == list(range(230))
    assert [len(each.consents) for each in found] == [int(number == 7) for number in range(230)]
    choices = {
        index: [
            ConsentChange(choice=each.choice, time=each.time, source=ConsentSource.IMPORT) for each in exported.consents
        ]
        for index, exported in enumerate(found)
        if exported.consents
    }
    results = await client.profiles.import_all([each.profile for each in found], consents=choices)
    assert {each.outcome for each in results} == {ImportedProfileOutcome.UNCHANGED}
    rest = [each.profile.name async for each in client.profiles.export(after=found[199].profile.name)]
    assert rest == [each.profile.name for each in found[200:]]


async def test_large_profiles_are_exported_in_answers_that_every_client_takes(client: AsyncClient) -> None:
    text = "x" * 30_000
    people = [Profile(identities=[f"crm:{number}"], attributes={"text": text}) for number in range(150)]
    for start in range(0, 150, 50):
        await client.profiles.import_all(people[start : start + 50])
    assert len([each async for each in client.profiles.export()]) == 150


async def test_all_suppressions_are_exported(client: AsyncClient) -> None:
    targets = [f"r{number}@example.com" for number in range(1_050)]
    await client.suppressions.import_all(
        [Suppression(address=target, reason=SuppressionReason.MANUAL, scope=SuppressionScope.ALL) for target in targets]
    )
    found = [each.address async for each in client.suppressions.export()]
    assert sorted(each or "" for each in found) == sorted(targets)


async def test_what_is_no_name_is_refused(client: AsyncClient) -> None:
    with pytest.raises(InvalidRequestError) as refused:
        await anext(client.profiles.export(after="nobody"))
    assert [each.field for each in refused.value.violations] == ["after"]
    with pytest.raises(InvalidRequestError):
        await anext(client.suppressions.export(after="nothing"))

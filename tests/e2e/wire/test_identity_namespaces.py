"""Namespaces of identities over the wire, from their rule to the people whom triggers find by it."""

from __future__ import annotations

import pytest
from clarion_client import (
    AlreadyExistsError,
    AsyncClient,
    ConflictError,
    IdentityNamespace,
    InvalidRequestError,
    Normalisation,
    NotFoundError,
    PreconditionFailedError,
    Profile,
    Recipient,
)

from tests.campaigns import CONTEXT, set_up
from tests.e2e.wire.conftest import Sandbox

CRM = IdentityNamespace(name="crm", display_name="Customers", normalisation=Normalisation.LOWER)


@pytest.fixture
def client(sandbox: Sandbox) -> AsyncClient:
    return sandbox.client


async def test_a_namespace_is_created_listed_renamed_and_deleted(client: AsyncClient) -> None:
    made = await client.identity_namespaces.create(CRM)
    assert (made.name, made.normalisation, made.built_in) == ("identityNamespaces/crm", CRM.normalisation, False)
    assert made.create_time is not None
    assert [each.name async for each in client.identity_namespaces.list(page_size=3)] == [
        "identityNamespaces/crm",
        "identityNamespaces/email",
        "identityNamespaces/phone",
        "identityNamespaces/push",
    ]
    renamed = await client.identity_namespaces.update(IdentityNamespace(name="crm", display_name="Shops"))
    assert renamed.display_name == "Shops"
    assert await client.identity_namespaces.get("crm") == renamed
    with pytest.raises(ConflictError):
        await client.identity_namespaces.delete("crm", etag=made.etag)
    await client.identity_namespaces.delete("crm", etag=renamed.etag)
    with pytest.raises(NotFoundError):
        await client.identity_namespaces.get("crm")


async def test_a_namespace_that_is_only_validated_is_not_stored(client: AsyncClient) -> None:
    checked = await client.identity_namespaces.create(CRM, validate_only=True)
    assert (checked.name, checked.etag) == ("identityNamespaces/crm", "")
    with pytest.raises(NotFoundError):
        await client.identity_namespaces.get("crm")
    with pytest.raises(AlreadyExistsError):
        await client.identity_namespaces.create(
            IdentityNamespace(name="email", display_name="Addresses"), validate_only=True
        )
    made = await client.identity_namespaces.create(CRM)
    renamed = IdentityNamespace(name="crm", display_name="Shops")
    assert (await client.identity_namespaces.update(renamed, validate_only=True)).display_name == "Shops"
    assert await client.identity_namespaces.get("crm") == made


async def test_a_built_in_namespace_says_so_and_has_no_etag(client: AsyncClient) -> None:
    email = await client.identity_namespaces.get("email")
    assert email == IdentityNamespace(
        name="identityNamespaces/email",
        display_name="E-mail addresses",
        normalisation=Normalisation.EMAIL,
        built_in=True,
    )


async def test_the_rule_of_a_namespace_is_not_changed(client: AsyncClient) -> None:
    await client.identity_namespaces.create(CRM)
    with pytest.raises(InvalidRequestError) as refused:
        await client.identity_namespaces.update(CRM, ["normalisation"])
    assert [each.field for each in refused.value.violations] == ["update_mask.paths[0]"]
    await client.profiles.create(Profile(identities=["crm:A-1"]))
    with pytest.raises(PreconditionFailedError):
        await client.identity_namespaces.delete("crm")


async def test_a_trigger_finds_the_profile_however_the_identity_is_written(client: AsyncClient) -> None:
    await client.identity_namespaces.create(CRM)
    profile = await client.profiles.create(Profile(identities=["crm:A-1"], locale="de"))
    assert (await client.profiles.lookup("crm:a-1")).name == profile.name
    await set_up(client, "orders", 9, identity_namespace="crm")
    recipient = Recipient("crm:a-1", CONTEXT, address="jane@example.com")
    answer = await client.trigger("orders", [recipient], validate_only=True)
    explanation = answer.recipients[0].explanation
    assert explanation is not None
    assert explanation.profile == profile.name


async def test_every_violation_of_a_namespace_is_told(client: AsyncClient) -> None:
    wrong = IdentityNamespace(name="crm!", normalisation=Normalisation.LOWER, default_region="GB")
    with pytest.raises(InvalidRequestError) as refused:
        await client.identity_namespaces.create(wrong)
    assert [each.field for each in refused.value.violations] == [
        "identity_namespace_id",
        "identity_namespace.display_name",
        "identity_namespace.default_region",
    ]

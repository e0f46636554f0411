"""`clarion namespaces`, against the real service."""

from __future__ import annotations

from tests.e2e.cli.conftest import CommandLine


async def test_namespaces_are_created_listed_renamed_and_deleted(shop: CommandLine) -> None:
    created = await shop("namespaces", "create", "desk", "--normalisation", "phone", "--default-region", "GB", "--json")
    assert created.data["normalisation"] == "PHONE"
    assert (await shop("profiles", "create", "desk:07911 123456")).status == 0
    assert (await shop("profiles", "get", "desk:+447911123456")).status == 0
    listed = (await shop("namespaces", "list")).out
    assert "desk   PHONE          GB" in listed
    assert "email  EMAIL          -       yes" in listed
    assert (await shop("namespaces", "rename", "desk", "Desks")).status == 0
    assert "Desks" in (await shop("namespaces", "list")).out
    refused = await shop("namespaces", "delete", "desk")
    assert refused.status == 2
    assert "NAMESPACE_IN_USE" in refused.err
    assert (await shop("namespaces", "create", "crm", "--normalisation", "lower")).status == 0
    assert (await shop("namespaces", "delete", "crm")).status == 0


async def test_what_is_no_normalisation_is_refused(shop: CommandLine) -> None:
    refused = await shop("namespaces", "create", "crm", "--normalisation", "upper")
    assert refused.status == 2
    assert "--normalisation" in refused.err

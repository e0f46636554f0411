"""Namespaces of identities."""

from __future__ import annotations

from dataclasses import replace

import pytest
from clarion_server.application.ports.repositories import NameTaken
from clarion_server.application.ports.store import UnitOfWork, WriteConflict
from clarion_server.domain.access.access import Visibility
from clarion_server.domain.campaign_states import CampaignState
from clarion_server.domain.people.identity import Identity, IdentityKey, IdentityNamespace, Normalisation

from tests.contract.store import samples
from tests.contract.store.given import a_campaign, a_channel
from tests.contract.store.samples import NOW

HERE, THERE = Visibility(samples.SANDBOX), Visibility("staging")


def test_a_namespace_comes_back_as_it_was_added_with_a_key(work: UnitOfWork) -> None:
    for namespace in (
        samples.namespace(),
        samples.namespace("desk", normalisation=Normalisation.PHONE, default_region="GB"),
    ):
        added = work.identity_namespaces.add(namespace)
        assert added == replace(namespace, key=added.key)
        assert work.identity_namespaces.get(HERE, namespace.id) == added


def test_a_name_is_taken_once_in_a_sandbox(work: UnitOfWork) -> None:
    work.identity_namespaces.add(samples.namespace())
    with pytest.raises(NameTaken):
        work.identity_namespaces.add(samples.namespace())
    there = work.identity_namespaces.add(samples.namespace(sandbox="staging"))
    assert work.identity_namespaces.get(THERE, "crm") == there


def test_those_of_a_sandbox_are_found_by_pairs_and_listed_by_id(work: UnitOfWork) -> None:
    for namespace_id in ("b", "a"):
        work.identity_namespaces.add(samples.namespace(namespace_id))
    work.identity_namespaces.add(samples.namespace("a", sandbox="staging", normalisation=Normalisation.EXACT))
    assert work.identity_namespaces.named({("default", "a"), ("default", "c"), ("staging", "a"), ("staging", "b")}) == {
        "default": {"a": IdentityNamespace("a", Normalisation.LOWER)},
        "staging": {"a": IdentityNamespace("a", Normalisation.EXACT)},
    }
    assert work.identity_namespaces.named({("default", "c")}) == {}
    assert [each.id for each in work.identity_namespaces.page(HERE, None, 9)] == ["a", "b"]
    assert [each.id for each in work.identity_namespaces.page(Visibility("other"), None, 9)] == []


def test_saving_replaces_the_stored_revision_alone(work: UnitOfWork) -> None:
    added = work.identity_namespaces.add(samples.namespace())
    renamed = replace(added.changed(NOW + 5), display_name="Shops")
    work.identity_namespaces.save(renamed)
    assert work.identity_namespaces.get(HERE, "crm") == renamed
    with pytest.raises(WriteConflict):
        work.identity_namespaces.save(renamed)


def test_deleting_takes_the_stored_revision_alone(work: UnitOfWork) -> None:
    added = work.identity_namespaces.add(samples.namespace())
    with pytest.raises(WriteConflict):
        work.identity_namespaces.delete(added.changed(NOW))
    work.identity_namespaces.delete(added)
    assert work.identity_namespaces.get(HERE, "crm") is None


def test_a_transaction_may_hold_the_lock_and_read(work: UnitOfWork) -> None:
    work.identity_namespaces.lock(HERE)
    assert work.identity_namespaces.named({("default", "crm")}) == {}


def test_a_profile_with_an_identity_in_the_namespace_is_found(work: UnitOfWork) -> None:
    customer = Identity(IdentityKey("crm", "4711"), "4711")
    profile = work.profiles.add(samples.profile(customer))
    found = work.profiles.first_in_namespace(HERE, "crm")
    assert found is not None
    assert found.name == profile.name
    assert work.profiles.first_in_namespace(HERE, "email") is None
    assert work.profiles.first_in_namespace(THERE, "crm") is None


def test_a_campaign_in_use_that_addresses_people_by_the_namespace_is_found(work: UnitOfWork) -> None:
    live, channel = a_campaign(work), a_channel(work)
    assert work.campaigns.first_with_namespace(HERE, "customer") is None
    work.campaigns.add_version(samples.version(live.key, identity_namespace="customer"), [channel.key])
    active = replace(live, state=CampaignState.LIVE, live_version=1, revision=live.revision + 1)
    work.campaigns.save(active)
    assert work.campaigns.first_with_namespace(HERE, "customer") == active
    assert work.campaigns.first_with_namespace(HERE, "email") is None
    assert work.campaigns.first_with_namespace(THERE, "customer") is None
    work.campaigns.save(replace(active, state=CampaignState.STOPPED, revision=active.revision + 1))
    assert work.campaigns.first_with_namespace(HERE, "customer") is None

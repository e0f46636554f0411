"""Channel configurations."""

from __future__ import annotations

from dataclasses import replace

import pytest
from clarion_server.application.ports.repositories import NameTaken
from clarion_server.application.ports.store import Store, UnitOfWork, WriteConflict
from clarion_server.domain.channels.channel import ChannelConfiguration
from clarion_server.domain.channels.seen_certificate import SeenCertificate
from clarion_server.domain.content.email import Mailbox, SmtpProvider

from tests.contract.store import samples
from tests.contract.store.given import a_channel, a_sender, committing
from tests.contract.store.samples import NOW


def test_a_channel_configuration_comes_back_as_it_was_added_with_a_key(store: Store) -> None:
    with committing(store) as work:
        added = work.channels.add(samples.channel())
    assert added.key > 0
    assert added == samples.channel(key=added.key)
    with store.snapshot() as work:
        assert work.channels.get(samples.VISIBILITY, "mail") == added
        assert work.channels.by_key(added.key) == added


def test_a_channel_configuration_of_defaults_comes_back_the_same(work: UnitOfWork) -> None:
    smtp = SmtpProvider("localhost", 25, Mailbox("a@b.test"))
    plain = ChannelConfiguration("default", "plain", "Plain", smtp, create_time=1, update_time=2)
    added = work.channels.add(plain)
    assert work.channels.get(samples.VISIBILITY, "plain") == replace(plain, key=added.key)


def test_an_unknown_channel_configuration_is_none(work: UnitOfWork) -> None:
    assert work.channels.get(samples.VISIBILITY, "mail") is None
    assert work.channels.by_key(1) is None


def test_a_taken_name_is_refused_in_its_sandbox_alone(work: UnitOfWork) -> None:
    here, there = a_channel(work), a_channel(work, sandbox="staging")
    with pytest.raises(NameTaken):
        a_channel(work)
    assert here.key != there.key
    assert work.channels.get(samples.VISIBILITY, "mail") == here
    assert work.channels.get(samples.STAGING, "mail") == there


def test_a_key_is_never_given_twice(store: Store) -> None:
    # Otherwise queued messages of a deleted channel configuration would be sent through its successor.
    with committing(store) as work:
        deleted = a_channel(work)
        work.channels.delete(deleted)
    with committing(store) as work:
        assert a_channel(work).key != deleted.key


def test_all_channel_configurations_of_every_sandbox_are_listed_by_key(work: UnitOfWork) -> None:
    made = [a_channel(work, "b"), a_channel(work, "a", sandbox="staging"), a_channel(work, "c")]
    assert work.channels.by_keys(work.channels.revisions()) == sorted(made, key=lambda configuration: configuration.key)


def test_saving_replaces_the_stored_channel_configuration(store: Store) -> None:
    with committing(store) as work:
        added = a_channel(work)
    changed = added.updated(samples.channel(display_name="Other", max_rate=0.01), now=samples.NOW + 5)
    with committing(store) as work:
        work.channels.save(changed)
    with store.snapshot() as work:
        assert work.channels.get(samples.VISIBILITY, "mail") == changed


@pytest.mark.parametrize("revision", [1, 3])
def test_saving_from_another_revision_is_stale(work: UnitOfWork, revision: int) -> None:
    added = a_channel(work)
    with pytest.raises(WriteConflict):
        work.channels.save(replace(added, revision=revision, display_name="Other"))
    assert work.channels.by_key(added.key) == added


def test_a_deleted_channel_configuration_is_gone_and_its_name_is_free(work: UnitOfWork) -> None:
    added = a_channel(work)
    work.channels.delete(added)
    assert work.channels.by_key(added.key) is None
    assert work.channels.by_keys(work.channels.revisions()) == []
    with pytest.raises(WriteConflict):
        work.channels.delete(added)
    assert a_channel(work).id == added.id


def test_versions_do_not_keep_their_channel_configuration_from_being_deleted(work: UnitOfWork) -> None:
    # The use case decides whether a campaign still needs it.
    sender = a_sender(work)
    work.channels.delete(sender.channel)
    assert work.campaigns.version(sender.campaign.key, 1) is not None


def test_deleting_another_revision_is_stale(work: UnitOfWork) -> None:
    added = a_channel(work)
    work.channels.save(replace(added, revision=2))
    with pytest.raises(WriteConflict):
        work.channels.delete(added)
    assert work.channels.by_key(added.key) is not None


def test_channel_configurations_are_listed_by_id_in_pages_of_their_sandbox(work: UnitOfWork) -> None:
    for channel_id in ("c", "a", "a-1", "b"):
        a_channel(work, channel_id)
    a_channel(work, "aa", sandbox="staging")
    first = work.channels.page(samples.VISIBILITY, None, 3)
    assert [configuration.id for configuration in first] == ["a", "a-1", "b"]
    assert [configuration.id for configuration in work.channels.page(samples.VISIBILITY, "b", 3)] == ["c"]
    assert work.channels.page(samples.VISIBILITY, "c", 3) == []


def test_only_a_channel_configuration_that_exists_and_is_not_disabled_is_enabled(work: UnitOfWork) -> None:
    enabled, disabled = a_channel(work, "a", disabled=False), a_channel(work, "b", disabled=True)
    assert work.channels.is_enabled(enabled.key)
    assert not work.channels.is_enabled(disabled.key)
    assert not work.channels.is_enabled(99)


def test_the_revisions_and_the_channel_configurations_with_some_keys_are_found(work: UnitOfWork) -> None:
    first, second = a_channel(work, "a"), a_channel(work, "b")
    assert work.channels.revisions() == {first.key: first.revision, second.key: second.revision}
    assert work.channels.by_keys([second.key, 99]) == [second]
    assert work.channels.by_keys([]) == []


def test_the_certificate_of_a_server_is_kept_as_long_as_its_provider_is_the_same(work: UnitOfWork) -> None:
    one, other = a_channel(work, "one"), a_channel(work, "other")
    keys = [one.key, other.key]
    work.channels.save_certificates({one.key: SeenCertificate(1, NOW + 5), other.key: SeenCertificate(2, NOW + 6)})
    assert work.channels.certificate_ends(keys) == {one.key: NOW + 5}
    renamed = replace(one, display_name="Renamed", revision=2)
    work.channels.save(renamed)
    assert work.channels.certificate_ends(keys) == {one.key: NOW + 5}
    assert isinstance(one.provider, SmtpProvider)
    work.channels.save(replace(renamed, provider=replace(one.provider, host="elsewhere.example"), revision=3))
    assert work.channels.certificate_ends(keys) == {}

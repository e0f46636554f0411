"""Fragments, their versions, and what names them."""

from __future__ import annotations

from dataclasses import replace

import pytest
from clarion_server.application.ports.repositories import NameTaken
from clarion_server.application.ports.store import UnitOfWork, WriteConflict
from clarion_server.domain.access.access import Visibility, whole_sandbox
from clarion_server.domain.access_labels import access_labels
from clarion_server.domain.campaign_states import CampaignState
from clarion_server.domain.campaigns.campaign import Campaign
from clarion_server.domain.campaigns.campaign_definition import Action
from clarion_server.domain.content.email import EmailContent
from clarion_server.domain.fragments.fragment import Fragment, FragmentKind, FragmentUse, FragmentVersion
from clarion_server.domain.fragments.fragment_reference import FragmentReference

from tests.contract.store import samples
from tests.contract.store.given import a_campaign, a_sender
from tests.contract.store.samples import NOW

HERE, THERE = Visibility(samples.SANDBOX), Visibility("staging")
FOOTER = FragmentReference("footer")


def add(
    work: UnitOfWork, fragment_id: str = "footer", source: str = "<p>Bye</p>", sandbox: str = "default"
) -> Fragment:
    plain = Fragment(
        sandbox=sandbox, id=fragment_id, create_time=NOW, update_time=NOW, kind=FragmentKind.HTML, source=source
    )
    return work.fragments.add(plain)


def publish(work: UnitOfWork, fragment: Fragment, **changes: object) -> tuple[Fragment, FragmentVersion]:
    published, version = replace(fragment, **changes).published("apiKeys/1", NOW + 9)  # type: ignore[arg-type]
    work.fragments.save(published)
    work.fragments.add_version(version)
    return published, version


def naming(work: UnitOfWork, campaign_id: str, *names: str, **changes: object) -> Campaign:
    html = "".join(f'{{% include "{name}" %}}' for name in names)
    stored = a_campaign(work, campaign_id)
    draft = replace(stored.definition, actions=(Action("email", "orders", EmailContent("Hello", html=html)),))
    changed = replace(stored, definition=draft, revision=stored.revision + 1, **changes)  # type: ignore[arg-type]
    work.campaigns.save(changed)
    return changed


def users(work: UnitOfWork, fragment: Fragment, *, current: bool = False) -> list[FragmentUse]:
    return [use for _, use in work.fragments.uses(fragment, samples.VISIBILITY, None, 99, current=current)]


def test_a_fragment_comes_back_as_it_was_added_with_a_key(work: UnitOfWork) -> None:
    for fragment in (samples.fragment(), replace(samples.fragment("plain"), parameters=None, archive_time=None)):
        added = work.fragments.add(fragment)
        assert added == replace(fragment, key=added.key)
        assert work.fragments.get(HERE, fragment.id) == added


def test_a_name_is_taken_once_in_a_sandbox(work: UnitOfWork) -> None:
    add(work)
    with pytest.raises(NameTaken):
        add(work)
    assert add(work, sandbox="staging").sandbox == "staging"


def test_lists_leave_out_what_is_archived_and_what_is_elsewhere(work: UnitOfWork) -> None:
    archived, plain = work.fragments.add(samples.fragment("a")), add(work, "b")
    add(work, "c", sandbox="staging")
    assert work.fragments.page(HERE, None, 9) == [plain]
    assert work.fragments.page(HERE, None, 9, archived=True) == [archived, plain]
    assert work.fragments.page(HERE, "a", 9, archived=True) == [plain]
    assert (work.fragments.count_in_use(HERE), work.fragments.count(HERE)) == (1, 2)


def test_saving_replaces_the_stored_revision_alone(work: UnitOfWork) -> None:
    added = add(work)
    changed = replace(added.changed(NOW + 5), source="<p>Other</p>")
    work.fragments.save(changed)
    assert work.fragments.get(HERE, "footer") == changed
    with pytest.raises(WriteConflict):
        work.fragments.save(changed)


def test_a_version_keeps_who_approved_it_and_why_nobody_did(work: UnitOfWork) -> None:
    _, plain = add(work).published("apiKeys/1", NOW)
    version = replace(plain, approvers=("apiKeys/7", "apiKeys/8"), bypass_reason="The shop is down.")
    work.fragments.add_version(version)
    assert work.fragments.version(version.fragment_key, 1) == version


def test_a_version_is_found_by_its_number_and_the_newest_one_without(work: UnitOfWork) -> None:
    fragment, first = publish(work, add(work))
    fragment, second = publish(work, fragment, source="<p>Second</p>")
    assert work.fragments.versions(fragment.key, None, 9) == [second, first]
    assert work.fragments.versions(fragment.key, 2, 9) == [first]
    assert work.fragments.version(fragment.key, 1) == first
    assert work.fragments.version(fragment.key, 3) is None
    assert work.fragments.find(HERE, FOOTER) == work.fragments.find(HERE, FOOTER, hold=True) == second
    assert work.fragments.find(HERE, FragmentReference("footer", 1)) == first
    assert work.fragments.find(HERE, FragmentReference("footer", 3)) is None
    assert work.fragments.find(THERE, FOOTER) is None
    assert work.fragments.find(HERE, FragmentReference("header")) is None


def test_an_archived_fragment_is_found_by_its_numbers_alone(work: UnitOfWork) -> None:
    fragment, version = publish(work, add(work))
    work.fragments.save(fragment.archived(NOW))
    assert work.fragments.find(HERE, FOOTER) is None
    assert work.fragments.find(HERE, FragmentReference("footer", 1)) == version


def test_the_uses_of_campaigns_that_the_caller_does_not_see_are_left_out(work: UnitOfWork) -> None:
    footer, eu = add(work), access_labels({"eu": 0})
    naming(work, "letters", "fragments/footer")
    orders = naming(work, "orders", "fragments/footer")
    work.campaigns.save(replace(orders, access_labels=eu, revision=3))
    assert users(work, footer) == [FragmentUse("campaigns/letters", 0)]
    everybody = work.fragments.uses(footer, whole_sandbox(samples.SANDBOX), None, 9)
    assert [use.user for _, use in everybody] == ["campaigns/letters", "campaigns/orders"]


def test_what_was_never_published_has_no_version(work: UnitOfWork) -> None:
    add(work)
    assert work.fragments.find(HERE, FOOTER) is None


def test_the_uses_are_the_drafts_of_campaigns_and_fragments_and_versions_of_fragments(work: UnitOfWork) -> None:
    footer = add(work)
    naming(work, "orders", "fragments/footer", "fragments/footer@3")
    naming(work, "letters", "fragments/header")
    base, _ = publish(work, add(work, "base", '{% include "fragments/footer@2" %}'))
    add(work, "other", sandbox="staging", source='{% include "fragments/footer" %}')
    expected = [
        FragmentUse("campaigns/orders", 0),
        FragmentUse("campaigns/orders", 3),
        FragmentUse("fragments/base", 2),
        FragmentUse("fragments/base/versions/1", 2),
    ]
    assert users(work, footer) == users(work, footer, current=True) == expected
    positions = [position for position, _ in work.fragments.uses(footer, samples.VISIBILITY, None, 2)]
    assert [use for _, use in work.fragments.uses(footer, samples.VISIBILITY, positions[-1], 9)] == expected[2:]
    publish(work, base, source="<p>Alone</p>")
    assert users(work, footer, current=True) == expected[:2]
    assert users(work, footer)[2:] == [FragmentUse("fragments/base/versions/1", 2)]


def test_a_draft_that_no_longer_names_a_fragment_is_no_use_of_it(work: UnitOfWork) -> None:
    footer = add(work)
    campaign = naming(work, "orders", "fragments/footer")
    assert users(work, footer) == [FragmentUse("campaigns/orders", 0)]
    work.campaigns.save(replace(campaign, definition=samples.campaign().definition, revision=campaign.revision + 1))
    assert users(work, footer) == []
    again = replace(naming(work, "letters", "fragments/footer"))
    work.campaigns.delete(again, NOW)
    assert users(work, footer) == []


def test_the_draft_of_an_ended_campaign_is_no_current_use(work: UnitOfWork) -> None:
    footer = add(work)
    naming(work, "orders", "fragments/footer", state=CampaignState.STOPPED)
    assert users(work, footer) == [FragmentUse("campaigns/orders", 0)]
    assert users(work, footer, current=True) == []


def test_deleting_takes_the_versions_along(work: UnitOfWork) -> None:
    fragment, _ = publish(work, add(work))
    work.fragments.lock(fragment)
    work.fragments.delete(fragment)
    assert work.fragments.get(HERE, "footer") is None
    assert work.fragments.version(fragment.key, 1) is None


def test_a_version_of_a_campaign_keeps_its_pins_and_is_a_use_of_each(work: UnitOfWork) -> None:
    footer, sender = add(work), a_sender(work, "orders")
    pins = {"fragments/footer": 4, "fragments/footer@2": 2}
    key = sender.campaign.key
    work.campaigns.add_version(replace(samples.version(key, 2), fragments=pins), [sender.channel.key])
    version = work.campaigns.version(key, 2)
    assert version is not None
    assert (version.fragments, version.pins) == (pins, {"footer": 4})
    assert users(work, footer) == [FragmentUse("campaigns/orders/versions/2", number) for number in (2, 4)]
    assert users(work, footer, current=True) == []
    work.campaigns.save(replace(sender.campaign, live_version=2, last_version=2, revision=3))
    live = [FragmentUse("campaigns/orders/versions/2", number, live=True) for number in (2, 4)]
    assert users(work, footer) == users(work, footer, current=True) == live

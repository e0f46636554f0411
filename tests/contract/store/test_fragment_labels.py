"""Fragments with access labels: what is found of them, what names them, and their events."""

from __future__ import annotations

from dataclasses import replace

from clarion_server.application.ports.queries import EventQuery
from clarion_server.application.ports.store import Store, UnitOfWork
from clarion_server.domain.access.access import Visibility, whole_sandbox
from clarion_server.domain.access_labels import NO_ACCESS_LABELS, AccessLabels, access_labels
from clarion_server.domain.events.event import FragmentChange, FragmentChangeKind, fragment_event
from clarion_server.domain.fragments.fragment import Fragment
from clarion_server.domain.fragments.fragment_reference import FragmentReference

from tests.contract.store import samples
from tests.contract.store.given import committing
from tests.contract.store.samples import NOW, SANDBOX

EU, VIP = access_labels({"eu": 0}), access_labels({"vip": 63})
NOBODY, EVERYTHING = Visibility(SANDBOX), whole_sandbox(SANDBOX)


def relabelled(work: UnitOfWork, fragment: Fragment, labels: AccessLabels) -> Fragment:
    changed = replace(fragment.changed(NOW), access_labels=labels)
    work.fragments.save(changed)
    return changed


def tell(work: UnitOfWork, fragment: Fragment) -> None:
    change = FragmentChange(FragmentChangeKind.UPDATED, "apiKeys/1")
    work.events.add_all([fragment_event(fragment, change, NOW)])


def events_of(work: UnitOfWork, labels: AccessLabels = NO_ACCESS_LABELS, sandbox: str = SANDBOX) -> list[str]:
    return [each.subject for each in work.events.page(EventQuery(Visibility(sandbox, labels), after=0))]


def test_a_version_is_found_by_who_sees_its_fragment_and_has_its_present_labels(work: UnitOfWork) -> None:
    plain = work.fragments.add(samples.fragment(archive_time=None))
    published, version = plain.published("apiKeys/1", NOW)
    work.fragments.save(published)
    work.fragments.add_version(version)
    relabelled(work, published, EU)
    for reference in (FragmentReference("footer"), FragmentReference("footer", 1)):
        for hold in (True, False):
            assert work.fragments.find(NOBODY, reference, hold=hold) is None
            assert work.fragments.find(Visibility(SANDBOX, VIP), reference, hold=hold) is None
            found = work.fragments.find(Visibility(SANDBOX, EU), reference, hold=hold)
            assert found == work.fragments.find(EVERYTHING, reference) == replace(version, access_labels=EU)
    (listed,) = work.fragments.versions(published.key, None, 9)
    assert listed.access_labels == EU
    assert listed.digest == version.digest


def test_the_uses_of_fragments_that_the_caller_does_not_see_are_left_out(work: UnitOfWork) -> None:
    footer = work.fragments.add(samples.fragment())
    source = '{% include "fragments/footer" %}'
    for name, labels in (("base", EU), ("mail", NO_ACCESS_LABELS)):
        work.fragments.add(samples.fragment(name, source=source, access_labels=labels))

    def users(visibility: Visibility) -> list[str]:
        return [use.user for _, use in work.fragments.uses(footer, visibility, None, 9)]

    assert users(NOBODY) == ["fragments/mail"]
    assert users(Visibility(SANDBOX, EU)) == users(EVERYTHING) == ["fragments/base", "fragments/mail"]


def test_the_events_of_a_fragment_follow_its_present_labels(work: UnitOfWork) -> None:
    fragment = work.fragments.add(samples.fragment())
    other = work.fragments.add(samples.fragment("other"))
    elsewhere = work.fragments.add(samples.fragment(sandbox="staging"))
    for each in (fragment, other, elsewhere):
        tell(work, each)
    both = ["fragments/footer", "fragments/other"]
    assert events_of(work) == both
    fragment = relabelled(work, fragment, EU)
    assert (events_of(work), events_of(work, VIP), events_of(work, EU)) == (both[1:], both[1:], both)
    assert events_of(work, sandbox="staging") == both[:1]
    fragment = relabelled(work, fragment, VIP)
    assert (events_of(work, EU), events_of(work, VIP)) == (both[1:], both)
    relabelled(work, fragment, NO_ACCESS_LABELS)
    assert events_of(work) == both


def test_the_events_of_a_deleted_fragment_stay_hidden_until_another_gets_its_name(work: UnitOfWork) -> None:
    fragment = work.fragments.add(samples.fragment(access_labels=EU))
    tell(work, fragment)
    work.fragments.delete(fragment)
    assert (events_of(work), events_of(work, EU)) == ([], ["fragments/footer"])
    assert work.access_labels.subject_masks() == {(SANDBOX, "fragments/footer"): EU.mask}
    work.fragments.add(samples.fragment(access_labels=VIP))
    assert (events_of(work, EU), events_of(work, VIP)) == ([], ["fragments/footer"])


def test_a_change_of_the_labels_of_a_fragment_is_counted_and_no_other_change(store: Store) -> None:
    with committing(store) as work:
        work.access_labels.hand_out(SANDBOX, ["eu"])
        fragment = work.fragments.add(samples.fragment())
    counts = []
    for labels in (NO_ACCESS_LABELS, EU, EU, VIP, NO_ACCESS_LABELS, NO_ACCESS_LABELS):
        with committing(store) as work:
            fragment = relabelled(work, fragment, labels)
        with store.snapshot() as work:
            counts.append(work.access_labels.change_count())
            expected = {(SANDBOX, "fragments/footer"): labels.mask} if labels.mask else {}
            assert work.access_labels.subject_masks() == expected
    assert counts == [0, 1, 1, 2, 3, 3]

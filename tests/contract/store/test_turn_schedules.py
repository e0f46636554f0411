"""Schedules of turns, and the turns of messages."""

from __future__ import annotations

from dataclasses import replace

from clarion_server.application.ports.queries import WaitingTurn
from clarion_server.application.ports.store import UnitOfWork
from clarion_server.application.ports.turn_schedules import Retiming
from clarion_server.domain.instant import HOUR, SECOND
from clarion_server.domain.messages.message import Message
from clarion_server.domain.messages.turns import Turn, TurnSchedule, campaign_schedule

from tests.contract.store import samples
from tests.contract.store.given import a_campaign, a_sender
from tests.contract.store.samples import NOW

HERE = samples.SANDBOX
TURN = Turn("campaign/1", 2, NOW + 1, NOW + HOUR)


def test_a_schedule_comes_back_as_it_was_saved(work: UnitOfWork) -> None:
    work.turn_schedules.set_rate("policy/1", HERE, 2.5, NOW)
    assert work.turn_schedules.lock(["policy/1", "policy/2"]) == {"policy/1": TurnSchedule("policy/1", 2.5)}
    moved = TurnSchedule("policy/1", 2.5, 0, NOW + 0.25, 1.5, NOW + 0.75)
    work.turn_schedules.save({"policy/1": moved})
    assert work.turn_schedules.lock(["policy/1"]) == {"policy/1": moved}


def test_a_new_schedule_and_an_unchanged_rate_retime_nothing(work: UnitOfWork) -> None:
    work.turn_schedules.set_rate("policy/1", HERE, 2.0, NOW)
    work.turn_schedules.set_rate("policy/1", HERE, 2.0, NOW + 1)
    work.turn_schedules.set_rate("policy/2", HERE, 0.0, NOW)
    assert work.turn_schedules.begun_retiming() is None
    assert work.turn_schedules.lock(["policy/1", "policy/2"]) == {"policy/1": TurnSchedule("policy/1", 2.0)}


def test_a_changed_rate_begins_anew_and_keeps_what_has_left_as_far_as_the_new_rate_needs(work: UnitOfWork) -> None:
    for name, free_time in (("policy/1", NOW + HOUR), ("policy/2", NOW + 5)):
        work.turn_schedules.set_rate(name, HERE, 1 / 3600, NOW)
        work.turn_schedules.save({name: TurnSchedule(name, 1 / 3600, 0, float(NOW + 9 * HOUR), 7.0, float(free_time))})
        work.turn_schedules.set_rate(name, HERE, 2.0, NOW)
    assert work.turn_schedules.lock(["policy/1", "policy/2"]) == {
        "policy/1": TurnSchedule("policy/1", 2.0, 1, 0.0, 0.0, NOW + SECOND / 2),
        "policy/2": TurnSchedule("policy/2", 2.0, 1, 0.0, 0.0, float(NOW + 5)),
    }


def test_a_retiming_goes_on_until_it_is_finished_and_begins_anew_with_each_change(work: UnitOfWork) -> None:
    for rate in (1.0, 2.0):
        work.turn_schedules.set_rate("campaign/7", HERE, rate, NOW)
    begun = Retiming("campaign/7", HERE, 1)
    assert work.turn_schedules.begun_retiming() == begun
    further = replace(begun, after=(7, "some-message"))
    work.turn_schedules.go_on(further)
    assert work.turn_schedules.begun_retiming() == further
    work.turn_schedules.set_rate("campaign/7", HERE, 3.0, NOW)
    assert work.turn_schedules.begun_retiming() == Retiming("campaign/7", HERE, 2)
    work.turn_schedules.finish(further)
    assert work.turn_schedules.begun_retiming() is None
    assert work.turn_schedules.lock(["campaign/7"])["campaign/7"].rate == 3.0


def test_schedules_that_begin_anew_keep_their_rate_and_what_has_left(work: UnitOfWork) -> None:
    names = ["policy/1", "policy/2", "policy/3"]
    for name in names:
        work.turn_schedules.set_rate(name, HERE, 2.0, NOW)
    given = {name: TurnSchedule(name, 2.0, 0, float(NOW + HOUR), 7.0, float(NOW + 5)) for name in names}
    work.turn_schedules.save(given)
    work.turn_schedules.begin_anew(names[:2])
    assert work.turn_schedules.lock(names) == {
        "policy/1": TurnSchedule("policy/1", 2.0, 1, 0.0, 0.0, float(NOW + 5)),
        "policy/2": TurnSchedule("policy/2", 2.0, 1, 0.0, 0.0, float(NOW + 5)),
        "policy/3": given["policy/3"],
    }
    assert work.turn_schedules.begun_retiming() == Retiming("policy/1", HERE, 1)


def test_a_schedule_without_a_rate_locks_nothing_and_is_gone_when_its_retiming_is_finished(work: UnitOfWork) -> None:
    campaign = a_campaign(work)
    name = campaign_schedule(campaign.key)

    def has_rate() -> bool:
        return work.campaigns.delivery_policies([campaign.key])[campaign.key].has_rate

    assert not has_rate()
    work.turn_schedules.set_rate(name, HERE, 1.0, NOW)
    assert has_rate()
    work.turn_schedules.set_rate(name, HERE, 0.0, NOW)
    assert work.turn_schedules.lock([name]) == {}
    begun = work.turn_schedules.begun_retiming()
    assert begun is not None
    work.turn_schedules.finish(begun)
    assert not has_rate()


def test_a_message_keeps_its_turn(work: UnitOfWork) -> None:
    message, other = a_sender(work).messages(work, 2)
    work.messages.set_turns({message.id: TURN})
    assert [each.turn for each in stored(work, message.id, other.id)] == [TURN, None]


def test_the_queued_messages_of_a_campaign_are_read_by_their_ids_with_their_turns(work: UnitOfWork) -> None:
    one, two, three = a_sender(work).messages(work, 3)
    work.messages.set_turns({two.id: TURN})
    work.messages.begin([three.id], "first", NOW)
    waiting = [WaitingTurn(one.id, one.due_time, None), WaitingTurn(two.id, two.due_time, TURN)]
    assert work.messages.waiting_turns(one.action.campaign_key, "", 9) == waiting
    assert work.messages.waiting_turns(one.action.campaign_key, "", 1) == waiting[:1]
    assert work.messages.waiting_turns(one.action.campaign_key, one.id, 9) == waiting[1:]
    assert work.messages.waiting_turns(one.action.campaign_key + 1, "", 9) == []


def test_queued_messages_become_due(work: UnitOfWork) -> None:
    one, two = a_sender(work).messages(work, 2)
    work.messages.defer({one.id: NOW + HOUR, two.id: NOW + HOUR}, NOW)
    work.messages.make_due([one.id], NOW + 5)
    times = [(each.due_time, each.release_time) for each in stored(work, one.id, two.id)]
    assert times == [(NOW + 5, NOW + 5), (NOW + HOUR, NOW + HOUR)]


def test_campaigns_of_a_sandbox_are_found_one_after_the_other(work: UnitOfWork) -> None:
    one, _, two = a_campaign(work), a_campaign(work, sandbox="staging"), a_campaign(work, "other")
    following = [work.campaigns.next_key(HERE, after) for after in (0, one.key, two.key)]
    assert following == [one.key, two.key, None]


def stored(work: UnitOfWork, *ids: str) -> list[Message]:
    return [found for each in ids if (found := work.messages.get(samples.VISIBILITY, each)) is not None]

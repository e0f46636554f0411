"""What this process has accepted is remembered for its claim: not for long, and not more than fits."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace

import pytest
from clarion_server.application.sending import accepted_messages
from clarion_server.application.sending.accepted_messages import AcceptedMessages
from clarion_server.domain.messages.message import Message, MessageState

from tests.contract.queue.desk import LANE, open_desk
from tests.contract.queue.kinds import KINDS
from tests.contract.store import samples
from tests.contract.store.given import a_channel, a_sender, committing
from tests.memory_store import MemoryStore
from tests.waiting import until

ONE, TWO, THREE = (samples.message(1, 1, id=f"{number:032}-0000-0") for number in range(3))


@pytest.fixture
def accepted() -> Iterator[AcceptedMessages]:
    made = AcceptedMessages()
    yield made
    made.clear()


def known(accepted: AcceptedMessages) -> list[Message]:
    return [message for message in (ONE, TWO, THREE) if accepted.get(message.id) is message]


async def test_accepted_messages_are_known_until_they_are_discarded(accepted: AcceptedMessages) -> None:
    assert not accepted
    accepted.add([ONE, TWO])
    accepted.discard([ONE.id, THREE.id])
    assert known(accepted) == [TWO]
    accepted.discard([TWO.id])
    assert not accepted


async def test_a_message_that_is_due_later_or_was_excluded_is_not_kept(accepted: AcceptedMessages) -> None:
    accepted.add([replace(ONE, due_time=ONE.accept_time + 1), replace(TWO, state=MessageState.EXCLUDED), THREE])
    assert not accepted.get(ONE.id)
    assert not accepted.get(TWO.id)
    assert known(accepted) == [THREE]


async def test_no_more_are_kept_than_fit_and_room_that_is_free_again_is_used(
    accepted: AcceptedMessages, monkeypatch: pytest.MonkeyPatch
) -> None:
    each = accepted_messages._BYTES_EACH + len(ONE.context) + len(ONE.profile)
    monkeypatch.setattr(accepted_messages, "_MOST_BYTES", 2 * each)
    accepted.add([ONE, TWO, THREE])
    assert known(accepted) == [ONE, TWO]
    accepted.discard([ONE.id])
    accepted.add([THREE])
    assert known(accepted) == [TWO, THREE]


async def test_what_nobody_claims_is_forgotten_and_leaves_room(
    accepted: AcceptedMessages, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(accepted_messages, "_SECONDS", 0.01)
    each = accepted_messages._BYTES_EACH + len(ONE.context) + len(ONE.profile)
    monkeypatch.setattr(accepted_messages, "_MOST_BYTES", each)
    accepted.add([ONE])

    async def is_forgotten() -> bool:
        return not accepted

    await until(is_forgotten)
    accepted.add([TWO])
    assert known(accepted) == [TWO]


async def test_what_was_just_accepted_outlives_what_is_forgotten(accepted: AcceptedMessages) -> None:
    accepted.add([ONE])
    accepted._age()
    accepted.add([TWO])
    accepted._age()
    assert known(accepted) == [TWO]


async def test_a_claim_reads_what_its_process_has_accepted_once_it_was_attempted_and_not_before() -> None:
    (open_store_queue,) = (kind.make() for kind in KINDS if kind.name == "store")
    with closing(MemoryStore()) as store:
        with committing(store) as work:
            sender = a_sender(work, channel=a_channel(work, disabled=False))
        async with open_desk(open_store_queue, store, "first") as desk:
            (stored,) = await desk.add(sender)
            unread = replace(stored, context=b'{"read":false}')
            desk.queue.queued(sender.channel.key, LANE, [unread], stored.due_time)
            (first,) = await desk.claim(sender.channel, 1)
            assert first.context == unread.context
            await desk.deferred(first, 0)
            (second,) = await desk.claim(sender.channel, 1)
            assert second.context == stored.context

"""A store returns values exactly as they were given, up to their limits."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from clarion_server.application.ports.queries import CampaignQuery, MessageQuery
from clarion_server.application.ports.store import Store, UnitOfWork
from clarion_server.domain.campaign_states import CampaignState
from clarion_server.domain.campaigns.campaign_definition import Action, Schedule
from clarion_server.domain.content.email import EmailContent, Mailbox
from clarion_server.domain.instant import LATEST
from clarion_server.domain.messages.attempt import MAX_DETAIL, Attempt, Failure, FailureReason
from clarion_server.domain.messages.message import MessageState
from clarion_server.domain.tags import folded
from clarion_server.domain.violation import Violation

from tests.contract.store import samples
from tests.contract.store.given import a_campaign, a_sender, committing

TEXTS = {
    "several-scripts": "Zoë Müller, Здравствуй, 你好, مرحبا, שלום",
    "outside-the-basic-plane": "👩\u200d👧\u200d👦 🏳\ufe0f\u200d🌈 𠜎 \U0001d4b3 \U0010ffff",
    "composed-and-decomposed": "\u00e9 e\u0301 \ufb01 fi \u00c5 \u212b",
    "quotes-and-escapes": """it's "quoted" \\ back\\slash % _ $1 :name ? {x} --;""",
    "white-space": " \t leading\r\nlines\u2028and\u00a0trailing  ",
    "control-characters": "".join(map(chr, range(1, 32))) + "\x7f\x85\ufeff\uffff",
    "empty": "",
}
CONTEXT_LIMIT = 200 * 1024


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS.keys())
def test_texts_of_a_campaign_come_back_exactly(store: Store, text: str) -> None:
    email = EmailContent(
        subject=text, html=text, text=text, sender=Mailbox("a@b.test", text), headers={"X-Any": text, "X-Other": ""}
    )
    definition = samples.definition(
        display_name=text,
        description=text,
        actions=(Action("letter", "mail", email),),
        context_schema={"type": "object", "description": text, "properties": {text: {"const": text}}},
    )
    with committing(store) as work:
        added = a_campaign(work, of=definition, tags=(text, f"{text}2"))
    with store.snapshot() as work:
        assert work.campaigns.get(samples.VISIBILITY, added.id) == added
        assert work.campaigns.page(CampaignQuery(samples.VISIBILITY, tags=frozenset({folded(text)}))) == [added]
        assert work.campaigns.page(CampaignQuery(samples.VISIBILITY, text=text)) == [added]


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS.keys())
def test_texts_of_a_message_come_back_exactly(store: Store, text: str) -> None:
    failure = Failure(FailureReason.OTHER, code=text, detail=text)
    personal = {"identity": text, "address": text, "locale": text}
    with committing(store) as work:
        sender = a_sender(work)
        added = sender.message(work, **personal, state=MessageState.FAILED, failure=failure)
        work.events.add_all([samples.outcome(added, MessageState.FAILED, failure=failure).event])
    with store.snapshot() as work:
        assert work.messages.page(MessageQuery(samples.VISIBILITY, identity=text)) == [added]
        detail = work.events.of_message(added.id)[0].detail
        assert isinstance(detail, Attempt)
        assert detail.failure == failure


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS.keys())
def test_texts_of_an_execution_come_back_exactly(work: UnitOfWork, text: str) -> None:
    rejected = (Violation(f"recipients[0].context.{text}", "TYPE", text),)
    added = a_sender(work).execution(work, request_id=text, caller=text, rejections={0: rejected})
    request = (added.campaign_key, text)
    assert work.executions.by_request_ids([request]) == {request: added}
    work.executions.release_request_ids([added.id])
    assert work.executions.by_request_ids([request]) == {}


def test_a_context_of_the_largest_size_comes_back_byte_for_byte(store: Store) -> None:
    filler = "ß€𝄞" * (CONTEXT_LIMIT // 9)
    context = json.dumps({"text": filler}, ensure_ascii=False).encode()[:CONTEXT_LIMIT]
    with committing(store) as work:
        added = a_sender(work).messages(work, 3, context=context, profile=context[::-1])
    with store.snapshot() as work:
        kept = work.messages.queued_of_execution(added[0].execution_id)
    assert len(context) == CONTEXT_LIMIT
    assert {message.context for message in kept} == {context}
    assert {message.profile for message in kept} == {context[::-1]}


def test_bytes_come_back_whatever_they_are(work: UnitOfWork) -> None:
    every_byte = bytes(range(256))
    sender = a_sender(work)
    execution = sender.execution(work, fingerprint=every_byte)
    message = sender.message(work, context=every_byte, profile=every_byte[::-1])
    key = samples.api_key(secret_hash=every_byte)
    work.keys.add(key)
    assert work.executions.get(samples.VISIBILITY, execution.id) == execution
    assert work.messages.get(samples.VISIBILITY, message.id) == message
    assert work.keys.get(key.id) == key


@pytest.mark.parametrize("instant", [0, 1, 2**31 * 1_000_000, LATEST])
def test_instants_come_back_exactly(store: Store, instant: int) -> None:
    with committing(store) as work:
        sender = a_sender(work)
        scheduled = a_campaign(
            work,
            "scheduled",
            create_time=instant,
            update_time=instant,
            activate_time=instant,
            state=CampaignState.SCHEDULED,
            schedule=Schedule(instant, instant),
            of=samples.definition(schedule=Schedule(instant, instant)),
        )
        message = sender.message(work, accept_time=instant, release_time=instant, due_time=instant, expire_time=instant)
        execution = sender.execution(work, accept_time=instant, send_time=instant, expire_time=instant)
        work.messages.begin([message.id], "process-1", instant)
        work.messages.record_outcomes(
            [samples.outcome(message, MessageState.SENT, time=instant, due_time=instant)], "process-1"
        )
        work.events.add_all([samples.event(message, time=instant)])
        work.processes.renew("process-1", instant)
    with store.snapshot() as work:
        assert work.campaigns.get(samples.VISIBILITY, "scheduled") == scheduled
        assert work.campaigns.due(instant) == [scheduled]
        assert work.campaigns.next_transition_time() == instant
        sent = work.messages.get(samples.VISIBILITY, message.id)
        assert sent is not None
        assert (sent.due_time, sent.end.time, sent.attempts.last_time) == (instant, instant, instant)
        assert work.executions.get(samples.VISIBILITY, execution.id) == execution
        assert work.events.of_message(message.id)[0].time == instant
        assert work.processes.live(instant - 1) == {"process-1"}


def test_a_message_that_is_due_at_the_end_of_time_waits_till_then(work: UnitOfWork) -> None:
    sender = a_sender(work)
    last, first = sender.message(work, due_time=LATEST), sender.message(work, due_time=0)
    assert work.messages.due(sender.channel.key, LATEST - 1, 10) == [first]
    assert work.messages.due(sender.channel.key, LATEST, 10) == [first, last]
    assert work.messages.next_due_time(sender.channel.key) == 0


NUMBERS = [0, -1, 0.1, 1e308, 5e-324, 2**53, -(2**53), 123456789.123456789]


def test_a_context_schema_comes_back_whatever_json_it_is(work: UnitOfWork) -> None:
    deep: Any = {"type": "null"}
    for _ in range(50):
        deep = {"type": "array", "items": deep}
    schema = {
        "type": "object",
        "properties": {"deep": deep, "": {}, "enum": {"enum": [None, True, False, "", [], {}, *NUMBERS]}},
        "required": [],
        "additionalProperties": False,
    }
    added = a_campaign(work, of=samples.definition(context_schema=schema))
    assert work.campaigns.get(samples.VISIBILITY, added.id) == added


def test_a_schema_of_nothing_is_not_taken_for_no_schema(work: UnitOfWork) -> None:
    none = a_campaign(work, "none", of=samples.definition(context_schema=None))
    empty = a_campaign(work, "empty", of=samples.definition(context_schema={}))
    assert work.campaigns.get(samples.VISIBILITY, "none") == none
    assert work.campaigns.get(samples.VISIBILITY, "empty") == empty


def test_a_large_definition_comes_back(store: Store) -> None:
    email = EmailContent(subject="s", html="<p>é</p>\n" * 60_000, text="ü" * 300_000)
    definition = replace(samples.definition(), actions=(Action("letter", "mail", email),))
    with committing(store) as work:
        added = a_campaign(work, of=definition)
    with store.snapshot() as work:
        assert work.campaigns.get(samples.VISIBILITY, added.id) == added


def test_the_longest_failure_comes_back(work: UnitOfWork) -> None:
    failure = Failure(FailureReason.OTHER, "550 5.7.1", "字" * MAX_DETAIL)
    message = a_sender(work).message(work)
    work.messages.begin([message.id], "process-1", samples.NOW)
    work.messages.record_outcomes([samples.outcome(message, MessageState.FAILED, failure=failure)], "process-1")
    kept = work.messages.get(samples.VISIBILITY, message.id)
    assert kept is not None
    assert kept.end.failure == failure

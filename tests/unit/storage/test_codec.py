"""Documents that this version did not write, and values that JSON has trouble with."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from clarion_server.adapters.storage import codec
from clarion_server.domain.campaign import Action, CampaignDefinition, EmailContent, Mailbox
from clarion_server.domain.channel import SmtpProvider
from clarion_server.domain.message import Attempt, AttemptResult, Failure, FailureReason

from tests.contract.store import samples


def test_what_an_older_definition_lacks_has_its_default() -> None:
    assert codec.definition_from_json("{}") == CampaignDefinition("", None, ())


def test_what_an_older_content_lacks_has_its_default() -> None:
    read = codec.definition_from_json(
        '{"actions": [{"email": {"subject": "Hello", "sender": {"address": "a@b.test"}}}]}'
    )
    assert read.actions == (Action("", EmailContent("Hello", sender=Mailbox("a@b.test"))),)


def test_what_an_older_provider_lacks_has_its_default() -> None:
    read = codec.smtp_from_json('{"host": "h", "port": 25, "sender": {"address": "a@b.test"}}')
    assert read == SmtpProvider("h", 25, Mailbox("a@b.test"))


def test_what_an_older_failure_lacks_has_its_default() -> None:
    assert codec.failure_from_json('{"reason": "TIMED_OUT"}') == Failure(FailureReason.TIMED_OUT)


def test_what_an_older_attempt_lacks_has_its_default() -> None:
    read = codec.attempt_from_json('{"number": 1, "start_time": 2, "end_time": 3, "result": "SENT"}')
    assert read == Attempt(1, 2, 3, AttemptResult.SENT)


def test_what_only_a_newer_version_knows_is_passed_over() -> None:
    definition = samples.definition()
    document = json.loads(codec.definition_to_json(definition))
    document["audience"] = document["actions"][0]["push"] = {"everybody": True}
    assert codec.definition_from_json(json.dumps(document)) == definition


@pytest.mark.parametrize("number", [2**64, -(10**30), 1e300, 0.1 + 0.2])
def test_numbers_of_a_context_schema_stay_what_they_are(number: float) -> None:
    definition = samples.definition(context_schema={"maximum": number})
    assert codec.definition_from_json(codec.definition_to_json(definition)) == definition


@pytest.mark.parametrize("text", ["250 \udcff ok", "\x00", "\u2028", "\U0001f4e7", '"\\'])
def test_whatever_a_provider_says_is_kept(text: str) -> None:
    failure = replace(samples.failure(), detail=text)
    attempt = Attempt(1, 2, 3, AttemptResult.FAILED, failure, provider_reply=text)
    assert codec.failure_from_json(codec.failure_to_json(failure)) == failure
    assert codec.attempt_from_json(codec.attempt_to_json(attempt)) == attempt

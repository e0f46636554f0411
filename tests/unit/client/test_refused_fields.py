"""What no message of the contract holds is refused before it is sent, with the path of the field."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from clarion_client import Action, Campaign, ChannelConfiguration, Client, FieldError, Profile, Recipient

Call = Callable[[Client], Any]

HALF = "jane\ud800@example.com"
NO_TEXT = "holds a lone surrogate, which is no text"
TOO_LARGE = "is 2147483648, which is too large a number"
CAMPAIGN = Campaign(name="x", actions=[Action(channel_configuration=HALF)])
LIMITED = ChannelConfiguration(name="x", max_concurrency=2**31)
RECIPIENTS = [Recipient("jane@example.com"), Recipient(HALF), Recipient("crm:1", address=HALF)]


def refusal_of(call: Call) -> str:
    """Returns what is wrong with a call that never reaches a service."""
    with Client("127.0.0.1:1", retry=None) as client, pytest.raises(FieldError) as refusal:
        call(client)
    return str(refusal.value)


@pytest.mark.parametrize(
    ("path", "call"),
    [
        ("request_id", lambda client: client.trigger("x", to="crm:1", request_id=HALF)),
        ("request_id", lambda client: client.trigger_audience("x", "y", max_recipients=1, request_id=HALF)),
        ("request_id", lambda client: client.executions.list(campaign="x", request_id=HALF)),
        ("recipients[0].identity", lambda client: client.trigger("x", to=HALF)),
        ("recipients[0].locale", lambda client: client.trigger("x", to="crm:1", locale=HALF)),
        ("labels.shop", lambda client: client.trigger("x", to="crm:1", labels={"shop": HALF})),
        ("identity", lambda client: client.profiles.lookup(HALF)),
        ("identity", lambda client: client.messages.list(identity=HALF)),
        ("identity", lambda client: client.consents.get(HALF)),
        ("identities[1]", lambda client: client.audiences.upload("x", ["crm:1", HALF])),
        ("identities[0]", lambda client: client.profiles.create(Profile(identities=[HALF]))),
        ("address", lambda client: client.suppressions.check(HALF)),
        ("address", lambda client: client.suppressions.list(target=HALF)),
        ("name", lambda client: client.topics.get(HALF)),
        ("actions[0].channel_configuration", lambda client: client.campaigns.create(CAMPAIGN)),
    ],
)
def test_half_of_a_character_is_refused_with_the_path_of_its_field(path: str, call: Call) -> None:
    assert refusal_of(call) == f"{path} {NO_TEXT}"


def test_all_fields_with_half_of_a_character_are_told() -> None:
    told = refusal_of(lambda client: client.trigger("x", RECIPIENTS))
    assert told.splitlines() == [f"recipients[1].identity {NO_TEXT}", f"recipients[2].address {NO_TEXT}"]


def test_a_name_with_half_of_a_character_can_be_printed() -> None:
    told = refusal_of(lambda client: client.trigger("x", to="crm:1", labels={"\udfff": "1"}))
    assert told == "labels has a key with a lone surrogate, which is no text"


@pytest.mark.parametrize(
    ("path", "call"),
    [
        ("page_size", lambda client: client.campaigns.list(page_size=2**31)),
        ("page_size", lambda client: client.messages.list(page_size=2**31)),
        ("page_size", lambda client: client.topics.list(page_size=2**31)),
        ("page_size", lambda client: client.test_cases.list("x", page_size=2**31)),
        ("max_concurrency", lambda client: client.channels.create(LIMITED)),
        ("max_recipients", lambda client: client.trigger_audience("x", "y", max_recipients=2**31)),
    ],
)
def test_a_number_that_its_field_cannot_hold_is_refused_with_its_path(path: str, call: Call) -> None:
    assert refusal_of(call) == f"{path} {TOO_LARGE}"

"""The shown names of a mail's sender and reply address, and that address itself, are templates."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from clarion_server.application.ports.content import RenderingFailed
from clarion_server.domain.content.email import Mailbox

from tests.unit.rendering.contents import COMPILER, definition, rendered

SHOP = Mailbox("orders@example.com", "{{ context.shop }} of {{ campaign.display_name }}")
CASE = Mailbox("case+{{ context.case }}@example.com", "Support")


def failure(context: Mapping[str, Any], **mailboxes: Any) -> RenderingFailed:
    with pytest.raises(RenderingFailed) as caught:
        rendered(context, text="x", **mailboxes)
    return caught.value


def test_names_and_the_reply_address_are_rendered() -> None:
    email = rendered({"shop": "Müller & Co", "case": 4711}, text="x", sender=SHOP, reply_to=CASE)
    assert email.sender == Mailbox("orders@example.com", "Müller & Co of Order confirmed")
    assert email.reply_to == Mailbox("case+4711@example.com", "Support")


def test_mailboxes_without_templates_are_left_to_the_content() -> None:
    email = rendered({}, text="x", sender=Mailbox("a@example.com", "Shop"), reply_to=Mailbox("b@example.com"))
    assert (email.sender, email.reply_to) == (None, None)


@pytest.mark.parametrize("injected", ["a\r\nBcc: all@example.com", "a\nb", "a\x00b", "a\u2028b"])
def test_no_value_brings_another_header_field(injected: str) -> None:
    assert "line break" in failure({"shop": injected}, sender=SHOP).detail
    assert "line break" in failure({"case": injected}, reply_to=CASE).detail


@pytest.mark.parametrize("value", ["a b", "a@b", "x, eve@example.com", "<eve@example.com>", "a" * 60])
def test_what_is_no_address_is_refused(value: str) -> None:
    refused = failure({"case": value}, reply_to=CASE)
    assert (refused.field, refused.detail) == ("actions[0].email.reply_to.address", "the result is no e-mail address")


def test_a_name_is_not_empty_and_not_longer_than_names_may_be() -> None:
    name = Mailbox("orders@example.com", "{{ context.shop }}")
    assert failure({"shop": " "}, sender=name).detail == "the result is empty"
    assert rendered({"shop": "x" * 200}, text="x", sender=name).sender == Mailbox(name.address, "x" * 200)
    refused = failure({"shop": "x" * 201}, sender=name)
    assert (refused.field, "200" in refused.detail) == ("actions[0].email.from.display_name", True)


def test_a_missing_value_is_an_error_that_names_the_field() -> None:
    assert (
        failure({}, sender=Mailbox("a@example.com", "{{ context.shop }}")).field == "actions[0].email.from.display_name"
    )


def test_review_reads_them() -> None:
    schema = {"type": "object", "properties": {"shop": {"type": "string"}}}
    found = COMPILER.review(definition(text="x", sender=SHOP, reply_to=CASE, schema=schema))
    fields = {finding.field.rpartition("email.")[2] for finding in found}
    assert {"from.display_name", "reply_to.address"} <= fields

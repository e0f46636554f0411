"""Files of single recipients over the wire, from the trigger to the mail that carries them."""

from __future__ import annotations

from typing import Any

import pytest
from clarion_client import (
    Accepted,
    Action,
    AlreadyExistsError,
    AsyncClient,
    ContentAttachment,
    EmailContent,
    InvalidRequestError,
    Recipient,
    RecipientAttachment,
    RecipientOutcome,
    Trigger,
    WebhookContent,
    WebhookProvider,
)
from fast_mail_parser import parse_email

from tests.campaigns import CONTEXT, campaign, channel, set_up
from tests.e2e.wire.conftest import Sandbox
from tests.smtp_sink import ReceivedMail, SmtpSink

PDF = b"%PDF-1.7\n" + bytes(range(256)) * 4000
JANE, JOE = "jane@example.com", "joe@example.com"


def a_file(name: str = "invoice.pdf", data: bytes = PDF, content_type: str = "") -> RecipientAttachment:
    return RecipientAttachment(file_name=name, content=data, content_type=content_type)


def to(address: str, *files: RecipientAttachment) -> Recipient:
    return Recipient(f"email:{address}", CONTEXT, attachments=files)


def files_of(mail: ReceivedMail) -> dict[str, bytes]:
    """Returns the files of a mail, by both parsers."""
    found = {str(each.get_filename()): each.get_payload(decode=True) for each in mail.parsed.iter_attachments()}
    assert {file.filename: file.content for file in parse_email(mail.content).attachments} == found
    return found


async def violations(client: AsyncClient, *recipients: Recipient, campaign: str = "orders") -> list[tuple[str, str]]:
    with pytest.raises(InvalidRequestError) as refused:
        await client.trigger(campaign, recipients)
    return [(each.field, each.reason) for each in refused.value.violations]


@pytest.fixture
async def orders(sandbox: Sandbox, sink: SmtpSink) -> AsyncClient:
    """Returns a client of a sandbox with the live campaign `orders`, whose mails carry `terms.pdf`."""
    await sandbox.client.attachments.upload(b"%PDF-1.7 terms", "terms", file_name="terms.pdf")
    email = EmailContent(subject="Order", text="Hi", attachments=[ContentAttachment(attachment="terms")])
    await set_up(sandbox.client, "orders", sink.port, actions=[Action(channel_configuration="orders", email=email)])
    return sandbox.client


async def test_each_recipient_gets_its_own_files_beside_those_of_the_content(
    orders: AsyncClient, sink: SmtpSink
) -> None:
    await orders.attachments.upload(PDF + b"guide", "guide", file_name="guide.pdf")
    own = [a_file(), RecipientAttachment(attachment="guide"), a_file("Übersicht.txt", "Grüße".encode())]
    renamed = RecipientAttachment(attachment="guide", file_name="handbook.pdf")
    await orders.trigger("orders", [to(JANE, *own), to(JOE, renamed), to("jim@example.com")])
    mails = {mail.recipients[0]: files_of(mail) for mail in await sink.wait_for(3)}
    terms = {"terms.pdf": b"%PDF-1.7 terms"}
    assert mails[JANE] == {
        **terms,
        "invoice.pdf": PDF,
        "guide.pdf": PDF + b"guide",
        "Übersicht.txt": "Grüße".encode(),
    }
    assert mails[JOE] == {**terms, "handbook.pdf": PDF + b"guide"}
    assert mails["jim@example.com"] == terms


async def test_files_come_through_a_stream_too(orders: AsyncClient, sink: SmtpSink) -> None:
    triggers = [Trigger("orders", [to(f"r{place}@example.com", a_file(f"{place}.pdf"))]) for place in range(3)]
    answers = [answer async for _, answer in orders.trigger_stream(triggers)]
    assert all(isinstance(answer, Accepted) for answer in answers)
    names = [name for mail in await sink.wait_for(3) for name in files_of(mail)]
    assert sorted(names) == ["0.pdf", "1.pdf", "2.pdf", *["terms.pdf"] * 3]


async def test_everything_that_is_wrong_with_files_is_told_at_once(orders: AsyncClient) -> None:
    wrong = [
        a_file("a.pdf", b"MZ\x90"),
        a_file("b.jpg", b"\x89PNG\r\n\x1a\n", "image/jpeg"),
        a_file("a\r\nBcc: x.pdf"),
        RecipientAttachment(attachment="missing"),
        RecipientAttachment(),
    ]
    found = await violations(
        orders, to(JANE, *wrong), to(JOE, *[a_file(f"{place}.pdf", PDF[:99]) for place in range(6)])
    )
    assert found == [
        ("recipients[0].attachments[0].content", "FILE_NOT_ALLOWED"),
        ("recipients[0].attachments[1].content_type", "TYPE_MISMATCH"),
        ("recipients[0].attachments[2].file_name", "MALFORMED"),
        ("recipients[0].attachments[3].attachment", "UNKNOWN_VALUE"),
        ("recipients[0].attachments[4].content", "REQUIRED"),
        ("recipients[1].attachments", "TOO_MANY"),
    ]


async def test_files_do_not_hide_what_else_is_wrong_with_a_recipient(orders: AsyncClient) -> None:
    nobody = Recipient("email:nobody", {}, attachments=[a_file("a.exe")])
    assert await violations(orders, nobody) == [
        ("recipients[0].identity", "MALFORMED"),
        ("recipients[0].context.order", "REQUIRED"),
        ("recipients[0].attachments[0].file_name", "FILE_NOT_ALLOWED"),
    ]


async def test_two_files_of_a_mail_with_one_name_are_refused(orders: AsyncClient) -> None:
    found = await violations(orders, to(JANE, a_file(), a_file("terms.pdf"), a_file()))
    assert found == [
        ("recipients[0].attachments[1].file_name", "DUPLICATE"),
        ("recipients[0].attachments[2].file_name", "DUPLICATE"),
    ]


async def test_another_recipient_is_accepted_when_the_caller_says_so(orders: AsyncClient, sink: SmtpSink) -> None:
    answer = await orders.trigger("orders", [to(JANE, a_file("a.exe")), to(JOE, a_file())], allow_partial=True)
    assert [each.outcome for each in answer.recipients] == [RecipientOutcome.REJECTED, RecipientOutcome.ACCEPTED]
    (mail,) = await sink.wait_for(1)
    assert files_of(mail)["invoice.pdf"] == PDF


async def test_a_repeated_request_gets_its_answer_and_another_file_under_its_id_is_refused(
    orders: AsyncClient, sink: SmtpSink
) -> None:
    first = await orders.trigger("orders", [to(JANE, a_file())], request_id="1")
    again = await orders.trigger("orders", [to(JANE, a_file())], request_id="1")
    assert (again.execution, again.replayed) == (first.execution, True)
    with pytest.raises(AlreadyExistsError):
        await orders.trigger("orders", [to(JANE, a_file(data=PDF + b" "))], request_id="1")
    assert len(await sink.wait_for(1)) == 1


async def test_validation_checks_files_and_sends_nothing(orders: AsyncClient) -> None:
    answer = await orders.trigger("orders", [to(JANE, a_file())], validate_only=True)
    assert not answer.execution
    with pytest.raises(InvalidRequestError):
        await orders.trigger("orders", [to(JANE, a_file("a.exe"))], validate_only=True)


async def test_a_campaign_with_a_webhook_refuses_files(sandbox: Sandbox, orders: AsyncClient) -> None:
    hook = channel("hook", 1, smtp=None, webhook=WebhookProvider(url="https://hook.example"))
    await orders.channels.create(hook)
    actions: list[Any] = [
        Action(channel_configuration="orders", email=EmailContent(subject="Order", text="Hi")),
        Action(channel_configuration="hook", webhook=WebhookContent(json="{}")),
    ]
    await orders.campaigns.create(campaign("both", "orders", actions=actions))
    await orders.campaigns.activate("both")
    assert await violations(orders, to(JANE, a_file()), campaign="both") == [
        ("recipients[0].attachments", "UNSUPPORTED")
    ]


async def test_a_mail_that_its_channel_configuration_does_not_take_is_refused(orders: AsyncClient) -> None:
    stored = await orders.channels.get("orders")
    assert stored.max_message_bytes == 20 * 2**20
    await orders.channels.update(channel("orders", 1, max_message_bytes=2**20), ["max_message_bytes"])
    assert await violations(orders, to(JANE, a_file())) == [("recipients[0].attachments", "TOO_LARGE")]


async def test_an_upload_that_a_trigger_used_may_be_deleted_and_its_mail_carries_it(
    orders: AsyncClient, sink: SmtpSink
) -> None:
    await orders.attachments.upload(PDF, "guide", file_name="guide.pdf")
    await orders.campaigns.pause("orders")
    await orders.campaigns.resume("orders")
    await orders.channels.update(channel("orders", 1, disabled=True), ["disabled"])
    await orders.trigger("orders", [to(JANE, RecipientAttachment(attachment="guide"))])
    await orders.attachments.delete("guide")
    await orders.channels.update(channel("orders", 1, disabled=False), ["disabled"])
    (mail,) = await sink.wait_for(1)
    assert files_of(mail)["guide.pdf"] == PDF

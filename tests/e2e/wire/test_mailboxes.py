"""Sender and reply address that differ from mail to mail, from the trigger to the mail."""

from __future__ import annotations

from clarion_client import Action, EmailContent, FailureReason, Mailbox, Recipient

from tests.campaigns import campaign, channel
from tests.e2e.wire.conftest import Sandbox
from tests.smtp_sink import SmtpSink
from tests.waiting import until

CONTENT = EmailContent(
    subject="Your case",
    text="We look into it.",
    from_=Mailbox("support@example.com", "{{ context.agent }} of The Shop"),
    reply_to=Mailbox("case+{{ context.order }}@example.com"),
)
SCHEMA = {
    "type": "object",
    "properties": {"agent": {"type": "string"}, "order": {"type": "string"}},
    "required": ["agent", "order"],
}


async def test_each_mail_has_its_own_and_one_without_a_valid_address_fails(sandbox: Sandbox, sink: SmtpSink) -> None:
    client = sandbox.client
    await client.channels.create(channel("mail", sink.port))
    action = Action(channel_configuration="mail", email=CONTENT)
    await client.campaigns.create(campaign("case", "mail", actions=[action], context_schema=SCHEMA))
    await client.campaigns.activate("case")
    people = {"ann@example.com": ("Zoë", "1"), "bob@example.com": ("Max", "2"), "eve@example.com": ("Max", "2, x")}
    recipients = [Recipient(to, {"agent": agent, "order": order}) for to, (agent, order) in people.items()]

    preview = await client.campaigns.preview("case", {"agent": "Zoë", "order": "1"})
    assert preview.email is not None
    assert (preview.email.from_, preview.email.reply_to) == (
        Mailbox("support@example.com", "Zoë of The Shop"),
        Mailbox("case+1@example.com"),
    )
    answer = await client.trigger("case", recipients)
    mails = {mail.parsed["To"]: mail.parsed for mail in await sink.wait_for(2)}
    assert {to: (mail["From"], mail["Reply-To"]) for to, mail in mails.items()} == {
        "ann@example.com": ("Zoë of The Shop <support@example.com>", "case+1@example.com"),
        "bob@example.com": ("Max of The Shop <support@example.com>", "case+2@example.com"),
    }

    async def has_failed() -> bool:
        message = await client.messages.get(answer.recipients[2].messages[0].message)
        return [attempt.failure and attempt.failure.reason for attempt in message.attempts] == [
            FailureReason.RENDERING_FAILED
        ]

    await until(has_failed)

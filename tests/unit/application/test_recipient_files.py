"""Files of recipients: stored before the answer, once in a sandbox, and sent by whichever process has the message."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace

import pytest
from clarion_server.application.attachments.blobs import BlobStore
from clarion_server.application.attachments.uploads import ManageAttachments, UploadAttachment, UploadLimits
from clarion_server.application.ports.store import UnitOfWork
from clarion_server.application.sending.files import MessageFiles
from clarion_server.application.triggering.admission import Admission, RecipientFile
from clarion_server.application.triggering.recipient_files import RecipientFiles
from clarion_server.domain.attachments.attachment import Attachment, FileInput
from clarion_server.domain.attachments.carried_file import CarriedFile
from clarion_server.domain.campaigns.campaign_definition import Action, ActionMode, ContentVariant
from clarion_server.domain.campaigns.targeting import TargetingRule
from clarion_server.domain.channels.channel import DEFAULT_MAX_MESSAGE
from clarion_server.domain.content.email import ContentAttachment, EmailContent
from clarion_server.domain.errors import InvalidFields
from clarion_server.domain.instant import DAY
from clarion_server.domain.messages.attempt import FailureReason
from clarion_server.domain.messages.message import Message, MessageState
from sqlalchemy import text

from tests.unit.application.running import Process, command, messages, recipient_files, recipients, states, until
from tests.unit.application.world import AUTHOR, CHANNEL, EMAIL, START, World

PDF = b"%PDF-1.7\n" + bytes(range(256)) * 3000
SENT = MessageState.SENT


def a_file(name: str = "a.pdf", data: bytes = PDF) -> RecipientFile:
    return RecipientFile(FileInput(name, "", data))


def the_one(world: World) -> Message:
    (message,) = messages(world).values()
    return message


def upload(size: int) -> Attachment:
    """Returns a file of that size, of which the store has no bytes."""
    return Attachment("default", "large", "large.pdf", "application/pdf", size, b"digest", START, "apiKeys/a")


@pytest.fixture
async def process(world: World) -> AsyncIterator[Process]:
    await world.live()
    made = Process(world)
    async with made.sending():
        yield made


async def count(process: Process, table: str) -> int:
    return await process.transactions.read(
        lambda unit: unit.attachments._connection.execute(text(f"SELECT count(*) FROM {table}")).scalar_one()  # type: ignore[attr-defined]
    )


async def test_one_file_for_all_recipients_of_several_triggers_is_stored_once_and_encoded_once(world: World) -> None:
    await world.live()
    encoded: list[CarriedFile] = []

    def encode(carried: CarriedFile, data: bytes) -> bytes:
        encoded.append(carried)
        return data

    process = Process(world)
    process.ports.attempts._files = MessageFiles(process.transactions, encode)
    async with process.sending():
        for _ in range(3):
            await process.trigger(*recipients(20), files={index: (a_file(),) for index in range(20)})
        await until(lambda: states(world) == [SENT] * 60)
        assert [await count(process, table) for table in ("attachment_blobs", "attachment_references")] == [1, 3]
        assert len(encoded) == 1
        assert all(message.files[0].octets == PDF for channel in process.provider.channels for message in channel.taken)


async def test_a_crash_between_the_answer_and_the_hand_off_loses_no_file(world: World) -> None:
    await world.live()
    accepting = Process(world, "accepting")
    await accepting.trigger(files={0: (a_file(), a_file("b.pdf", PDF[:50]))})
    await accepting.close()
    sending = Process(world, "sending")
    async with sending.sending():
        await until(lambda: states(world) == [SENT])
        (message,) = sending.provider.channels[0].taken
        assert [b"a.pdf" in message.files[0].octets, b"b.pdf" in message.files[1].octets] == [True, True]
    assert [file.name for file in the_one(world).attachments] == ["a.pdf", "b.pdf"]


async def test_a_refused_trigger_stores_nothing(world: World, process: Process) -> None:
    with pytest.raises(InvalidFields):
        await process.trigger(*recipients(2), files={0: (a_file(),), 1: (a_file("a.exe"),)})
    await process.trigger(validate_only=True, files={0: (a_file(),)})
    assert await count(process, "attachment_blobs") == 0


async def test_a_message_whose_file_is_gone_fails_and_says_so(world: World) -> None:
    await world.live()
    accepting = Process(world, "accepting")
    await accepting.trigger(files={0: (a_file(),)})
    await accepting.transactions.write(delete_blobs)
    await accepting.close()
    async with Process(world, "sending").sending():
        await until(lambda: states(world) == [MessageState.FAILED])
        failure = the_one(world).end.failure
        assert failure is not None
        assert failure.reason is FailureReason.RENDERING_FAILED


async def test_a_message_of_the_next_action_follows_one_whose_file_is_gone(world: World) -> None:
    actions = (Action("first", "orders", EMAIL), Action("second", "orders", EMAIL))
    await world.live(actions=actions, action_mode=ActionMode.FIRST_DELIVERABLE)
    accepting = Process(world, "accepting")
    await accepting.trigger(files={0: (a_file(),)})
    await accepting.transactions.write(delete_blobs)
    await accepting.close()
    async with Process(world, "sending").sending():
        # The file is that of both.
        await until(lambda: states(world) == [MessageState.FAILED] * 2)


@pytest.mark.parametrize(
    "again",
    [
        lambda blobs, digest: blobs.keep("default", digest, PDF),
        lambda blobs, digest: blobs.use("default", digest, len(PDF)),
    ],
    ids=["with a call", "as an upload"],
)
async def test_a_file_that_is_used_again_is_kept_until_the_trigger_is_committed_however_short_the_retention(
    world: World, process: Process, again: Callable[[BlobStore, bytes], Awaitable[int]]
) -> None:
    blobs, digest = BlobStore(process.transactions, process.commits, world.clock), FileInput("a.pdf", "", PDF).digest
    key = await blobs.keep("default", digest, PDF)
    world.clock.advance(DAY - 1)
    assert await again(blobs, digest) == key
    world.clock.advance(2)
    now = world.clock.now()
    await process.transactions.write(lambda unit: unit.attachments.purge_blobs(now - DAY, now, 100))
    assert await process.transactions.read(lambda unit: unit.attachments.read(key)) == PDF


def delete_blobs(unit: UnitOfWork) -> None:
    unit.attachments._connection.execute(text("DELETE FROM attachment_blobs"))  # type: ignore[attr-defined]  # a test changes its store


@pytest.mark.parametrize(
    ("size", "announced", "is_refused"),
    [(14_900_000, None, False), (15_500_000, None, True), (14_900_000, 10 * 2**20, True)],
)
async def test_the_size_of_the_mail_as_encoded_is_checked_before_the_answer(
    world: World, process: Process, size: int, announced: int | None, *, is_refused: bool
) -> None:
    await process.trigger()
    await until(lambda: states(world) == [SENT])
    process.provider.channels[0].announced_size = announced
    blobs = BlobStore(process.transactions, process.commits, world.clock)
    limits = UploadLimits(25_000_000)
    process.triggering._files = RecipientFiles(process.transactions, blobs, process.dispatchers, limits)
    await process.transactions.write(lambda unit: unit.attachments.add(upload(size)))
    assert CHANNEL.max_message_bytes == DEFAULT_MAX_MESSAGE
    large = (RecipientFile(attachment="large"),)
    if not is_refused:
        assert await refusal(process, files={0: large}) == []
        return
    with pytest.raises(InvalidFields) as refused:
        await process.trigger(files={0: large})
    (violation,) = refused.value.violations
    assert (violation.field, violation.reason) == ("recipients[0].attachments", "TOO_LARGE")
    encoded = re.search(r"would have ([\d,]+) octets as encoded, of ([\d,]+)\.", violation.description)
    assert encoded is not None
    would_have, limit = (int(number.replace(",", "")) for number in encoded.groups())
    # Base64 makes four octets of three, and lines of them.
    assert 4 * size / 3 < would_have < 1.4 * size
    assert limit == (announced or DEFAULT_MAX_MESSAGE)
    assert states(world) == [SENT]


async def test_a_mail_has_the_body_of_the_default_content_beside_the_files_of_a_variant(world: World) -> None:
    """Neither the default content nor the variant would be too large with the files by itself."""
    default = replace(EMAIL, html="<p>" + "Thank you. " * 25_000)
    variant = ContentVariant("en-GB", EmailContent("Order", attachments=(ContentAttachment("large"),)))
    process = Process(world)
    await process.transactions.write(lambda unit: unit.attachments.add(upload(100_000)))
    await world.channel(max_message_bytes=2**20)
    await world.live(actions=(Action("email", "orders", default, (variant,)),))
    async with process.sending():
        too_large = [("recipients[0].attachments", "TOO_LARGE")]
        assert await refusal(process, files={0: (a_file(data=PDF[:130_000]),)}) == too_large
        assert await refusal(process, files={0: (a_file(data=PDF[:10_000]),)}) == []


@pytest.mark.parametrize("words_of_the_rule", ["", "<p>Dear friend</p>"])
async def test_a_mail_has_the_words_of_another_language_beside_the_files_of_a_rule(
    world: World, words_of_the_rule: str
) -> None:
    """Neither the default content nor a variant would be too large with the files by itself."""
    files = (ContentAttachment("large"),)
    subject = "Order" if words_of_the_rule else ""
    of_rule = ContentVariant("", EmailContent(subject, words_of_the_rule, attachments=files), "gold")
    french = EmailContent("Commande", html="<p>" + "Merci bien. " * 25_000)
    others = [ContentVariant("fr", french, rule) for rule in (["", "gold"] if words_of_the_rule else [""])]
    rules = (TargetingRule("gold", "context.order.id == 'A1'"),)
    process = Process(world)
    await process.transactions.write(lambda unit: unit.attachments.add(upload(100_000)))
    await world.channel(max_message_bytes=2**20)
    await world.live(actions=(Action("email", "orders", EMAIL, (of_rule, *others), rules),))
    async with process.sending():
        too_large = [("recipients[0].attachments", "TOO_LARGE")]
        assert await refusal(process, files={0: (a_file(data=PDF[:80_000]),)}) == too_large
        assert await refusal(process, files={0: (a_file(data=PDF[:10_000]),)}) == []


class CountedLookups(dict[str, Attachment]):
    count = 0

    def __getitem__(self, key: str) -> Attachment:
        self.count += 1
        return super().__getitem__(key)


async def test_the_mails_of_a_campaign_are_made_once_for_all_recipients_with_files(world: World) -> None:
    process = Process(world)
    await process.transactions.write(lambda unit: unit.attachments.add(upload(1_000)))
    await world.live(actions=(Action("email", "orders", replace(EMAIL, attachments=(ContentAttachment("large"),))),))
    live = await process.campaigns.live(AUTHOR.visibility, "order-confirmed")
    stored = CountedLookups(live.version.attachments)
    live = replace(live, version=replace(live.version, attachments=stored))
    files = recipient_files(process.transactions, process.commits, process.dispatchers, world)
    sent = command(*recipients(3), files={index: (a_file("large.pdf"),) for index in range(3)})
    admission = Admission()
    await files.check(sent, live, admission)
    assert [(each.field, each.reason) for each in admission.violations] == [
        (f"recipients[{index}].attachments[0].file_name", "DUPLICATE") for index in range(3)
    ]
    assert stored.count == 1
    await process.close()


async def refusal(process: Process, **fields: object) -> list[tuple[str, str]]:
    try:
        await process.trigger(validate_only=True, **fields)
    except InvalidFields as refused:
        return [(violation.field, violation.reason) for violation in refused.violations]
    return []


async def test_files_of_one_recipient_together_have_a_largest_size(process: Process) -> None:
    half = b"%PDF-" + b" " * 5_000_000
    two = (a_file("a.pdf", half), a_file("b.pdf", half))
    assert await refusal(process, files={0: two}) == [("recipients[0].attachments", "TOO_LARGE")]
    assert await refusal(process, files={0: two[:1]}) == []


async def test_what_the_server_announced_is_known_after_its_dispatcher_was_closed(
    world: World, process: Process
) -> None:
    await process.trigger()
    await until(lambda: states(world) == [SENT])
    process.provider.channels[0].announced_size = 4711
    (dispatcher,) = process.dispatchers.all_open
    key = dispatcher.configuration.key
    assert process.dispatchers.announced_size(key) == 4711

    def is_closed() -> bool:
        # The outcome is stored a moment before the dispatcher lets go of the message.
        dispatcher._last_used -= 1_000
        process.dispatchers.close_idle()
        return not process.dispatchers.all_open

    await until(is_closed)
    assert process.dispatchers.announced_size(key) == 4711


async def test_an_attachment_that_is_uploaded_again_is_kept_for_its_time_from_then_on(
    world: World, process: Process
) -> None:
    blobs = BlobStore(process.transactions, process.commits, world.clock)
    uploads = ManageAttachments(process.transactions, blobs, world.clock, UploadLimits())
    command = UploadAttachment(FileInput("a.pdf", "", PDF), "terms")
    first = await uploads.upload(command, AUTHOR)
    world.clock.advance(7 * DAY + 1)
    assert await uploads.upload(command, AUTHOR) == first
    now = world.clock.now()
    assert await world.transactions.write(lambda unit: unit.attachments.purge_attachments(now - 7 * DAY, now, 9)) == 0

"""Files: their bytes are there once, their names stay while something needs them, and the rest is purged."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace

import pytest
from clarion_server.application.ports.attachments import AttachmentUse
from clarion_server.application.ports.repositories import NameTaken
from clarion_server.application.ports.store import Store, UnitOfWork
from clarion_server.domain.access.access import Visibility
from clarion_server.domain.access_labels import NO_ACCESS_LABELS
from clarion_server.domain.attachments.attachment import Attachment
from clarion_server.domain.attachments.message_file import MessageFile
from clarion_server.domain.campaigns.campaign import Campaign
from clarion_server.domain.campaigns.campaign_definition import Action
from clarion_server.domain.content.email import ContentAttachment, EmailContent
from clarion_server.domain.instant import DAY, Instant
from clarion_server.domain.messages.message import Message, MessageState

from tests.contract.store import samples
from tests.contract.store.given import a_campaign, a_sender, committing, ends
from tests.contract.store.samples import NOW, SANDBOX

HERE, THERE = Visibility(SANDBOX), Visibility("staging")
LATER = NOW + 8 * DAY
ROW = b"\0\xff" * 1000


def a_blob(work: UnitOfWork, data: bytes = ROW, *, now: Instant = NOW, sandbox: str = SANDBOX) -> int:
    blob = work.attachments.use_blob(sandbox, digest(data), len(data), now)
    work.attachments.add_rows(blob.key, 0, [data])
    work.attachments.complete(blob.key)
    return blob.key


def digest(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def an_attachment(
    work: UnitOfWork, attachment_id: str = "logo", data: bytes = ROW, sandbox: str = SANDBOX
) -> Attachment:
    key = a_blob(work, data, sandbox=sandbox)
    return work.attachments.add(
        Attachment(sandbox, attachment_id, "logo.png", "image/png", len(data), digest(data), NOW, "apiKeys/a", key)
    )


def naming(*attachment_ids: str) -> tuple[Action, ...]:
    attachments = tuple(ContentAttachment(each) for each in attachment_ids)
    return (Action("email", "mail", EmailContent("Hello", html="<p>Hi</p>", attachments=attachments)),)


def a_draft(work: UnitOfWork, *attachment_ids: str, sandbox: str = SANDBOX) -> Campaign:
    definition = samples.definition(actions=naming(*attachment_ids))
    return a_campaign(work, of=definition, sandbox=sandbox)


def a_queued_execution(work: UnitOfWork, blob_key: int) -> Message:
    """Adds an execution with a message that waits and needs the blob, and returns the message."""
    message = a_sender(work).message(work, state=MessageState.QUEUED)
    work.attachments.add_references([(blob_key, message.execution_id)])
    return message


def purge(store: Store, name: str, before: Instant, now: Instant) -> int:
    """Purges to the end, and returns how many rows were looked at."""
    looked_at = 0
    while True:
        with committing(store) as work:
            step: Callable[..., int] = getattr(work.attachments, name)
            count = step(before, now, 2)
        looked_at += count
        if not count:
            return looked_at


def drop_references(store: Store, now: Instant) -> None:
    position, count = 0, 1
    while count:
        with committing(store) as work:
            swept = work.attachments.drop_references(now, position, 2)
        position, count = swept.position, swept.count


def test_the_same_bytes_are_one_blob_in_a_sandbox_and_another_one_in_the_next(work: UnitOfWork) -> None:
    key = a_blob(work)
    assert a_blob(work, now=NOW + 5) == key
    assert a_blob(work, sandbox="staging") != key
    assert a_blob(work, b"other") != key
    assert work.attachments.read(key) == ROW
    (blob,) = work.attachments.blobs(SANDBOX, [digest(ROW)]).values()
    assert (blob.key, blob.is_complete, blob.last_used_time) == (key, True, NOW + 5)


def test_a_blob_is_read_only_when_all_of_its_rows_are_there(work: UnitOfWork) -> None:
    blob = work.attachments.use_blob(SANDBOX, b"d", 6, NOW)
    work.attachments.add_rows(blob.key, 1, [b"cd", b"ef"])
    assert work.attachments.read(blob.key) is None
    assert not work.attachments.use_blob(SANDBOX, b"d", 6, NOW).is_complete
    # Another one who stores the same file writes the same rows.
    work.attachments.add_rows(blob.key, 0, [b"ab", b"cd"])
    work.attachments.complete(blob.key)
    assert work.attachments.read(blob.key) == b"abcdef"


def test_an_attachment_comes_back_as_it_was_added_with_a_key(work: UnitOfWork) -> None:
    added = an_attachment(work)
    assert added.key
    assert work.attachments.get(HERE, "logo") == added
    assert work.attachments.by_ids(HERE, {"logo", "other"}) == work.attachments.hold(HERE, {"logo"}) == {"logo": added}
    assert work.attachments.by_ids(HERE, set()) == {}
    with pytest.raises(NameTaken):
        an_attachment(work)


def test_an_attachment_of_another_sandbox_is_not_there(work: UnitOfWork) -> None:
    an_attachment(work)
    assert work.attachments.get(THERE, "logo") is None
    assert work.attachments.page(THERE, None, 9) == []
    there = an_attachment(work, sandbox="staging")
    assert work.attachments.get(THERE, "logo") == there


def test_pages_go_by_id(work: UnitOfWork) -> None:
    for attachment_id in ("c", "a", "b"):
        an_attachment(work, attachment_id)
    assert [each.id for each in work.attachments.page(HERE, None, 9)] == ["a", "b", "c"]
    assert [each.id for each in work.attachments.page(HERE, "a", 1)] == ["b"]


def test_an_attachment_that_a_draft_names_is_not_deleted(work: UnitOfWork) -> None:
    logo = an_attachment(work)
    draft = a_draft(work, "logo")
    assert work.attachments.delete(logo) == AttachmentUse("campaigns/order-confirmed", NO_ACCESS_LABELS)
    work.campaigns.save(replace(draft, definition=samples.definition(), revision=2))
    assert work.attachments.delete(logo) is None
    assert work.attachments.get(HERE, "logo") is None


def test_an_attachment_that_a_version_names_is_not_deleted_whatever_the_draft_says(work: UnitOfWork) -> None:
    logo = an_attachment(work)
    draft = a_draft(work, "logo")
    work.campaigns.add_version(samples.version(draft.key, 1, actions=draft.definition.actions), [1])
    work.campaigns.save(replace(draft, definition=samples.definition(), revision=2))
    assert work.attachments.delete(logo) == AttachmentUse("campaigns/order-confirmed/versions/1", NO_ACCESS_LABELS)
    assert work.attachments.of_version(draft.key, 1) == {"logo": logo}
    assert work.attachments.of_version(draft.key, 2) == {}


def test_a_deleted_draft_and_a_campaign_of_another_sandbox_need_no_attachment(work: UnitOfWork) -> None:
    logo = an_attachment(work)
    work.campaigns.delete(a_draft(work, "logo"), NOW)
    a_draft(work, "logo", sandbox="staging")
    assert work.attachments.delete(logo) is None


def test_what_nothing_needs_is_purged_after_its_time_with_its_bytes(store: Store) -> None:
    with committing(store) as work:
        an_attachment(work)
        a_blob(work, b"young", now=LATER)
    assert purge(store, "purge_attachments", NOW, LATER) == 0
    assert purge(store, "purge_attachments", NOW + 1, LATER) == 1
    assert purge(store, "purge_blobs", NOW + 1, LATER) == 1
    with store.snapshot() as work:
        assert work.attachments.get(HERE, "logo") is None
        assert list(work.attachments.blobs(SANDBOX, [digest(ROW), digest(b"young")])) == [digest(b"young")]


def test_what_a_content_names_is_looked_at_once_and_kept(store: Store) -> None:
    with committing(store) as work:
        logo = an_attachment(work)
        a_draft(work, "logo")
    assert purge(store, "purge_attachments", NOW + 1, LATER) == 1
    assert purge(store, "purge_attachments", NOW + 1, LATER) == 0
    assert purge(store, "purge_blobs", NOW + 1, LATER) == 1
    with store.snapshot() as work:
        assert work.attachments.get(HERE, "logo") == logo
        assert work.attachments.read(logo.blob_key) == ROW


def test_a_file_is_kept_while_a_message_may_still_be_sent_with_it_and_purged_after_its_time(store: Store) -> None:
    with committing(store) as work:
        key = a_blob(work)
        message = a_queued_execution(work, key)
        # The same execution needs the same file once, for however many recipients.
        work.attachments.add_references([(key, message.execution_id)])
    drop_references(store, LATER)
    assert purge(store, "purge_blobs", NOW + 1, LATER) == 1
    with committing(store) as work:
        assert work.attachments.read(key) == ROW
        work.messages.end_queued(ends([message], MessageState.CANCELLED), LATER)
    drop_references(store, LATER + DAY)
    assert purge(store, "purge_blobs", LATER + DAY, LATER + DAY) == 0
    assert purge(store, "purge_blobs", LATER + DAY + 1, LATER + DAY) == 1
    with store.snapshot() as work:
        assert work.attachments.read(key) is None


def test_a_message_comes_back_with_its_files_until_its_context_is_purged(store: Store) -> None:
    files = (MessageFile("Übersicht.pdf", "application/pdf", 4711, 7), MessageFile("b.txt", "text/plain", 1, 8))
    with committing(store) as work:
        sender = a_sender(work)
        with_files = sender.message(work, attachments=files, state=MessageState.SENT, outcome_time=NOW)
        without = sender.message(work)
    with store.snapshot() as work:
        assert work.messages.get(HERE, with_files.id) == with_files
        assert work.messages.get(HERE, without.id) == without
    with committing(store) as work:
        work.retention.purge_contexts(LATER, 0, 9)
        purged = work.messages.get(HERE, with_files.id)
    assert purged is not None
    assert purged.attachments == ()


def test_what_a_draft_names_no_more_is_purged_after_its_time_from_then_on(store: Store) -> None:
    with committing(store) as work:
        draft = a_draft(work, an_attachment(work, "logo").id, an_attachment(work, "photo").id)
    with committing(store) as work:
        without = replace(draft.definition, actions=naming("photo"))
        work.campaigns.save(replace(draft, definition=without, revision=draft.revision + 1, update_time=LATER))
    purge(store, "purge_attachments", LATER, LATER + DAY)
    with store.snapshot() as work:
        assert set(work.attachments.by_ids(HERE, ["logo", "photo"])) == {"logo", "photo"}
    purge(store, "purge_attachments", LATER + 1, LATER + DAY)
    with store.snapshot() as work:
        assert set(work.attachments.by_ids(HERE, ["logo", "photo"])) == {"photo"}


def test_what_a_deleted_draft_named_is_purged_after_its_time_from_then_on(store: Store) -> None:
    with committing(store) as work:
        draft = a_draft(work, an_attachment(work).id)
    with committing(store) as work:
        work.campaigns.delete(draft, LATER)
    purge(store, "purge_attachments", LATER, LATER + DAY)
    with store.snapshot() as work:
        assert work.attachments.get(HERE, "logo") is not None
    purge(store, "purge_attachments", LATER + 1, LATER + DAY)
    with store.snapshot() as work:
        assert work.attachments.get(HERE, "logo") is None


def test_what_is_uploaded_again_is_purged_after_its_time_from_then_on(store: Store) -> None:
    with committing(store) as work:
        logo = an_attachment(work)
    with committing(store) as work:
        assert work.attachments.use(logo, LATER)
    assert purge(store, "purge_attachments", LATER, LATER + DAY) == 0
    assert purge(store, "purge_attachments", LATER + 1, LATER + DAY) == 1
    with committing(store) as work:
        assert not work.attachments.use(logo, LATER)


def test_an_upload_whose_bytes_a_message_needs_is_kept(store: Store) -> None:
    with committing(store) as work:
        a_queued_execution(work, an_attachment(work).blob_key)
    assert purge(store, "purge_attachments", NOW + 1, LATER) == 1
    with store.snapshot() as work:
        assert work.attachments.get(HERE, "logo") is not None


def test_a_large_blob_goes_whole(store: Store) -> None:
    with committing(store) as work:
        blob = work.attachments.use_blob(SANDBOX, b"d", 300, NOW)
        work.attachments.add_rows(blob.key, 0, [b"abc"] * 100)
        work.attachments.complete(blob.key)
    assert purge(store, "purge_blobs", NOW + 1, LATER) == 1
    with committing(store) as work:
        assert work.attachments.read(blob.key) is None
        # Its key is never assigned again.
        assert a_blob(work) > blob.key

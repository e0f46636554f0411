"""Checks and stores the files that recipients of a trigger get, before the trigger is accepted."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from clarion_server.application.attachments.blobs import BlobStore
from clarion_server.application.attachments.uploads import UploadLimits
from clarion_server.application.background import run_for_request
from clarion_server.application.campaign_cache import LiveCampaign
from clarion_server.application.ports.content import Attachments
from clarion_server.application.sending.dispatch import Dispatch
from clarion_server.application.transactions import Transactions
from clarion_server.application.triggering.admission import Admission, RecipientFile, TriggerCommand
from clarion_server.domain.access.access import Visibility, whole_sandbox
from clarion_server.domain.attachments.attachment import Attachment, FileInput, file_violations, name_violations
from clarion_server.domain.attachments.message_file import MessageFile
from clarion_server.domain.campaigns.possible_mails import possible_mails
from clarion_server.domain.content.email import EmailContent
from clarion_server.domain.content.mail_size import mail_size
from clarion_server.domain.violation import Violation, too_many

#: A recipient has at most this many files of its own.
MAX_FILES = 5
#: Files that have more octets together are checked in a thread, which takes about a millisecond a megabyte.
_LARGE_BYTES = 64 * 1024

_FIELD = "attachments"


@dataclass(frozen=True, slots=True)
class _Facts:
    """Holds what the checks of a trigger's files need besides the files."""

    live: LiveCampaign
    uploads: Attachments
    """Holds the uploads that recipients name, as far as there are any."""
    size_limits: Sequence[int]
    """Limits the mail of each action, in octets."""


class _Mails(NamedTuple):
    """Holds the mails that an action may send, each with the files that its content has itself."""

    action_id: str
    limit: int
    """Limits each of them, in octets."""
    possible: Sequence[tuple[EmailContent, Sequence[Attachment]]]


class RecipientFiles:
    """Checks the files of recipients by what their mails may carry, and stores those of triggers that are accepted."""

    def __init__(self, transactions: Transactions, blobs: BlobStore, dispatch: Dispatch, limits: UploadLimits) -> None:
        self._transactions = transactions
        self._blobs = blobs
        self._dispatch = dispatch
        self._limits = limits

    async def check(self, command: TriggerCommand, live: LiveCampaign, admission: Admission) -> Attachments:
        """Rejects the recipients whose files are not what mails carry. Returns the uploads that the others name."""
        facts = await self._facts(command, live)
        if command.is_large or _size(command) > _LARGE_BYTES:
            found = await run_for_request(self._violations, command, facts)
        else:
            found = self._violations(command, facts)
        for index, violations in found.items():
            admission.reject_too(index, violations)
        return facts.uploads

    async def store(
        self, command: TriggerCommand, uploads: Attachments, admission: Admission, visibility: Visibility
    ) -> None:
        """Stores the bytes of the accepted recipients' files, and notes the files in the admission. Nothing is stored
        of a trigger that is only validated. Raises Unavailable.
        """
        accepted = {recipient.index for recipient in admission.recipients}
        keys: dict[bytes, int] = {}
        noted = {}
        for index, files in command.files.items():
            if index in accepted:
                for file in files:
                    await self._keep(file, uploads, visibility, keys)
                noted[index] = tuple(_message_file(file, uploads, keys) for file in files)
        admission.files = noted

    async def _keep(
        self, file: RecipientFile, uploads: Attachments, visibility: Visibility, keys: dict[bytes, int]
    ) -> None:
        """Stores the bytes of a file under its digest, unless that was done before."""
        if file.given is None:
            upload = uploads[file.attachment]
            keys[upload.digest] = await self._blobs.use(visibility.sandbox, upload.digest, upload.size)
        elif file.given.digest not in keys:
            keys[file.given.digest] = await self._blobs.keep(visibility.sandbox, file.given.digest, file.given.data)

    async def _facts(self, command: TriggerCommand, live: LiveCampaign) -> _Facts:
        named = {file.attachment for files in command.files.values() for file in files if file.attachment}
        visibility = whole_sandbox(live.campaign.sandbox)
        keys = [each.action.channel_key for each in live.version.actions]
        uploads, configurations = await self._transactions.read(
            lambda unit: (unit.attachments.by_ids(visibility, named), unit.channels.by_keys(keys))
        )
        limits = {each.key: each.max_message_bytes for each in configurations}
        return _Facts(live, uploads, [self._limit(key, limits) for key in keys])

    def _limit(self, channel_key: int, limits: dict[int, int]) -> int:
        announced, limit = self._dispatch.announced_size(channel_key), limits.get(channel_key, 0)
        return limit if announced is None else min(limit, announced)

    def _violations(self, command: TriggerCommand, facts: _Facts) -> dict[int, list[Violation]]:
        for action in facts.live.version.definition.actions:
            if not isinstance(action.content, EmailContent):
                what = f"The action '{action.id}' is a {action.content.channel.word}, which carries no files."
                return {index: [Violation(_FIELD, "UNSUPPORTED", what)] for index in command.files}
        mails = _mails_of(facts)
        found = {index: list(self._of_recipient(command, index, facts, mails)) for index in command.files}
        return {index: violations for index, violations in found.items() if violations}

    def _of_recipient(
        self, command: TriggerCommand, index: int, facts: _Facts, mails: Sequence[_Mails]
    ) -> Iterator[Violation]:
        files = command.files[index]
        if len(files) > MAX_FILES:
            yield too_many(_FIELD, MAX_FILES)
            return
        broken = [
            violation.under(f"{_FIELD}[{position}]")
            for position, file in enumerate(files)
            for violation in self._of_file(file, facts.uploads)
        ]
        yield from broken
        if not broken:
            recipient = command.recipients[index]
            # The data is weighed roughly: how large it is as JSON was checked before.
            data_bytes = len(repr(recipient.context)) + len(repr(recipient.profile))
            yield from self._of_all([_described(file, facts.uploads) for file in files], data_bytes, mails)

    def _of_file(self, file: RecipientFile, uploads: Attachments) -> Iterator[Violation]:
        if file.violation is not None:
            yield file.violation
        elif file.given is not None:
            yield from file_violations(file.given, may_be_any=self._limits.any_type)
        elif file.attachment not in uploads:
            what = f"There is no attachment '{file.attachment}' in this sandbox."
            yield Violation("attachment", "UNKNOWN_VALUE", what)
        elif file.name:
            upload = uploads[file.attachment]
            yield from _of_other_name(file.name, upload)

    def _of_all(self, files: Sequence[MessageFile], data_bytes: int, mails: Sequence[_Mails]) -> Iterator[Violation]:
        sizes = [file.size for file in files]
        if sum(sizes) > self._limits.max_bytes:
            what = f"The files have {sum(sizes):,} octets together, and may have {self._limits.max_bytes:,}."
            yield Violation(_FIELD, "TOO_LARGE", what)
        for action_id, limit, possible in mails:
            # Which of its contents a recipient gets is decided later. The largest one must fit.
            yield from _repeated(files, {each.file_name for _, static in possible for each in static})
            size = max(
                mail_size(mail, data_bytes, [*sizes, *(each.size for each in static)]) for mail, static in possible
            )
            if size > limit:
                what = f"A mail of the action '{action_id}' would have {size:,} octets as encoded, of {limit:,}."
                yield Violation(_FIELD, "TOO_LARGE", what)


def _mails_of(facts: _Facts) -> list[_Mails]:
    """Returns what each action may send, which takes milliseconds with many variants."""
    stored = facts.live.version.attachments
    actions = zip(facts.live.version.whole_definition.actions, facts.size_limits, strict=True)
    return [
        _Mails(
            action.id,
            limit,
            [(mail, _static(mail, stored)) for _, _, mails in possible_mails(action) for mail in mails],
        )
        for action, limit in actions
    ]


def _static(content: EmailContent, stored: Attachments) -> list[Attachment]:
    return [stored[each.attachment] for each in content.attachments]


def _of_other_name(name: str, upload: Attachment) -> Iterator[Violation]:
    yield from name_violations(name, "file_name")
    if name.rpartition(".")[2].lower() != upload.file_name.rpartition(".")[2].lower():
        yield Violation("file_name", "TYPE_MISMATCH", f"Must have the extension of '{upload.file_name}'.")


def _repeated(files: Sequence[MessageFile], taken: Collection[str]) -> Iterator[Violation]:
    seen = set(taken)
    for position, file in enumerate(files):
        if file.name in seen:
            what = "Another file of the mail has the same name."
            yield Violation(f"{_FIELD}[{position}].file_name", "DUPLICATE", what)
        seen.add(file.name)


def _described(file: RecipientFile, uploads: Attachments) -> MessageFile:
    """Returns a file that was checked, without its bytes."""
    if file.given is not None:
        return MessageFile(file.given.name, file.given.declared_type, len(file.given.data), 0)
    upload = uploads[file.attachment]
    return MessageFile(file.name or upload.file_name, upload.content_type, upload.size, 0)


def _message_file(file: RecipientFile, uploads: Attachments, keys: dict[bytes, int]) -> MessageFile:
    described = _described(file, uploads)
    digest = uploads[file.attachment].digest if file.given is None else file.given.digest
    return MessageFile(described.name, described.content_type, described.size, keys[digest])


def _size(command: TriggerCommand) -> int:
    given = (file.given for files in command.files.values() for file in files)
    return sum(len(each.data) for each in given if isinstance(each, FileInput))

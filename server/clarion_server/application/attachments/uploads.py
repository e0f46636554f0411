"""Uploads, shows and deletes attachments."""

from __future__ import annotations

from dataclasses import dataclass, replace

from clarion_server.application.attachments.blobs import BlobStore
from clarion_server.application.background import run_for_request
from clarion_server.application.ports.clock import Clock
from clarion_server.application.ports.repositories import NameTaken
from clarion_server.application.ports.store import UnitOfWork
from clarion_server.application.resource_lookup import find_attachment
from clarion_server.application.transactions import Transactions
from clarion_server.domain.access.access import Caller, Visibility
from clarion_server.domain.attachments.attachment import Attachment, FileInput, assigned_id, file_violations
from clarion_server.domain.errors import AttachmentInUse, InvalidFields, ResourceExists
from clarion_server.domain.names import ATTACHMENTS
from clarion_server.domain.violation import Violation, out_of_range

#: Is the field of the attachment in the requests that carry one.
_FIELD = "attachment"


#: One call reads at most this many octets.
READ_BYTES = 1_048_576


@dataclass(frozen=True, slots=True)
class UploadLimits:
    max_bytes: int = 10_000_000
    """Limits a file, and all files of one recipient together, in octets."""
    any_type: bool = False
    """Says whether a file may be of the type `application/octet-stream`, whatever it is but a program."""


@dataclass(frozen=True, slots=True)
class UploadAttachment:
    file: FileInput
    attachment_id: str = ""
    """Is the id that the caller chose; empty for one that follows from the file."""


class ManageAttachments:
    def __init__(self, transactions: Transactions, blobs: BlobStore, clock: Clock, limits: UploadLimits) -> None:
        self._transactions = transactions
        self._blobs = blobs
        self._clock = clock
        self.limits = limits

    async def upload(self, command: UploadAttachment, caller: Caller) -> Attachment:
        """Stores a file under a name. The same file under the same name again is the stored one.

        Raises InvalidFields, or ResourceExists when the name has another file.
        """
        wanted = await run_for_request(self._checked, command, caller)
        same = await self._stored(wanted, caller)
        if same is not None and await self._transactions.write(
            lambda unit: unit.attachments.use(same, self._clock.now())
        ):
            return same
        blob_key = await self._blobs.keep(caller.sandbox, wanted.digest, command.file.data)
        attachment = replace(wanted, blob_key=blob_key)
        try:
            return await self._transactions.write(lambda unit: unit.attachments.add(attachment))
        except NameTaken:
            # Somebody else was faster, perhaps with the same file.
            stored = await self._stored(wanted, caller)
            if stored is None:
                raise ResourceExists(wanted.name) from None
            return stored

    def _checked(self, command: UploadAttachment, caller: Caller) -> Attachment:
        """Raises InvalidFields."""
        file = command.file
        found = [violation.under(_FIELD) for violation in file_violations(file, may_be_any=self.limits.any_type)]
        if command.attachment_id and (broken := ATTACHMENTS.id_violation(command.attachment_id, "attachment_id")):
            found.insert(0, broken)
        if len(file.data) > self.limits.max_bytes:
            found.append(too_large(self.limits.max_bytes, f"{_FIELD}.content"))
        if found:
            raise InvalidFields(tuple(found))
        return Attachment(
            caller.sandbox,
            command.attachment_id or assigned_id(file),
            file.name,
            file.declared_type,
            len(file.data),
            file.digest,
            self._clock.now(),
            caller.name,
        )

    async def _stored(self, wanted: Attachment, caller: Caller) -> Attachment | None:
        """Returns the stored attachment if it is the wanted one. Raises ResourceExists."""

        def read(unit: UnitOfWork) -> Attachment | None:
            return unit.attachments.get(caller.visibility, wanted.id)

        stored = await self._transactions.read(read)
        if stored is not None and not stored.is_same_file(wanted):
            raise ResourceExists(wanted.name)
        return stored

    async def get(self, attachment_id: str, caller: Caller) -> Attachment:
        """Raises ResourceNotFound."""
        return await self._transactions.read(lambda unit: find_attachment(unit, caller.visibility, attachment_id))

    async def read(self, attachment_id: str, offset: int, caller: Caller) -> tuple[bytes, int]:
        """Returns octets of the file, and the offset to read from next, which is 0 at the end.

        Raises InvalidFields or ResourceNotFound.
        """

        def read(unit: UnitOfWork) -> bytes | None:
            return unit.attachments.read(find_attachment(unit, caller.visibility, attachment_id).blob_key)

        data = await self._transactions.read(read)
        assert data is not None, "an attachment keeps its blob"
        if not 0 <= offset <= len(data):
            raise InvalidFields((out_of_range("offset", f"Must be 0 to {len(data):,}, the size of the file."),))
        end = offset + READ_BYTES
        return data[offset:end], end if end < len(data) else 0

    async def page(self, after: str | None, limit: int, visibility: Visibility) -> list[Attachment]:
        """Returns the attachments by id, beginning behind the id `after`."""
        return await self._transactions.read(lambda unit: unit.attachments.page(visibility, after, limit))

    async def delete(self, attachment_id: str, caller: Caller) -> None:
        """Deletes an attachment. Messages that were accepted with it still carry its file.

        Raises ResourceNotFound, or AttachmentInUse when a content names it.
        """

        def delete(unit: UnitOfWork) -> None:
            attachment = find_attachment(unit, caller.visibility, attachment_id)
            user = unit.attachments.delete(attachment)
            if user is not None:
                raise AttachmentInUse(attachment.name, caller.visibility.shown(user.name, user.access_labels))

        await self._transactions.write(delete)


def too_large(limit: int, field: str) -> Violation:
    return Violation(field, "TOO_LARGE", f"Must have at most {limit:,} octets.")

"""Defines the repository of the files that mails carry."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from clarion_server.application.ports.retention import Swept
from clarion_server.domain.access.access import Visibility
from clarion_server.domain.access_labels import AccessLabels
from clarion_server.domain.attachments.attachment import Attachment
from clarion_server.domain.instant import Instant


@dataclass(frozen=True, slots=True)
class Blob:
    """Holds the bytes of a file, of which a sandbox has the same ones once."""

    key: int
    is_complete: bool
    """Says whether all of its rows are stored."""
    last_used_time: Instant


@dataclass(frozen=True, slots=True)
class AttachmentUse:
    """Is a content that names an attachment."""

    name: str
    """Is the campaign, or one of its versions."""
    access_labels: AccessLabels
    """Holds those of the campaign."""


class AttachmentRepository(Protocol):
    def blobs(self, sandbox: str, digests: Collection[bytes]) -> dict[bytes, Blob]:
        """Returns the blobs with these digests, as far as there are any."""
        ...

    def use_blob(self, sandbox: str, digest: bytes, size: int, now: Instant) -> Blob:
        """Returns the blob with that digest as used now, after making one without rows where there is none."""
        ...

    def add_rows(self, blob_key: int, position: int, rows: Sequence[bytes]) -> None:
        """Stores rows of a blob from a position on. Those that are stored already stay: they are the same."""
        ...

    def complete(self, blob_key: int) -> None:
        """Marks the blob as one that has all of its rows."""
        ...

    def read(self, blob_key: int) -> bytes | None:
        """Returns the bytes of a complete blob; None when there is none of that key."""
        ...

    def add(self, attachment: Attachment) -> Attachment:
        """Returns it with its key. Raises NameTaken."""
        ...

    def use(self, attachment: Attachment, now: Instant) -> bool:
        """Notes that the attachment was used now. Returns False if it is gone."""
        ...

    def get(self, visibility: Visibility, attachment_id: str) -> Attachment | None:
        """Returns the attachment; None without one of that id."""
        ...

    def by_ids(self, visibility: Visibility, attachment_ids: Collection[str]) -> dict[str, Attachment]:
        """Returns the attachments of these ids, as far as there are any."""
        ...

    def hold(self, visibility: Visibility, attachment_ids: Collection[str]) -> dict[str, Attachment]:
        """Does the same as `by_ids`, and keeps others from deleting them until the transaction ends."""
        ...

    def page(self, visibility: Visibility, after: str | None, limit: int) -> list[Attachment]:
        """Returns attachments by id, only larger ids than `after`."""
        ...

    def delete(self, attachment: Attachment) -> AttachmentUse | None:
        """Deletes it, unless a content names it: then it returns that use."""
        ...

    def add_references(self, references: Iterable[tuple[int, str]]) -> None:
        """Stores pairs of the key of a blob and the id of an execution whose messages need the blob."""
        ...

    def of_version(self, campaign_key: int, number: int) -> Mapping[str, Attachment]:
        """Returns the attachments that a version names, by id."""
        ...

    # Each of these is one step of what housekeeping purges.

    def drop_references(self, now: Instant, after: int, limit: int) -> Swept[int]:
        """Drops the references of executions of which no message may still be sent, and notes their blobs as used
        now. It looks at `limit` references at most, behind the key `after`.
        """
        ...

    def purge_attachments(self, before: Instant, now: Instant, limit: int) -> int:
        """Looks at attachments that were last used before then. Notes those as used now that a content names or an
        execution needs, and deletes the others. Returns how many were looked at.
        """
        ...

    def purge_blobs(self, before: Instant, now: Instant, limit: int) -> int:
        """Does the same with blobs, which attachments and executions need."""
        ...

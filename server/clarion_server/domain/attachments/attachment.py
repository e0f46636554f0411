"""Attachments: files that are uploaded once and carried by mails, and the rules for every file of a mail."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import blake2b, sha256

from clarion_server.domain.attachments.file_types import (
    MAX_ZIP_ENTRIES,
    OCTET_STREAM,
    TYPES,
    extension_of,
    has_forbidden_extension,
    is_program,
    is_zip,
    recognised_type,
    type_of_name,
    zip_names,
)
from clarion_server.domain.attachments.message_file import MessageFile
from clarion_server.domain.instant import Instant
from clarion_server.domain.names import ATTACHMENTS
from clarion_server.domain.value import value
from clarion_server.domain.violation import Violation, malformed, required, too_long

#: The name of a file has at most this many octets in UTF-8.
MAX_FILE_NAME = 255

#: Characters that no system has in a file's name, and those that turn the direction of writing: with one of them
#: `invoice\u202efdp.exe` looks like a PDF.
_NOT_IN_A_NAME = re.compile(
    r"[/\\\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)
_CONTENT_ID_OCTETS = 16


@dataclass(frozen=True, slots=True)
class Attachment:
    """Is a file that was uploaded under a name. It never changes."""

    sandbox: str
    id: str
    file_name: str
    content_type: str
    size: int
    digest: bytes
    """Is the SHA-256 of the bytes."""
    create_time: Instant
    creator: str
    blob_key: int = 0
    key: int = 0

    @property
    def name(self) -> str:
        return ATTACHMENTS.format(self.id)

    @property
    def file(self) -> MessageFile:
        return MessageFile(self.file_name, self.content_type, self.size, self.blob_key)

    @property
    def content_id(self) -> str:
        """Returns the Content-ID of the file as an inline image (RFC 2392), the same for equal bytes."""
        return f"{self.digest[:_CONTENT_ID_OCTETS].hex()}@clarion"

    @property
    def is_image(self) -> bool:
        return self.content_type in TYPES and TYPES[self.content_type].is_image

    def is_same_file(self, other: Attachment) -> bool:
        return self.digest == other.digest and (self.file_name, self.content_type) == (
            other.file_name,
            other.content_type,
        )


@value
class FileInput:
    """Is a file as a caller gave it. Making one takes a millisecond for each megabyte."""

    name: str
    content_type: str
    """Empty means the one that the name's extension stands for."""
    data: bytes
    digest: bytes = field(init=False)
    """Is the SHA-256 of the bytes."""

    def __post_init__(self) -> None:
        # The type checker knows values as frozen.
        object.__setattr__(self, "digest", sha256(self.data).digest())

    @property
    def declared_type(self) -> str:
        return self.content_type.partition(";")[0].strip().lower() or type_of_name(self.name)


def assigned_id(file: FileInput) -> str:
    """Returns the id of an upload that was given none, which is the same for the same file."""
    described = f"{file.name}\0{file.declared_type}\0".encode("utf-8", "surrogatepass")
    return "f" + blake2b(described + file.digest, digest_size=15).hexdigest()


def file_violations(file: FileInput, *, may_be_any: bool = False) -> Iterator[Violation]:
    """Yields what is wrong with a file, with the field names of the contract. Takes milliseconds for a large one.

    With `may_be_any` a file may have the type OCTET_STREAM, whatever it is but a program.
    """
    name_broken = list(name_violations(file.name, "file_name"))
    yield from name_broken
    if not file.data:
        yield required("content")
    forbidden = next(_forbidden(file), None)
    if forbidden is not None:
        yield forbidden
    elif file.data and not name_broken:
        yield from _type_violations(file, may_be_any=may_be_any)


def name_violations(name: str, field: str) -> Iterator[Violation]:
    if not name:
        yield required(field)
        return
    if len(name.encode("utf-8", "surrogatepass")) > MAX_FILE_NAME:
        yield too_long(field, MAX_FILE_NAME, "octets")
    if _NOT_IN_A_NAME.search(name) or name != name.strip() or not name.strip("."):
        yield malformed(
            field, "Must be a file's name without folders, control characters, marks of direction and outer blanks."
        )


def _forbidden(file: FileInput) -> Iterator[Violation]:
    if has_forbidden_extension(file.name):
        yield _not_allowed("file_name", f"Files with the extension '.{extension_of(file.name)}' may be programs.")
    if is_program(file.data):
        yield _not_allowed("content", "The file is a program or a script.")
    if is_zip(file.data):
        names = zip_names(file.data)
        if names is None:
            yield _not_allowed("content", f"The ZIP is damaged, or holds more than {MAX_ZIP_ENTRIES:,} files.")
        elif any(map(has_forbidden_extension, names)):
            yield _not_allowed("content", "The ZIP holds a file whose extension is that of a program.")


def _type_violations(file: FileInput, *, may_be_any: bool) -> Iterator[Violation]:
    declared = file.declared_type
    if declared == OCTET_STREAM and may_be_any:
        return
    if declared not in TYPES:
        yield _not_allowed("content_type", f"The type '{declared}' is not one of those that mails may carry.")
        return
    if not TYPES[declared].fits(file.data):
        found = recognised_type(file.data)
        yield Violation("content_type", "TYPE_MISMATCH", f"The file is declared as {declared}, and is {found}.")
    if extension_of(file.name) not in TYPES[declared].extensions:
        endings = " or ".join(f"'.{extension}'" for extension in TYPES[declared].extensions)
        yield Violation("file_name", "TYPE_MISMATCH", f"The name of a file of type {declared} must end in {endings}.")


def _not_allowed(field: str, description: str) -> Violation:
    return Violation(field, "FILE_NOT_ALLOWED", description)

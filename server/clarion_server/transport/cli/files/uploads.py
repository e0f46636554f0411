"""Files beside a document that are uploaded as attachments when it is applied."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

from google.protobuf.descriptor import FieldDescriptor

#: The field whose `…_file` is uploaded, and not read as a text.
UPLOADED = "clarion.v1.ContentAttachment.attachment"

_OTHER_CHARACTERS = re.compile("[^a-z0-9]+")
_LONGEST_STEM = 40
_DIGITS = 12


@dataclass(frozen=True, slots=True)
class Upload:
    """A file, and the attachment that it becomes. Another file is another attachment, for they never change."""

    name: str
    path: Path


def is_uploaded(field: FieldDescriptor) -> bool:
    return field.full_name == UPLOADED


def upload_of(path: Path) -> Upload:
    """Returns an upload whose name shows the file and follows from it. Raises OSError."""
    digest = hashlib.sha256(path.name.encode("utf-8", "surrogatepass") + b"\0" + path.read_bytes()).hexdigest()
    stem = _OTHER_CHARACTERS.sub("-", path.stem.lower())[:_LONGEST_STEM].strip("-")
    named = stem if stem[:1].isalpha() else f"file-{stem}".strip("-")
    return Upload(f"attachments/{named}-{digest[:_DIGITS]}", path)

"""Files beside a document that are uploaded as attachments when it is applied."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from google.protobuf.descriptor import FieldDescriptor

#: Is the field whose `…_file` is uploaded, and not read as a text.
UPLOADED = "clarion.v1.ContentAttachment.attachment"

_OTHER_CHARACTERS = re.compile("[^a-z0-9]+")
_LONGEST_STEM = 40
_DIGITS = 12


@dataclass(frozen=True, slots=True)
class Upload:
    """Is a file, and the attachment that it becomes. Another file is another attachment, for they never change."""

    name: str
    path: Path
    is_named: bool = False
    """Says whether the document says the name, which may then be that of another file."""


def is_uploaded(field: FieldDescriptor) -> bool:
    return field.full_name == UPLOADED


def upload_of(path: Path) -> Upload:
    """Returns an upload whose name shows the file and follows from it. Raises OSError."""
    return Upload(_name_of(path.name, path.read_bytes()), path)


def _name_of(file_name: str, data: bytes) -> str:
    path = Path(file_name)
    digest = hashlib.sha256(path.name.encode("utf-8", "surrogatepass") + b"\0" + data).hexdigest()
    stem = _OTHER_CHARACTERS.sub("-", path.stem.lower())[:_LONGEST_STEM].strip("-")
    named = stem if stem[:1].isalpha() else f"file-{stem}".strip("-")
    return f"attachments/{named}-{digest[:_DIGITS]}"


def with_files(authored: Any, folder: str, load: Callable[[str], tuple[str, bytes]]) -> tuple[Any, dict[str, bytes]]:
    """Returns a campaign whose attachments are files beside it, and these files by their paths.

    `load` returns the file name and the bytes of an attachment. A name that does not follow from the file is kept.
    """
    files: dict[str, bytes] = {}

    def carried(item: Any) -> Any:
        name = item.get("attachment") if isinstance(item, dict) else None
        if not isinstance(name, str):
            return item
        file_name, data = load(name)
        path = f"{folder}/{name.rpartition('/')[2]}/{file_name}"
        files[path] = data
        kept = {} if _name_of(file_name, data) == name else {"attachment": name}
        others = {field: value for field, value in item.items() if field != "attachment"}
        return {**kept, "attachment_file": path, **others}

    def walked(value: Any) -> Any:
        if isinstance(value, list):
            return [walked(each) for each in value]
        if not isinstance(value, dict):
            return value
        return {
            name: [carried(each) for each in item] if name == "attachments" and isinstance(item, list) else walked(item)
            for name, item in value.items()
        }

    return {name: walked(item) if name == "actions" else item for name, item in authored.items()}, files

"""Encodes files as parts of mails (RFC 2045, RFC 2183, RFC 2231, RFC 2392)."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from urllib.parse import quote

from clarion_server.adapters.channels.email.text_parts import base64_lines
from clarion_server.domain.attachments.attachment import MAX_FILE_NAME
from clarion_server.domain.attachments.carried_file import CarriedFile

#: A mail in a mail must not be encoded (RFC 2046 section 5.2.1).
_MAIL = "message/rfc822"
#: Holds the characters beside letters and digits that a parameter may have unencoded (RFC 2231 section 7).
_PLAIN = "!#$&+-.^_`{|}~"
#: Characters that stand in quotes as they are, for every reader.
_SIMPLE, _NOT_SIMPLE = re.compile(r"[A-Za-z0-9 !#$&()+,.=@^_`{|}~-]*"), re.compile(r"[^A-Za-z0-9 !#$&()+,.=@^_`{|}~-]")
#: Is the longest value of a section of a parameter: with its name it fits into a line of 78 characters.
_SECTION = 56
_CHARSET = "UTF-8''"


def encode_part(carried: CarriedFile, data: bytes) -> bytes:
    """Returns the file as a part of a mail, with its header fields. Every line but the last ends in CRLF."""
    kind, file = "inline" if carried.content_id else "attachment", carried.file
    charset = ["charset=utf-8"] if file.content_type.startswith("text/") else []
    encoding, body = ("7bit", _with_crlf(data)) if file.content_type == _MAIL else ("base64", base64_lines(data))
    fields = [
        # The name stands here for readers that are older than the field below.
        _field("Content-Type", file.content_type, *charset, f'name="{_simplified(file.name)}"'),
        _field("Content-Transfer-Encoding", encoding),
        _field("Content-Disposition", kind, *_file_name(file.name)),
    ]
    if carried.content_id:
        fields.append(_field("Content-ID", f"<{carried.content_id}>"))
    return ("".join(fields) + "\r\n").encode("ascii") + body


def _field(name: str, *value_and_parameters: str) -> str:
    return f"{name}: " + ";\r\n ".join(value_and_parameters) + "\r\n"


def _with_crlf(data: bytes) -> bytes:
    return data.replace(b"\r\n", b"\n").replace(b"\r", b"\n").replace(b"\n", b"\r\n")


def _file_name(name: str) -> list[str]:
    """Returns the parameters for a file's name.

    A name that is no plain ASCII has the extended form alone: many readers would take another one beside it, and some
    do not understand escapes in quotes.
    """
    if _SIMPLE.fullmatch(name):
        return [f'filename="{name}"']
    sections = list(_sections(name))
    if len(sections) == 1:
        return [f"filename*={_CHARSET}{sections[0]}"]
    return [f"filename*{index}*={_CHARSET if not index else ''}{section}" for index, section in enumerate(sections)]


def _simplified(name: str) -> str:
    """Returns what is left of a name without accents, with `_` for other characters that are not simple.

    Some characters are eighteen in this form, and a line has 998 at most: of a name that became longer, the end is
    left, with its extension.
    """
    decomposed = unicodedata.normalize("NFKD", name)
    simple = _NOT_SIMPLE.sub("_", "".join(each for each in decomposed if not unicodedata.combining(each)))
    return simple[-MAX_FILE_NAME:]


def _sections(name: str) -> Iterator[str]:
    """Yields the name percent-encoded, in sections of whole characters."""
    section = ""
    for character in name:
        encoded = quote(character, safe=_PLAIN)
        if len(section) + len(encoded) > _SECTION:
            yield section
            section = ""
        section += encoded
    yield section

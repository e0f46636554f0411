"""Writes the header fields of an e-mail as folded lines of ASCII (RFC 5322, RFC 2047)."""

from __future__ import annotations

import re
from base64 import b64encode

from clarion_server.adapters.channels.email.addresses import Address, EmailInvalid, parse_address
from clarion_server.adapters.channels.email.structured_fields import is_structured, structured_value
from clarion_server.domain.content.email import Mailbox
from clarion_server.domain.messages.attempt import FailureReason

#: Holds the preferred and the largest length of a line, without CRLF (RFC 5322 section 2.1.1).
PREFERRED_LINE = 78
LONGEST_LINE = 998

#: An encoded word has at most 75 characters, and a line with one at most 76 (RFC 2047 section 2).
_WORD_START, _WORD_END = "=?utf-8?b?", "?="
_WORD_LINE = 76
_WORD_FRAME = len(_WORD_START) + len(_WORD_END)

_FIELD_NAME = re.compile(r"[!-9;-~]{1,76}")
#: A line end would begin another field, and a NUL ends the text for some readers.
_INJECTION = re.compile(r"[\r\n\0]")
#: Is a display name that needs no quotes (RFC 5322 section 3.2.5).
_PHRASE = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?: [A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_TO_ESCAPE = re.compile(r'["\\]')
#: Is a single blank. Longer runs are not folded, because relays drop blanks at the end of a line.
_FOLDING_POINT = re.compile(r"(?<=[^ ]) (?=[^ ])")


def text_field(name: str, value: str) -> str:
    """Returns a field with its CRLF. Raises EmailInvalid."""
    if not _FIELD_NAME.fullmatch(name):
        raise EmailInvalid(FailureReason.CONTENT_REJECTED, "A header has a malformed name")
    if is_structured(name):
        _refuse_injection(name, value)
        return _structured_field(name, value)
    return unstructured_field(name, value)


def unstructured_field(name: str, value: str) -> str:
    """Does the same as `text_field` for a name that is well formed, of a field of free text."""
    start = len(name) + 2
    if _is_plain(value):
        if start + len(value) <= PREFERRED_LINE:
            return f"{name}: {value}\r\n"
        lines = _fold(f"{name}: {value}", start)
        if max(map(len, lines)) <= LONGEST_LINE:
            return "\r\n".join(lines) + "\r\n"
    _refuse_injection(name, value)
    return f"{name}: {_encoded_words(value, start)}\r\n"


def _structured_field(name: str, value: str) -> str:
    try:
        value = structured_value(name, value)
    except ValueError as error:
        raise EmailInvalid(FailureReason.CONTENT_REJECTED, f"The header {name} must be ASCII") from error
    if not fits(name, value):
        raise EmailInvalid(FailureReason.CONTENT_REJECTED, f"The header {name} is too long")
    return "\r\n".join(_fold(f"{name}: {value}", len(name) + 2)) + "\r\n"


def fits(name: str, value: str) -> bool:
    """Returns whether the field, when it is folded, has no line that is too long."""
    return max(map(len, _fold(f"{name}: {value}", len(name) + 2))) <= LONGEST_LINE


def mailbox_field(name: str, mailbox: Mailbox) -> str:
    """Returns a field with one mailbox, such as From, with its CRLF. Raises EmailInvalid."""
    address = parse_address(mailbox.address)
    if not mailbox.display_name:
        return address_field(name, address)
    _refuse_injection(name, mailbox.display_name)
    line = f"{name}: {_display_name(mailbox.display_name, len(name) + 2)}"
    last_line = line[line.rfind("\n") + 1 :]
    separator = " " if len(last_line) + len(address.text) + 3 <= _WORD_LINE else "\r\n "
    return f"{line}{separator}<{address.text}>\r\n"


def address_field(name: str, address: Address) -> str:
    """Returns a field with an address and its CRLF. An address is short enough and need not be folded."""
    return f"{name}: {address.text}\r\n"


def _display_name(name: str, start: int) -> str:
    if not _is_plain(name):
        return _encoded_words(name, start)
    if _PHRASE.fullmatch(name):
        return name
    return '"' + _TO_ESCAPE.sub(r"\\\g<0>", name) + '"'


def _is_plain(text: str) -> bool:
    """Returns whether a text needs no encoding: printable ASCII, without blanks around it and without the start of an
    encoded word.
    """
    return text.isascii() and text.isprintable() and "=?" not in text and text == text.strip(" ")


def _fold(line: str, start: int) -> list[str]:
    """Splits the line before single blanks after `start`. A longer word without blanks stays on one line."""
    if len(line) <= PREFERRED_LINE:
        return [line]
    lines, begin, last_fitting = [], 0, 0
    points = [point.start() for point in _FOLDING_POINT.finditer(line, start)]
    for point in (*points, len(line)):
        if point - begin > PREFERRED_LINE and last_fitting > begin:
            lines.append(line[begin:last_fitting])
            begin = last_fitting
        last_fitting = point
    return [*lines, line[begin:]]


def _encoded_words(text: str, start: int) -> str:
    """Returns encoded words of whole characters in Base64, one per line. The first begins in column `start`."""
    words = [""]
    free = _octets_before(_WORD_LINE - start)
    for character in text:
        free -= len(_utf8(character))
        if free < 0 and words[-1]:
            words.append("")
            free = _octets_before(_WORD_LINE - 1) - len(_utf8(character))
        words[-1] += character
    return "\r\n ".join(f"{_WORD_START}{b64encode(_utf8(word)).decode('ascii')}{_WORD_END}" for word in words)


def _octets_before(columns: int) -> int:
    """Returns how many octets fit into an encoded word of that many columns."""
    return (columns - _WORD_FRAME) // 4 * 3


def _utf8(text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError as error:
        raise EmailInvalid(FailureReason.CONTENT_REJECTED, "A header holds half a surrogate pair") from error


def _refuse_injection(name: str, value: str) -> None:
    if _INJECTION.search(value):
        raise EmailInvalid(FailureReason.CONTENT_REJECTED, f"The header {name} holds a line break or a NUL")

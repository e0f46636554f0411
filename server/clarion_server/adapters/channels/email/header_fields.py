"""Header fields of an e-mail: from any Unicode text to folded lines of ASCII (RFC 5322, RFC 2047)."""

from __future__ import annotations

import re
from base64 import b64encode

from clarion_server.adapters.channels.email.addresses import Address, EmailInvalid, parse_address
from clarion_server.domain.attempt import FailureReason
from clarion_server.domain.content.email import Mailbox

#: Where lines are folded if they can be, and what no line may exceed, both without CRLF (RFC 5322 section 2.1.1).
PREFERRED_LINE = 78
LONGEST_LINE = 998

#: An encoded word may have 75 characters, a line with one 76 (RFC 2047 section 2).
_WORD_START, _WORD_END = "=?utf-8?b?", "?="
_WORD_LINE = 76
_WORD_FRAME = len(_WORD_START) + len(_WORD_END)

_FIELD_NAME = re.compile(r"[!-9;-~]{1,76}")
#: What a header must not carry: line ends begin another field, and a NUL ends the text for some readers.
_INJECTION = re.compile(r"[\r\n\0]")
#: ASCII that readers take as it stands: printable, no blanks around it, nothing that looks like an encoded word.
_AS_IT_STANDS = re.compile(r"(?! )(?!.*=\?)[ -~]*(?<! )")
#: A display name without need of quotes (RFC 5322 section 3.2.5).
_PHRASE = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?: [A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_TO_ESCAPE = re.compile(r'["\\]')
#: A single blank. Lines are not broken in longer runs: blanks at the end of a line get lost on the way.
_FOLDING_POINT = re.compile(r"(?<=[^ ]) (?=[^ ])")


def text_field(name: str, value: str) -> str:
    """An unstructured field with its CRLF. Raises EmailInvalid."""
    if not _FIELD_NAME.fullmatch(name):
        raise EmailInvalid(FailureReason.CONTENT_REJECTED, "A header has a malformed name")
    _refuse_injection(name, value)
    start = len(name) + 2
    if _AS_IT_STANDS.fullmatch(value):
        lines = _fold(f"{name}: {value}", start)
        if max(map(len, lines)) <= LONGEST_LINE:
            return "\r\n".join(lines) + "\r\n"
    return f"{name}: {_encoded_words(value, start)}\r\n"


def mailbox_field(name: str, mailbox: Mailbox) -> str:
    """A field of one mailbox, such as From, with its CRLF. Raises EmailInvalid."""
    address = parse_address(mailbox.address)
    if not mailbox.display_name:
        return address_field(name, address)
    _refuse_injection(name, mailbox.display_name)
    line = f"{name}: {_display_name(mailbox.display_name, len(name) + 2)}"
    last_line = line[line.rfind("\n") + 1 :]
    joint = " " if len(last_line) + len(address.text) + 3 <= PREFERRED_LINE else "\r\n "
    return f"{line}{joint}<{address.text}>\r\n"


def address_field(name: str, address: Address) -> str:
    """A field of an address without a name, with its CRLF. An address cannot be folded, and is short enough."""
    return f"{name}: {address.text}\r\n"


def _display_name(name: str, start: int) -> str:
    if not _AS_IT_STANDS.fullmatch(name) or 2 * len(name) > LONGEST_LINE - start:
        return _encoded_words(name, start)
    if _PHRASE.fullmatch(name):
        return name
    return '"' + _TO_ESCAPE.sub(r"\\\g<0>", name) + '"'


def _fold(line: str, start: int) -> list[str]:
    """The line, broken before single blanks that come after `start`. Longer than preferred stay words without any."""
    if len(line) <= PREFERRED_LINE:
        return [line]
    lines, begin, fitting = [], 0, 0
    points = [point.start() for point in _FOLDING_POINT.finditer(line, start)]
    for point in (*points, len(line)):
        if point - begin > PREFERRED_LINE and fitting > begin:
            lines.append(line[begin:fitting])
            begin = fitting
        fitting = point
    return [*lines, line[begin:]]


def _encoded_words(text: str, start: int) -> str:
    """Words of whole characters in base64, one a line. The first begins in column `start`, the others in column 1."""
    words = [""]
    room = _octets_before(_WORD_LINE - start)
    for character in text:
        room -= len(_utf8(character))
        if room < 0 and words[-1]:
            words.append("")
            room = _octets_before(_WORD_LINE - 1) - len(_utf8(character))
        words[-1] += character
    return "\r\n ".join(f"{_WORD_START}{b64encode(_utf8(word)).decode('ascii')}{_WORD_END}" for word in words)


def _octets_before(columns: int) -> int:
    """How many octets one encoded word of that many columns carries."""
    return (columns - _WORD_FRAME) // 4 * 3


def _utf8(text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError as error:
        raise EmailInvalid(FailureReason.CONTENT_REJECTED, "A header holds half a surrogate pair") from error


def _refuse_injection(name: str, value: str) -> None:
    if _INJECTION.search(value):
        raise EmailInvalid(FailureReason.CONTENT_REJECTED, f"The header {name} holds a line break or a NUL")

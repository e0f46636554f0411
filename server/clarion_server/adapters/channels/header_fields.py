"""Header fields of an e-mail: from any Unicode text to folded lines of ASCII (RFC 5322, RFC 2047)."""

from __future__ import annotations

import re
from base64 import b64encode
from functools import lru_cache

from clarion_server.adapters.channels.addresses import Address, parse_address
from clarion_server.domain.campaign import Mailbox

#: Where lines are folded where they can be (RFC 5322, 2.1.1), and what no line may exceed, both without CRLF.
PREFERRED_LINE = 78
LONGEST_LINE = 998

_MAX_ENCODED_WORD = 75
_WORD_START, _WORD_END = "=?utf-8?b?", "?="
_MAX_WORD_OCTETS = (_MAX_ENCODED_WORD - len(_WORD_START) - len(_WORD_END)) // 4 * 3

#: What a header may not carry at all: line ends would begin another field, NUL ends texts in some readers.
_INJECTION = re.compile(r"[\r\n\0]")
_FIELD_NAME = re.compile(r"[!-9;-~]{1,76}")
#: ASCII that a reader takes as it stands: printable, neither led nor followed by blanks, nothing like an encoded word.
_AS_IT_STANDS = re.compile(r"(?! )(?!.*=\?)[ -~]*(?<! )")
#: Words that need no quotes in a display name (RFC 5322, 3.2.3).
_PHRASE = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?: [A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_QUOTED = re.compile(r'["\\]')
_FOLDING_POINT = re.compile(r" (?=[^ ])")


class HeaderInvalid(ValueError):
    """A header that cannot be written, or must not be. Says why, without the value."""


def field(name: str, value: str) -> str:
    """One unstructured field with its line end, folded."""
    if not _FIELD_NAME.fullmatch(name):
        raise HeaderInvalid("a header's name is malformed")
    _refuse_injection(name, value)
    if _AS_IT_STANDS.fullmatch(value):
        line = f"{name}: {value}"
        if len(line) <= PREFERRED_LINE:
            return line + "\r\n"
        folded = _fold(line, len(name) + 2)
        if folded is not None:
            return folded + "\r\n"
    return f"{name}: {_encoded_words(value, len(name) + 2)}\r\n"


def mailbox_field(name: str, mailbox: Mailbox) -> str:
    """A field of one mailbox, such as From, with its line end."""
    address = parse_address(mailbox.address)
    if not mailbox.display_name:
        return address_field(name, address)
    _refuse_injection(name, mailbox.display_name)
    shown = _display_name(mailbox.display_name, len(name) + 2)
    last_line = len(shown.rpartition("\r\n")[2]) + (0 if "\r\n" in shown else len(name) + 2)
    joint = " " if last_line + len(address.text) + 3 <= PREFERRED_LINE else "\r\n "
    return f"{name}: {shown}{joint}<{address.text}>\r\n"


def address_field(name: str, address: Address) -> str:
    """A field of one address without a name. An address cannot be folded, and is short enough."""
    return f"{name}: {address.text}\r\n"


@lru_cache(maxsize=256)
def cached_mailbox_field(name: str, mailbox: Mailbox) -> str:
    """Senders are few and come with every message."""
    return mailbox_field(name, mailbox)


def _display_name(name: str, column: int) -> str:
    if not _AS_IT_STANDS.fullmatch(name) or len(name) > LONGEST_LINE // 4:
        return _encoded_words(name, column)
    if _PHRASE.fullmatch(name):
        return name
    return '"' + _QUOTED.sub(r"\\\g<0>", name) + '"'


def _fold(line: str, start: int) -> str | None:
    """The line broken at blanks, never leaving a line of blanks alone; None when a word is too long for any line."""
    lines, begin = [], 0
    while len(line) - begin > PREFERRED_LINE:
        points = [point.start() for point in _FOLDING_POINT.finditer(line, max(begin + 1, start))]
        fitting = [point for point in points if point - begin <= PREFERRED_LINE]
        cut = fitting[-1] if fitting else next(iter(points), None)
        if cut is None:
            break
        lines.append(line[begin:cut])
        begin = cut
    lines.append(line[begin:])
    return "\r\n".join(lines) if max(map(len, lines)) <= LONGEST_LINE else None


def _encoded_words(text: str, column: int) -> str:
    """Base64 words of whole characters, one a line; `column` is where the first one begins (RFC 2047, 2 and 5)."""
    words, word, size = [], "", 0
    room = min(_MAX_WORD_OCTETS, (PREFERRED_LINE - 2 - column - len(_WORD_START) - len(_WORD_END)) // 4 * 3)
    for character in text:
        octets = len(_utf8(character))
        if size + octets > room and word:
            words.append(word)
            word, size, room = "", 0, _MAX_WORD_OCTETS
        word += character
        size += octets
    words.append(word)
    return "\r\n ".join(f"{_WORD_START}{b64encode(_utf8(word)).decode('ascii')}{_WORD_END}" for word in words)


def _utf8(text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError as error:
        raise HeaderInvalid("a header holds characters that do not exist in Unicode") from error


def _refuse_injection(name: str, value: str) -> None:
    if _INJECTION.search(value):
        raise HeaderInvalid(f"the header {name} holds a line break or a NUL")

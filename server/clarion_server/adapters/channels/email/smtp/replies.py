"""Parses the replies of an SMTP server (RFC 5321 section 4.2, RFC 2034)."""

from __future__ import annotations

import re
from collections import deque
from functools import lru_cache

from clarion_server.adapters.channels.failure_detail import one_line
from clarion_server.domain.value import value

#: Is the code by which a server asks for the content of a mail.
START_INPUT = 354
#: Is the longest reply, in octets. Real ones have a few hundred.
_MAX_REPLY = 64 * 1024

_LINE = re.compile(rb"([2-5][0-9][0-9])(?:([ -])(.*))?", re.DOTALL)
_MORE = b"-"
#: The longest line whose meaning is kept, in octets.
_LONGEST_KEPT = 128
_ENHANCED_CODE = re.compile(r"[245]\.[0-9]{1,3}\.[0-9]{1,3}(?![0-9.])")


class MalformedReply(Exception):
    """The server sent something that is no SMTP reply. The text explains it."""


@value
class Reply:
    code: int
    octets: bytes = b""
    """Is the text of all lines, joined by line feeds."""

    @property
    def positive(self) -> bool:
        return self.code < 300  # noqa: PLR2004 - the first digit is the meaning

    @property
    def negative(self) -> bool:
        return self.code >= 400  # noqa: PLR2004 - the first digit is the meaning

    @property
    def permanent(self) -> bool:
        return self.code >= 500  # noqa: PLR2004 - the first digit is the meaning

    @property
    def enhanced_code(self) -> str:
        """Returns the enhanced code, such as `5.1.1`; empty when there is none of the reply's class (RFC 2034 section
        4).
        """
        found = _ENHANCED_CODE.match(self.octets.decode("ascii", "replace"))
        return found[0] if found and found[0][0] == str(self.code)[0] else ""

    @property
    def text(self) -> str:
        """Returns the text on one line, at most `MAX_DETAIL` characters."""
        return one_line(self.octets.decode("utf-8", "replace"))

    def __str__(self) -> str:
        return one_line(f"{self.code} {self.octets.decode('utf-8', 'replace')}")


class ReplyReader:
    """Parses replies from octets as they arrive."""

    def __init__(self) -> None:
        self.replies: deque[Reply] = deque()
        """The complete replies that were not consumed yet."""
        self._rest = b""
        self._lines: list[bytes] = []
        self._size = 0

    @property
    def holds_any(self) -> bool:
        """Returns whether there is a reply, or the beginning of one."""
        return bool(self.replies or self._rest or self._lines)

    def feed(self, octets: bytes) -> None:
        """Parses more octets. Raises MalformedReply, but keeps the replies before it; the reader is then unusable."""
        self._size += len(octets)
        if self._size > _MAX_REPLY:
            raise MalformedReply("The server's reply does not end")
        *lines, self._rest = (self._rest + octets).split(b"\n")
        for line in lines:
            # Nearly all replies have one line, which may be known.
            reply, is_last = _parsed(line) if len(line) > _LONGEST_KEPT else _kept(line)
            if is_last and not self._lines:
                self.replies.append(reply)
            else:
                self._add(reply, is_last=is_last)
        if not (self._rest or self._lines):
            self._size = 0

    def _add(self, reply: Reply, *, is_last: bool) -> None:
        """Adds a line of a reply of several lines."""
        self._lines.append(reply.octets)
        if is_last:
            self.replies.append(Reply(reply.code, b"\n".join(self._lines)))
            self._lines = []


def _parsed(line: bytes) -> tuple[Reply, bool]:
    """Returns a line as the reply that it would be alone, and whether it is the last one of its reply."""
    found = _LINE.fullmatch(line.rstrip(b"\r"))
    if found is None:
        raise MalformedReply(one_line(f"The server sent no SMTP reply: {line.decode('utf-8', 'replace')}"))
    code, separator, text = found.groups()
    return Reply(int(code), text or b""), separator != _MORE


#: A server says nearly always the same to the commands of a mail.
_kept = lru_cache(maxsize=64)(_parsed)

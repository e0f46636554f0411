"""Encodes texts as parts of mails (RFC 2045)."""

from __future__ import annotations

import binascii
import re

from clarion_server.adapters.channels.email.addresses import EmailInvalid
from clarion_server.adapters.channels.email.header_fields import LONGEST_LINE
from clarion_server.domain.messages.attempt import FailureReason

BASE64_LINE = 76
_ENCODED_BLANK = re.compile(rb"=(?:20|09)\r\n")
_LINE_OF_77 = re.compile(rb"^([^\n]{74})(=(?:20|09)\r\n)", re.MULTILINE)


def text_part(subtype: str, text: str) -> bytes:
    """Returns a part of the type `text`, with its header fields. Raises EmailInvalid."""
    try:
        encoding, content = _encode(_with_crlf(text).encode())
    except UnicodeEncodeError as error:
        raise EmailInvalid(FailureReason.CONTENT_REJECTED, f"The {subtype} part holds half a surrogate pair") from error
    fields = f"Content-Type: text/{subtype}; charset=utf-8\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n"
    return fields.encode() + content


def _with_crlf(text: str) -> str:
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return text.replace("\n", "\r\n")


def _encode(octets: bytes) -> tuple[str, bytes]:
    """Returns an encoding and its text: 7bit where SMTP can carry it, else the shorter one (RFC 2045 section 6)."""
    if octets.isascii() and b"\0" not in octets and not _has_long_line(octets):
        return "7bit", octets
    digits = -(-len(octets) // 3) * 4
    base64_length = digits + 2 * ((digits - 1) // BASE64_LINE)
    beyond_ascii = len(octets) - len(octets.decode("ascii", "ignore"))
    if len(octets) + 2 * beyond_ascii <= base64_length:
        quoted = _quoted_printable(octets)
        if len(quoted) <= base64_length:
            return "quoted-printable", quoted
    return "base64", base64_lines(octets)


def _has_long_line(octets: bytes) -> bool:
    """Returns whether a line, all of which end in CRLF, is longer than SMTP can carry."""
    begin = 0
    # Each step goes over all lines that end within the length of one, as no line among them can be too long.
    while len(octets) - begin > LONGEST_LINE:
        begin = octets.rfind(b"\n", begin, begin + LONGEST_LINE + 2) + 1
        if not begin:
            return True
    return False


def _quoted_printable(octets: bytes) -> bytes:
    """Encodes octets whose line ends are CRLF. `b2a_qp` breaks lines with LF when there is no line end to copy."""
    quoted = binascii.b2a_qp(octets)
    if b"\r\n" not in octets:
        return quoted.replace(b"\n", b"\r\n")
    # `b2a_qp` forgets the two more characters of a blank that it encodes at the end of a line.
    return _LINE_OF_77.sub(rb"\1=\r\n\2", quoted) if _ENCODED_BLANK.search(quoted) else quoted


def base64_lines(octets: bytes) -> bytes:
    digits = binascii.b2a_base64(octets, newline=False)
    return b"\r\n".join(digits[at : at + BASE64_LINE] for at in range(0, len(digits), BASE64_LINE))

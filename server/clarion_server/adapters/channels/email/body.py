"""Puts the parts of a mail together (RFC 2046, RFC 2387)."""

from __future__ import annotations

from collections.abc import Sequence

from clarion_server.adapters.channels.email.text_parts import text_part
from clarion_server.application.ports.channels import EncodedFile
from clarion_server.domain.content.email import RenderedEmail

#: Pieces that are smaller together are joined, because each piece is written by itself.
_JOINED = 64 * 1024


def body(email: RenderedEmail, message_id: str) -> bytes:
    """Returns the message from its first Content- field on."""
    if not (email.html and email.text):
        part = text_part("html", email.html) if email.html else text_part("plain", email.text)
        return part if part.endswith(b"\r\n") else part + b"\r\n"
    # The parts are in the order of increasing preference (RFC 2046 section 5.1.4).
    plain, html = text_part("plain", email.text), text_part("html", email.html)
    boundary = _boundary(message_id, plain, html)
    return b'Content-Type: multipart/alternative; boundary="%b"\r\n\r\n--%b\r\n%b\r\n--%b\r\n%b\r\n--%b--\r\n' % (
        boundary,
        boundary,
        plain,
        boundary,
        html,
        boundary,
    )


def _boundary(message_id: str, plain: bytes, html: bytes) -> bytes:
    """Returns a boundary that no part contains, the same for each attempt. Only unencoded text can contain `=_`."""
    boundary = f"=_{message_id}".encode()
    while boundary in plain or boundary in html:
        boundary += b"_"
    return boundary


def body_with_files(email: RenderedEmail, message_id: str, files: Sequence[EncodedFile]) -> list[bytes]:
    """Returns the message from its first Content- field on, in pieces.

    Inline images stand beside the HTML, and files for readers to save beside everything else. Each level is there only
    where it is needed.
    """
    images = [[file.octets] for file in files if file.content_id]
    saved = [[file.octets] for file in files if not file.content_id]
    html = [[text_part("html", email.html)]] if email.html else []
    if images:
        html = [_multipart('related; type="text/html"', f"=_related_{message_id}", [*html, *images])]
    plain = [[text_part("plain", email.text)]] if email.text else []
    shown = [*plain, *html]
    whole = _multipart("alternative", f"=_{message_id}", shown) if len(shown) > 1 else shown[0]
    return _joined(_multipart("mixed", f"=_mixed_{message_id}", [whole, *saved]) if saved else whole)


def _multipart(subtype: str, boundary: str, parts: Sequence[Sequence[bytes]]) -> list[bytes]:
    delimiter = boundary.encode()
    while any(delimiter in piece for part in parts for piece in part):
        delimiter += b"_"
    pieces = [b'Content-Type: multipart/%b;\r\n boundary="%b"\r\n' % (subtype.encode(), delimiter)]
    for part in parts:
        # The line end before a delimiter belongs to it.
        pieces.append(b"\r\n--%b\r\n" % delimiter)
        pieces += part
    return [*pieces, b"\r\n--%b--\r\n" % delimiter]


def _joined(pieces: Sequence[bytes]) -> list[bytes]:
    joined = [pieces[0]]
    for piece in pieces[1:]:
        if len(joined[-1]) + len(piece) <= _JOINED:
            joined[-1] += piece
        else:
            joined.append(piece)
    return joined

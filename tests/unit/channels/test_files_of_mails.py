"""Mails with files are read back by the standard library's parser and by another one, and show every file once."""

from __future__ import annotations

from collections.abc import Sequence
from email import message_from_bytes, policy
from email.message import EmailMessage, Message

import pytest
from clarion_server.adapters.channels.email.mime import build
from clarion_server.adapters.channels.email.parts import encode_part
from clarion_server.application.ports.channels import EncodedFile
from clarion_server.domain.attachments.carried_file import CarriedFile
from clarion_server.domain.attachments.message_file import MessageFile
from clarion_server.domain.content.email import RenderedEmail, SmtpProvider
from fast_mail_parser import parse_email
from hypothesis import given
from hypothesis import strategies as st

from tests.outbound import SENDER, an_email

PROVIDER = SmtpProvider("127.0.0.1", 25, SENDER)
PDF = b"%PDF-1.7\r\n" + bytes(range(256)) * 40
PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(255, -1, -1))
LOGO = "0123456789abcdef@clarion"
SHOWING = RenderedEmail("Hello", f'<p>Hi <img src="cid:{LOGO}" alt="Logo"></p>', "Hi")


def a_file(name: str = "a.pdf", data: bytes = PDF, content_type: str = "application/pdf", cid: str = "") -> EncodedFile:
    carried = CarriedFile(MessageFile(name, content_type, len(data), 1), cid)
    return EncodedFile(encode_part(carried, data), cid)


def a_logo() -> EncodedFile:
    return a_file("logo.png", PNG, "image/png", LOGO)


def written(email: RenderedEmail, files: Sequence[EncodedFile]) -> bytes:
    return build(an_email(email=email, files=files), PROVIDER).content


def parsed(email: RenderedEmail, files: Sequence[EncodedFile]) -> EmailMessage:
    return message_from_bytes(written(email, files), policy=policy.default)


def tree(part: Message) -> object:
    """Returns the types of a mail's parts, in the form of the mail."""
    if not part.is_multipart():
        return part.get_content_subtype()
    return {part.get_content_subtype(): [tree(each) for each in part.get_payload()]}  # type: ignore[arg-type]  # of a multipart: messages


def test_each_level_of_the_tree_is_there_only_where_it_is_needed() -> None:
    text, html, both = RenderedEmail("x", "", "Hi"), RenderedEmail("x", "<p>Hi</p>", ""), SHOWING
    shown = RenderedEmail("x", SHOWING.html, "")
    related = {"related": ["html", "png"]}
    assert tree(parsed(text, [a_file()])) == {"mixed": ["plain", "pdf"]}
    assert tree(parsed(html, [a_file()])) == {"mixed": ["html", "pdf"]}
    assert tree(parsed(shown, [a_logo()])) == related
    assert tree(parsed(both, [a_file()])) == {"mixed": [{"alternative": ["plain", "html"]}, "pdf"]}
    assert tree(parsed(both, [a_logo()])) == {"alternative": ["plain", related]}
    assert tree(parsed(both, [a_logo(), a_file()])) == {"mixed": [{"alternative": ["plain", related]}, "pdf"]}


def test_an_inline_image_and_a_pdf_are_shown_by_two_parsers() -> None:
    mail = parsed(SHOWING, [a_logo(), a_file()])
    assert (mail["To"], mail["Subject"], mail["MIME-Version"]) == ("jane@example.com", SHOWING.subject, "1.0")
    html = mail.get_body(("related", "html"))
    assert html is not None
    (image,) = html.iter_attachments()
    (pdf,) = mail.iter_attachments()
    assert (image["Content-ID"], image.get_content_disposition(), image.get_content()) == (f"<{LOGO}>", "inline", PNG)
    assert (pdf.get_filename(), pdf.get_content_disposition(), pdf.get_content()) == ("a.pdf", "attachment", PDF)
    other = parse_email(written(SHOWING, [a_logo(), a_file()]))
    assert [(file.filename, file.mimetype, file.content) for file in other.attachments] == [
        ("logo.png", "image/png", PNG),
        ("a.pdf", "application/pdf", PDF),
    ]
    assert not other.warnings


def test_an_inline_image_that_the_html_does_not_show_is_not_sent() -> None:
    hidden = RenderedEmail("x", "<p>Hi</p>", "Hi")
    assert tree(parsed(hidden, [a_logo()])) == {"alternative": ["plain", "html"]}


@pytest.mark.parametrize(
    "name", ["Übersicht.pdf", "請求書.pdf", "long " * 50 + ".pdf", 'a".pdf', "a;b=c.pdf", "%41.pdf", "ﷺ" * 80 + ".pdf"]
)
def test_a_files_name_is_read_back_by_two_parsers(name: str) -> None:
    raw = written(SHOWING, [a_file(name)])
    (attached,) = message_from_bytes(raw, policy=policy.default).iter_attachments()
    assert attached.get_filename() == name
    assert [file.filename for file in parse_email(raw).attachments] == [name]
    assert max(map(len, raw.split(b"\r\n"))) <= 998
    assert b"=?" not in raw


NAMES = st.text(st.characters(exclude_categories=["Cs", "Cc", "Cf", "Zl", "Zp"], exclude_characters="/\\"), min_size=1)


@given(NAMES.map(lambda name: name.strip()[:60]).filter(bool))
def test_any_name_is_read_back(name: str) -> None:
    raw = written(SHOWING, [a_file(name)])
    (attached,) = message_from_bytes(raw, policy=policy.default).iter_attachments()
    assert attached.get_filename() == name


def test_every_line_ends_in_crlf_and_is_short() -> None:
    raw = written(SHOWING, [a_logo(), a_file(), a_file("b.txt", b"a\nb", "text/plain")])
    lines = raw.split(b"\r\n")
    assert not any(b"\n" in line or b"\r" in line for line in lines)
    assert max(map(len, lines)) <= 78


def test_a_mail_in_a_mail_is_not_encoded() -> None:
    inner = b"Subject: Hello\n\n.A dot\nand more"
    raw = written(SHOWING, [a_file("a.eml", inner, "message/rfc822")])
    (attached,) = message_from_bytes(raw, policy=policy.default).iter_attachments()
    assert attached["Content-Transfer-Encoding"] == "7bit"
    assert attached.get_content().get_payload() == ".A dot\r\nand more"


def test_no_boundary_occurs_in_what_it_separates() -> None:
    mail = parsed(SHOWING, [])
    outer = f"--=_mixed_{mail['Message-ID'][1:].partition('@')[0]}"
    text = RenderedEmail("x", "", f"Hi\n{outer}\nthere")
    (plain, pdf) = parsed(text, [a_file()]).iter_parts()
    assert plain.get_content() == f"Hi\r\n{outer}\r\nthere"
    assert pdf.get_filename() == "a.pdf"


def test_a_large_file_is_a_piece_of_its_own_that_no_mail_copies() -> None:
    large = a_file(data=PDF * 20)
    pieces = build(an_email(email=SHOWING, files=[a_logo(), large]), PROVIDER).pieces
    assert any(piece is large.octets for piece in pieces)
    assert len(pieces) == 3

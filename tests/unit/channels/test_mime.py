"""Messages are read back by the standard library's parser, and every line satisfies the rules of mail."""

from __future__ import annotations

from email import message_from_bytes, policy
from email.header import decode_header, make_header
from email.message import EmailMessage
from email.utils import parsedate_to_datetime

import pytest
from clarion_server.adapters.channels.email.addresses import EmailInvalid
from clarion_server.adapters.channels.email.mime import build
from clarion_server.application.ports.channels import Outbound
from clarion_server.domain.content.email import Mailbox, RenderedEmail, SmtpProvider
from clarion_server.domain.instant import SECOND, to_datetime
from hypothesis import example, given
from hypothesis import strategies as st

from tests.outbound import DATE, SENDER, an_email

PROVIDER = SmtpProvider("127.0.0.1", 25, SENDER)

#: Everything that UTF-8 can carry.
UNICODE = st.characters(exclude_categories=["Cs"])
SHORT_BODIES = st.text(UNICODE | st.sampled_from("\n\r \t.=ü"), max_size=400)
BODIES = SHORT_BODIES | st.builds(str.__mul__, st.text(UNICODE, max_size=20), st.integers(1, 300))
#: Header values without line ends, NUL and other control characters.
HEADER_TEXTS = st.text(st.characters(exclude_categories=["Cs", "Cc"]) | st.sampled_from(' "\\,<>@=?_'), max_size=400)


def written(message: Outbound) -> bytes:
    return build(message, PROVIDER).content


def parsed(message: Outbound) -> EmailMessage:
    """Returns it as a reader sees it, with line feeds as line ends."""
    return message_from_bytes(written(message).replace(b"\r\n", b"\n"), policy=policy.default)


def shown_name(message: Outbound) -> str:
    """Returns the sender's, as a reader shows it."""
    (field,) = message_from_bytes(written(message)).get_all("From", [])
    phrase = field.rpartition("<")[0]
    if phrase.startswith("=?"):
        # The parser of typed headers does no justice to blanks in and between the encoded words of a phrase, against
        # RFC 2047 section 6.2.
        return str(make_header(decode_header(phrase))).removesuffix(" ")
    (address,) = parsed(message)["From"].addresses
    return str(address.display_name)


def with_line_feeds(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


def test_the_mailboxes_of_one_mail_come_before_those_of_its_content() -> None:
    own = RenderedEmail(
        "x", "", "x", sender=Mailbox("shop@b.example", "Müller"), reply_to=Mailbox("case+1@b.example", "A, B")
    )
    message = parsed(an_email(sender=Mailbox("orders@a.example", "{{ context.shop }}"), email=own))
    assert (message["From"], message["Reply-To"]) == ("Müller <shop@b.example>", '"A, B" <case+1@b.example>')


@given(subject=HEADER_TEXTS)
@example("=?utf-8?q?not_encoded?=")
@example("a" * 900)
@example("word " * 180 + "end")
@example("two  blanks " * 40 + "end")
@example(" blanks around ")
@example("\U0001d4b3" * 300)
def test_a_subject_comes_out_as_it_went_in(subject: str) -> None:
    assert parsed(an_email(email=RenderedEmail(subject, "", "x")))["Subject"] == subject


@given(value=HEADER_TEXTS)
def test_a_custom_header_comes_out_as_it_went_in(value: str) -> None:
    assert (
        parsed(an_email(email=RenderedEmail("x", "", "x", {"X-Order-Reference": value})))["X-Order-Reference"] == value
    )


@given(name=HEADER_TEXTS.map(str.strip).filter(bool))
@example('Jane "JD" Doe \\ Sons, Ltd.')
@example("=?utf-8?q?not_encoded?=")
@example("a" * 200)
@example("ü" * 200)
def test_a_display_name_comes_out_as_it_went_in(name: str) -> None:
    message = an_email(sender=Mailbox("orders@example.com", name))
    assert shown_name(message) == name
    assert parsed(message)["From"].addresses[0].addr_spec == "orders@example.com"


@pytest.mark.parametrize("name", ["Müller, Shop & Söhne", "Интернет-магазин", "ご注文係", "Le « petit » café"])
def test_a_common_display_name_is_read_by_everybody(name: str) -> None:
    (address,) = parsed(an_email(sender=Mailbox("orders@example.com", name)))["From"].addresses
    assert address.display_name == name


@given(text=BODIES.filter(bool), html=BODIES.filter(bool))
@example(text="ends without a line end", html="ends with one\n")
@example(text="--=_01900000000070008000000000000000-0001", html="\n--=_01900000000070008000000000000000-0001--\n")
@example(text="blanks at the end  \nand tabs\t\n \n", html="ü  \n\t\n")
@example(text="." * 3, html="\n.\n..\n")
@example(text="a" * 999, html="ü" * 999)
@example(text="From the start\nFrom here", html="=\n==\n=20\n")
def test_both_parts_come_out_as_they_went_in(text: str, html: str) -> None:
    message = parsed(an_email(email=RenderedEmail("x", html, text)))
    assert message.get_content_type() == "multipart/alternative"
    parts = list(message.iter_parts())
    assert [part.get_content_type() for part in parts] == ["text/plain", "text/html"]
    contents = [with_line_feeds(part.get_content()) for part in parts]
    assert contents == [with_line_feeds(text), with_line_feeds(html)]


@given(body=BODIES.filter(bool), is_html=st.booleans())
def test_a_single_part_comes_out_as_it_went_in_but_for_its_last_line_end(body: str, is_html: bool) -> None:
    message = parsed(an_email(email=RenderedEmail("x", body if is_html else "", "" if is_html else body)))
    assert message.get_content_type() == ("text/html" if is_html else "text/plain")
    assert with_line_feeds(message.get_content()).removesuffix("\n") == with_line_feeds(body).removesuffix("\n")


@given(subject=HEADER_TEXTS, name=HEADER_TEXTS, text=BODIES, html=BODIES)
@example(subject="a" * 998, name="a" * 200, text="a" * 2000, html="ü" * 2000)
@example(subject="ü" * 998, name="ü" * 200, text="a\0b", html="<" * 998 + "\n")
@example(subject="x", name="x", text="a\rb", html="a\r\nb")
def test_every_line_keeps_to_the_rules_of_mail(subject: str, name: str, text: str, html: str) -> None:
    email = RenderedEmail(subject, html, text, {"X-Custom": name})
    octets = written(an_email(sender=Mailbox("orders@example.com", name), email=email))
    assert octets.isascii()
    assert octets.endswith(b"\r\n")
    lines = octets.split(b"\r\n")
    assert max(map(len, lines)) <= 998
    assert not any(b"\r" in line or b"\n" in line or b"\0" in line for line in lines)


@given(subject=HEADER_TEXTS, name=HEADER_TEXTS)
@example(subject="ü" * 300, name="ご" * 100)
def test_encoded_words_are_short_and_whole(subject: str, name: str) -> None:
    octets = written(an_email(sender=Mailbox("orders@example.com", name), email=RenderedEmail(subject, "", "x")))
    header = octets.partition(b"\r\n\r\n")[0].decode()
    for line in header.split("\r\n"):
        words = [word for word in line.split() if word.startswith("=?utf-8?b?")]
        assert all(len(word) <= 75 for word in words)
        assert not words or len(line) <= 76 or "<" in line


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("Ihre Bestellung ist bestätigt. " * 20, "quoted-printable"),
        ("a" * 1500, "quoted-printable"),
        ("ご注文" * 50, "base64"),
        ("=" * 1500, "base64"),
        ("a\0b" * 50 + "a" * 900, "quoted-printable"),
    ],
)
def test_the_shorter_encoding_is_chosen(text: str, encoding: str) -> None:
    octets = written(an_email(email=RenderedEmail("x", "", text)))
    assert f"Content-Transfer-Encoding: {encoding}\r\n".encode() in octets


def test_folding_leaves_no_blanks_at_the_end_of_a_line() -> None:
    octets = written(an_email(email=RenderedEmail("two  blanks " * 40 + "end", "", "x")))
    assert b" \r\n" not in octets


def test_plain_ascii_travels_as_it_is() -> None:
    octets = written(an_email(email=RenderedEmail("x", "", "Plain.\n")))
    assert b"Content-Transfer-Encoding: 7bit\r\n\r\nPlain.\r\n" in octets


def test_the_header_says_who_when_and_what() -> None:
    message = parsed(an_email("jane@example.com", message_id="m-1", reply_to=Mailbox("help@example.com", "Help")))
    assert message["From"] == "The Shop <shop@example.com>"
    assert message["To"] == "jane@example.com"
    assert message["Reply-To"] == "Help <help@example.com>"
    assert message["Message-ID"] == "<m-1@example.com>"
    assert message["MIME-Version"] == "1.0"
    assert parsedate_to_datetime(message["Date"]) == to_datetime(DATE // SECOND * SECOND)


def test_machines_are_asked_not_to_answer_unless_the_content_says_otherwise() -> None:
    assert parsed(an_email())["Auto-Submitted"] == "auto-generated"
    own = an_email(email=RenderedEmail("x", "", "x", {"auto-submitted": "no"}))
    assert parsed(own).get_all("Auto-Submitted") == ["no"]


def test_the_same_message_is_written_the_same_each_time() -> None:
    assert written(an_email(attempt=1)) == written(an_email(attempt=2))


@pytest.mark.parametrize(
    ("name", "value", "written_value"),
    [
        (
            "List-Unsubscribe",
            "<https://shop.example/abmelden?name=Jürgen>",
            "<https://shop.example/abmelden?name=J%C3%BCrgen>",
        ),
        ("list-unsubscribe", "<https://shop.example/?a=?utf-8?b>", "<https://shop.example/?a=%3Futf-8?b>"),
        ("List-Help", "<mailto:help@shop.example?subject=a%20b>", "<mailto:help@shop.example?subject=a%20b>"),
        ("References", "<1@shop.example> <2@shop.example>", "<1@shop.example> <2@shop.example>"),
    ],
)
def test_a_structured_header_is_never_an_encoded_word(name: str, value: str, written_value: str) -> None:
    message = written(an_email(email=RenderedEmail("x", "", "x", {name: value})))
    assert f"\r\n{name}: {written_value}\r\n".encode() in message


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("List-Id", "Größe <news.shop.example>"),
        ("References", "<ü@shop.example>"),
        ("In-Reply-To", "<=?utf-8?q?a?=@shop.example>"),
        ("Errors-To", "jürgen@shop.example"),
        ("List-Unsubscribe", f"<https://shop.example/{'a' * 990}>"),
    ],
)
def test_a_structured_header_that_ascii_cannot_carry_is_refused(name: str, value: str) -> None:
    with pytest.raises(EmailInvalid):
        written(an_email(email=RenderedEmail("x", "", "x", {name: value})))


@pytest.mark.parametrize("blank", [" ", "\t"])
@pytest.mark.parametrize("length", range(64, 80))
def test_a_blank_at_the_end_of_a_line_makes_no_line_too_long(length: int, blank: str) -> None:
    text = f"ü{'a' * length}{blank}\n{'a' * length}{blank}\nend"
    message = an_email(email=RenderedEmail("x", "", text))
    _, _, body = written(message).partition(b"\r\n\r\n")
    assert b"=20" in body or b"=09" in body
    assert max(map(len, body.split(b"\r\n"))) <= 76
    assert parsed(message).get_content().rstrip("\n") == text


@pytest.mark.parametrize(
    "address",
    ["jane@example.com", '"jane doe"@example.com', '"a\\"b@c"@example.com', "jane@[192.0.2.1]", "jane@bücher.example"],
)
def test_an_address_comes_out_as_one_address(address: str) -> None:
    envelope = build(an_email(address), PROVIDER)
    (to,) = message_from_bytes(envelope.content, policy=policy.default)["To"].addresses
    assert to.addr_spec == envelope.recipient.text
    assert not envelope.needs_smtputf8


def test_a_local_part_outside_ascii_anywhere_needs_smtputf8() -> None:
    international = Mailbox("jürgen@example.com")
    assert build(an_email("jürgen@example.com"), PROVIDER).needs_smtputf8
    assert build(an_email(sender=international), PROVIDER).needs_smtputf8
    assert build(an_email(reply_to=international), PROVIDER).needs_smtputf8


@pytest.mark.parametrize("name", ["From", "to", "BCC", "Subject", "Content-Type", "MIME-Version", "Message-ID", "Date"])
def test_a_header_that_is_written_already_cannot_be_written_again(name: str) -> None:
    with pytest.raises(EmailInvalid):
        written(an_email(email=RenderedEmail("x", "", "x", {name: "y"})))


@given(
    before=HEADER_TEXTS,
    forbidden=st.sampled_from(["\r", "\n", "\0", "\r\n", "\r\n "]),
    after=HEADER_TEXTS,
    part=st.sampled_from(["subject", "header", "name", "address", "field name"]),
)
def test_no_text_can_begin_another_header(before: str, forbidden: str, after: str, part: str) -> None:
    text = before + forbidden + after
    emails = {
        "subject": an_email(email=RenderedEmail(text, "", "x")),
        "header": an_email(email=RenderedEmail("x", "", "x", {"X-Custom": text})),
        "name": an_email(sender=Mailbox("orders@example.com", text)),
        "address": an_email(f"{text}@example.com"),
        "field name": an_email(email=RenderedEmail("x", "", "x", {text: "y"})),
    }
    with pytest.raises(EmailInvalid) as caught:
        written(emails[part])
    assert caught.value.detail.isprintable()

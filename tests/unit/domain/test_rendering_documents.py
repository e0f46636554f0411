"""Tests the text of a rendering by which it is compared."""

from __future__ import annotations

from clarion_server.domain.attachments.carried_file import CarriedFile
from clarion_server.domain.attachments.message_file import MessageFile
from clarion_server.domain.campaigns.rendering_document import document_of
from clarion_server.domain.consent.personal_link import PersonalUrls
from clarion_server.domain.content.email import EmailContent, Mailbox, RenderedEmail, SmtpProvider
from clarion_server.domain.content.webhook import Method, RenderedWebhook, WebhookContent

URLS = PersonalUrls("https://m.example/u/preview-de", "https://m.example/u/preview-de#preferences")
SMTP = SmtpProvider("127.0.0.1", 25, Mailbox("shop@example.com", "The Shop"))
CONTENT = EmailContent("", html="x")


def email(html: str = "", text: str = "Hi") -> RenderedEmail:
    return RenderedEmail("Hello", html, text)


def test_a_mail_is_its_header_fields_and_its_parts() -> None:
    mail = RenderedEmail("Hello", "<p>Hi</p>", "Hi", {"X-B": "2", "List-Unsubscribe": f"<{URLS.unsubscribe}>"})
    assert document_of(mail, CONTENT, SMTP, (), URLS) == (
        "From: The Shop <shop@example.com>\nSubject: Hello\nList-Unsubscribe: <[unsubscribe_url]>\nX-B: 2\n"
        "\n--- text\nHi\n\n--- html\n<p>Hi</p>\n"
    )


def test_the_sender_of_the_mail_goes_before_that_of_the_channel() -> None:
    own = EmailContent("", html="x", sender=Mailbox("own@example.com"), reply_to=Mailbox("answers@example.com"))
    text = document_of(email(), own, SMTP, (), URLS)
    assert text.startswith("From: own@example.com\nReply-To: answers@example.com\nSubject: Hello\n")
    assert document_of(email(), CONTENT, None, (), URLS).startswith("Subject: Hello\n")


def test_ends_of_lines_and_space_between_tags_are_the_same_however_written() -> None:
    first = email(html="<table>\r\n  <tr> <td>a  b</td></tr>\r\n</table>", text="Hi \r\nJane\t\r")
    second = email(html="<table>\n\n<tr>\n<td>a  b</td></tr> </table>", text="Hi\nJane\n")
    assert document_of(first, CONTENT, None, (), URLS) == document_of(second, CONTENT, None, (), URLS)


def test_space_within_a_text_and_the_order_of_attributes_stay() -> None:
    for html in ("<td>a b</td>", "<td> a  b</td>", '<a b="1" c="2">x</a>', '<a c="2" b="1">x</a>'):
        assert f"--- html\n{html}\n" in document_of(email(html=html), CONTENT, None, (), URLS)


def test_personal_links_and_ids_of_images_have_names() -> None:
    image = CarriedFile(MessageFile("logo.png", "image/png", 9, 1), "5ba1@clarion", "attachments/logo")
    terms = CarriedFile(MessageFile("terms.pdf", "application/pdf", 9, 1), "", "attachments/terms")
    html = f'<img src="cid:5ba1@clarion"><a href="{URLS.preferences}">a</a><a href="{URLS.unsubscribe}">b</a>'
    text = document_of(email(html=html), CONTENT, None, (image, terms), URLS)
    assert '<img src="cid:[logo.png]"><a href="[preferences_url]">a</a><a href="[unsubscribe_url]">b</a>' in text
    assert "Inline-Image: logo.png (image/png)\nAttachment: terms.pdf (application/pdf)\n" in text


def test_a_webhook_is_its_method_its_header_fields_and_its_body() -> None:
    content = WebhookContent("{}", method=Method.PUT)
    webhook = RenderedWebhook('{"a": 1}', {"content-type": "application/json"})
    text = document_of(webhook, content, None, (), URLS)
    assert text == 'Method: PUT\ncontent-type: application/json\n\n--- body\n{"a": 1}\n'

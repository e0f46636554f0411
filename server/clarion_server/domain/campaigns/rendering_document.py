"""The text of a rendered message by which two renderings are compared, and which people read.

Links that belong to a person, and the ids of images, have names in their place, as they differ from one rendering to
the next although nothing was changed. Ends of lines, and the space between the tags of HTML, are the same however they
were written.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from clarion_server.domain.attachments.carried_file import CarriedFile
from clarion_server.domain.consent.personal_link import PersonalUrls
from clarion_server.domain.content import Content, Provider, Rendered
from clarion_server.domain.content.email import EmailContent, Mailbox, RenderedEmail, SmtpProvider
from clarion_server.domain.content.webhook import RenderedWebhook, WebhookContent

_BETWEEN_TAGS = re.compile(r">\s+<")
_LINE_END = re.compile(r"[ \t]*(?:\r\n|\r|\n)")


def document_of(
    rendered: Rendered, content: Content, provider: Provider | None, files: Sequence[CarriedFile], urls: PersonalUrls
) -> str:
    """Returns header fields, one a line, and then each part under a line with its name.

    `urls` are the links that it was rendered with. `provider` is None when there is no such channel configuration: the
    sender is left out then, unless the content has one.
    """
    if isinstance(rendered, RenderedEmail):
        heads = _email_heads(rendered, content, provider, files)
        parts = {"text": rendered.text, "html": _BETWEEN_TAGS.sub(">\n<", rendered.html)}
    else:
        heads, parts = _webhook_heads(rendered, content), {"body": rendered.body}
    sections = [f"--- {name}\n{_lines(part)}" for name, part in parts.items() if part]
    text = "\n".join([*(f"{name}: {text}" for name, text in heads), "", "\n".join(sections)])
    for found, name in _names(files, urls).items():
        text = text.replace(found, name)
    return text if text.endswith("\n") else f"{text}\n"


def _lines(text: str) -> str:
    return f"{_LINE_END.sub(chr(10), text).strip()}\n"


def _names(files: Sequence[CarriedFile], urls: PersonalUrls) -> Mapping[str, str]:
    """Returns placeholders for the texts that differ from one rendering to the next, the longest text first."""
    names = {urls.preferences: "[preferences_url]", urls.unsubscribe: "[unsubscribe_url]"}
    names |= {f"cid:{each.content_id}": f"cid:[{each.file.name}]" for each in files if each.content_id}
    return dict(sorted(names.items(), key=lambda item: -len(item[0])))


def _email_heads(
    email: RenderedEmail, content: Content, provider: Provider | None, files: Sequence[CarriedFile]
) -> Iterator[tuple[str, str]]:
    mailboxes = [email, *(each for each in (content, provider) if isinstance(each, EmailContent | SmtpProvider))]
    for name, found in (
        ("From", next((each.sender for each in mailboxes if each.sender), None)),
        ("Reply-To", next((each.reply_to for each in mailboxes if each.reply_to), None)),
    ):
        if found is not None:
            yield name, _mailbox(found)
    yield "Subject", email.subject
    yield from sorted(email.headers.items())
    for each in files:
        yield "Inline-Image" if each.content_id else "Attachment", f"{each.file.name} ({each.file.content_type})"


def _mailbox(mailbox: Mailbox) -> str:
    return f"{mailbox.display_name} <{mailbox.address}>" if mailbox.display_name else mailbox.address


def _webhook_heads(webhook: RenderedWebhook, content: Content) -> Iterator[tuple[str, str]]:
    if isinstance(content, WebhookContent) and content.method is not None:
        yield "Method", content.method.value
    yield from sorted(webhook.headers.items())

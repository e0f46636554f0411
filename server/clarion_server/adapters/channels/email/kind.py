"""Describes the content of an e-mail to rendering and review: subject, HTML, text, names of mailboxes and header
fields.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace

from clarion_server.adapters.channels.email.attachment_review import attachment_findings
from clarion_server.adapters.channels.email.header_fields import fits
from clarion_server.adapters.channels.email.html_language import with_language
from clarion_server.adapters.channels.email.review import email_findings
from clarion_server.adapters.channels.email.spam_forms import subject_findings
from clarion_server.adapters.channels.email.structured_fields import is_structured, structured_value
from clarion_server.adapters.rendering.content_kind import Part, PartRefused
from clarion_server.adapters.rendering.evaluation.budget import Budget
from clarion_server.adapters.rendering.evaluation.values import RenderRefused
from clarion_server.adapters.rendering.review import ReviewFacts, rendered_html_findings
from clarion_server.adapters.rendering.templates.escaping import Escaping
from clarion_server.domain.addresses.address import is_address
from clarion_server.domain.campaigns.campaign_definition import CampaignDefinition
from clarion_server.domain.content.email import EmailContent, Mailbox, RenderedEmail, is_template
from clarion_server.domain.content.transform import Transform
from clarion_server.domain.finding import Finding
from clarion_server.domain.text_rules import MAX_DISPLAY_NAME

#: Is the longest value of a header field, in characters (RFC 5322 section 2.1.1).
_LONGEST_LINE = 998
#: Is the longest link in a header field, which must fit into a line. That of a person named by hundreds of characters
#: beyond ASCII may be longer, and is then in the body alone.
_LONGEST_UNSUBSCRIBE_URL = 900
#: Lists the beginnings of tags that show something without text.
_PICTURE = re.compile("<(?:img|svg|video|picture|object|input|v:)|background", re.IGNORECASE)
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")


class EmailKind:
    """Implements `ContentKind`."""

    has_unsubscribe_field = True

    def parts(self, content: EmailContent) -> list[Part]:
        parts = [Part("subject", content.subject)]
        if content.html:
            parts.append(Part("html", content.html, Escaping.HTML, content.transform or Transform.NONE))
        if content.text:
            parts.append(Part("text", content.text))
        parts += _mailbox_parts("from", content.sender) + _mailbox_parts("reply_to", content.reply_to)
        return parts + [Part(f"headers.{name}", value) for name, value in content.headers.items()]

    def with_sources(self, content: EmailContent, sources: Mapping[str, str]) -> EmailContent:
        return replace(content, html=sources.get("html", content.html), text=sources.get("text", content.text))

    def assemble(
        self,
        content: EmailContent,
        texts: Mapping[str, str],
        budget: Budget,
        unsubscribe_url: str = "",
        locale: str = "",
    ) -> RenderedEmail:
        html = _body(texts, "html") if "html" in texts else ""
        return RenderedEmail(
            _line(texts, "subject"),
            with_language(html, locale),
            _body(texts, "text") if "text" in texts else _derived_text(html, budget),
            {name: _header_value(texts, name) for name in content.headers} | _unsubscribe_fields(unsubscribe_url),
            locale,
            _mailbox(texts, "from", content.sender) if content.sender else None,
            _mailbox(texts, "reply_to", content.reply_to) if content.reply_to else None,
        )

    def findings(self, content: EmailContent, definition: CampaignDefinition, facts: ReviewFacts) -> Iterator[Finding]:
        yield from email_findings(content, definition, facts)
        yield from subject_findings(content.subject)
        yield from attachment_findings(content, facts)

    def rendered_findings(self, rendered: RenderedEmail, content_ids: frozenset[str]) -> Iterator[Finding]:
        return rendered_html_findings(rendered.html, content_ids, "html")


def _mailbox_parts(field: str, mailbox: Mailbox | None) -> list[Part]:
    if mailbox is None:
        return []
    texts = {f"{field}.display_name": mailbox.display_name, f"{field}.address": mailbox.address}
    return [Part(path, text) for path, text in texts.items() if is_template(text)]


def _mailbox(texts: Mapping[str, str], field: str, mailbox: Mailbox) -> Mailbox | None:
    """Returns the mailbox of one mail, or None when it has no template."""
    name, address = f"{field}.display_name", f"{field}.address"
    if name not in texts and address not in texts:
        return None
    shown = _line(texts, name) if name in texts else mailbox.display_name
    if len(shown) > MAX_DISPLAY_NAME:
        raise PartRefused(name, f"the result is longer than {MAX_DISPLAY_NAME} characters")
    to = _line(texts, address) if address in texts else mailbox.address
    if not is_address(to):
        raise PartRefused(address, "the result is no e-mail address")
    return Mailbox(to, shown)


def _unsubscribe_fields(url: str) -> dict[str, str]:
    """Returns the fields by which mail clients unsubscribe (RFC 2369), with one click where there is TLS (RFC 8058)."""
    if not url or len(url) > _LONGEST_UNSUBSCRIBE_URL:
        return {}
    fields = {"List-Unsubscribe": f"<{url}>"}
    if url.startswith("https:"):
        fields["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    return fields


def _line(texts: Mapping[str, str], field: str) -> str:
    """Returns a header field's value, which must be one line: data after a line break would begin another field."""
    line = texts[field].strip()
    if not line:
        raise PartRefused(field, "the result is empty")
    # What can be printed has none of them, and is told by a shorter way.
    if not line.isprintable() and _CONTROL.search(line):
        raise PartRefused(field, "the result has a line break or another control character")
    if len(line) > _LONGEST_LINE:
        raise PartRefused(field, f"the result is longer than {_LONGEST_LINE} characters")
    return line


def _header_value(texts: Mapping[str, str], name: str) -> str:
    field = f"headers.{name}"
    value = _line(texts, field)
    if is_structured(name):
        try:
            value = structured_value(name, value)
        except ValueError:
            raise PartRefused(field, "the result must be ASCII and must not contain '=?'") from None
        if not fits(name, value):
            fault = f"the result is longer than the {_LONGEST_LINE} characters of a line, where no blank divides it"
            raise PartRefused(field, fault)
    return value


def _body(texts: Mapping[str, str], field: str) -> str:
    if not texts[field].strip():
        raise PartRefused(field, "the result is empty")
    return texts[field]


def _derived_text(html: str, budget: Budget) -> str:
    # Imported on demand, because many services never need the HTML parser with its time and memory.
    from clarion_server.adapters.rendering.html.plain_text import plain_text  # noqa: PLC0415 - see above

    try:
        text = plain_text(html, budget)
    except RenderRefused as refused:
        raise PartRefused("html", str(refused)) from None
    if html and not text.strip() and not _PICTURE.search(html):
        raise PartRefused("html", "the result shows nothing")
    return text

"""The review of an e-mail as a whole: its links, and the unsubscribe link of marketing."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from clarion_server.adapters.rendering.review import links
from clarion_server.domain.category import Category
from clarion_server.domain.content.email import EmailContent
from clarion_server.domain.finding import Finding, FindingCode, Severity

_UNSUBSCRIBE = "unsubscribe"
_MAX_LINK_FINDINGS = 100


def email_findings(email: EmailContent, category: Category | None) -> Iterator[Finding]:
    yield from islice(_link_findings(email.html), _MAX_LINK_FINDINGS)
    if category is Category.MARKETING and not _offers_unsubscribe(email):
        yield Finding(
            Severity.WARNING,
            FindingCode.UNSUBSCRIBE_LINK_MISSING,
            "html" if email.html else "text",
            "A marketing mail needs a link by which people can unsubscribe.",
            "Add a link that says so in its text or its address, or a `List-Unsubscribe` header.",
        )


def _link_findings(html: str) -> Iterator[Finding]:
    for link in links(html):
        if link.fault:
            message = f"The link `{link.shown}` {link.fault}."
            remedy = "Use an address that begins with https:, http:, mailto: or tel:, or a fragment such as #top."
            yield Finding(Severity.ERROR, FindingCode.LINK_INVALID, "html", message, remedy, link.line)


def _offers_unsubscribe(email: EmailContent) -> bool:
    if any(name.lower() == "list-unsubscribe" for name in email.headers):
        return True
    if email.html:
        return any(link.mentions(_UNSUBSCRIBE) for link in links(email.html))
    return _UNSUBSCRIBE in email.text.lower()

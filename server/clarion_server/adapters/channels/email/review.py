"""Reviews an e-mail as a whole: its links, and how recipients of marketing unsubscribe."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice

from clarion_server.adapters.rendering.review import Link, ReviewFacts
from clarion_server.domain.addresses.public_url import PublicUrl
from clarion_server.domain.campaigns.campaign_definition import CampaignDefinition
from clarion_server.domain.category import Category
from clarion_server.domain.content.email import EmailContent
from clarion_server.domain.finding import Finding, FindingCode, Severity

_MAX_LINK_FINDINGS = 100
#: Is a size in octets. Gmail shows about 102 KB of a mail's HTML and hides the rest behind a link, unsubscribing
#: included.
_LARGE_HTML = 100_000
#: Says what a link by which people unsubscribe has in its address or its text.
_UNSUBSCRIBING = ("unsubscribe", "preferences_url")
#: Holds the fields that Clarion writes where recipients can unsubscribe.
_FIELDS = frozenset({"list-unsubscribe", "list-unsubscribe-post"})


def email_findings(email: EmailContent, definition: CampaignDefinition, facts: ReviewFacts) -> Iterator[Finding]:
    links = facts.reader.links(email.html)
    yield from islice(_link_findings(links), _MAX_LINK_FINDINGS)
    size = len(email.html.encode())
    if size > _LARGE_HTML:
        message = f"The HTML has {size:,} octets without its values, and some mail clients cut it off at about 102,000."
        remedy = "Move styles that repeat into classes, and leave out blanks and comments."
        yield Finding(Severity.WARNING, FindingCode.HTML_LARGE, "html", message, remedy)
    if definition.offers_unsubscribing:
        yield from _field_findings(email)
    if definition.category is Category.MARKETING:
        yield from _public_url_findings(email, facts.public_url)
        yield from _body_findings(email, links)


def _link_findings(links: Sequence[Link]) -> Iterator[Finding]:
    for link in links:
        if link.fault:
            message = f"The link `{link.shown}` {link.fault}."
            remedy = "Use an address that begins with https:, http:, mailto: or tel:, or a fragment such as #top."
            yield Finding(Severity.ERROR, FindingCode.LINK_INVALID, "html", message, remedy, link.line)


def _public_url_findings(email: EmailContent, public_url: PublicUrl | None) -> Iterator[Finding]:
    if public_url is None:
        yield Finding(
            Severity.ERROR,
            FindingCode.PUBLIC_URL_MISSING,
            _body_field(email),
            "A marketing mail has links by which people unsubscribe, and this service does not know its public URL.",
            "Set CLARION_PUBLIC_URL and CLARION_LINK_KEYS, and start the service again.",
        )
    elif not public_url.is_https:
        yield Finding(
            Severity.WARNING,
            FindingCode.PUBLIC_URL_WITHOUT_TLS,
            _body_field(email),
            f"Links that begin with {public_url.text} work on this machine alone, and mail clients offer no button.",
            "To try it out, leave it so. Otherwise set CLARION_PUBLIC_URL to a URL with https.",
        )


def _field_findings(email: EmailContent) -> Iterator[Finding]:
    for name in email.headers:
        if name.lower() in _FIELDS:
            yield Finding(
                Severity.ERROR,
                FindingCode.UNSUBSCRIBE_FIELD_SET,
                f"headers.{name}",
                f"Clarion writes {name} itself, with a link that records the opt-out.",
                "Remove the field.",
            )


def _body_findings(email: EmailContent, links: Sequence[Link]) -> Iterator[Finding]:
    if not _has_unsubscribe_link(email, links):
        yield Finding(
            Severity.WARNING,
            FindingCode.UNSUBSCRIBE_LINK_MISSING,
            _body_field(email),
            "A marketing mail needs a link by which people can unsubscribe: not every mail client has a button.",
            'Add `<a href="{{ unsubscribe_url }}">`, or the address alone to a text.',
        )


def _has_unsubscribe_link(email: EmailContent, links: Sequence[Link]) -> bool:
    if email.html:
        return any(link.mentions(word) for link in links for word in _UNSUBSCRIBING)
    return any(word in email.text.lower() for word in _UNSUBSCRIBING)


def _body_field(email: EmailContent) -> str:
    return "html" if email.html else "text"

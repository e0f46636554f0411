"""The rules of HTML with every value in its place, as one recipient gets it."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from clarion_server.adapters.rendering.html.links import Link, links_in, resources_of
from clarion_server.adapters.rendering.html.scanner import Tag, scan
from clarion_server.adapters.rendering.html.source import without_marks
from clarion_server.domain.finding import Finding, FindingCode, Severity

#: Is in octets. Gmail shows about 102 KB of a mail's HTML and hides the rest behind a link, unsubscribing included.
LARGE_HTML = 100_000
#: Limits the findings of one mail.
_MAX_FINDINGS = 50


def rendered_html_findings(html: str, content_ids: frozenset[str], field: str) -> Iterator[Finding]:
    """Yields what is wrong with the HTML, at most 50 findings. `content_ids` are those of the images it may show."""
    return islice(_findings(html, content_ids, field), _MAX_FINDINGS)


def _findings(html: str, content_ids: frozenset[str], field: str) -> Iterator[Finding]:
    size = len(html.encode("utf-8", "replace"))
    if size > LARGE_HTML:
        message = f"The rendered HTML has {size:,} octets, and some mail clients cut it off at about 102,000."
        remedy = "Show less of long lists, move styles that repeat into classes, and leave out blanks and comments."
        yield Finding(Severity.WARNING, FindingCode.HTML_LARGE, field, message, remedy)
    tokens = list(scan(without_marks(html)))
    for link in links_in(tokens):
        yield from _link_findings(link, field)
    for token in tokens:
        if isinstance(token, Tag):
            yield from _tag_findings(token, content_ids, field)


def _link_findings(link: Link, field: str) -> Iterator[Finding]:
    if link.fault:
        message = f"The rendered link `{link.shown}` {link.fault}."
        remedy = "Look at the value that is written there, and at what the context schema lets it be."
        yield Finding(Severity.ERROR, FindingCode.LINK_INVALID, field, message, remedy)
    elif not "".join(link.texts).strip():
        message = f"The rendered link `{link.shown}` has no text: nobody sees it, and nobody hears where it leads."
        remedy = "Write a text between `<a …>` and `</a>`, or an image with an `alt`."
        yield Finding(Severity.WARNING, FindingCode.LINK_EMPTY, field, message, remedy)


def _tag_findings(tag: Tag, content_ids: frozenset[str], field: str) -> Iterator[Finding]:
    for resource in resources_of(tag):
        is_carried = resource.address.startswith("cid:") and resource.address.removeprefix("cid:") in content_ids
        if resource.fault and not is_carried:
            message = f"The rendered address `{resource.shown}` {resource.fault}."
            remedy = "Look at the value that is written there."
            yield Finding(Severity.ERROR, FindingCode.LINK_INVALID, field, message, remedy)
    if tag.name == "img" and not tag.is_end and tag.value_of("alt") is None:
        message = "A rendered image has no `alt`: who does not see it hears or reads its address."
        remedy = 'Say in `alt="…"` what it shows, or write `alt=""` when it only decorates.'
        yield Finding(Severity.WARNING, FindingCode.IMAGE_WITHOUT_ALT, field, message, remedy)

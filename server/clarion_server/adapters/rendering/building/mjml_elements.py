"""Says what the elements of MJML become in HTML, for the rules of review that look at HTML."""

from __future__ import annotations

import re

_HTML = {
    "mj-button": "a",
    "mj-carousel-image": "img",
    "mj-image": "img",
    "mj-navbar-link": "a",
    "mj-social-element": "a",
    "mj-style": "style",
    "mj-title": "title",
}
_ELEMENT = re.compile(f"(</?)({'|'.join(_HTML)})(?=[\\s/>])", re.IGNORECASE)


def as_html(mjml: str) -> str:
    """Returns a source with the elements of HTML that readers, links and pictures depend on. Its lines stay."""
    return _ELEMENT.sub(lambda found: f"{found[1]}{_HTML[found[2].lower()]}", mjml)

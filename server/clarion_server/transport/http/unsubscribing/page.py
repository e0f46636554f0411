"""Writes the pages, which need neither script nor cookie nor any other file."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Final

from jinja2 import Environment, StrictUndefined, Template
from markupsafe import Markup
from starlette.responses import HTMLResponse, Response

from clarion_server.transport.http.unsubscribing.texts import Texts

_FIRST_REFUSAL: Final = 400


@dataclass(frozen=True, slots=True)
class Row:
    """One box of the page."""

    value: str
    shown: str
    """Is the value that the form sends for the box besides its tick."""
    is_ticked: bool
    name: str
    description: str


@dataclass(frozen=True, slots=True)
class Page:
    texts: Texts
    action: str = ""
    """Is the path to which the forms are sent."""
    address: str = ""
    status: str = ""
    """Is a text about what was done."""
    question: str = ""
    consequence: str = ""
    """Is a text about what a yes to the question means."""
    rows: Sequence[Row] = ()
    end_all: str = ""
    """Holds the words of the button that ends all marketing."""

    def response(self, code: int = 200) -> Response:
        names: dict[str, Any] = {name: getattr(self, name) for name in self.__slots__}
        page = _template().render(style=_style(), is_refusal=code >= _FIRST_REFUSAL, **names)
        return HTMLResponse(page, code, _headers(self.texts.language))


def line(texts: Texts, text: str, code: int = 200) -> Response:
    """Returns an answer for a program: one line of text."""
    return Response(f"{text}\n", code, _headers(texts.language), "text/plain")


#: Nothing of a page is kept, and the link, which is all that it takes to unsubscribe, is told to no other site.
_HEADERS: Final = {
    "cache-control": "no-store",
    "referrer-policy": "no-referrer",
    "x-robots-tag": "noindex",
    "x-content-type-options": "nosniff",
}


def _headers(language: str) -> dict[str, str]:
    return _HEADERS | {"content-language": language, "content-security-policy": _policy()}


@cache
def _policy() -> str:
    digest = base64.b64encode(hashlib.sha256(_style().encode()).digest()).decode()
    return (
        f"default-src 'none'; style-src 'sha256-{digest}'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    )


@cache
def _style() -> Markup:
    return Markup(_file("page.css"))  # noqa: S704 - a file of Clarion


@cache
def _template() -> Template:
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    return environment.from_string(_file("page.html"))


def _file(name: str) -> str:
    return files("clarion_server.transport.http.unsubscribing").joinpath(name).read_text(encoding="utf-8")

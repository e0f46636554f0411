"""The links of an HTML template, as far as they can be judged without data."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from html.parser import HTMLParser
from urllib.parse import urlsplit

_SCHEMES = frozenset({"http", "https", "mailto", "tel"})
_TAGS = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}", re.DOTALL)
_NEITHER_NAME_NOR_LINE = re.compile(r"[^\w.\n]")

#: Stands around what is left of a template tag: its names, and its line breaks.
_MARK = "\ufffc"
_MARKED = re.compile(f"{_MARK}[^{_MARK}]*{_MARK}")


@dataclass(slots=True)
class Link:
    line: int
    address: str
    text: str = ""

    def mentions(self, word: str) -> bool:
        return word in f"{self.address} {self.text}".lower()

    @property
    def fault(self) -> str:
        """What is wrong with the address, for people; empty when nothing is, or when the data decides."""
        address = _MARKED.sub(_MARK, self.address).strip()
        if not address:
            return "has no address"
        return "" if address.startswith(("#", _MARK)) else _fault(address)

    @property
    def shown(self) -> str:
        return _MARKED.sub("…", self.address).strip()


def links(source: str) -> Iterator[Link]:
    """Of a template that writes HTML."""
    reader = _LinkReader()
    reader.feed(_TAGS.sub(_marked, source))
    reader.close()
    return iter(reader.links)


def _marked(tag: re.Match[str]) -> str:
    return _MARK + _NEITHER_NAME_NOR_LINE.sub("", tag[0]) + _MARK


def _fault(address: str) -> str:
    try:
        parts = urlsplit(address)
        host = parts.hostname
    except ValueError:
        return "is malformed"
    if parts.scheme not in _SCHEMES:
        return f"has the scheme `{parts.scheme}:`" if parts.scheme else "is relative, and a mail has no base address"
    if parts.scheme in {"http", "https"} and not host:
        return "names no host"
    return "holds white space" if re.search(r"\s", address) else ""


class _LinkReader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.links: list[Link] = []
        self._is_open = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in {"a", "area"} and "href" in dict(attrs):
            self.links.append(Link(self.getpos()[0], dict(attrs)["href"] or ""))
            self._is_open = tag == "a"

    def handle_endtag(self, tag: str) -> None:
        if tag == "a":
            self._is_open = False

    def handle_data(self, data: str) -> None:
        if self._is_open:
            self.links[-1].text += data

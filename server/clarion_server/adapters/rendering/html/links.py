"""The links of an HTML template, and the addresses of what it shows, as far as they can be judged without data."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from html import unescape
from urllib.parse import urlsplit

from clarion_server.adapters.rendering.html.scanner import Tag, Text
from clarion_server.adapters.rendering.html.source import VALUE, without_names

_LINK_SCHEMES = frozenset({"http", "https", "mailto", "tel"})
_RESOURCE_SCHEMES = frozenset({"data", "http", "https"})
_FORM_SCHEMES = frozenset({"http", "https", "mailto"})
#: Attributes with an address, by element; `*` stands for any element.
_RESOURCES = {
    ("*", "background"): _RESOURCE_SCHEMES,
    ("button", "formaction"): _FORM_SCHEMES,
    ("form", "action"): _FORM_SCHEMES,
    ("img", "src"): _RESOURCE_SCHEMES,
    ("input", "formaction"): _FORM_SCHEMES,
    ("input", "src"): _RESOURCE_SCHEMES,
}
_WHITE_SPACE = re.compile(r"\s")


@dataclass(frozen=True, slots=True)
class Link:
    """Is a link, or an address of what is shown."""

    line: int
    address: str
    """Is the address, with marks in place of the template's tags, and their names."""
    schemes: frozenset[str] = _LINK_SCHEMES
    texts: list[str] = field(default_factory=list)

    def mentions(self, word: str) -> bool:
        return word in f"{self.address} {''.join(self.texts)}".lower()

    @property
    def fault(self) -> str:
        """Returns the fault of the address, for people; empty when it has none, or when the data decides."""
        address = without_names(without_names(self.address, VALUE), VALUE).strip()
        if not address:
            return "has no address"
        return "" if address.startswith(("#", VALUE)) else _fault(address, self.schemes)

    @property
    def shown(self) -> str:
        return without_names(self.address, "…").strip()


def links_in(tokens: Iterable[Tag | Text]) -> list[Link]:
    """Returns the links among the tokens of HTML, with their texts."""
    found: list[Link] = []
    is_open = False
    for token in tokens:
        if not isinstance(token, Tag):
            if is_open:
                found[-1].texts.append(token.text)
        elif token.is_end:
            is_open = is_open and token.name != "a"
        elif is_open and token.name == "img":
            found[-1].texts.append(token.value_of("alt") or "")
        elif token.name in {"a", "area"} and (address := token.value_of("href")) is not None:
            found.append(Link(token.line, address))
            is_open = token.name == "a"
    return found


def resources_of(tag: Tag) -> Iterator[Link]:
    """Yields the addresses that a tag shows or sends something to."""
    for attribute in () if tag.is_end else tag.attributes:
        schemes = _RESOURCES.get((tag.name, attribute.name)) or _RESOURCES.get(("*", attribute.name))
        if schemes is not None:
            yield Link(tag.line, unescape(attribute.value), schemes)


def _fault(address: str, schemes: frozenset[str]) -> str:
    try:
        parts = urlsplit(address)
        host = parts.hostname
    except ValueError:
        return "is malformed"
    if parts.scheme == "cid":
        return "names no file of the message"
    if parts.scheme not in schemes:
        return f"has the scheme `{parts.scheme}:`" if parts.scheme else "is relative, and a mail has no base address"
    if parts.scheme in {"http", "https"} and not host:
        return "names no host"
    return "holds white space" if parts.scheme != "data" and _WHITE_SPACE.search(address) else ""

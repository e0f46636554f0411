"""Refuses MJML of which the engine would make too much, or that is too deep for it, before it gets it."""

from __future__ import annotations

import re
from collections.abc import Iterator

#: The engine works recursively, and ends the process where elements are too deep.
DEEPEST = 100
#: Is the most characters that elements get from `mj-attributes` and from the elements around them: many times as many
#: as the longest template has.
_MOST_INHERITED = 16_000_000
#: The engine writes rules for each pair of them.
_MOST_CAROUSEL_IMAGES = 100

#: Say where something begins and ends that holds no elements.
_MARGINS = (("<!--", "-->"), ("<![CDATA[", "]]>"), ("<?", "?>"))
_TAG = re.compile(r"""<(/?)([^\s<>/"'=]*+)(?:[^"'>]++|"[^"]*+"|'[^']*+')*>""")
#: Elements of which those within them take attributes.
_GIVING = frozenset({"mj-accordion", "mj-accordion-element", "mj-carousel", "mj-navbar", "mj-social"})
_ATTRIBUTES = "mj-attributes"


class MjmlTooLarge(Exception):
    def __init__(self, message: str, remedy: str, at: int | None = None) -> None:
        """`at` says where, in the author's source; None means that no single place is to blame."""
        super().__init__(message)
        self.message = message
        self.remedy = remedy
        self.at = at


def too_deep(at: int | None = None) -> MjmlTooLarge:
    message = f"Elements stand within each other on more than {DEEPEST} levels."
    return MjmlTooLarge(message, "Close each element, and put fewer into each other.", at)


def check_growth(xml: str) -> None:
    """Raises MjmlTooLarge."""
    depth = element_count = image_count = inherited = 0
    are_defaults = False
    for tag in _tags(xml):
        name, is_end = tag[2], bool(tag[1])
        is_closed = xml[tag.end() - 2] == "/"
        depth = max(0, depth - 1) if is_end else depth + (not is_closed)
        if depth > DEEPEST:
            raise too_deep()
        if name == _ATTRIBUTES:
            are_defaults = not is_end
        if not is_end:
            element_count += name.startswith("mj-")
            image_count += name == "mj-carousel-image"
            inherited += len(tag[0]) if are_defaults or name in _GIVING else 0
    if image_count > _MOST_CAROUSEL_IMAGES:
        message = f"There are more than {_MOST_CAROUSEL_IMAGES} images in carousels."
        raise MjmlTooLarge(message, "Show fewer of them, or use `mj-image`.")
    if inherited * element_count > _MOST_INHERITED:
        message = "There are too many elements, and too many attributes that each of them takes from elsewhere."
        raise MjmlTooLarge(message, "Shorten what `mj-attributes` says, or split the mail up.")


def _tags(xml: str) -> Iterator[re.Match[str]]:
    """Yields the tags as XML has them, up to one that is not finished: there the engine stops reading."""
    at = xml.find("<")
    while at >= 0:
        margin = next((each for each in _MARGINS if xml.startswith(each[0], at)), None)
        if margin is not None:
            end = xml.find(margin[1], at + len(margin[0]))
            if end < 0:
                return
            at = end + len(margin[1])
        else:
            found = _TAG.match(xml, at)
            if found is None:
                return
            yield found
            at = found.end()
        at = xml.find("<", at)

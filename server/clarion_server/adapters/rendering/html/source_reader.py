"""Reads sources for one review. What several checks need, and what several contents share, is read once."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from clarion_server.adapters.rendering.html.links import Link, links_in
from clarion_server.adapters.rendering.html.scanner import Tag, Text, scan
from clarion_server.adapters.rendering.html.source import html_of
from clarion_server.adapters.rendering.templates.environment import ENVIRONMENTS
from clarion_server.adapters.rendering.templates.escaping import Escaping
from clarion_server.adapters.rendering.templates.inline_images import shown_images
from clarion_server.adapters.rendering.templates.structure import parse_template

#: At most this many sources are remembered: contents that share a part take it from the default one, or follow each
#: other.
REMEMBERED = 64


class SourceReader:
    """Remembers what it read in the last sources. Belongs to one review."""

    def __init__(self) -> None:
        # Tags and texts take up to a hundred times the memory of their HTML.
        self._html = lru_cache(maxsize=1)(_html_in)
        self._links = lru_cache(maxsize=REMEMBERED)(lambda source: links_in(self._html(source)))
        self._images = lru_cache(maxsize=REMEMBERED)(_images_in)

    def html(self, source: str) -> Sequence[Tag | Text]:
        """Returns the tags and texts of the HTML that a template writes."""
        return self._html(source)

    def links(self, source: str) -> Sequence[Link]:
        """Returns the links in the HTML that a template writes, with their texts."""
        return self._links(source)

    def images(self, source: str) -> Sequence[tuple[str, int]] | None:
        """Returns the inline images that a template shows, with their lines; None when it cannot be parsed."""
        return self._images(source)


def _html_in(source: str) -> list[Tag | Text]:
    return list(scan(html_of(source)))


def _images_in(source: str) -> list[tuple[str, int]] | None:
    tree, _ = parse_template(source, ENVIRONMENTS[Escaping.HTML])
    return None if tree is None else list(shown_images(tree))

"""Bounds how many characters of declarations the elements of a source get, before any gets them.

A rule of some kilobytes in ten thousand elements is hundreds of megabytes.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from html import unescape

from clarion_server.adapters.rendering.building.elements import Element, Skeleton
from clarion_server.adapters.rendering.building.open_elements import IMPLIED

_ALL = "*"
#: What holds braces and signs that mean nothing. As in CSS, the text of `url(` begins no comment.
_OPAQUE = re.compile(
    r"""url\(\s*+[^"'\s][^)]*+\)?|/\*.*?(?:\*/|\Z)|"[^"\n]*+"?|'[^'\n]*+'?""", re.IGNORECASE | re.DOTALL
)
_SIGN = re.compile(r"[{};]")
#: At-rules whose blocks are left in the sheet.
_KEPT = re.compile(r"\s*@(?:font-face|keyframes|-webkit-keyframes|media|supports)\b", re.IGNORECASE)
#: The last part of a selector: an element, classes and ids, and what narrows them further.
_LAST = re.compile(r"(?:[^,]*[\s>+~])?(\*|[a-z][a-z0-9-]*)?((?:[.#][a-z_-][a-z0-9_-]*)*)(?:::?[a-z-]+)*")
_CLASS_OR_ID = re.compile(r"[.#][^.#]+")


def longest_styles(skeleton: Skeleton) -> int:
    """Returns a number of characters that the declarations for all elements together do not exceed."""
    counts = Counter(key for element in skeleton.elements for key in _keys(element))
    counts.update(dict.fromkeys((_ALL, *IMPLIED), skeleton.added_count))
    return sum(_of_rules(sheet.rules, counts) for sheet in skeleton.sheets)


def _keys(element: Element) -> Iterable[str]:
    # A parser adds some elements by itself, at most one for each that the author wrote.
    name = element.tag.name
    keys = {_ALL, name, *IMPLIED}
    keys.update(f".{each}" for each in unescape(element.tag.value_of("class") or "").lower().split())
    keys.add(f"#{unescape(element.tag.value_of('id') or '').strip().lower()}")
    return keys


def _of_rules(rules: str, counts: Counter[str]) -> int:
    everywhere = len(rules) * counts[_ALL]
    # With an escape a name may be another one, and what is not closed here may be closed by the next sheet.
    if "\\" in rules or any(not found[0].endswith(("*/", '"', "'", ")")) for found in _OPAQUE.finditer(rules)):
        return everywhere
    text = _OPAQUE.sub(lambda found: " " if found[0].startswith("/*") else "x" * len(found[0]), rules)
    total = depth = 0
    prelude, start = "", 0
    for sign in _SIGN.finditer(text):
        at = sign.start()
        if sign[0] == "{":
            if not depth:
                prelude, start = text[start:at], at
            depth += 1
        elif sign[0] == "}":
            if not depth:
                return everywhere
            depth -= 1
            if not depth:
                total += (at - start) * _matches(prelude, counts)
                start = at + 1
        elif not depth:
            start = at + 1
    return everywhere if depth else total


def _matches(prelude: str, counts: Counter[str]) -> int:
    """Returns how many elements at most get the declarations behind it."""
    if _KEPT.match(prelude):
        return 0
    total = 0
    for selector in prelude.lower().split(","):
        last = _LAST.fullmatch(selector.strip())
        if last is None:
            return counts[_ALL]
        total += min(counts[key] for key in [last[1] or _ALL, *_CLASS_OR_ID.findall(last[2])])
    return min(total, counts[_ALL])

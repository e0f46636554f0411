"""The shape of a template: what is left of it without its words.

Templates of one shape have the same tree but for the words of its texts and its lines.
"""

from __future__ import annotations

import re

#: Is a length in characters. The texts of longer templates have a part in whether Python compiles them.
_LONGEST = 64 * 1024
_STRING = r""""[^"\\]*+(?:\\.[^"\\]*+)*"|'[^'\\]*+(?:\\.[^'\\]*+)*'"""
#: As Jinja2 reads them. Those with braces outside of strings are left to it. A comment without an end takes all the
#: rest, which is therefore read once, and not again from each `{#` in it.
_TAG = re.compile(
    rf"""(\{{\{{(?:[^{{}}"']++|{_STRING})*\}}\}}|\{{%(?:[^{{}}"'%]++|%(?!\}})|{_STRING})*%\}}|\{{#(?:.*?#\}}|.*+))""",
    re.DOTALL,
)
_BEGINNING = re.compile(r"\{(?:[{%#]|\Z)")
_RAW_OR_WITHOUT_END = re.compile(r"\{%[-+]?\s*raw\b|\{#(?!.*?#\})", re.DOTALL)
_LAST_LINE_END = re.compile(r"(?:\r\n|\r|\n)\Z")


def shape_of(source: str) -> str | None:
    """Returns the source with the same word in place of each text; None where that could be part of a tag."""
    if len(source) > _LONGEST:
        return None
    # Jinja2 drops it.
    pieces = _TAG.split(_LAST_LINE_END.sub("", source))
    if any(map(_BEGINNING.search, pieces[::2])) or any(map(_RAW_OR_WITHOUT_END.match, pieces[1::2])):
        return None
    pieces[::2] = map(_class_of, pieces[::2])
    return "".join(pieces)


def _class_of(text: str) -> str:
    """Returns an empty text, a blank one, or a word: templates without a word or a value write nothing."""
    if not text:
        return ""
    return "x" if text.strip() else " "

"""Jinja2's lexer, where one match of a regular expression takes at most some milliseconds.

Nothing interrupts a match. Jinja2's own rules take 20 ms for the largest text without a tag, since they try each tag at
each character, and 100 ms for the longest number.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from jinja2.lexer import TOKEN_FLOAT, Failure, Lexer

if TYPE_CHECKING:
    from jinja2 import Environment

#: A number has at most this many digits. A double has at most 309.
_MOST_DIGITS = 300
_LONG_NUMBER = re.compile(rf"(?:[0-9][0-9_]{{0,{_MOST_DIGITS}}}\.)?[0-9][0-9_]{{{_MOST_DIGITS}}}")
#: Is the beginning of Jinja2's rule for texts, which is followed by the tags, and what replaces it. All tags begin with
#: {.
_TEXT, _FASTER_TEXT = "(.*?)(?:", r"([^{]*+(?:\{(?![{%#])[^{]*+)*)(?:"


class BoundedLexer(Lexer):
    """Reads the same tokens as Jinja2's lexer, and refuses long numbers."""

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        text, *rest = self.rules["root"]
        pattern = text.pattern.pattern
        # Another release of Jinja2 may have another rule, which is then kept.
        if pattern.startswith(_TEXT):
            faster = re.compile(_FASTER_TEXT + pattern.removeprefix(_TEXT), text.pattern.flags)
            self.rules["root"] = [text._replace(pattern=faster), *rest]
        for rules in self.rules.values():
            for position, rule in enumerate(rules):
                if rule.tokens == TOKEN_FLOAT:
                    refusal = (Failure(f"A number has more than {_MOST_DIGITS} digits."),)
                    rules.insert(position, rule._replace(pattern=_LONG_NUMBER, tokens=refusal))
                    break

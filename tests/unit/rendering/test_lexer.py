"""Templates are read as Jinja2 reads them, and no text and no number takes long to be matched."""

from __future__ import annotations

from typing import Any

import pytest
from clarion_server.adapters.rendering.templates.environment import ENVIRONMENTS
from clarion_server.adapters.rendering.templates.escaping import Escaping
from hypothesis import given
from hypothesis import strategies as st
from jinja2 import TemplateSyntaxError
from jinja2.lexer import Lexer

from tests.unit.rendering.calls import processor_time
from tests.unit.rendering.contents import codes, reviewed

ENVIRONMENT = ENVIRONMENTS[Escaping.NONE]
OURS, JINJAS = ENVIRONMENT.lexer, Lexer(ENVIRONMENT)
LARGEST = 512 * 1024

TAGS = ("{{", "}}", "{%", "%}", "{#", "#}", "{%- ", " -%}", "{{-", "{{{", "}}}")
RAW = ("raw", "endraw", "{% raw %}", "{% endraw %}", "{%- raw -%}")
WORDS = ("1.5", "1e5", "1_000", "0x1f", "if", "\r\n", "{ {", "\u2028", "\\'")
PIECES = st.sampled_from([*"{}%#-+ \n\r.'x1_", *TAGS, *RAW, *WORDS])


def tokens(lexer: Lexer, source: str) -> Any:
    try:
        return list(lexer.tokeniter(source, None))
    except TemplateSyntaxError as error:
        return error.lineno, error.message


@given(st.lists(PIECES, max_size=30).map("".join))
def test_every_template_has_the_tokens_that_jinja2_finds(source: str) -> None:
    assert tokens(OURS, source) == tokens(JINJAS, source)


@pytest.mark.parametrize(
    "source",
    ["{{ " + "1" * 300 + " }}", "{{ x" + "1" * 150 + " }}", "{{ 'x" + "1" * 301 + "' }}", "1" * 301, "{{ 1.5e300 }}"],
    ids=["a number of 300 digits", "a name", "a text in quotes", "a text", "a large number"],
)
def test_what_is_no_long_number_is_read(source: str) -> None:
    assert tokens(OURS, source) == tokens(JINJAS, source)
    assert isinstance(tokens(OURS, source), list)


@pytest.mark.parametrize("number", ["1" * 301, "1_" * 200, "1." + "1" * 301, "1" * LARGEST, "0" * 301])
def test_a_number_of_too_many_digits_is_refused(number: str) -> None:
    assert tokens(OURS, f"\n{{{{ {number[: LARGEST - 10]} }}}}") == (2, "A number has more than 300 digits.")
    assert codes(reviewed("{{ 1" + "1" * 301 + " }}")) == ["E TEMPLATE_SYNTAX"]


@pytest.mark.parametrize("number", ["1e400", "1.5e309", "1_0e999"])
def test_a_number_that_no_double_can_hold_is_refused(number: str) -> None:
    assert codes(reviewed(f"{{{{ {number} }}}}")) == codes(reviewed("{{ " + "x" * 201 + " }}"))
    assert codes(reviewed("{{ 1e308 }}")) == []


@pytest.mark.parametrize("piece", ["hello ", "x", "&amp;"])
def test_a_text_without_tags_takes_a_fraction_of_the_time_that_jinja2_takes(piece: str) -> None:
    source = piece * (LARGEST // len(piece))
    assert processor_time(lambda: tokens(OURS, source)) < processor_time(lambda: tokens(JINJAS, source)) / 4

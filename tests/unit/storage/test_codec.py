"""Tests the rules by which any dataclass becomes JSON and is read again."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import pytest
from clarion_server.adapters.storage.rows.codec import JsonCodec


@dataclass(frozen=True, slots=True)
class Note:
    text: str
    language: str = "en"
    extras: Mapping[str, str] = field(default_factory=dict)


class Tone(StrEnum):
    KIND = "KIND"
    STERN = "STERN"


@dataclass(frozen=True, slots=True)
class Reply:
    text: str
    tone: Tone = Tone.KIND


@dataclass(frozen=True, slots=True)
class Picture:
    url: str


@dataclass(frozen=True, slots=True)
class Letter:
    parts: tuple[Note | Picture, ...]
    signature: Note | Picture | None = None


NOTE = JsonCodec[Note](Note)
REPLY = JsonCodec[Reply](Reply)
LETTER = JsonCodec[Letter](Letter)


def test_a_field_that_equals_its_default_is_left_out() -> None:
    assert NOTE.encode(Note("Hello")) == '{"text":"Hello"}'


@pytest.mark.parametrize("text", ["Hello", "half a pair: \ud83d"])
def test_a_member_of_an_enumeration_is_its_text(text: str) -> None:
    encoded = REPLY.encode(Reply(text, Tone.STERN))
    assert json.loads(encoded) == {"text": text, "tone": "STERN"}
    assert REPLY.decode(encoded) == Reply(text, Tone.STERN)


def test_a_missing_key_is_read_as_the_default() -> None:
    assert NOTE.decode('{"text": "Hello"}') == Note("Hello", "en", {})


def test_an_unknown_key_is_ignored() -> None:
    assert NOTE.decode('{"text": "Hello", "colour": {"red": 1}}') == Note("Hello")


def test_a_missing_key_without_a_default_is_an_error() -> None:
    with pytest.raises(KeyError, match="text"):
        NOTE.decode("{}")


def test_none_is_null_in_both_directions() -> None:
    assert NOTE.encode(None) is None
    assert NOTE.decode(None) is None


def test_a_union_names_the_class_of_each_value() -> None:
    letter = Letter((Note("Hello"), Picture("a.png")), signature=Picture("b.png"))
    text = LETTER.encode(letter)
    assert text == (
        '{"parts":[{"text":"Hello","@type":"Note"},{"url":"a.png","@type":"Picture"}],'
        '"signature":{"url":"b.png","@type":"Picture"}}'
    )
    assert LETTER.decode(text) == letter


def test_a_document_without_a_type_is_of_the_first_class() -> None:
    assert LETTER.decode('{"parts": [{"text": "Hello"}]}') == Letter((Note("Hello"),))


def test_an_unknown_type_is_an_error() -> None:
    with pytest.raises(KeyError, match="Song"):
        LETTER.decode('{"parts": [{"@type": "Song"}]}')


def test_keys_of_a_mapping_may_be_numbers() -> None:
    codec = JsonCodec[Mapping[int, Note]](Mapping[int, Note])
    assert codec.decode(codec.encode({7: Note("Hello")})) == {7: Note("Hello")}


@pytest.mark.parametrize("number", [2**64, -(10**30), 1e300, 0.1 + 0.2, 1.0])
def test_big_numbers_stay_exact_where_they_are_asked_for(number: float) -> None:
    codec = JsonCodec[Mapping[str, Any]](Mapping[str, Any], big_numbers=True)
    assert repr(codec.decode(codec.encode({"maximum": number}))) == repr({"maximum": number})


@pytest.mark.parametrize("text", ["250 \udcff ok", "\x00", "\u2028", "\U0001f4e7", '"\\'])
def test_every_text_of_python_can_be_stored(text: str) -> None:
    assert NOTE.decode(NOTE.encode(Note(text, extras={"reply": text}))) == Note(text, extras={"reply": text})

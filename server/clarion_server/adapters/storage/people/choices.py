"""Packs the current choices of a person into one column, and unpacks them.

A choice is a JSON array of its choice, its time, the key of its change, its channel, its topic, and whether it is the
person's own word. This is written by
hand, as it runs for each recipient of marketing and takes half the time of a codec. Its golden file is in
`tests/unit/storage/test_choices.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

import orjson

from clarion_server.domain.channel_kind import Channel
from clarion_server.domain.consent.consent import Consent, ConsentChoice, ConsentScope

#: Looking a member up here takes a fifth of the time of calling its class.
_CHANNELS: Mapping[str | None, Channel | None] = {None: None} | {str(channel): channel for channel in Channel}
_CHOICES = {str(choice): choice for choice in ConsentChoice}
#: All people share the scopes of their choices, of which a sandbox has few.
_scope = lru_cache(maxsize=4096)(lambda channel, topic: ConsentScope(_CHANNELS[channel], topic))


def pack(choices: Iterable[Consent]) -> str:
    rows = [
        (
            str(each.choice),
            each.time,
            each.change_key,
            each.scope.channel and str(each.scope.channel),
            each.scope.topic,
            each.is_own_word,
        )
        for each in choices
    ]
    return orjson.dumps(rows).decode()


def unpack(packed: str | None) -> Sequence[Consent]:
    """Returns the choices, none for a person who made none."""
    return () if packed is None else choices_of(orjson.loads(packed))


def choices_of(rows: Sequence[Sequence[Any]]) -> Sequence[Consent]:
    """Returns the choices of what was packed, read as JSON."""
    return [
        Consent(_scope(channel, topic), _CHOICES[choice], time, change_key, is_own_word)
        for choice, time, change_key, channel, topic, is_own_word in rows
    ]

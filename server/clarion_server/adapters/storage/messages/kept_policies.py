"""Reads and writes what a message keeps of its sending policy, as one text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache

from clarion_server.domain.messages.kept_policy import KeptPolicy
from clarion_server.domain.messages.message import Message
from clarion_server.domain.sourced_value import SourcedValue, ValueSource


def policy_text(kept: KeptPolicy) -> str:
    """Returns the policy's id, and behind it the time zone and where that comes from, if a clock decided. None of them
    has a space in it.
    """
    zone = kept.zone
    return kept.id if zone is None else f"{kept.id} {zone.value} {zone.source}"


@lru_cache(maxsize=4096)
def kept_policy(text: str) -> KeptPolicy:
    policy_id, *zone = text.split(" ")
    return KeptPolicy(policy_id, SourcedValue(zone[0], ValueSource(zone[1])) if zone else None)


def text_of_policy(message: Message) -> str | None:
    return None if message.sending_policy is None else policy_text(message.sending_policy)


def texts_of_policies(messages: Iterable[Message]) -> Iterator[str | None]:
    """Yields the texts of messages that share few values, each of which is made once."""
    texts: dict[int, str | None] = {}
    for message in messages:
        kept = id(message.sending_policy)
        if kept not in texts:
            texts[kept] = text_of_policy(message)
        yield texts[kept]

"""The choices that a person makes on a page: a tick for each topic, and one for all other marketing of the channel."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from clarion_server.domain.category import Category
from clarion_server.domain.channel_kind import Channel
from clarion_server.domain.consent.consent import (
    Consent,
    ConsentChoice,
    Consents,
    ConsentScope,
    Silence,
    decide_consent,
)
from clarion_server.domain.instant import Instant


@dataclass(frozen=True, slots=True)
class Tick:
    """One box of the page, as it was shown and as it came back: the person may have chosen elsewhere meanwhile."""

    shown: bool
    wanted: bool
    text_version: str = ""
    """Is the version of the words beside it."""

    @property
    def was_changed(self) -> bool:
        return self.wanted is not self.shown


#: Maps the id of a topic, or None for all other marketing of the channel, to its box. `Silences` has the same keys.
Ticks = Mapping[str | None, Tick]
Silences = Mapping[str | None, Silence]


def is_sent(consents: Consents, channel: Channel, topic: str | None, silences: Silences) -> bool:
    """Returns whether the person gets marketing about the topic on the channel."""
    return decide_consent(consents.values(), channel, topic, Category.MARKETING, silences[topic]).allowed


def choices_of(
    ticks: Ticks, consents: Consents, channel: Channel, silences: Silences, now: Instant
) -> Iterator[Consent]:
    """Yields the choices after which the person gets what is ticked, as few as possible.

    A box that the person did not touch keeps what is stored, which may have changed since the page was shown.
    """
    wanted = {
        topic: tick.wanted if tick.was_changed else is_sent(consents, channel, topic, silences)
        for topic, tick in ticks.items()
    }
    # Clocks differ: what the person says now is later than all that is stored.
    now = max((now, *(consent.time + 1 for consent in consents.values())))
    after = dict(consents)
    # The choice about the whole channel comes first, because those about topics answer it.
    for topic in sorted(wanted, key=lambda topic: topic is not None):
        if is_sent(after, channel, topic, silences) is not wanted[topic]:
            choice = _choice(ConsentScope(channel, topic), wanted[topic], now)
            after[choice.scope] = choice
            yield choice


def _choice(scope: ConsentScope, is_wanted: bool, now: Instant) -> Consent:
    if is_wanted:
        # A grant answers a denial that is older, and both may be made at once.
        return Consent(scope, ConsentChoice.GRANTED, now + 1)
    return Consent(scope, ConsentChoice.DENIED, now)

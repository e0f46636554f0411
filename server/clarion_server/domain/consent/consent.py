"""Defines consents: a person's choices about messages, and whether they allow one.

A choice holds for a scope: every message, those of one channel, those of one topic, or those of one topic on one
channel. A denial gives way to the person's own later grant of the same or a narrower scope, and to nothing else. So a
person who refuses everything and then subscribes to one topic gets that topic, and a person who left one topic does not
get it back by agreeing to marketing in general.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar

from clarion_server.domain.category import Category
from clarion_server.domain.channel_kind import Channel
from clarion_server.domain.errors import EtagMismatch
from clarion_server.domain.instant import Instant
from clarion_server.domain.value import value


class ConsentChoice(StrEnum):
    GRANTED = "GRANTED"
    DENIED = "DENIED"


class Silence(StrEnum):
    """Says whether marketing is sent to somebody who has neither granted nor denied it."""

    SEND_UNLESS_DENIED = "SEND_UNLESS_DENIED"
    SEND_ONLY_IF_GRANTED = "SEND_ONLY_IF_GRANTED"


@value
class SilenceSetting:
    """Is what silence means for messages of a sandbox about a topic."""

    silence: Silence
    cause: str
    """Is the name of the resource that says so: the topic, or the sandbox's settings."""


@value
class ConsentScope:
    """Holds the messages that a choice is about."""

    channel: Channel | None = None
    """None stands for every channel."""
    topic: str | None = None
    """Is the topic's id. None stands for every topic, and for messages without one."""

    def covers(self, other: ConsentScope) -> bool:
        """Returns whether every message of the other scope is in this one: the other is the same or narrower."""
        return self.channel in (None, other.channel) and self.topic in (None, other.topic)

    @property
    def width(self) -> int:
        """Orders scopes: what is narrower has less. A topic is narrower than a channel."""
        return 2 * (self.topic is None) + (self.channel is None)


@value
class Consent:
    """Is the current choice of a person in one scope."""

    scope: ConsentScope
    choice: ConsentChoice
    time: Instant
    """Says when the person made the choice."""
    change_key: int = 0
    """Is the key of the change in the person's history that made it."""
    is_own_word: bool = True
    """Says whether it is known that the person made the choice. A grant of a copied list answers no denial."""


@dataclass(frozen=True, slots=True)
class ConsentSettings:
    """Is what consent means in a sandbox."""

    sandbox: str
    silence: Silence = Silence.SEND_ONLY_IF_GRANTED
    update_time: Instant | None = None
    """Is None when they were never changed."""
    revision: int = 0

    name: ClassVar[str] = "consentSettings"

    @property
    def etag(self) -> str:
        return f'"{self.revision}"'

    def check_etag(self, etag: str) -> None:
        """Raises EtagMismatch when `etag` is not empty and not the current one."""
        if etag and etag != self.etag:
            raise EtagMismatch(self.name)

    def updated(self, silence: Silence, now: Instant) -> ConsentSettings:
        return ConsentSettings(self.sandbox, silence, now, self.revision + 1)


#: Holds the current choices of a person, by their scopes.
Consents = Mapping[ConsentScope, Consent]

NO_CONSENTS: Consents = {}


@value
class ConsentDecision:
    allowed: bool
    consent: Consent | None = None
    """Is the choice that decided; None when the person has made none."""


#: Is the decision about a message for which nobody's consent is asked.
NOT_ASKED = ConsentDecision(allowed=True)
_ALLOWED_BY_SILENCE, _DENIED_BY_SILENCE = ConsentDecision(allowed=True), ConsentDecision(allowed=False)
#: Python 3.11 takes as long to find a member in its class as to create a small object.
_GRANTED, _DENIED = ConsentChoice.GRANTED, ConsentChoice.DENIED
_TRANSACTIONAL, _SEND_UNLESS_DENIED = Category.TRANSACTIONAL, Silence.SEND_UNLESS_DENIED


def by_scope(consents: Iterable[Consent]) -> dict[ConsentScope, Consent]:
    return {consent.scope: consent for consent in consents}


def covering(choices: Iterable[Consent], channel: Channel | None, topic: str | None) -> list[Consent]:
    """Returns the choices that are about every message on the channel and about the topic."""
    # This runs for each recipient of marketing, so it does what `ConsentScope.covers` does without calling it.
    found = []
    for choice in choices:
        scope = choice.scope
        if (scope.channel is None or scope.channel is channel) and (scope.topic is None or scope.topic == topic):
            found.append(choice)
    return found


def standing_denial(choices: Sequence[Consent]) -> Consent | None:
    """Returns the narrowest denial among choices that cover one scope that no grant among them answers, if there is
    one.
    """
    denials = [choice for choice in choices if choice.choice is _DENIED]
    if not denials:
        return None
    grants = [choice for choice in choices if choice.choice is _GRANTED]
    standing = [denial for denial in denials if not any(answers(grant, denial) for grant in grants)]
    return min(standing, key=_width, default=None)


def answers(grant: Consent, denial: Consent) -> bool:
    """Returns whether the denial gives way to the grant where both cover a message.

    It does when the grant is the person's own word, later, and of the same or a narrower scope. At one instant, it does
    not.
    """
    return grant.is_own_word and grant.time > denial.time and denial.scope.covers(grant.scope)


def decide_consent(
    choices: Collection[Consent], channel: Channel, topic: str | None, category: Category, silence: Silence
) -> ConsentDecision:
    """Returns whether a message of the category, on the channel and about the topic may be sent to whoever made the
    choices.

    Transactional messages heed the choices about their own topic alone: a person who refuses all marketing still gets
    a password reset.
    """
    if len(choices) == 1 and category is not _TRANSACTIONAL:
        # Most people have made one choice: this does what follows without a list.
        (choice,) = choices
        scope = choice.scope
        if (scope.channel is None or scope.channel is channel) and (scope.topic is None or scope.topic == topic):
            return ConsentDecision(choice.choice is _GRANTED, choice)
        choices = ()
    about_it = covering(choices, channel, topic) if choices else ()
    if category is _TRANSACTIONAL:
        denial = standing_denial([choice for choice in about_it if choice.scope.topic is not None])
        return NOT_ASKED if denial is None else ConsentDecision(False, denial)
    if not about_it:
        return _ALLOWED_BY_SILENCE if silence is _SEND_UNLESS_DENIED else _DENIED_BY_SILENCE
    denial = standing_denial(about_it)
    if denial is not None:
        return ConsentDecision(False, denial)
    # A denial that does not stand has a grant that answers it, so there is one.
    return ConsentDecision(True, min([choice for choice in about_it if choice.choice is _GRANTED], key=_width))


def _width(consent: Consent) -> int:
    return consent.scope.width

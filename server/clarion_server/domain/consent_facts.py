"""The stored choices on which a batch of messages depends, and the decision about each of the messages."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from clarion_server.domain.channel_kind import Channel
from clarion_server.domain.consent import (
    NO_CONSENTS,
    NOT_ASKED,
    ConsentDecision,
    Consents,
    Silence,
    decide_consent,
)
from clarion_server.domain.message import Message
from clarion_server.domain.value import value


@value
class ConsentHolder:
    """The profile that has an identity, as far as consent is concerned."""

    profile_key: int | None
    consents: Consents


#: Stands for somebody without a profile.
NOBODY = ConsentHolder(None, NO_CONSENTS)


@dataclass(frozen=True, slots=True)
class ConsentFacts:
    silences: Mapping[tuple[str, str | None], Silence] = field(default_factory=dict)
    """What silence means, by the sandbox and the id of the topic."""
    holders: Mapping[tuple[str, str], ConsentHolder] = field(default_factory=dict)
    """The profiles by the sandbox and one of their identities, as it was written."""

    def decide(self, message: Message) -> ConsentDecision:
        """Returns whether the recipient agrees to the message, and whoever has the address does not refuse it."""
        if not message.asks_consent:
            return NOT_ASKED
        own = self._holder(message, message.identity)
        decision = self._decide(message, own.consents, self.silences[message.sandbox, message.topic])
        identity = address_identity(message.channel, message.address)
        owner = NOBODY if identity is None else self._holder(message, identity)
        if not decision.allowed or owner.profile_key in (None, own.profile_key):
            return decision
        # Somebody else has the address. That person's grant is for themselves, and a denial stops the message.
        of_owner = self._decide(message, owner.consents, Silence.SEND_UNLESS_DENIED)
        return decision if of_owner.allowed else of_owner

    def _holder(self, message: Message, identity: str) -> ConsentHolder:
        return self.holders.get((message.sandbox, identity), NOBODY)

    def _decide(self, message: Message, consents: Consents, silence: Silence) -> ConsentDecision:
        return decide_consent(consents, message.channel, message.topic, message.category, silence)


@value
class ConsentQuestion:
    """What must be known to decide about messages of one sandbox and topic."""

    sandbox: str
    topic: str | None
    identities: Collection[str]
    """Of the recipients, and of whoever has their addresses."""


def question_of(message: Message) -> ConsentQuestion:
    owner = address_identity(message.channel, message.address)
    identities = (message.identity,) if owner is None else (message.identity, owner)
    return ConsentQuestion(message.sandbox, message.topic, identities)


def address_identity(channel: Channel, address: str) -> str | None:
    """Returns the identity of whoever has the address; None where addresses belong to nobody."""
    return f"email:{address}" if channel is Channel.EMAIL and address else None

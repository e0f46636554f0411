"""Defines the stored choices on which a batch of messages depends, and the decision about each of the messages."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from clarion_server.domain.addresses.address_key import email_key
from clarion_server.domain.channel_kind import Channel
from clarion_server.domain.consent.consent import NOT_ASKED, ConsentDecision, Silence, SilenceSetting, decide_consent
from clarion_server.domain.messages.message import Message, VersionAction
from clarion_server.domain.people.identity import IdentityKey
from clarion_server.domain.people.profile import NOBODY, KnownPeople
from clarion_server.domain.value import value

#: Python 3.11 takes as long to find a member in its class as to create a small object.
_EMAIL = Channel.EMAIL


@value
class ConsentQuestion:
    """Is what must be known to decide about messages of one sandbox and topic."""

    sandbox: str
    topic: str | None
    identities: Mapping[str, IdentityKey]
    """Of the recipients and of whoever has their addresses, as far as they are not looked up yet: what each is
    compared by, by the form that is given.
    """


@dataclass(frozen=True, slots=True)
class ConsentFacts:
    silences: Mapping[tuple[str, str | None], SilenceSetting] = field(default_factory=dict)
    """Is what silence means, by the sandbox and the id of the topic."""
    holders: KnownPeople = field(default_factory=dict)

    def decide(self, action: VersionAction, identity: str, address: str) -> ConsentDecision:
        """Returns whether the recipient agrees to a message of the action, and whoever has the address does not refuse
        it.
        """
        sandbox, channel, topic, category = action.sandbox, action.channel, action.topic, action.category
        people = self.holders.get(sandbox, NOBODY)
        own = people.get(identity)
        choices = () if own is None else own.choices
        decision = decide_consent(choices, channel, topic, category, self.silences[sandbox, topic].silence)
        # Nearly every address is its recipient's identity. This is `address_identity` without a call.
        if not decision.allowed or channel is not _EMAIL or not address or identity == (owned := f"email:{address}"):
            return decision
        owner = people.get(owned)
        if owner is None or (own is not None and owner.key == own.key):
            return decision
        # Somebody else has the address. That person's grant is for themselves, and a denial stops the message.
        of_owner = decide_consent(owner.choices, channel, topic, category, Silence.SEND_UNLESS_DENIED)
        return decision if of_owner.allowed else of_owner

    def silence_cause(self, sandbox: str, topic: str | None) -> str:
        """Returns the name of the resource that says what silence means."""
        return self.silences[sandbox, topic].cause

    def decide_about(self, message: Message) -> ConsentDecision:
        """Does the same as `decide` for a message, for which maybe nobody is asked."""
        if not message.action.asks_consent:
            return NOT_ASKED
        return self.decide(message.action, message.identity, message.address)


def address_identity(channel: Channel, address: str) -> str | None:
    """Returns the identity of whoever has the address; None where addresses belong to nobody."""
    return f"email:{address}" if channel is Channel.EMAIL and address else None


def identities_of_others(channel: Channel, recipients: Iterable[tuple[str, str]]) -> dict[str, IdentityKey]:
    """Returns the identities of whoever has the addresses of recipients that may be somebody else's, by the form that
    is given. Recipients are given by identity and address.
    """
    if channel is not Channel.EMAIL:
        return {}
    # Nearly every address is its recipient's identity. This is `address_identity` without a call.
    return {
        f"email:{address}": address_key(address)
        for identity, address in recipients
        if address and identity != f"email:{address}"
    }


def address_key(address: str) -> IdentityKey:
    """Returns what the identity of whoever has an e-mail address is compared by."""
    return IdentityKey("email", email_key(address))

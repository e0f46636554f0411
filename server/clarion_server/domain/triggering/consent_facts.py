"""Defines the stored choices on which a batch of messages depends, and the decision about each of the messages."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial

from clarion_server.domain.addresses.address_key import email_key
from clarion_server.domain.category import Category
from clarion_server.domain.channel_kind import Channel
from clarion_server.domain.consent.consent import NOT_ASKED, ConsentDecision, Silence, SilenceSetting, decide_consent
from clarion_server.domain.messages.message import Message, VersionAction
from clarion_server.domain.people.identity import IdentityKey
from clarion_server.domain.people.profile import NOBODY, KnownPeople, KnownProfile
from clarion_server.domain.value import value

#: Python 3.11 takes as long to find a member in its class as to create a small object.
_EMAIL = Channel.EMAIL


#: Says, by the identity and the address of a recipient, whether that recipient agrees to a message, and whoever has the
#: address does not refuse it.
ConsentDecider = Callable[[str, str], ConsentDecision]


@value
class ConsentQuestion:
    """Is what must be known to decide about messages of one sandbox and topic."""

    sandbox: str
    topic: str | None
    identities: Mapping[str, IdentityKey]
    """Says what the identities of the recipients and of whoever has their addresses are compared by, by the form that
    is given, as far as they are not looked up yet.
    """


@dataclass(frozen=True, slots=True)
class ConsentFacts:
    silences: Mapping[tuple[str, str | None], SilenceSetting] = field(default_factory=dict)
    """Is what silence means, by the sandbox and the id of the topic."""
    holders: KnownPeople = field(default_factory=dict)

    def decider(self, action: VersionAction) -> ConsentDecider:
        """Returns what decides about the messages of an action."""
        people, silence = self.holders.get(action.sandbox, NOBODY), self.silences[action.sandbox, action.topic].silence
        return partial(_decide, people, silence, action.channel, action.topic, action.category)

    def silence_cause(self, sandbox: str, topic: str | None) -> str:
        """Returns the name of the resource that says what silence means."""
        return self.silences[sandbox, topic].cause

    def decide_about(self, message: Message) -> ConsentDecision:
        """Returns the decision about a message, for which maybe nobody is asked."""
        if not message.action.asks_consent:
            return NOT_ASKED
        return self.decider(message.action)(message.identity, message.address)


def _decide(
    people: Mapping[str, KnownProfile],
    silence: Silence,
    channel: Channel,
    topic: str | None,
    category: Category,
    identity: str,
    address: str,
) -> ConsentDecision:
    own = people.get(identity)
    decision = decide_consent(() if own is None else own.choices, channel, topic, category, silence)
    # Nearly every address is its recipient's identity. This is `address_identity` without a call.
    if not decision.allowed or channel is not _EMAIL or not address or identity == (owned := f"email:{address}"):
        return decision
    owner = people.get(owned)
    if owner is None or (own is not None and owner.key == own.key):
        return decision
    # Somebody else has the address. That person's grant is for themselves, and a denial stops the message.
    of_owner = decide_consent(owner.choices, channel, topic, category, Silence.SEND_UNLESS_DENIED)
    return decision if of_owner.allowed else of_owner


def address_identity(channel: Channel, address: str) -> str | None:
    """Returns the identity of whoever has the address; None where addresses belong to nobody."""
    return f"email:{address}" if channel is Channel.EMAIL and address else None


def address_key(address: str) -> IdentityKey:
    """Returns what the identity of whoever has an e-mail address is compared by."""
    return IdentityKey("email", email_key(address))

"""Shows and stores what people choose by the links in their mails."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from clarion_server.application.consent.recording import ConsentRecorder
from clarion_server.application.group_commit import BulkOperation, GroupCommit
from clarion_server.application.identity_reader import IdentityReader, stored_namespaces
from clarion_server.application.ports.clock import Clock
from clarion_server.application.ports.store import UnitOfWork
from clarion_server.application.sending.exclusions import find_covering
from clarion_server.application.transactions import Transactions
from clarion_server.domain.access.access import whole_sandbox
from clarion_server.domain.addresses.address_hash import NO_ADDRESS_HASHER, AddressHasher
from clarion_server.domain.category import Category
from clarion_server.domain.channel_kind import Channel
from clarion_server.domain.consent.consent import NO_CONSENTS, Consent, ConsentChoice, Consents, ConsentScope
from clarion_server.domain.consent.consent_change import NO_EVIDENCE, ConsentChange, ConsentSource, Evidence
from clarion_server.domain.consent.personal_link import PersonalLink
from clarion_server.domain.consent.preference_page import Silences, Ticks, choices_of, is_sent
from clarion_server.domain.consent.topic import MAX_TOPICS, OneClick, Topic, TopicVisibility
from clarion_server.domain.events.counter import Metric, counter_key
from clarion_server.domain.events.event import EventType, unsubscribed_event
from clarion_server.domain.languages.language_tags import LocaleData
from clarion_server.domain.messages.message import Message
from clarion_server.domain.people.identity import Identity, IdentityKey

T = TypeVar("T")

#: Says how much of a commit one press takes. A press is several statements, and the next trigger waits for their
#: commit.
_WEIGHT = 50


@dataclass(frozen=True, slots=True)
class Offer:
    """Is what a person may choose to get."""

    topic: str | None
    """Is the topic's id; None stands for all other marketing of the channel."""
    is_sent: bool
    display_name: str = ""
    """Is written in the language of the message. It is empty without a topic."""
    description: str = ""


@dataclass(frozen=True, slots=True)
class Choices:
    """Holds the choices of a person, as they are stored."""

    channel: Channel
    address: str
    """Is the recipient's address, most of it hidden, because mails are forwarded. Empty when it is not known."""
    ended_topic: str
    """Is the display name of the topic that one click ends; empty when it ends all marketing of the channel."""
    offers: tuple[Offer, ...]
    """Holds the public topics by their ids, and all other marketing last."""


class Unsubscribing:
    def __init__(
        self,
        transactions: Transactions,
        commits: GroupCommit,
        identities: IdentityReader,
        recorder: ConsentRecorder,
        clock: Clock,
        locales: LocaleData,
        hasher: AddressHasher = NO_ADDRESS_HASHER,
    ) -> None:
        """`commits` carries nothing but what people store here. `locales` finds the words of topics in the language of
        a message. `hasher` recognises the addresses of erased people.
        """
        self._transactions = transactions
        self._commits = commits
        self._presses = _StorePresses()
        self._identities = identities
        self._recorder = recorder
        self._clock = clock
        self._locales = locales
        self._hasher = hasher

    async def choices(self, link: PersonalLink) -> Choices:
        """Returns what is stored. Raises Unavailable."""
        return await self._transactions.read(lambda unit: self._choices(unit, link))

    async def unsubscribe(self, link: PersonalLink) -> str:
        """Ends what one click ends: the topic of the campaign, or all marketing of the channel.

        Returns the display name of the topic; empty for all marketing. Raises Overloaded or Unavailable.
        """

        def end(unit: UnitOfWork) -> str:
            topic = _ended_topic(unit, link)
            self._record(unit, link, [_denial(link, None if topic is None else topic.id)])
            return self._name_in(topic, link.locale)

        return await self._store(link, end)

    async def end_marketing(self, link: PersonalLink) -> None:
        """Ends all marketing of the channel. Raises Overloaded or Unavailable."""
        await self._store(link, lambda unit: self._record(unit, link, [_denial(link, None)]))

    async def save(self, link: PersonalLink, ticks: Ticks) -> None:
        """Stores the choices by which the person gets what is ticked. Ignores boxes of what is no longer offered.

        Raises Overloaded or Unavailable.
        """

        def save(unit: UnitOfWork) -> None:
            offered = {topic.id for topic in _public_topics(unit, link)} | {None}
            kept = {topic: tick for topic, tick in ticks.items() if topic in offered}
            silences = _silences(unit, link, list(kept))
            found = choices_of(kept, self._consents(unit, link), link.channel, silences, self._clock.now())
            changes = [_change(link, choice, kept) for choice in found]
            if changes:
                self._record(unit, link, changes)

        await self._store(link, save)

    async def _store(self, link: PersonalLink, work: Callable[[UnitOfWork], T]) -> T:
        self._commits.check_capacity(_WEIGHT)
        stored: T = await self._commits.submit(self._presses, _Press(link.sandbox, work), _WEIGHT)
        return stored

    def _record(self, unit: UnitOfWork, link: PersonalLink, changes: Sequence[ConsentChange]) -> None:
        person = self._person(unit, link)
        if self._is_erased(unit, link, person):
            return
        recorded = self._recorder.record(unit, whole_sandbox(link.sandbox), person, changes)
        denials = [change for change in recorded.changes if change.choice is ConsentChoice.DENIED]
        if denials:
            _count_unsubscribed(unit, link, denials[0])

    def _is_erased(self, unit: UnitOfWork, link: PersonalLink, person: Identity) -> bool:
        """Returns whether the person was erased, and is not stored anew. Nothing is kept of such a press, as a profile
        would bring the person back.
        """
        if unit.profiles.owners(link.sandbox, [person.key]):
            return False
        message = unit.messages.get(whole_sandbox(link.sandbox), link.message_id)
        if message is not None:
            # Whoever was written to after the erasure is somebody new, whatever is kept of the address.
            return not message.identity or self._is_being_erased(unit, message, person)
        covering = find_covering(unit, {link.sandbox: [person.value]}, self._hasher) if "@" in person.value else []
        return any(each.is_hashed and each.sandbox == link.sandbox for each in covering)

    def _is_being_erased(self, unit: UnitOfWork, message: Message, person: Identity) -> bool:
        """Returns whether an erasure that is under way will remove the person from the message."""
        return any(
            message.profile_key in erasure.profile_keys
            or (person.key in erasure.identities and message.accept_time <= erasure.begin_time)
            for erasure in unit.erasures.pending()
            if erasure.sandbox == message.action.sandbox
        )

    def _choices(self, unit: UnitOfWork, link: PersonalLink) -> Choices:
        topics, consents = _public_topics(unit, link), self._consents(unit, link)
        silences = _silences(unit, link, [None, *(topic.id for topic in topics)])
        ended = _ended_topic(unit, link)
        offers = [self._offer(topic, link, consents, silences) for topic in topics]
        others = Offer(None, is_sent(consents, link.channel, None, silences))
        return Choices(
            link.channel,
            masked(_address(unit, link)),
            self._name_in(ended, link.locale),
            (*offers, others),
        )

    def _offer(self, topic: Topic, link: PersonalLink, consents: Consents, silences: Silences) -> Offer:
        shown = topic.shown_in(self._locales, link.locale)
        return Offer(
            topic.id, is_sent(consents, link.channel, topic.id, silences), shown.display_name, shown.description
        )

    def _name_in(self, topic: Topic | None, locale: str) -> str:
        return "" if topic is None else topic.shown_in(self._locales, locale).display_name

    def _consents(self, unit: UnitOfWork, link: PersonalLink) -> Consents:
        key = self._person(unit, link).key
        owner = unit.profiles.owners(link.sandbox, [key]).get(key)
        return NO_CONSENTS if owner is None else unit.consents.of_profile(owner.key)

    def _person(self, unit: UnitOfWork, link: PersonalLink) -> Identity:
        namespaces = stored_namespaces(unit, link.sandbox, [link.identity])
        read = self._identities.read(link.identity, "identity", namespaces)
        if isinstance(read, Identity):
            return read
        # The rules of the namespace have become stricter since. An opt-out is stored all the same.
        namespace, _, value = link.identity.partition(":")
        return Identity(IdentityKey(namespace, value), value)


def _count_unsubscribed(unit: UnitOfWork, link: PersonalLink, denial: ConsentChange) -> None:
    """Records that the recipient of the link's message unsubscribed by it: once a message, until it is purged."""
    message = unit.messages.get(whole_sandbox(link.sandbox), link.message_id)
    if message is None or any(event.type is EventType.UNSUBSCRIBED for event in unit.events.of_message(message.id)):
        return
    unit.events.add_all([unsubscribed_event(message, denial)])
    unit.counters.add({counter_key(message, Metric.UNSUBSCRIBED): 1})


@dataclass(frozen=True, slots=True)
class _Press:
    """Holds what one request stores."""

    sandbox: str
    work: Callable[[UnitOfWork], Any]


class _StorePresses(BulkOperation[_Press, Any]):
    """Stores what many people have pressed in one commit: large providers press for all of a mailing's recipients."""

    def apply(self, unit: UnitOfWork, items: Sequence[_Press], /) -> Sequence[Any]:
        # Always in the same order, so that no two processes wait for each other.
        for sandbox in sorted({item.sandbox for item in items}):
            unit.consents.lock(whole_sandbox(sandbox))
        return [item.work(unit) for item in items]


def masked(address: str) -> str:
    """Returns the address as its owner recognises it and a stranger does not."""
    local_part, at, domain = address.rpartition("@")
    return f"{local_part[:1]}•••{at}{domain}" if local_part else ""


def text_version_of(*texts: str) -> str:
    """Returns a version of the words of an offer, which changes with them."""
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()[:16]


def _ended_topic(unit: UnitOfWork, link: PersonalLink) -> Topic | None:
    """Returns the topic that one click ends; None when it ends all marketing of the channel."""
    topic = unit.topics.get(whole_sandbox(link.sandbox), link.topic) if link.topic else None
    if topic is None or link.category is Category.TRANSACTIONAL:
        # A denial of the whole channel would not stop a service message, which heeds those of its own topic alone.
        return topic
    ends_topic = topic.visibility is TopicVisibility.PUBLIC and topic.one_click is OneClick.TOPIC
    return topic if ends_topic else None


def _public_topics(unit: UnitOfWork, link: PersonalLink) -> list[Topic]:
    topics = unit.topics.page(whole_sandbox(link.sandbox), None, MAX_TOPICS, archived=False)
    return [topic for topic in topics if topic.visibility is TopicVisibility.PUBLIC]


def _silences(unit: UnitOfWork, link: PersonalLink, topics: Sequence[str | None]) -> Silences:
    found = unit.consents.silences([(link.sandbox, topic) for topic in topics])
    return {topic: setting.silence for (_, topic), setting in found.items()}


def _address(unit: UnitOfWork, link: PersonalLink) -> str:
    """Returns the address that the message went to; that of the identity after the message was purged."""
    message = unit.messages.get(whole_sandbox(link.sandbox), link.message_id)
    return link.identity.partition(":")[2] if message is None else message.address


def _denial(link: PersonalLink, topic: str | None) -> ConsentChange:
    scope = ConsentScope(link.channel, topic)
    return ConsentChange(scope, ConsentChoice.DENIED, 0, ConsentSource.PREFERENCE_PAGE, actor=_actor(link))


def _change(link: PersonalLink, consent: Consent, ticks: Ticks) -> ConsentChange:
    evidence = NO_EVIDENCE
    if consent.choice is ConsentChoice.GRANTED:
        evidence = Evidence(text_version=ticks[consent.scope.topic].text_version, locale=link.locale)
    return ConsentChange(
        consent.scope, consent.choice, consent.time, ConsentSource.PREFERENCE_PAGE, evidence, actor=_actor(link)
    )


def _actor(link: PersonalLink) -> str:
    return f"messages/{link.message_id}"

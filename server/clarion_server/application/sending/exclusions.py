"""Reads what may exclude messages and recipients."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from itertools import chain

from clarion_server.application.identity_reader import IdentityReader
from clarion_server.application.people import People
from clarion_server.application.ports.profiles import SandboxNamespace
from clarion_server.application.ports.store import UnitOfWork
from clarion_server.application.sending.policy_facts import read_policies
from clarion_server.domain.addresses.address_hash import NO_ADDRESS_HASHER, AddressHasher
from clarion_server.domain.messages.message import Message
from clarion_server.domain.people.identity import NO_NAMESPACES, IdentityKey, Namespaces, namespace_of
from clarion_server.domain.sending_policies.cap_ledger import CapLedger, PolicyQuestion
from clarion_server.domain.sending_policies.cap_rules import CapGroup, kind_of_message
from clarion_server.domain.sending_policies.sending_hours import SendingHours
from clarion_server.domain.suppressions.allow_list import AllowLists, EnabledList
from clarion_server.domain.suppressions.suppression import Suppression, SuppressionIndex, all_covering_keys
from clarion_server.domain.triggering.consent_facts import ConsentFacts, ConsentQuestion, address_identity, address_key
from clarion_server.domain.triggering.exclusion_rules import (
    NO_EXCLUSION_FACTS,
    ExclusionFacts,
)

#: Holds the addresses of messages, or none, by their sandbox.
Addresses = Mapping[str, Collection[str]]


def find_covering(unit: UnitOfWork, addresses: Addresses, hasher: AddressHasher) -> list[Suppression]:
    """Returns the suppressions of these addresses: expired ones and ones of other sandboxes included."""
    keys = all_covering_keys(filter(None, chain.from_iterable(addresses.values())))
    if keys and unit.suppressions.any_hashed():
        each_given = ((sandbox, each) for sandbox, of_sandbox in addresses.items() for each in of_sandbox if each)
        keys.update(target for sandbox, address in each_given for target in hasher.targets(sandbox, address))
    return unit.suppressions.covering(keys) if keys else []


class ExclusionReader:
    """Reads what may exclude messages, in a constant number of statements."""

    def __init__(
        self,
        identities: IdentityReader,
        allow_list: EnabledList | None = None,
        hasher: AddressHasher = NO_ADDRESS_HASHER,
    ) -> None:
        """`allow_list` holds for every sandbox, beside its own. `hasher` recognises the addresses of erased people."""
        self._identities = identities
        self._allow_list = allow_list
        self._hasher = hasher

    def read(
        self,
        unit: UnitOfWork,
        sandboxes: Mapping[str, bool],
        addresses: Addresses,
        questions: Sequence[ConsentQuestion],
        policy_questions: Sequence[PolicyQuestion],
        people: People | None = None,
    ) -> ExclusionFacts:
        """Reads what is stored about a batch of messages, or of recipients who may get some.

        `sandboxes` and `addresses` are those of all messages. `questions` are about the messages for which consent
        is asked, and `policy_questions` about those for which a sending policy may hold. Each sandbox has whether its
        allow list may be enabled. `people` are those that were looked up before.
        """
        found = find_covering(unit, addresses, self._hasher) if addresses else []
        allow_lists = self._allow_lists(unit, sandboxes)
        if not found and not questions and not allow_lists and not policy_questions:
            return NO_EXCLUSION_FACTS
        people = people or People(unit, with_choices=bool(questions))
        consents = self._consents(unit, questions, people)
        hours, caps = SendingHours(), CapLedger()
        if policy_questions:
            hours, caps = read_policies(unit, policy_questions, people)
        if not found and not questions and not allow_lists and not hours.policies:
            # Policies are asked about whose categories are others.
            return NO_EXCLUSION_FACTS
        return ExclusionFacts(SuppressionIndex(found, self._hasher), consents, allow_lists, hours, caps)

    def _allow_lists(self, unit: UnitOfWork, sandboxes: Mapping[str, bool]) -> AllowLists:
        listed = [sandbox for sandbox, may_be_enabled in sandboxes.items() if may_be_enabled]
        enabled = unit.allow_lists.enabled(listed) if listed else {}
        if self._allow_list is None:
            return {sandbox: (own,) for sandbox, own in enabled.items()}
        everywhere = (self._allow_list,)
        return {name: (*everywhere, enabled[name]) if name in enabled else everywhere for name in sandboxes}

    def _consents(self, unit: UnitOfWork, questions: Sequence[ConsentQuestion], people: People) -> ConsentFacts:
        if not questions:
            return ConsentFacts()
        wanted: dict[SandboxNamespace, dict[str, str]] = {}
        for question in questions:
            for given, key in question.identities.items():
                wanted.setdefault((question.sandbox, key.namespace), {})[given] = key.value
        people.look_up(wanted)
        silences = unit.consents.silences({(question.sandbox, question.topic) for question in questions})
        return ConsentFacts(silences, people.known)

    def policy_question(
        self, message: Message, stored: Mapping[str, Namespaces], *, with_caps: bool
    ) -> PolicyQuestion | None:
        """Returns what is asked about the sending policy of a message; None when none holds for it. `stored` is as in
        `question`, and `with_caps` also asks for its caps.
        """
        kept = message.sending_policy
        if kept is None:
            return None
        kind = kind_of_message(message)
        recipient = (message.identity, message.address)
        group = CapGroup(kind, [recipient], [])
        if message.cap_person is not None:
            group = CapGroup(kind, [], [(message.cap_person, recipient)])
        keys = self._keys(message, stored)
        return PolicyQuestion(
            message.action.sandbox, kept.id, message.action.category, keys, (group,) if with_caps else ()
        )

    def _keys(self, message: Message, stored: Mapping[str, Namespaces]) -> dict[str, IdentityKey]:
        """Returns what the identities of the recipient and of whoever has the address are compared by, by the form that
        is given; nothing for one that is malformed.
        """
        name, _, value = message.identity.partition(":")
        namespace = namespace_of(name, stored.get(message.action.sandbox, NO_NAMESPACES))
        normal = self._identities.normal_value(namespace, value)
        # What is none of its namespace belongs to nobody: a webhook takes any text as an e-mail address.
        keys = {} if normal is None else {message.identity: IdentityKey(name, normal)}
        owner = address_identity(message.action.channel, message.address)
        if owner is not None and owner not in keys:
            keys[owner] = address_key(message.address)
        return keys

    def question(self, message: Message, stored: Mapping[str, Namespaces]) -> ConsentQuestion:
        """Returns what is asked about the consent of a message's recipient. `stored` are the stored namespaces of
        identities by sandbox.
        """
        return ConsentQuestion(message.action.sandbox, message.action.topic, self._keys(message, stored))

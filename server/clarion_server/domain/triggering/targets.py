"""Says whom a trigger addresses by which actions, and which content each of them gets."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from clarion_server.domain.audiences.condition import FailureCause
from clarion_server.domain.campaigns.targeting import (
    NO_AUDIENCES,
    NO_MEMBERSHIPS,
    ActionRules,
    ContentChoice,
    Memberships,
    Person,
    RecipientData,
    choose_content,
)
from clarion_server.domain.languages.content_locale import ENGLISH_ALONE, ContentLocales
from clarion_server.domain.messages.exclusion import Exclusion, ExclusionReason
from clarion_server.domain.messages.message import VersionAction
from clarion_server.domain.value import value

NO_RULE_MATCHED = Exclusion(ExclusionReason.NO_RULE_MATCHED)


@value
class AcceptedRecipient:
    """Is a recipient that passed every check that does not need the store."""

    index: int
    """Is its position in the trigger."""
    identity: str
    addresses: Sequence[str]
    """One for each action; empty where the channel has no addresses."""
    locale: str
    context: bytes
    profile: bytes
    labels: Mapping[str, str]
    normal_value: str
    """Is what its identity is compared by within its namespace."""

    def completed(self, addresses: Sequence[str], locale: str) -> AcceptedRecipient:
        """Returns the recipient with what its profile says."""
        # Positional arguments: `replace` takes ten times as long.
        return AcceptedRecipient(
            self.index,
            self.identity,
            addresses,
            locale,
            self.context,
            self.profile,
            self.labels,
            self.normal_value,
        )


@value
class TargetAction:
    """Is an action of the live version, with what chooses the content of its messages."""

    action: VersionAction
    locales: ContentLocales = ENGLISH_ALONE
    """Holds the locales that its content is in."""
    rules: ActionRules | None = None
    """None means that the same content is for everybody."""

    def choose(
        self, recipient: AcceptedRecipient, address: str, data: RecipientData | None, audiences: frozenset[str]
    ) -> ContentChoice:
        """Returns the content for a recipient. `data` is needed by rules alone, and so are the audiences."""
        if self.rules is None:
            return ContentChoice("", self.locales.choose(recipient.locale))
        assert data is not None, "a campaign with rules brings the data of its recipients"
        person = Person(data.context, data.profile, recipient.identity, address, recipient.locale, audiences)
        return choose_content(self.rules, self.locales, person)


class ContentChooser:
    """Chooses the contents of a trigger's messages by rules, and counts what failed."""

    def __init__(
        self, actions: Sequence[TargetAction], memberships: Memberships = NO_MEMBERSHIPS, *, keeps: bool = False
    ) -> None:
        """`keeps`: whether the choices are kept, to be explained."""
        self._actions = actions
        self._memberships = memberships
        self._keeps = keeps
        self.failures: Counter[tuple[str, str, FailureCause]] = Counter()
        """Counts by action, rule and cause."""
        self.kept: dict[tuple[int, int], ContentChoice] = {}
        """Holds what was chosen, by the positions of recipient and action."""

    def choose(self, recipient: AcceptedRecipient, data: RecipientData | None) -> list[ContentChoice]:
        """Returns the contents of all actions for a recipient."""
        audiences = self._memberships.get(recipient.index, NO_AUDIENCES)
        found = []
        for index, action in enumerate(self._actions):
            choice = action.choose(recipient, recipient.addresses[index], data, audiences)
            found.append(choice)
            for rule, cause in choice.failures:
                self.failures[action.action.id, rule, cause] += 1
            if self._keeps:
                self.kept[recipient.index, index] = choice
        return found

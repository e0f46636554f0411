"""Creates, reads, changes and deletes drafts of campaigns."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, fields, replace

from clarion_server.application.background import run_for_request
from clarion_server.application.campaigns.changes import CampaignChanges, Target
from clarion_server.application.ports.clock import Clock
from clarion_server.application.ports.content import ContentCompiler
from clarion_server.application.ports.queries import CampaignQuery, TagUse
from clarion_server.application.ports.repositories import NameTaken
from clarion_server.application.ports.store import UnitOfWork
from clarion_server.application.resource_lookup import find_campaign, find_version
from clarion_server.application.transactions import Transactions
from clarion_server.application.validation import refuse_invalid, violations_within
from clarion_server.domain.access.access import Caller, whole_sandbox
from clarion_server.domain.access_labels import FIELD as LABELS
from clarion_server.domain.access_labels import AccessLabels, held_label_violations
from clarion_server.domain.campaigns.campaign import Campaign, CampaignVersion
from clarion_server.domain.campaigns.campaign_definition import CampaignDefinition
from clarion_server.domain.campaigns.campaign_rules import campaign_violations
from clarion_server.domain.campaigns.targeting_rules import removed_rule_violations
from clarion_server.domain.errors import ResourceExists
from clarion_server.domain.instant import Instant
from clarion_server.domain.names import CAMPAIGNS
from clarion_server.domain.tags import tag_violations
from clarion_server.domain.text_rules import display_name_violations
from clarion_server.domain.violation import Violation

#: Is the field of the campaign in the requests that carry one.
_FIELD = "campaign"

#: Holds the names of everything that an author may change.
EDITABLE_FIELDS = frozenset({"tags", LABELS, *(field.name for field in fields(CampaignDefinition))})


@dataclass(frozen=True, slots=True)
class Draft:
    """Holds a definition, tags and access labels as an author sent them."""

    definition: CampaignDefinition
    violations: tuple[Violation, ...] = ()
    """Holds what is wrong with fields that could not be read, by paths in the campaign. The definition holds
    placeholders for them.
    """
    tags: tuple[str, ...] = ()
    access_labels: tuple[str, ...] = ()
    """Holds the names."""

    def only(self, names: frozenset[str], onto: Campaign) -> Draft:
        """Returns what `onto` has with the named fields of this draft, and the violations of these fields."""
        changes = {name: getattr(self.definition, name) for name in names - {"tags", LABELS}}
        tags = self.tags if "tags" in names else onto.tags
        labels = self.access_labels if LABELS in names else onto.access_labels.names
        return Draft(replace(onto.definition, **changes), violations_within(names, self.violations), tags, labels)

    def check(
        self, held: AccessLabels, of_request: Iterable[Violation] = (), of_rules: Iterable[Violation] = ()
    ) -> None:
        """Raises InvalidFields, with paths in the request. `held` are the caller's access labels, and `of_rules` are of
        rules, by paths in the campaign.
        """
        refuse_invalid(
            [*of_request, *(violation.under(_FIELD) for violation in self.violations)],
            (
                violation.under(_FIELD)
                for violation in (
                    *campaign_violations(self.definition),
                    *of_rules,
                    *tag_violations(self.tags),
                    *held_label_violations(self.access_labels, held),
                )
            ),
        )


@dataclass(frozen=True, slots=True)
class CreateCampaign:
    campaign_id: str
    draft: Draft
    validate_only: bool = False
    """Checks everything and stores nothing when it is true."""


@dataclass(frozen=True, slots=True)
class UpdateCampaign:
    campaign_id: str
    draft: Draft
    changed_fields: frozenset[str]
    """Holds names of EDITABLE_FIELDS. The other fields stay as they are."""
    etag: str = ""
    violations: tuple[Violation, ...] = ()
    """Holds what is wrong with the request, apart from the draft, that was found while it was read."""
    validate_only: bool = False
    """Checks everything and stores nothing when it is true."""


@dataclass(frozen=True, slots=True)
class DuplicateCampaign:
    source_id: str
    campaign_id: str
    version: int = 0
    """Is the version to copy; 0 stands for the draft."""
    display_name: str = ""
    """Is the display name of the copy; empty for that of the source."""


class ManageCampaigns:
    def __init__(
        self,
        transactions: Transactions,
        clock: Clock,
        on_change: Callable[[Campaign], None],
        compiler: ContentCompiler,
    ) -> None:
        self._transactions = transactions
        self._compiler = compiler
        self._clock = clock
        self._changes = CampaignChanges(transactions, clock, on_change)

    async def create(self, command: CreateCampaign, caller: Caller) -> Campaign:
        """Stores a draft, unless the command only validates. Raises InvalidFields or ResourceExists."""
        violation = CAMPAIGNS.id_violation(command.campaign_id, "campaign_id")
        held = caller.visibility.labels

        def check() -> None:
            of_rules = self._compiler.rule_violations(command.draft.definition)
            command.draft.check(held, [violation] if violation else [], of_rules)

        await run_for_request(check)
        now = self._clock.now()
        campaign = Campaign(
            sandbox=caller.sandbox,
            id=command.campaign_id,
            definition=command.draft.definition,
            tags=command.draft.tags,
            access_labels=held.picked(command.draft.access_labels),
            create_time=now,
            creator=caller.name,
            draft_editors=(caller.name,),
            update_time=now,
            updater=caller.name,
        )
        if command.validate_only:
            await self._transactions.read(lambda unit: _check_name_is_free(unit, campaign))
            return campaign
        return await self._transactions.write(lambda unit: _add(unit, campaign))

    async def duplicate(self, command: DuplicateCampaign, caller: Caller) -> Campaign:
        """Stores a copy as a new draft, with the test cases of the source. Raises InvalidFields, ResourceNotFound or
        ResourceExists.
        """
        violation = CAMPAIGNS.id_violation(command.campaign_id, "campaign_id")
        name_violations = display_name_violations(command.display_name) if command.display_name else ()
        refuse_invalid([violation] if violation else [], name_violations)
        now = self._clock.now()

        def copy(unit: UnitOfWork) -> Campaign:
            source = find_campaign(unit, caller.visibility, command.source_id)
            version = find_version(unit, source, command.version) if command.version else None
            definition = version.definition if version else source.definition
            copied = Campaign(
                sandbox=caller.sandbox,
                id=command.campaign_id,
                definition=replace(definition, display_name=command.display_name or definition.display_name),
                tags=source.tags,
                access_labels=source.access_labels,
                create_time=now,
                creator=caller.name,
                draft_editors=(caller.name,),
                update_time=now,
                updater=caller.name,
            )
            added = _add(unit, copied)
            unit.test_cases.copy(source, added)
            return added

        return await self._transactions.write(copy)

    async def get(self, campaign_id: str, caller: Caller) -> Campaign:
        """Returns the campaign in the state that its schedule requires now. Raises ResourceNotFound."""
        campaign = await self._transactions.read(lambda unit: find_campaign(unit, caller.visibility, campaign_id))
        return campaign.at(self._clock.now())

    async def page(self, query: CampaignQuery) -> list[Campaign]:
        return await self._transactions.read(lambda unit: unit.campaigns.page(query))

    async def update(self, command: UpdateCampaign, caller: Caller) -> Campaign:
        """Stores the changed draft, unless the command only validates.

        Raises InvalidFields, ResourceNotFound, EtagMismatch or IllegalTransition.
        """
        checked: tuple[Campaign, CampaignDefinition | None] | None = None

        def change(unit: UnitOfWork, campaign: Campaign, now: Instant) -> Campaign:
            nonlocal checked
            draft = command.draft.only(command.changed_fields, campaign)
            live = unit.campaigns.version(campaign.key, campaign.live_version)
            live_definition = live.definition if live else None
            held, of_rules = (
                caller.visibility.labels,
                self._rule_violations(draft.definition, campaign, live_definition),
            )
            if checked != (campaign, live_definition):
                draft.check(held, command.violations, of_rules)
                checked = (campaign, live_definition)
            labels = held.picked(draft.access_labels)
            return campaign.updated(
                draft.definition, live_definition, caller.name, now, tags=draft.tags, access_labels=labels
            )

        target = Target(caller.visibility, command.campaign_id, command.etag)
        # Checking a large draft takes longer than triggers should wait for the writer.
        previewed = await self._changes.preview(target, change)
        return previewed if command.validate_only else await self._changes.make(target, change)

    def _rule_violations(
        self, definition: CampaignDefinition, campaign: Campaign, live: CampaignDefinition | None
    ) -> Iterator[Violation]:
        yield from self._compiler.rule_violations(definition)
        if campaign.used_rules:
            yield from removed_rule_violations(definition, campaign.used_rules, campaign.definition, live)

    async def delete(self, campaign_id: str, etag: str, caller: Caller) -> None:
        """Deletes a draft. Raises ResourceNotFound, EtagMismatch or IllegalTransition."""
        await self._changes.delete(Target(caller.visibility, campaign_id, etag))

    async def tags(self, after: str | None, limit: int, caller: Caller) -> list[TagUse]:
        """Returns the tags of the campaigns that are not archived, beginning behind the folded tag `after`."""
        return await self._transactions.read(lambda unit: unit.campaigns.tags(caller.visibility, after, limit))

    async def version(self, campaign_id: str, number: int, caller: Caller) -> CampaignVersion:
        """Returns one version. Raises ResourceNotFound."""

        def read(unit: UnitOfWork) -> CampaignVersion:
            return find_version(unit, find_campaign(unit, caller.visibility, campaign_id), number)

        return await self._transactions.read(read)

    async def versions(self, campaign_id: str, before: int | None, limit: int, caller: Caller) -> list[CampaignVersion]:
        """Returns the versions whose numbers are below `before`, the newest first. Raises ResourceNotFound."""

        def read(unit: UnitOfWork) -> list[CampaignVersion]:
            campaign = find_campaign(unit, caller.visibility, campaign_id)
            return unit.campaigns.versions(campaign.key, before, limit)

        return await self._transactions.read(read)


def _add(unit: UnitOfWork, campaign: Campaign) -> Campaign:
    """Raises ResourceExists."""
    try:
        return unit.campaigns.add(campaign)
    except NameTaken as error:
        raise ResourceExists(campaign.name) from error


def _check_name_is_free(unit: UnitOfWork, campaign: Campaign) -> None:
    """Raises ResourceExists, also for one that the caller does not see: names are of the whole sandbox."""
    if unit.campaigns.get(whole_sandbox(campaign.sandbox), campaign.id) is not None:
        raise ResourceExists(campaign.name)

"""Creates, reads, changes and deletes drafts of campaigns."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields, replace

from clarion_server.application.campaigns.changes import CampaignChanges, Target
from clarion_server.application.ports.clock import Clock
from clarion_server.application.ports.queries import CampaignQuery
from clarion_server.application.ports.repositories import NameTaken
from clarion_server.application.ports.store import UnitOfWork
from clarion_server.application.resource_lookup import find_campaign
from clarion_server.application.transactions import Transactions
from clarion_server.application.validation import refuse_invalid, violations_within
from clarion_server.domain.access import Caller, Visibility
from clarion_server.domain.campaign import Campaign, CampaignDefinition, CampaignVersion
from clarion_server.domain.campaign_rules import campaign_violations
from clarion_server.domain.errors import ResourceExists
from clarion_server.domain.instant import Instant
from clarion_server.domain.names import CAMPAIGNS
from clarion_server.domain.violation import Violation

#: The field of the campaign in the requests that carry one.
_FIELD = "campaign"

#: The names of everything that an author may change.
EDITABLE_FIELDS = frozenset(field.name for field in fields(CampaignDefinition))


@dataclass(frozen=True, slots=True)
class Draft:
    """A definition as an author sent it."""

    definition: CampaignDefinition
    violations: tuple[Violation, ...] = ()
    """What could not be read, by paths in the campaign. The definition holds stand-ins for it."""

    def only(self, names: frozenset[str], onto: CampaignDefinition) -> Draft:
        """Returns `onto` with the named fields of this draft, and the violations of these fields."""
        changes = {name: getattr(self.definition, name) for name in names}
        return Draft(replace(onto, **changes), violations_within(names, self.violations))

    def check(self, of_request: Iterable[Violation] = ()) -> None:
        """Raises InvalidFields, with paths in the request."""
        refuse_invalid(
            [*of_request, *(violation.under(_FIELD) for violation in self.violations)],
            (violation.under(_FIELD) for violation in campaign_violations(self.definition)),
        )


@dataclass(frozen=True, slots=True)
class CreateCampaign:
    campaign_id: str
    draft: Draft
    validate_only: bool = False
    """True checks everything and stores nothing."""


@dataclass(frozen=True, slots=True)
class UpdateCampaign:
    campaign_id: str
    draft: Draft
    changed_fields: frozenset[str]
    """Names of EDITABLE_FIELDS. The other fields stay as they are."""
    etag: str = ""
    violations: tuple[Violation, ...] = ()
    """What was already wrong with the request, apart from the draft."""
    validate_only: bool = False
    """True checks everything and stores nothing."""


class ManageCampaigns:
    def __init__(self, transactions: Transactions, clock: Clock, on_change: Callable[[Campaign], None]) -> None:
        self._transactions = transactions
        self._clock = clock
        self._changes = CampaignChanges(transactions, clock, on_change)

    async def create(self, command: CreateCampaign, caller: Caller) -> Campaign:
        """Stores a draft, unless the command only validates. Raises InvalidFields or ResourceExists."""
        violation = CAMPAIGNS.id_violation(command.campaign_id, "campaign_id")
        command.draft.check([violation] if violation else [])
        now = self._clock.now()
        campaign = Campaign(
            sandbox=caller.sandbox,
            id=command.campaign_id,
            definition=command.draft.definition,
            create_time=now,
            creator=caller.name,
            update_time=now,
            updater=caller.name,
        )
        if command.validate_only:
            await self._transactions.read(lambda unit: _check_name_is_free(unit, campaign))
            return campaign
        try:
            return await self._transactions.write(lambda unit: unit.campaigns.add(campaign))
        except NameTaken as error:
            raise ResourceExists(campaign.name) from error

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

        def change(unit: UnitOfWork, campaign: Campaign, now: Instant) -> Campaign:
            draft = command.draft.only(command.changed_fields, campaign.definition)
            draft.check(command.violations)
            live = unit.campaigns.version(campaign.key, campaign.live_version)
            return campaign.updated(draft.definition, live.definition if live else None, caller.name, now)

        target = Target(caller.visibility, command.campaign_id, command.etag)
        if command.validate_only:
            return await self._changes.preview(target, change)
        return await self._changes.make(target, change)

    async def delete(self, campaign_id: str, etag: str, caller: Caller) -> None:
        """Deletes a draft. Raises ResourceNotFound, EtagMismatch or IllegalTransition."""
        await self._changes.delete(Target(caller.visibility, campaign_id, etag))

    async def versions(self, campaign_id: str, before: int | None, limit: int, caller: Caller) -> list[CampaignVersion]:
        """Returns the versions whose numbers are below `before`, the newest first. Raises ResourceNotFound."""

        def read(unit: UnitOfWork) -> list[CampaignVersion]:
            campaign = find_campaign(unit, caller.visibility, campaign_id)
            return unit.campaigns.versions(campaign.key, before, limit)

        return await self._transactions.read(read)


def _check_name_is_free(unit: UnitOfWork, campaign: Campaign) -> None:
    """Raises ResourceExists."""
    if unit.campaigns.get(Visibility(campaign.sandbox), campaign.id) is not None:
        raise ResourceExists(campaign.name)

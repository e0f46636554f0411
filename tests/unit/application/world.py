"""Provides the use cases of authors over a store in memory, with a clock that stands until it is moved."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import count
from typing import Any, TypeVar

from clarion_server.adapters.rendering import JinjaContentCompiler
from clarion_server.adapters.system import SystemIds
from clarion_server.adapters.system.certificates import PemCertificateReader
from clarion_server.application.campaign_cache import CampaignCache
from clarion_server.application.campaigns.comparison import CampaignComparer
from clarion_server.application.campaigns.drafts import CreateCampaign, Draft, ManageCampaigns, UpdateCampaign
from clarion_server.application.campaigns.health import CampaignHealthReader
from clarion_server.application.campaigns.life_cycle import ActivateCampaign, Activation, CampaignLifeCycle
from clarion_server.application.campaigns.preview import CampaignPreviewer
from clarion_server.application.campaigns.review import Review
from clarion_server.application.campaigns.trigger_sample import TriggerSampler
from clarion_server.application.channels.configurations import (
    ChannelSettings,
    CreateChannelConfiguration,
    ManageChannelConfigurations,
)
from clarion_server.application.consent.settings import ManageConsentSettings, UpdateConsentSettings
from clarion_server.application.erasure.beginning import BeginErasure
from clarion_server.application.erasure.kept_addresses import AddressKeeper
from clarion_server.application.erasure.sweeping import ErasureSweeper
from clarion_server.application.ports.content import ContentCompiler
from clarion_server.application.ports.store import Store, UnitOfWork
from clarion_server.application.profiles.profiles import ManageProfiles
from clarion_server.application.reports.campaign_report import CampaignReports
from clarion_server.application.transactions import Transactions
from clarion_server.bootstrap.channels import CONTENT_KINDS, open_channel
from clarion_server.domain.access.access import Caller, Scope, Visibility
from clarion_server.domain.campaigns.campaign import Campaign
from clarion_server.domain.campaigns.campaign_definition import Action, CampaignDefinition
from clarion_server.domain.category import Category
from clarion_server.domain.channels.channel import ChannelConfiguration
from clarion_server.domain.consent.consent import Silence
from clarion_server.domain.content.email import EmailContent, Mailbox, SmtpProvider
from clarion_server.domain.events.counter import CounterKey, Metric
from clarion_server.domain.instant import SECOND, Instant, Span

from tests.identities import HASHER, IDENTITIES
from tests.memory_store import Content, MemoryStore
from tests.unit.application.compiler import COMPILER
from tests.unit.application.links import PUBLIC_URL

T = TypeVar("T")

START: Instant = 1_790_000_000 * SECOND

AUTHOR = Caller("apiKeys/author", Visibility("default"), frozenset({Scope.AUTHOR}))
STRANGER = Caller("apiKeys/stranger", Visibility("staging"), frozenset({Scope.ADMIN}))

SMTP = SmtpProvider("127.0.0.1", 2525, Mailbox("shop@example.com", "The Shop"))
CHANNEL = ChannelConfiguration("", "", "Orders", SMTP, create_time=0, update_time=0)

SCHEMA = {
    "type": "object",
    "properties": {"order": {"type": "object", "properties": {"id": {"type": "string"}}, "required": ["id"]}},
    "required": ["order"],
}
EMAIL = EmailContent("Order {{ context.order.id }}", html="<p>Thank you for {{ context.order.id }}.</p>")
DEFINITION = CampaignDefinition(
    "Order confirmed", Category.TRANSACTIONAL, (Action("email", "orders", EMAIL),), context_schema=SCHEMA
)


class StandingClock:
    def __init__(self, time: Instant) -> None:
        self.time = time

    def now(self) -> Instant:
        return self.time

    def advance(self, span: Span) -> None:
        self.time += span


class CountingIds:
    def __init__(self) -> None:
        self._numbers = count(1)

    def new_id(self) -> str:
        return f"{next(self._numbers):032x}"

    def new_secret(self) -> str:
        return f"{next(self._numbers):043x}"


@dataclass(frozen=True)
class _Live:
    """Is what a world holds and has told when its first campaign has become live."""

    content: Content
    announced: Sequence[Campaign]
    announced_channels: Sequence[ChannelConfiguration]


_LIVE: list[_Live] = []


class World:
    def __init__(self, store: Store | None = None, compiler: ContentCompiler | None = None) -> None:
        self.store = store or MemoryStore()
        self._new_version = self.store.commit_version() if store is None and compiler is None else None
        self.transactions = Transactions(self.store)
        self.clock = StandingClock(START)
        self._seen: dict[Callable[..., Any], tuple[object, Any]] = {}
        self.announced: list[Campaign] = []
        """The changed campaigns that whoever keeps campaigns at hand was told of."""
        self.announced_channels: list[ChannelConfiguration] = []
        compiler = compiler or COMPILER
        self.authoring = ManageCampaigns(self.transactions, self.clock, self.announced.append, compiler)
        self.review = Review(compiler, self.clock)
        self.life_cycle = CampaignLifeCycle(self.transactions, self.review, self.clock, self.announced.append)
        self.comparing = CampaignComparer(self.transactions, compiler, PUBLIC_URL)
        self.health = CampaignHealthReader(self.transactions, PemCertificateReader(), self.clock)
        self.previewing = CampaignPreviewer(self.transactions, compiler, PUBLIC_URL)
        self.identities = IDENTITIES
        self.sampling = TriggerSampler(
            CampaignCache(self.transactions, compiler), JinjaContentCompiler(CONTENT_KINDS), self.identities
        )
        self.profiles = ManageProfiles(self.transactions, self.identities, self.clock, SystemIds())
        self.keeper = AddressKeeper(HASHER, SystemIds())
        self.erasures = BeginErasure(self.transactions, self.identities, self.keeper, self.clock, CountingIds())
        self.sweeper = ErasureSweeper(self.transactions, self.identities, self.keeper, self.clock)
        self.reporting = CampaignReports(self.transactions, self.clock)
        self.channels = ManageChannelConfigurations(
            self.transactions, self.clock, open_channel, self.announced_channels.append
        )

    def see(self, read: Callable[[UnitOfWork], T]) -> T:
        """Returns what `read` finds in the store. Reads again only after a commit, so that a test may ask often."""
        version = self.store.commit_version()
        if self._seen.get(read, (None, None))[0] != version:
            with self.store.snapshot() as unit:
                self._seen[read] = version, read(unit)
        found: T = self._seen[read][1]
        return found

    def close(self) -> None:
        self.transactions.close()
        self.store.close()

    async def channel(self, configuration_id: str = "orders", **changes: Any) -> ChannelConfiguration:
        settings = ChannelSettings(replace(CHANNEL, **changes))
        return await self.channels.create(CreateChannelConfiguration(configuration_id, settings), AUTHOR)

    async def draft(self, campaign_id: str = "order-confirmed", tags: tuple[str, ...] = (), **changes: Any) -> Campaign:
        draft = Draft(replace(DEFINITION, **changes), tags=tags)
        return await self.authoring.create(CreateCampaign(campaign_id, draft), AUTHOR)

    async def live(self, campaign_id: str = "order-confirmed", **changes: Any) -> Campaign:
        """Returns an active campaign, with its channel configuration where there is none yet."""
        if self.is_new and campaign_id == "order-confirmed" and not changes:
            return await self._live_in_a_new_world()
        if not await self.channels.page(None, 1, AUTHOR):
            await self.channel()
        if changes.get("category") is Category.MARKETING:
            # Most tests of marketing are about something else than consent.
            await self.send_unless_denied()
        await self.draft(campaign_id, **changes)
        return (await self.activate(campaign_id)).campaign

    @property
    def is_new(self) -> bool:
        """Returns whether nothing was changed yet, and every part is the usual one."""
        return self.clock.time == START and self.store.commit_version() == self._new_version

    async def _live_in_a_new_world(self) -> Campaign:
        """Makes the campaign once for all worlds, and gives the same rows to each further one: most begin with it."""
        assert isinstance(self.store, MemoryStore)
        if _LIVE:
            self.store.fill(_LIVE[0].content)
        else:
            await self.channel()
            await self.draft()
            await self.activate()
            _LIVE.append(_Live(self.store.content(), tuple(self.announced), tuple(self.announced_channels)))
        self.announced[:], self.announced_channels[:] = _LIVE[0].announced, _LIVE[0].announced_channels
        return self.announced[-1]

    async def send_unless_denied(self) -> None:
        """Lets marketing go to people who have made no choice."""
        settings = ManageConsentSettings(self.transactions, self.clock)
        await settings.update(UpdateConsentSettings(Silence.SEND_UNLESS_DENIED), AUTHOR)

    async def activate(self, campaign_id: str = "order-confirmed", **changes: Any) -> Activation:
        return await self.life_cycle.activate(ActivateCampaign(campaign_id, **changes), AUTHOR)

    async def update(self, campaign_id: str = "order-confirmed", etag: str = "", **changes: Any) -> Campaign:
        """Changes those fields of the draft."""
        fields = frozenset(changes)
        tags = changes.pop("tags", ())
        draft = Draft(replace(DEFINITION, **changes), tags=tags)
        command = UpdateCampaign(campaign_id, draft, fields, etag)
        return await self.authoring.update(command, AUTHOR)

    async def get(self, campaign_id: str = "order-confirmed") -> Campaign:
        return await self.authoring.get(campaign_id, AUTHOR)

    async def stored(self, campaign_id: str = "order-confirmed") -> Campaign:
        """Returns it as the store has it, whatever the time."""
        found = await self.transactions.read(lambda unit: unit.campaigns.get(AUTHOR.visibility, campaign_id))
        assert found is not None
        return found

    async def count_up(self, campaign: Campaign, version: int, counts: Mapping[tuple[Metric, str], int]) -> None:
        group = (campaign.key, version, "email", "", "", "en", 20_000)
        keys = {CounterKey(*group, metric, reason): number for (metric, reason), number in counts.items()}

        def add(unit: UnitOfWork) -> None:
            unit.counters.add(keys)

        await self.transactions.write(add)

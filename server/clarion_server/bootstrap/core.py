"""Wires the parts of a process that all its components share."""

from __future__ import annotations

import random
from dataclasses import dataclass

from clarion_server.adapters.phone_numbers import read_phone_number
from clarion_server.adapters.rendering import JinjaContentCompiler
from clarion_server.adapters.system import SystemClock, SystemIds
from clarion_server.application.audiences.selection import AudienceSelector
from clarion_server.application.campaign_cache import CampaignCache
from clarion_server.application.group_commit import GroupCommit
from clarion_server.application.identity_reader import IdentityReader
from clarion_server.application.ports.clock import Chance, Clock, Ids
from clarion_server.application.ports.conditions import ConditionCompiler
from clarion_server.application.ports.metrics import Metrics
from clarion_server.application.ports.store import Store
from clarion_server.application.queries.commit_signal import CommitSignal
from clarion_server.application.sending.exclusions import ExclusionReader
from clarion_server.application.sending.lease import Lease
from clarion_server.application.transactions import Transactions
from clarion_server.bootstrap.address_hashes import AddressHashes, wire_address_hashes
from clarion_server.bootstrap.channels import CONTENT_KINDS
from clarion_server.bootstrap.conditions import ConditionsOnDemand
from clarion_server.bootstrap.links import Links, wire_links
from clarion_server.config import Settings
from clarion_server.domain.addresses.public_url import PublicUrl
from clarion_server.domain.instant import SECOND
from clarion_server.domain.suppressions.allow_list import EnabledList, enabled_list


@dataclass(frozen=True, slots=True)
class Core:
    store: Store
    transactions: Transactions
    commits: GroupCommit
    commit_signal: CommitSignal
    compiler: JinjaContentCompiler
    campaigns: CampaignCache
    identities: IdentityReader
    exclusions: ExclusionReader
    conditions: ConditionCompiler
    audiences: AudienceSelector
    lease: Lease
    clock: Clock
    ids: Ids
    chance: Chance
    metrics: Metrics
    address_hashes: AddressHashes
    links: Links | None
    """Is None where mails have no links of their recipients."""

    @property
    def public_url(self) -> PublicUrl | None:
        return None if self.links is None else self.links.public_url


def wire_core(settings: Settings, store: Store, metrics: Metrics) -> Core:
    """Raises CannotStart."""
    clock, ids = SystemClock(), SystemIds()
    transactions = Transactions(store)
    commit_signal = CommitSignal(transactions)
    identities = IdentityReader(read_phone_number)
    conditions = ConditionsOnDemand()
    links, hashes = wire_links(settings), wire_address_hashes(settings)
    compiler = JinjaContentCompiler(CONTENT_KINDS, None if links is None else links.public_url)
    return Core(
        store,
        transactions,
        GroupCommit(transactions, commit_signal.commit_happened, settings.pending_limit, metrics),
        commit_signal,
        compiler,
        CampaignCache(transactions, compiler),
        identities,
        ExclusionReader(identities, _allow_list(settings), hashes.hasher),
        conditions,
        AudienceSelector(transactions, conditions, clock),
        Lease(ids.new_id(), int(settings.lease_seconds * SECOND), clock),
        clock,
        ids,
        random.SystemRandom().random,
        metrics,
        hashes,
        links,
    )


def _allow_list(settings: Settings) -> EnabledList | None:
    entries = settings.allowed_targets
    return None if entries is None else enabled_list(entries, cause="")

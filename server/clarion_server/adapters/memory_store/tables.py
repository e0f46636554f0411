"""Everything that a memory store keeps."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any

from clarion_server.adapters.memory_store.table import Table
from clarion_server.application.ports.queries import CounterKey
from clarion_server.domain.access import ApiKey
from clarion_server.domain.campaign import Campaign, CampaignVersion
from clarion_server.domain.channel import ChannelConfiguration
from clarion_server.domain.execution import Execution
from clarion_server.domain.instant import Instant
from clarion_server.domain.message import Event, Message

#: Sandbox and id of a resource.
Name = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Tables:
    """One state of the store, or the state that a transaction is making."""

    campaigns: Table[int, Campaign] = field(default_factory=Table)
    campaign_keys: Table[Name, int] = field(default_factory=Table)
    versions: Table[tuple[int, int], CampaignVersion] = field(default_factory=Table)
    """By campaign key and number."""
    version_channels: Table[tuple[int, int], int] = field(default_factory=Table)
    """The key of the channel configuration that each version uses."""
    channels: Table[int, ChannelConfiguration] = field(default_factory=Table)
    channel_keys: Table[Name, int] = field(default_factory=Table)
    executions: Table[str, Execution] = field(default_factory=Table)
    requests: Table[tuple[int, str], str] = field(default_factory=Table)
    """The execution of each campaign key and request id."""
    messages: Table[str, Message] = field(default_factory=Table)
    execution_messages: Table[str, tuple[str, ...]] = field(default_factory=Table)
    """The ids of each execution's messages."""
    unfinished: Table[str, Message] = field(default_factory=Table)
    """The messages without an outcome once more: they are few, and looked through all the time."""
    held: Table[str, None] = field(default_factory=Table)
    """The ids of queued messages that are kept back."""
    events: Table[int, Event] = field(default_factory=Table)
    """By sequence."""
    message_events: Table[str, tuple[Event, ...]] = field(default_factory=Table)
    figures: Table[CounterKey, int] = field(default_factory=Table)
    purges: Table[str, int] = field(default_factory=Table)
    """Through which position each kind was purged."""
    keys: Table[str, ApiKey] = field(default_factory=Table)
    leases: Table[str, Instant] = field(default_factory=Table)
    """Until when each process is taken to be alive."""
    last_keys: Table[str, int] = field(default_factory=Table)
    """The last key given to a campaign and to a channel configuration: a key is never given twice."""

    def fork(self, *, writable: bool = True) -> Tables:
        """The same state, free to change on its own where it is writable."""
        forks: dict[str, Any] = {part.name: getattr(self, part.name).fork(writable=writable) for part in fields(self)}
        return Tables(**forks)

    def next_key(self, kind: str) -> int:
        key = self.last_keys.rows.get(kind, 0) + 1
        self.last_keys.put(kind, key)
        return key

    def campaign_keys_in(self, sandbox: str) -> set[int]:
        """Executions, messages and events are in the sandbox of their campaign."""
        return {campaign.key for campaign in self.campaigns.rows.values() if campaign.sandbox == sandbox}

    def is_in(self, sandbox: str, campaign_key: int) -> bool:
        campaign = self.campaigns.rows.get(campaign_key)
        return campaign is not None and campaign.sandbox == sandbox

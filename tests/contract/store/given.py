"""Fills a store with what a test needs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from clarion_server.application.ports.queries import QueuedEnd
from clarion_server.application.ports.store import Store, UnitOfWork
from clarion_server.domain.campaign_states import CampaignState
from clarion_server.domain.campaigns.campaign import Campaign
from clarion_server.domain.channels.channel import ChannelConfiguration
from clarion_server.domain.messages.message import Message, MessageState, message_id
from clarion_server.domain.triggering.execution import Execution

from tests.contract.store import samples


@contextmanager
def committing(store: Store) -> Iterator[UnitOfWork]:
    """Opens a unit of work and commits it at the end."""
    with store.begin() as work:
        yield work
        work.commit()


@dataclass(frozen=True)
class Sender:
    """Is a live campaign and the channel configuration that it uses, to which messages refer."""

    campaign: Campaign
    channel: ChannelConfiguration

    def execution(self, work: UnitOfWork, **changes: Any) -> Execution:
        made = samples.execution(self.campaign.key, **{"sandbox": self.campaign.sandbox, **changes})
        work.executions.add_all([made])
        return made

    def message(self, work: UnitOfWork, **changes: Any) -> Message:
        """Adds one message of an execution of its own."""
        return self.messages(work, 1, **changes)[0]

    def messages(self, work: UnitOfWork, number: int, **changes: Any) -> list[Message]:
        """Adds messages of one execution."""
        execution = self.execution(work, recipient_count=number)
        made = [
            samples.message(
                self.campaign.key,
                self.channel.key,
                id=message_id(execution.id, index, 0),
                **{"sandbox": self.campaign.sandbox, **changes},
            )
            for index in range(number)
        ]
        work.messages.add_all(made)
        return made


def ends(messages: Iterable[Message], state: MessageState) -> list[QueuedEnd]:
    """Returns the ends of queued messages in that state."""
    return [QueuedEnd(message, state) for message in messages]


def a_channel(work: UnitOfWork, channel_id: str = "mail", **changes: Any) -> ChannelConfiguration:
    return work.channels.add(samples.channel(channel_id, **changes))


def a_campaign(work: UnitOfWork, campaign_id: str = "order-confirmed", **changes: Any) -> Campaign:
    return work.campaigns.add(samples.campaign(campaign_id, **changes))


def a_sender(
    work: UnitOfWork,
    campaign_id: str = "order-confirmed",
    channel: ChannelConfiguration | None = None,
    sandbox: str = samples.SANDBOX,
) -> Sender:
    """Adds a sender, with a channel configuration of its own unless one is given."""
    used = channel or a_channel(work, f"{campaign_id}-mail", sandbox=sandbox)
    draft = a_campaign(work, campaign_id, sandbox=sandbox)
    work.campaigns.add_version(samples.version(draft.key), [used.key])
    live = replace(draft, state=CampaignState.LIVE, live_version=1, last_version=1, revision=2, draft_pending=False)
    work.campaigns.save(live)
    return Sender(live, used)

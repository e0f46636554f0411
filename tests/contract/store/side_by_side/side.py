"""One of two stores that get the same tasks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Any

from clarion_server.application.ports.store import Store, UnitOfWork
from clarion_server.domain.access.access import Visibility
from clarion_server.domain.campaign_states import CampaignState
from clarion_server.domain.campaigns.campaign import Campaign, CampaignVersion
from clarion_server.domain.channels.channel import ChannelConfiguration
from clarion_server.domain.events.event import Event
from clarion_server.domain.messages.message import Message
from clarion_server.domain.triggering.execution import Execution

from tests.contract.store import samples
from tests.contract.store.side_by_side.message_model import MessageModel

#: Holds the sandbox and id of a campaign.
Name = tuple[str, str]

#: Holds the fields whose values each store chooses, and the values that replace them before a comparison.
_OWN: Mapping[type, Mapping[str, Any]] = {
    Campaign: {"key": 0},
    ChannelConfiguration: {"key": 0},
    CampaignVersion: {"campaign_key": 0},
    Execution: {"campaign_key": 0},
    Event: {"campaign_key": 0, "sequence": 0},
}


class Side:
    """A store with an open unit of work.

    Campaigns go by their names in it, channels by their sandboxes: the keys that a store gives are its own affair.
    """

    def __init__(self, store: Store) -> None:
        self.store = store
        self.campaign_keys: dict[Name, int] = {}
        self.channel_keys: dict[str, int] = {}
        self._committed_keys: dict[Name, int] = {}
        self._begin()

    def commit(self) -> None:
        self.work.commit()
        self._committed_keys = dict(self.campaign_keys)
        self._leave()
        self._begin()

    def roll_back(self) -> None:
        self.campaign_keys = dict(self._committed_keys)
        self._leave()
        self._begin()

    def close(self) -> None:
        self._leave()
        self.store.close()

    def add_campaign(self, campaign: Campaign) -> None:
        added = self.work.campaigns.add(campaign)
        self.campaign_keys[campaign.sandbox, campaign.id] = added.key

    def add_channel(self, sandbox: str) -> None:
        self.channel_keys[sandbox] = self.work.channels.add(samples.channel(sandbox=sandbox)).key

    def add_sender(self, name: Name) -> None:
        """Adds a live campaign that uses the channel of its sandbox."""
        sandbox, campaign_id = name
        self.add_campaign(samples.campaign(campaign_id, sandbox=sandbox))
        draft = self.work.campaigns.get(Visibility(sandbox), campaign_id)
        assert draft is not None
        self.work.campaigns.add_version(samples.version(draft.key), [self.channel_keys[sandbox]])
        live = replace(draft, state=CampaignState.LIVE, live_version=1, last_version=1, revision=2)
        self.work.campaigns.save(live)

    def messages(self, ids: Iterable[str]) -> list[Message]:
        """Returns those of the messages that exist."""
        rows = (self.work.messages.get(visibility, each) for each in ids for visibility in samples.VISIBILITIES)
        return [row for row in rows if row is not None]

    def plain(self, answer: Any) -> Any:
        """Returns the answer without the values that each store chooses, but with the names of campaigns."""
        if isinstance(answer, list):
            return [self.plain(each) for each in answer]
        if isinstance(answer, Message):
            # Stores may differ in the begin time of an attempt that was requeued.
            own_values: dict[str, Any] = {"campaign_key": 0, "channel_key": 0, "attempt_time": None}
            return self._name_of(answer.action.campaign_key), samples.changed(answer, **own_values)
        own = _OWN.get(type(answer))
        if own is None:
            return answer
        campaign = self._name_of(answer.campaign_key) if "campaign_key" in own else None
        return campaign, replace(answer, **own)

    def _name_of(self, campaign_key: int) -> Name:
        return next(name for name, known in self.campaign_keys.items() if known == campaign_key)

    def _begin(self) -> None:
        self._context: AbstractContextManager[UnitOfWork] = self.store.begin()
        self.work = self._context.__enter__()

    def _leave(self) -> None:
        self._context.__exit__(None, None, None)


class ModelSide(Side):
    """Is a SQLite store whose messages are those of a model."""

    def __init__(self, store: Store) -> None:
        self._model = MessageModel(self._campaigns_of)
        super().__init__(store)

    def commit(self) -> None:
        self._model.commit()
        super().commit()

    def roll_back(self) -> None:
        self._model.roll_back()
        super().roll_back()

    def _campaigns_of(self, visibility: Visibility) -> set[int]:
        return {key for (each, _), key in self.campaign_keys.items() if each == visibility.sandbox}

    def _begin(self) -> None:
        super()._begin()
        vars(self.work)["messages"] = self._model

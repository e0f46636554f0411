"""Tasks that only ask about messages."""

from __future__ import annotations

from dataclasses import replace
from operator import attrgetter
from typing import Any

from clarion_server.application.ports.queries import MessageQuery
from clarion_server.domain.message import Message, MessageState
from hypothesis import strategies as st
from hypothesis.stateful import rule

from tests.contract.store.side_by_side import values
from tests.contract.store.side_by_side.machine import SideBySide
from tests.contract.store.side_by_side.side import Side

#: More than there are.
EVERYTHING = 10_000


class MessageQuestions(SideBySide):
    @rule(
        sandbox=values.sandboxes,
        of_campaign=st.none() | values.places,
        of_execution=st.none() | values.places,
        identity=st.none() | values.identities,
        states=values.subsets(MessageState),
        limit=values.limits,
    )
    def list_messages(self, of_campaign: int | None, of_execution: int | None, **filters: Any) -> None:
        execution_id = None if of_execution is None else self.execution_id(of_execution)

        def walk(side: Side) -> list[Message]:
            key = None if of_campaign is None else side.campaign_keys[self.sender(of_campaign)]
            query, walked = MessageQuery(campaign_key=key, execution_id=execution_id, **filters), list[Message]()
            while page := side.work.messages.page(query):
                walked += page
                query = replace(query, before=page[-1].id)
            return walked

        self.both(walk)

    @rule(place=values.places)
    def ask_about_an_execution(self, place: int) -> None:
        execution_id = self.execution_id(place)
        self.both(lambda side: side.work.messages.state_counts(execution_id))
        self.both(lambda side: _by_id(side.work.messages.queued_of_execution(execution_id)))

    @rule(place=values.places, limit=values.limits)
    def ask_about_a_campaign(self, place: int, limit: int) -> None:
        name = self.sender(place)

        def queued(side: Side, limit: int) -> list[Message]:
            return side.work.messages.queued_of_campaign(side.campaign_keys[name], limit)

        self.both(lambda side: _by_id(queued(side, EVERYTHING)))
        self.both(lambda side: len(queued(side, limit)))

    @rule(owner=values.processes, limit=values.limits)
    def ask_about_a_process(self, owner: str, limit: int) -> None:
        self.both(lambda side: side.work.messages.owners())
        self.both(lambda side: _by_id(side.work.messages.in_hands_of([owner], EVERYTHING)))
        self.both(lambda side: len(side.work.messages.in_hands_of([owner], limit)))


def _by_id(messages: list[Message]) -> list[Message]:
    return sorted(messages, key=attrgetter("id"))

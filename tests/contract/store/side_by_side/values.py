"""Strategies for the values of tasks: few and close together, so that they often meet."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

from clarion_server.application.ports.queries import Times
from clarion_server.domain.campaign_states import CampaignState
from clarion_server.domain.campaigns.campaign_definition import Schedule
from clarion_server.domain.category import Category
from clarion_server.domain.messages.message import SUCCESSORS, MessageState
from hypothesis import strategies as st

from tests.contract.store import samples

T = TypeVar("T")

PROCESSES = ("process-1", "process-2")
TAGS = ("a", "A", "b", '"', "é")

times = st.integers(0, 12)
indexes = st.integers(0, 200)
some_indexes = st.lists(indexes, min_size=1, max_size=6)
bounds = st.builds(Times, st.none() | times, st.none() | times)
limits = st.sampled_from([1, 2, 5, 100])
sandboxes = st.sampled_from(samples.SANDBOXES)
visibilities = st.sampled_from(samples.VISIBILITIES)
processes = st.sampled_from(PROCESSES)
texts = st.sampled_from(["", "a", "A", "é", "É", "%", "_", "sale"])
request_ids = st.none() | st.sampled_from(["r", "R", "é"])
identities = st.sampled_from(["email:jane@example.com", "email:JANE@example.com", "customer:字"])
schedules = st.builds(Schedule, st.none() | times, st.none() | times)
campaign_states = st.sampled_from(CampaignState)
settled_states = st.sampled_from(sorted(SUCCESSORS[MessageState.SENDING]))
tags = st.lists(st.sampled_from(TAGS), max_size=2, unique_by=str.casefold).map(tuple)
definitions = st.builds(
    samples.definition,
    display_name=texts,
    description=texts,
    category=st.none() | st.sampled_from(Category),
)


def subsets(values: Iterable[T]) -> st.SearchStrategy[frozenset[T]]:
    return st.frozensets(st.sampled_from(list(values)), max_size=2)

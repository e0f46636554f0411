"""Every store answers whatever it is asked as the store in memory does, after whatever was done to both."""

from __future__ import annotations

import os

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.contract.store.kinds import StoreKind
from tests.contract.store.side_by_side.campaign_tasks import CampaignTasks
from tests.contract.store.side_by_side.execution_tasks import ExecutionTasks
from tests.contract.store.side_by_side.machine import OTHERS
from tests.contract.store.side_by_side.message_tasks import MessageTasks

SOAK = bool(os.environ.get("CLARION_SOAK"))
BOUNDED = settings(
    # Without a soak every run does the same, so that it fails only for what was changed.
    derandomize=not SOAK,
    max_examples=600 if SOAK else 12,
    stateful_step_count=80 if SOAK else 30,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)


@pytest.mark.soak
@pytest.mark.parametrize("kind", OTHERS, ids=lambda kind: kind.name)
def test_a_store_answers_as_the_store_in_memory_does(kind: StoreKind) -> None:
    class Everything(CampaignTasks, ExecutionTasks, MessageTasks):
        other = kind

    run_state_machine_as_test(Everything, settings=BOUNDED)

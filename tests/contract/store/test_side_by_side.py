"""Every store answers as a model of messages beside a SQLite store does, whatever was done to both before."""

from __future__ import annotations

import os

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.contract.store.kinds import KINDS, StoreKind
from tests.contract.store.side_by_side.campaign_tasks import CampaignTasks
from tests.contract.store.side_by_side.execution_tasks import ExecutionTasks
from tests.contract.store.side_by_side.message_tasks import MessageTasks

SOAK = bool(os.environ.get("CLARION_SOAK"))
BOUNDED = settings(
    # New examples in every run. One that fails prints how to run it again.
    print_blob=True,
    max_examples=600 if SOAK else 8,
    stateful_step_count=80 if SOAK else 30,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)


@pytest.mark.soak
@pytest.mark.parametrize("tested", KINDS, ids=lambda kind: kind.name)
def test_a_store_answers_as_the_model_does(tested: StoreKind) -> None:
    class Everything(CampaignTasks, ExecutionTasks, MessageTasks):
        kind = tested

    run_state_machine_as_test(Everything, settings=BOUNDED)

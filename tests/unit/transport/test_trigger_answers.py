"""Answers to triggers, which are copies of encoded ones where every recipient was accepted."""

from __future__ import annotations

import pytest
from clarion.v1.trigger_service_pb2 import RecipientResult
from clarion_server.application.triggering.trigger import TriggerAnswer
from clarion_server.domain.campaigns.campaign_definition import ActionMode
from clarion_server.domain.triggering.execution import Execution
from clarion_server.transport.api.convert.triggers import to_response, to_stream_response

ACCEPTED = RecipientResult.OUTCOME_ACCEPTED


def answer(execution_id: str, recipients: int, mode: ActionMode = ActionMode.ALL) -> TriggerAnswer:
    execution = Execution(
        id=execution_id,
        sandbox="production",
        campaign_key=1,
        version=1,
        request_id=None,
        fingerprint=b"",
        caller="apiKeys/1",
        accept_time=1,
        send_time=None,
        expire_time=None,
        recipient_count=recipients,
        actions=("email", "letter"),
        action_mode=mode,
    )
    return TriggerAnswer(execution)


@pytest.mark.parametrize("recipients", [1, 2, 20, 100, 101, 1_000])
@pytest.mark.parametrize(("mode", "actions"), [(ActionMode.ALL, 2), (ActionMode.FIRST_DELIVERABLE, 1)])
def test_each_recipient_is_answered_with_the_names_of_its_messages(
    recipients: int, mode: ActionMode, actions: int
) -> None:
    # The second answer finds what the first has left.
    for number in (1, 2):
        execution_id = f"{number:032x}"
        response = to_response(answer(execution_id, recipients, mode))
        assert response.execution == f"executions/{execution_id}"
        assert not response.replayed
        assert [[each.message for each in result.messages] for result in response.recipients] == [
            [f"messages/{execution_id}-{index:04d}-{action}" for action in range(actions)]
            for index in range(recipients)
        ]
        assert {result.outcome for result in response.recipients} == {ACCEPTED}
        assert to_stream_response(answer(execution_id, recipients, mode)).accepted == response

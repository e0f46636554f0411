"""Sends a live campaign to an audience, and follows it until everybody was decided about.

Reads CLARION_TARGET and CLARION_API_KEY. The key needs the scopes `trigger` and `read`. `examples/newsletter.yaml` is
the campaign, and `examples/choosing.py` makes the audience.
"""

from __future__ import annotations

import sys
import time

from clarion_client import AudienceRunState, Client

CAMPAIGN, AUDIENCE = "newsletter", "gold"
CONTEXT = {"title": "New in November", "text": "Woollen scarves have arrived."}
GOING = {AudienceRunState.SCHEDULED, AudienceRunState.SELECTING, AudienceRunState.ACCEPTING}


def main() -> None:
    with Client.from_environment() as client:
        # How many would it be? Nothing is stored, and nothing sent.
        counted = client.trigger_audience(
            CAMPAIGN, AUDIENCE, max_recipients=100, context=CONTEXT, validate_only=True, timeout=600
        ).execution.audience_run
        assert counted is not None
        print(f"Members: {counted.selected_count}")

        # The id makes the call safe to repeat: it is the same execution, whatever happened to the first answer.
        execution = client.trigger_audience(
            CAMPAIGN, AUDIENCE, max_recipients=100, context=CONTEXT, request_id="spring-2027"
        ).execution
        while (run := execution.audience_run) is not None and run.state in GOING:
            time.sleep(0.2)
            execution = client.executions.get(execution.name)
        assert run is not None
        print(f"{run.state}: {run.accepted_count} accepted")
        for reason, count in run.excluded_counts.items():
            print(f"{count} excluded: {reason}")
        sys.exit(0 if run.state is AudienceRunState.DONE else 1)


if __name__ == "__main__":
    main()

"""What the command line says about the run of an audience."""

from __future__ import annotations

import dataclasses
import datetime as dt

from clarion_client import AudienceRun, AudienceRunState, ExclusionReason
from clarion_server.transport.cli.audience_run import left_count, run_rows

BEGIN = dt.datetime(2026, 11, 30, tzinfo=dt.UTC)
RUN = AudienceRun(
    start_time=BEGIN,
    audience="audiences/gold",
    state=AudienceRunState.CANCELLED,
    selected_count=15_046,
    max_recipients=20_000,
    accepted_count=1_479,
    excluded_counts={ExclusionReason.NO_CONSENT: 1_510},
    deleted_count=1,
)


def test_members_are_left_who_were_neither_accepted_nor_excluded_nor_deleted() -> None:
    assert left_count(RUN) == 15_046 - 1_479 - 1_510 - 1
    assert left_count(dataclasses.replace(RUN, state=AudienceRunState.SELECTING, selected_count=0)) == 0


def test_members_are_counted_in_thousands() -> None:
    shown = {name: str(value) for name, value in run_rows(RUN)}
    assert shown["members"] == "15,046 of at most 20,000"

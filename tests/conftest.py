"""Says what all tests share."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Callable

import pytest
import structlog
from hypothesis import HealthCheck, is_hypothesis_test, settings

from tests.session_end import at_session_end

# Many images of containers keep Python from storing what it compiles. Here each process of pytest would compile every
# test, and each interpreter that a test starts the whole service, which takes longer than most of what they do.
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

# Collecting thousands of tests makes objects that all stay. With Python's own threshold of 700 new objects, the garbage
# collector would go through them again and again.
gc.set_threshold(20_000, 20, 20)

SOAK = bool(os.environ.get("CLARION_SOAK"))

# How long an example takes says more about what else the machine does than about the code. Every run has new examples.
settings.register_profile(
    "clarion", max_examples=2_000 if SOAK else 40, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("clarion")

# By default structlog draws tracebacks with rich, which takes a second for each.
structlog.configure(
    [
        *structlog.get_config()["processors"][:-1],
        structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback),
    ]
)

COUNTS = "counts"


def pytest_collection_finish() -> None:
    gc.collect()
    gc.freeze()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Has `make soak` run every property with many more examples."""
    for item in items:
        if is_hypothesis_test(getattr(item, "obj", None)):
            item.add_marker(pytest.mark.soak)


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish() -> None:
    at_session_end.close()


@pytest.fixture
def show_counts(record_property: Callable[[str, object], None]) -> Callable[[str], None]:
    """Takes what tests say whose point is in numbers as well, which is shown when all tests have run."""
    return lambda text: record_property(COUNTS, text)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    reports = [report for reports in terminalreporter.stats.values() for report in reports]
    counts = [
        (report.nodeid, text)
        for report in reports
        if getattr(report, "when", None) == "call"
        for name, text in report.user_properties
        if name == COUNTS
    ]
    if counts:
        terminalreporter.section("counts")
    for test, text in counts:
        terminalreporter.write_line(f"{test.partition('::')[2]}: {text}")

"""The log: one event a line on standard error, with a constant name and ids, never personal data."""

from __future__ import annotations

import logging
import sys
from contextlib import suppress
from typing import Any

import structlog


def set_up_logs(level: str, as_json: bool, process: int | None = None) -> None:
    """`process`: which one this is of several that write to the same place."""
    # Tracebacks show the code alone: the values of local variables may be anybody's address.
    renderer: structlog.typing.Processor = (
        structlog.processors.JSONRenderer()
        if as_json
        else structlog.dev.ConsoleRenderer(
            colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
        )
    )
    structlog.configure(
        processors=[
            *([] if process is None else [_of(process)]),
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.StackInfoRenderer(),
            *([structlog.processors.format_exc_info] if as_json else []),
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
        logger_factory=lambda *_: _LineLogger(sys.stderr),
    )


class _LineLogger(structlog.PrintLogger):
    """A line that cannot be written, because the disk is full or nobody reads, is lost, and nothing else with it: what
    is logged in the middle of a task must not end it.
    """

    def msg(self, message: str) -> None:
        # ValueError is that of a file which is closed.
        with suppress(OSError, ValueError):
            super().msg(message)

    log = debug = info = warn = warning = error = critical = fatal = failure = err = exception = msg


def _of(process: int) -> structlog.typing.Processor:
    def add(_logger: Any, _method: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
        event["process"] = process
        return event

    return add

"""Sets up the log: one event a line on standard error, with a constant name and ids, never personal data."""

from __future__ import annotations

import logging
import sys
from contextlib import suppress
from typing import Any

import structlog


def set_up_logs(level: str, as_json: bool, process: int | None = None) -> None:
    """`process` is the number of this process among several that write to one log."""
    # Tracebacks show the code alone, because the values of local variables may be addresses.
    renderer: structlog.typing.Processor = (
        structlog.processors.JSONRenderer()
        if as_json
        else structlog.dev.ConsoleRenderer(
            colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
        )
    )
    structlog.configure(
        processors=[
            *([] if process is None else [_add_process(process)]),
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
    """Drops a line that cannot be written because the disk is full or nobody reads: logging must not end a task."""

    def msg(self, message: str) -> None:
        # A closed file raises ValueError.
        with suppress(OSError, ValueError):
            super().msg(message)

    log = debug = info = warn = warning = error = critical = fatal = failure = err = exception = msg


def _add_process(process: int) -> structlog.typing.Processor:
    def add(_logger: Any, _method: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
        event["process"] = process
        return event

    return add

"""Prepares the store of a service with several processes, before its supervisor starts."""

from __future__ import annotations

import asyncio
import signal

from clarion_server.adapters.system.logs import set_up_logs
from clarion_server.bootstrap import CannotStart, prepare
from clarion_server.config import Settings
from clarion_server.programs.process import show_first_key
from clarion_server.supervisor.signals import STOP_SIGNALS

__all__ = ["CannotStart", "prepare_store"]


def prepare_store(settings: Settings) -> bool:
    """Migrates the store and makes the first key. Returns False if SIGTERM or SIGINT came meanwhile: they must not end
    the process, as a first key that is stored and not shown could never be shown again. Raises CannotStart.
    """
    set_up_logs(settings.log_level, settings.log_json)
    received: list[int] = []
    for number in STOP_SIGNALS:
        signal.signal(number, lambda number, _frame: received.append(number))
    asyncio.run(prepare(settings, show_first_key))
    # This program ends now, or becomes the supervisor. Until that handles them, they wait.
    signal.pthread_sigmask(signal.SIG_BLOCK, STOP_SIGNALS)
    return not received

"""Starts the processes of a service, restarts those that end, and stops them all on a signal."""

from __future__ import annotations

import selectors
import signal
import time
from collections.abc import Callable

from clarion_server.supervisor.backoff import Backoff
from clarion_server.supervisor.child import Child
from clarion_server.supervisor.signals import Signals

#: Writes a line of the log: its level, its event, and named facts.
WriteLog = Callable[..., None]

#: The supervisor gives up when a process has ended so many times in a row before it served, and no other one serves.
_MAX_FAILURES = 20
#: A process that is to stop gets so many seconds beyond those for its calls under way. Then it is killed.
_STOP_MARGIN = 30.0


class SupervisorFailed(Exception):
    """No process can start. The text says why, if a process has reported it."""


class Supervisor:
    def __init__(self, count: int, start: Callable[[int], Child], write_log: WriteLog, shutdown_seconds: float) -> None:
        """`start` starts the process of a slot. `shutdown_seconds` is how long processes wait for calls under way."""
        self._count = count
        self._start = start
        self._write_log = write_log
        self._stop_seconds = shutdown_seconds + _STOP_MARGIN
        self._children: dict[int, Child] = {}
        self._backoffs = [Backoff() for _ in range(count)]
        self._start_times: dict[int, float] = dict.fromkeys(range(count), 0.0)
        """Says when the process of an empty slot is started."""
        self._selector = selectors.DefaultSelector()
        self._signals = Signals()
        self._has_served = False

    def run(self, on_serving: Callable[[], None]) -> int:
        """Runs until SIGTERM or SIGINT. Returns the exit code. Calls `on_serving` once, when all processes serve.

        Raises SupervisorFailed, after all processes have ended.
        """
        self._selector.register(self._signals, selectors.EVENT_READ)
        try:
            while not self._signals.stop:
                self._start_due()
                self._wait(self._seconds_to_next_start())
                self._restart_ended()
                if not self._has_served and self._all_serve():
                    self._has_served = True
                    on_serving()
        finally:
            codes = self._stop_all()
        return 0 if codes <= {0, -signal.SIGTERM} else 1

    def _all_serve(self) -> bool:
        return sum(child.serving_since is not None for child in self._children.values()) == self._count

    def _start_due(self) -> None:
        now = time.monotonic()
        for slot in [slot for slot, start_time in self._start_times.items() if start_time <= now]:
            del self._start_times[slot]
            child = self._children[slot] = self._start(slot)
            self._selector.register(child, selectors.EVENT_READ)

    def _seconds_to_next_start(self) -> float | None:
        return max(0.0, min(self._start_times.values()) - time.monotonic()) if self._start_times else None

    def _wait(self, seconds: float | None) -> None:
        """Waits for reports and signals, and reads them."""
        for key, _ in self._selector.select(seconds):
            if isinstance(key.fileobj, Child):
                if not key.fileobj.read():
                    self._selector.unregister(key.fileobj)
            else:
                self._signals.clear()

    def _restart_ended(self) -> None:
        for child in list(self._children.values()):
            if child.exit_code is not None:
                self._remove(child)
                if not self._signals.stop:
                    self._schedule_restart(child)

    def _remove(self, child: Child) -> None:
        del self._children[child.slot]
        child.read_all()
        if child.fileno() in self._selector.get_map():
            self._selector.unregister(child)
        child.close()

    def _schedule_restart(self, child: Child) -> None:
        """Raises SupervisorFailed if there is no point in it."""
        backoff = self._backoffs[child.slot]
        pause = backoff.next_pause(child.served_seconds)
        self._write_log(
            "warning",
            "process_ended",
            process=child.slot,
            pid=child.pid,
            exit_code=child.exit_code,
            served_seconds=round(child.served_seconds, 1),
            restart_in_seconds=pause,
            **({"reason": child.failure} if child.failure else {}),
        )
        nobody_serves = all(other.serving_since is None for other in self._children.values())
        if (child.failure and not self._has_served) or (nobody_serves and backoff.failures >= _MAX_FAILURES):
            raise SupervisorFailed(
                child.failure or f"Process {child.slot} ended {backoff.failures} times in a row before it served."
            )
        self._start_times[child.slot] = time.monotonic() + pause

    def _stop_all(self) -> set[int | None]:
        """Stops all processes. Returns their exit codes."""
        for child in self._children.values():
            child.send_signal(signal.SIGTERM)
        deadline = time.monotonic() + self._stop_seconds
        codes: set[int | None] = set()
        while self._children:
            self._wait(max(0.0, deadline - time.monotonic()))
            if time.monotonic() >= deadline:
                self._kill_all()
                deadline += _STOP_MARGIN
            for child in list(self._children.values()):
                if child.exit_code is not None:
                    codes.add(child.exit_code)
                    self._remove(child)
        return codes

    def _kill_all(self) -> None:
        for child in self._children.values():
            self._write_log("error", "process_did_not_stop", process=child.slot, pid=child.pid)
            child.send_signal(signal.SIGKILL)

"""Starts the processes of a service, starts anew those that end, and ends them all when it is told to."""

from __future__ import annotations

import selectors
import signal
import time
from collections.abc import Callable

from clarion_server.supervisor.backoff import Pauses
from clarion_server.supervisor.child import Child
from clarion_server.supervisor.signals import Signals

Tell = Callable[..., None]

#: How often in a row a process may end without having served, while no other one serves, until it is hopeless.
_HOPELESS = 20
#: Seconds beyond what calls under way may take, after which a process that is to stop is ended for good.
_STOP_MARGIN = 30.0


class Hopeless(Exception):
    """No process can start. The text says why, as far as it is known."""


class Supervisor:
    def __init__(self, count: int, start: Callable[[int], Child], tell: Tell, stop_seconds: float) -> None:
        """`start` starts the process of a place; `tell` writes a line of the log: level, event, what belongs to it.
        `stop_seconds` is how long the processes give calls under way.
        """
        self._count = count
        self._start = start
        self._tell = tell
        self._stop_seconds = stop_seconds + _STOP_MARGIN
        self._children: dict[int, Child] = {}
        self._pauses = [Pauses() for _ in range(count)]
        self._due: dict[int, float] = dict.fromkeys(range(count), 0.0)
        """When a place is to have a process again."""
        self._selector = selectors.DefaultSelector()
        self._signals = Signals()
        self._complete = False

    def run(self, on_serving: Callable[[], None]) -> int:
        """Until it is told to stop; the exit code. `on_serving` is called once, when all of them serve.

        Raises Hopeless, with no process left.
        """
        self._selector.register(self._signals, selectors.EVENT_READ)
        try:
            while not self._signals.stop:
                self._start_due()
                self._wait(self._seconds_to_next())
                self._look_after_all()
                if not self._complete and self._all_serve():
                    self._complete = True
                    on_serving()
        finally:
            codes = self._stop_all()
        return 0 if codes <= {0, -signal.SIGTERM} else 1

    def _all_serve(self) -> bool:
        return sum(child.serving_since is not None for child in self._children.values()) == self._count

    def _start_due(self) -> None:
        now = time.monotonic()
        for place in [place for place, time_ in self._due.items() if time_ <= now]:
            del self._due[place]
            child = self._children[place] = self._start(place)
            self._selector.register(child, selectors.EVENT_READ)

    def _seconds_to_next(self) -> float | None:
        return max(0.0, min(self._due.values()) - time.monotonic()) if self._due else None

    def _wait(self, seconds: float | None) -> None:
        for key, _ in self._selector.select(seconds):
            if isinstance(key.fileobj, Child):
                if not key.fileobj.hear():
                    self._selector.unregister(key.fileobj)
            else:
                self._signals.take()

    def _look_after_all(self) -> None:
        for child in list(self._children.values()):
            if child.exit_code is not None:
                self._bury(child)
                if not self._signals.stop:
                    self._replace(child)

    def _bury(self, child: Child) -> None:
        del self._children[child.place]
        child.hear_out()
        if child.fileno() in self._selector.get_map():
            self._selector.unregister(child)
        child.close()

    def _replace(self, child: Child) -> None:
        pauses = self._pauses[child.place]
        pause = pauses.next(child.served_seconds)
        self._tell(
            "warning",
            "process_ended",
            process=child.place,
            pid=child.pid,
            exit_code=child.exit_code,
            served_seconds=round(child.served_seconds, 1),
            restart_in_seconds=pause,
            **({"reason": child.refusal} if child.refusal else {}),
        )
        nobody_serves = all(other.serving_since is None for other in self._children.values())
        if (child.refusal and not self._complete) or (nobody_serves and pauses.ends >= _HOPELESS):
            raise Hopeless(
                child.refusal or f"Process {child.place} ended {pauses.ends} times in a row before it served."
            )
        self._due[child.place] = time.monotonic() + pause

    def _stop_all(self) -> set[int | None]:
        """Their exit codes."""
        for child in self._children.values():
            child.end(signal.SIGTERM)
        deadline = time.monotonic() + self._stop_seconds
        codes: set[int | None] = set()
        while self._children:
            self._wait(max(0.0, deadline - time.monotonic()))
            if time.monotonic() >= deadline:
                self._end_for_good()
            for child in list(self._children.values()):
                if child.exit_code is not None:
                    codes.add(child.exit_code)
                    self._bury(child)
        return codes

    def _end_for_good(self) -> None:
        for child in self._children.values():
            self._tell("error", "process_did_not_stop", process=child.place, pid=child.pid)
            child.end(signal.SIGKILL)

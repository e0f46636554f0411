"""Work in threads: few at once, so that no number of hostile requests takes all memory and all processors."""

from __future__ import annotations

import asyncio
from threading import Barrier, Event, Lock

import pytest
from clarion_server.application.background import AUTHORING_THREADS, run_for_request, run_in_background

from tests.unit.application.running import until

PATIENCE = 30
"""Seconds that only a failing test waits."""


class Works:
    """Works that end when the test says so, and counts of them."""

    def __init__(self) -> None:
        self.running = self.begun = self.most = 0
        self.may_end = Event()
        self._lock = Lock()

    def work(self) -> None:
        with self._lock:
            self.begun += 1
            self.running += 1
            self.most = max(self.most, self.running)
        self.may_end.wait(PATIENCE)
        with self._lock:
            self.running -= 1


async def test_a_process_does_few_works_of_authors_at_once_and_the_others_after_them() -> None:
    works = Works()
    waiting = [asyncio.create_task(run_in_background(works.work)) for _ in range(3 * AUTHORING_THREADS)]
    await until(lambda: works.running == AUTHORING_THREADS)
    works.may_end.set()
    await asyncio.gather(*waiting)
    assert (works.begun, works.most) == (3 * AUTHORING_THREADS, AUTHORING_THREADS)


async def test_large_requests_do_not_wait_for_the_works_of_authors() -> None:
    works = Works()
    waiting = [asyncio.create_task(run_in_background(works.work)) for _ in range(2 * AUTHORING_THREADS)]
    assert await asyncio.wait_for(run_for_request(lambda: 7), PATIENCE) == 7
    works.may_end.set()
    await asyncio.gather(*waiting)


async def test_work_whose_caller_leaves_before_it_has_a_thread_is_never_done() -> None:
    works = Works()
    running = [asyncio.create_task(run_in_background(works.work)) for _ in range(AUTHORING_THREADS)]
    await until(lambda: works.running == AUTHORING_THREADS)
    left = asyncio.create_task(run_in_background(works.work))
    await asyncio.sleep(0)
    left.cancel()
    with pytest.raises(asyncio.CancelledError):
        await left
    works.may_end.set()
    await asyncio.gather(*running)
    await run_in_background(lambda: None)
    assert works.begun == AUTHORING_THREADS


async def test_works_run_at_the_same_time() -> None:
    together = Barrier(AUTHORING_THREADS)
    await asyncio.gather(*(run_in_background(together.wait, PATIENCE) for _ in range(AUTHORING_THREADS)))

"""The harness behind `make bench` must not flatter: its sinks count right, and its loads notice wrong answers."""

from __future__ import annotations

import shutil
import smtplib
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.driver import Driver
from bench.figures import Figures
from bench.load import Exchange, H2Load, Load, PythonLoad, Target, Timed
from bench.process import BenchError, module, running
from bench.sink import Sink, running_sink, sink_command
from bench.triggers import trigger

ANYWHERE: frozenset[int] = frozenset()
LOADS = [PythonLoad(), *([H2Load()] if shutil.which("h2load") else [])]


@pytest.fixture(params=["native", "python"])
def sink(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Sink]:
    command = sink_command(tmp_path)[1] if request.param == "native" else module("python_sink")
    with running_sink(command, ANYWHERE) as sink:
        yield sink


@pytest.fixture(scope="module")
def echo_port() -> Iterator[int]:
    with running(module("echo"), ANYWHERE) as process:
        yield int(process.read_line())


@pytest.fixture
def target(echo_port: int) -> Target:
    return Target(echo_port, "Bearer none", ANYWHERE)


@pytest.fixture(params=LOADS, ids=lambda load: load.name)
def load(request: pytest.FixtureRequest) -> Load:
    chosen: Load = request.param
    return chosen


@pytest.mark.parametrize("text", ["", "Hello", ".\r\n.\r\n..\r\n", "\r\n\r\r.\r\r\n", "x" * 900_000])
def test_a_sink_counts_a_message_once_whatever_its_text(sink: Sink, text: str) -> None:
    with smtplib.SMTP("127.0.0.1", sink.port, timeout=10) as connection:
        for _ in range(3):
            connection.sendmail("a@example.com", ["b@example.com"], text)

    assert sink.count() == 3


def test_a_sink_does_not_count_a_message_that_was_cut_off(sink: Sink) -> None:
    connection = smtplib.SMTP("127.0.0.1", sink.port, timeout=10)
    for command in ("EHLO me", "MAIL FROM:<a@example.com>", "RCPT TO:<b@example.com>", "DATA"):
        assert connection.docmd(command)[0] < 400
    connection.send(b"half a mess")
    connection.close()

    assert sink.count() == 0


def test_a_sink_answers_every_one_of_many_commands_that_come_at_once(sink: Sink) -> None:
    with smtplib.SMTP("127.0.0.1", sink.port, timeout=10) as connection:
        connection.send(
            b"EHLO me\r\nMAIL FROM:<a@example.com>\r\nRCPT TO:<b@example.com>\r\nFLY\r\nDATA\r\n.\r\nNOOP\r\n"
        )
        codes = [connection.getreply()[0] for _ in range(7)]

    assert codes == [250, 250, 250, 500, 354, 250, 250]
    assert sink.count() == 1


def test_a_load_says_how_many_messages_were_answered(load: Load, target: Target) -> None:
    driver = Driver(load, target)

    assert driver.calls(200, recipients=20).count == 200
    assert driver.stream(each=50).count == 400
    assert driver.acknowledged == (1 + 20 + 200) * 20 + (1 + 40 + 400)


def test_a_rated_load_tells_the_latency_of_every_call(load: Load, target: Target) -> None:
    timed = Driver(load, target).rated_calls(per_s=200, seconds=1)

    assert timed.count == len(timed.latencies_ms) == 200
    assert min(timed.latencies_ms) > 0


@pytest.mark.parametrize("exchange", [Exchange(b"\xff", 105), Exchange(trigger().SerializeToString(), 104)])
def test_a_load_fails_when_its_calls_are_not_answered_as_they_should_be(
    load: Load, target: Target, exchange: Exchange
) -> None:
    with pytest.raises(BenchError):
        load.calls(target, exchange, 20)


def test_a_percentile_is_a_latency_that_was_measured() -> None:
    timed = Timed(100, 1.0, [float(number) for number in range(100, 0, -1)])

    assert [timed.percentile_ms(percent) for percent in (1, 50, 99, 100)] == [1, 50, 99, 100]


def test_the_figures_at_the_top_are_medians_under_the_first_placement() -> None:
    figures = Figures()
    for value in (3.0, 1.0, 2.0):
        figures.add("pinned", {"echo_unary_per_s": value})
    figures.add("unpinned", {"echo_unary_per_s": 9.0})

    result = figures.as_json()

    assert (result["placement"], result["echo_unary_per_s"]) == ("pinned", 2.0)
    assert result["placements"]["pinned"]["echo_unary_per_s"]["samples"] == [3.0, 1.0, 2.0]
    assert result["placements"]["unpinned"]["echo_unary_per_s"]["median"] == 9.0

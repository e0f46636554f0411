"""The harness behind `make bench` must not flatter: its sinks count right, and its loads notice wrong answers."""

from __future__ import annotations

import os
import shutil
import smtplib
import time
from argparse import ArgumentTypeError
from collections.abc import Iterator
from pathlib import Path

import pytest
from clarion.v1 import trigger_service_pb2

from bench.__main__ import medians_of
from bench.driver import Driver
from bench.figures import Figures, Summary, against, verdict
from bench.load import Exchange, H2Load, Load, PythonLoad, Target, Timed
from bench.process import BenchError, module, running
from bench.python_load import with_fresh_request_id
from bench.sink import Sink, running_sink, sink_command
from bench.triggers import trigger
from bench.two_processes import cpu_us
from bench.usage import cpu_seconds

ANYWHERE: frozenset[int] = frozenset()
LOADS = [PythonLoad(), *([H2Load()] if shutil.which("h2load") else [])]


@pytest.fixture(scope="module")
def native_sink(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Returns the command of the sink that is compiled, once for all tests here."""
    return sink_command(tmp_path_factory.mktemp("sink"))[1]


@pytest.fixture(params=["native", "python"])
def sink(request: pytest.FixtureRequest, native_sink: list[str]) -> Iterator[Sink]:
    command = native_sink if request.param == "native" else module("python_sink")
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
    with smtplib.SMTP("127.0.0.1", sink.port, timeout=60) as connection:
        for _ in range(3):
            connection.sendmail("a@example.com", ["b@example.com"], text)

    assert sink.count() == 3


def test_a_sink_does_not_count_a_message_that_was_cut_off(sink: Sink) -> None:
    connection = smtplib.SMTP("127.0.0.1", sink.port, timeout=60)
    for command in ("EHLO me", "MAIL FROM:<a@example.com>", "RCPT TO:<b@example.com>", "DATA"):
        assert connection.docmd(command)[0] < 400
    connection.send(b"half a mess")
    connection.close()

    assert sink.count() == 0


def test_a_sink_answers_every_one_of_many_commands_that_come_at_once(sink: Sink) -> None:
    with smtplib.SMTP("127.0.0.1", sink.port, timeout=60) as connection:
        connection.send(
            b"EHLO me\r\nMAIL FROM:<a@example.com>\r\nRCPT TO:<b@example.com>\r\nFLY\r\nDATA\r\n.\r\nNOOP\r\n"
        )
        codes = [connection.getreply()[0] for _ in range(7)]

    assert codes == [250, 250, 250, 500, 354, 250, 250]
    assert sink.count() == 1


def test_a_sink_tells_when_it_took_the_last_message(sink: Sink) -> None:
    with smtplib.SMTP("127.0.0.1", sink.port, timeout=60) as connection:
        before = time.time()
        connection.sendmail("a@example.com", ["b@example.com"], "Hello")
        after = time.time()

    count, taken = sink.last()

    assert count == 1
    # The sink's clock tells microseconds, cut off.
    assert before - 1e-6 <= taken <= after


def test_a_load_says_how_many_messages_were_answered(load: Load, target: Target) -> None:
    driver = Driver(load, target)

    assert driver.calls(200, recipients=20).count == 200
    assert driver.stream(each=50).count == 400
    assert driver.acknowledged == (1 + 200) * 20 + (1 + 400)


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


def test_a_load_over_other_connections_sends_as_much(load: Load, echo_port: int) -> None:
    driver = Driver(load, Target(echo_port, "Bearer none", ANYWHERE, connections=32))

    assert driver.calls(400).count == 400
    assert driver.stream(each=10).count == 320


def test_a_fresh_request_id_leaves_the_rest_of_a_trigger_as_it_is() -> None:
    sent = [
        trigger_service_pb2.TriggerRequest.FromString(with_fresh_request_id(trigger().SerializeToString()))
        for _ in range(2)
    ]

    assert len({request.request_id for request in sent} - {""}) == 2
    for request in sent:
        request.ClearField("request_id")
        assert request == trigger()


def test_a_percentile_is_a_latency_that_was_measured() -> None:
    timed = Timed(100, 1.0, [float(number) for number in range(100, 0, -1)])

    assert [timed.percentile_ms(percent) for percent in (1, 50, 99, 100)] == [1, 50, 99, 100]


def test_processor_time_of_two_processes_is_shared_out_among_the_messages() -> None:
    # The supervisor, and the two that serve.
    assert cpu_us([1.0, 2.0, 3.0], [1.0, 3.0, 3.5], 1_000) == 1_500


def test_a_load_that_came_to_one_process_is_none_on_two() -> None:
    with pytest.raises(BenchError, match="connections came to one"):
        cpu_us([1.0, 2.0, 3.0], [1.0, 3.0, 3.1], 1_000)


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="only Linux tells")
def test_processor_time_that_a_process_takes_is_seen_from_outside() -> None:
    pid = os.getpid()
    seen, begin = cpu_seconds(pid), time.process_time()
    while (taken := time.process_time() - begin) < 0.2:
        sum(range(1_000))

    # Ticks of 10 ms, one at either end.
    assert cpu_seconds(pid) - seen == pytest.approx(taken, abs=0.03)


def test_the_figures_at_the_top_are_medians_under_the_first_placement() -> None:
    figures = Figures()
    for value in (3.0, 1.0, 2.0):
        figures.add("pinned", {"echo_unary_per_s": value})
    figures.add("unpinned", {"echo_unary_per_s": 9.0})

    result = figures.as_json()

    assert (result["placement"], result["echo_unary_per_s"]) == ("pinned", 2.0)
    assert result["placements"]["pinned"]["echo_unary_per_s"]["samples"] == [3.0, 1.0, 2.0]
    assert result["placements"]["unpinned"]["echo_unary_per_s"]["median"] == 9.0


def test_a_figure_that_only_a_later_placement_has_is_judged_there() -> None:
    figures = Figures()
    figures.add("pinned", {"echo_unary_per_s": 1.0})
    figures.add("unpinned", {"echo_unary_per_s": 9.0, "accept_two_processes_per_s": 2.0})

    result = figures.as_json()

    assert (result["echo_unary_per_s"], result["accept_two_processes_per_s"]) == (1.0, 2.0)


@pytest.mark.parametrize(
    ("pinned", "unpinned", "words"),
    [(10, 9, "≤ 10  met"), (11, 12, "≤ 10  MISSED"), (11, 9, "≤ 10  MISSED pinned, met unpinned")],
)
def test_a_verdict_names_the_placement_where_that_makes_the_difference(
    pinned: float, unpinned: float, words: str
) -> None:
    samples = {"pinned": Summary([pinned]), "unpinned": Summary([unpinned])}

    assert verdict("lone_hand_off_p50_ms", samples) == words


@pytest.mark.parametrize(
    ("name", "value", "compared"),
    [
        ("accept_unary_per_s", 150.0, "1.50 better"),
        ("accept_unary_ratio", 50.0, "0.50 worse"),
        ("end_to_end_cpu_us", 150.0, "1.50 worse"),
        ("accept_p99_ms_half_load", 50.0, "0.50 better"),
        ("accept_p99_ratio_half_load", 150.0, "1.50 worse"),
        ("reset_p99_ms_behind_marketing", 150.0, "1.50 worse"),
        ("growth_sqlite_get_ratio", 150.0, "1.50 worse"),
        ("purge_accept_p99_ms_during", 150.0, "1.50 worse"),
        ("purge_rows_per_s", 150.0, "1.50 better"),
        ("backlog_rss_mb_long", 50.0, "0.50 better"),
        ("start_to_serving_s", 150.0, "1.50 worse"),
        ("overload_refused_share", 150.0, "1.50"),
        ("accept_unary_per_s", 104.0, "1.04"),
    ],
)
def test_a_figure_is_better_or_worse_than_the_one_before_by_what_it_means(
    name: str, value: float, compared: str
) -> None:
    assert against(name, value, 100.0) == compared


def test_a_figure_that_the_run_before_did_not_have_is_compared_with_nothing() -> None:
    assert against("accept_unary_per_s", 1.0, None) == ""


def test_a_run_before_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "cut.json").write_text('{"accept_unary_per_s": 1')

    for name in ("cut.json", "nowhere.json"):
        with pytest.raises(ArgumentTypeError, match=name):
            medians_of(str(tmp_path / name))

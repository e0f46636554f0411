"""Load on a gRPC server: from h2load (nghttp2) where it is installed, else from a Python process of its own.

Both send the same bytes again and again and check the answers. h2load knows nothing of gRPC: a refused call is a
successful HTTP exchange to it, and its status stands in the trailers that h2load does not look into. But a refused call
carries no message. So the bytes of all answers are counted and compared with those of one answer that was read in full:
one call that fails, or answers something else, fails the measurement.
"""

from __future__ import annotations

import json
import re
import shutil
import struct
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from pathlib import Path
from typing import Any, Protocol

from bench.process import BenchError, module, run

CONNECTIONS = 8
CALLS_IN_FLIGHT = 128
# h2load keeps a rate by one timer a connection: fifty of them, each with a share of the rate.
RATED_CONNECTIONS = 50

FRAME_BYTES = 5
TRIGGER_PATH = "/clarion.v1.TriggerService/Trigger"
STREAM_PATH = "/clarion.v1.TriggerService/TriggerStream"


@dataclass(frozen=True, slots=True)
class Target:
    """Is a server under load, the caller's credential, the cores that the load may use, and over how many connections
    it comes unless it is rated.
    """

    port: int
    authorization: str
    cores: frozenset[int]
    connections: int = CONNECTIONS


@dataclass(frozen=True, slots=True)
class Exchange:
    """Is a message to send again and again, and how many bytes a good answer to it takes, its frame included."""

    message: bytes
    answer_bytes: int


@dataclass(frozen=True, slots=True)
class Timed:
    """Holds what a load came to: messages answered, how many a second, and the latencies of a rated load."""

    count: int
    per_s: float
    latencies_ms: list[float]

    @property
    def seconds(self) -> float:
        return self.count / self.per_s

    def percentile_ms(self, percent: float) -> float:
        """Returns the nearest-rank percentile."""
        ranked = sorted(self.latencies_ms)
        return ranked[ceil(len(ranked) * percent / 100) - 1]


def together(rounds: Sequence[Timed]) -> Timed:
    """Returns what several rounds of one load came to."""
    count, seconds = sum(each.count for each in rounds), sum(each.seconds for each in rounds)
    return Timed(count, count / seconds, [latency for each in rounds for latency in each.latencies_ms])


class Load(Protocol):
    """Is a source of load. Each method raises `BenchError` unless every call is answered as it should be."""

    name: str

    def calls(self, target: Target, exchange: Exchange, count: int) -> Timed:
        """Unary calls, 128 under way at any time, over as many connections as the target wants."""

    def rated_calls(self, target: Target, exchange: Exchange, per_s: float, seconds: float) -> Timed:
        """Unary calls at a steady rate, with the latency of each."""

    def stream(self, target: Target, exchange: Exchange, each: int) -> Timed:
        """`each` messages on each of as many bidirectional streams as the target has connections, one on each."""


def frame(message: bytes) -> bytes:
    """Returns a message as gRPC puts it into the body of a request: uncompressed, with its length before it."""
    return struct.pack(">?I", False, len(message)) + message


class H2Load:
    """Runs nghttp2's load generator, on one thread."""

    name = "h2load"

    def calls(self, target: Target, exchange: Exchange, count: int) -> Timed:
        each = CALLS_IN_FLIGHT // target.connections
        arguments = ["-n", str(count), "-c", str(target.connections), "-m", str(each)]
        output = _h2load(target, TRIGGER_PATH, frame(exchange.message), arguments)
        return Timed(count, count / _seconds(output, count, count * exchange.answer_bytes), [])

    def rated_calls(self, target: Target, exchange: Exchange, per_s: float, seconds: float) -> Timed:
        each_per_s = max(1, round(per_s / RATED_CONNECTIONS))
        count = round(each_per_s * RATED_CONNECTIONS * seconds)
        with tempfile.NamedTemporaryFile() as log:
            arguments = ["-n", str(count), "-c", str(RATED_CONNECTIONS), "-m", "100"]
            arguments += [f"--rps={each_per_s}", *_spread(per_s), f"--log-file={log.name}"]
            output = _h2load(target, TRIGGER_PATH, frame(exchange.message), arguments)
            # Columns: start in µs since the epoch, HTTP status, µs until the end of the answer.
            latencies = [int(line.split("\t")[2]) / 1000 for line in Path(log.name).read_text().splitlines()]
        return Timed(count, count / _seconds(output, count, count * exchange.answer_bytes), latencies)

    def stream(self, target: Target, exchange: Exchange, each: int) -> Timed:
        streams = target.connections
        arguments = ["-n", str(streams), "-c", str(streams), "-m", "1"]
        output = _h2load(target, STREAM_PATH, frame(exchange.message) * each, arguments)
        sent = each * streams
        return Timed(sent, sent / _seconds(output, streams, sent * exchange.answer_bytes), [])


def _spread(per_s: float) -> list[str]:
    """Opens the connections at the pace of the calls. Opened at once, their timers would fire at once, too, and send
    fifty calls together instead of one after the other.
    """
    if per_s < 1000:
        return ["-r", "1", f"--rate-period={round(1000 / per_s)}ms"]
    return ["-r", str(round(per_s / 1000)), "--rate-period=1ms"]


def _h2load(target: Target, path: str, body: bytes, arguments: list[str]) -> str:
    headers = ["content-type: application/grpc", "te: trailers", f"authorization: {target.authorization}"]
    for header in headers:
        arguments += ["-H", header]
    with tempfile.NamedTemporaryFile() as file:
        file.write(body)
        file.flush()
        return run(["h2load", "-d", file.name, *arguments, f"http://127.0.0.1:{target.port}{path}"], target.cores)


def _seconds(output: str, exchanges: int, answer_bytes: int) -> float:
    """Returns the time of h2load, after checking that all exchanges ended well with all the bytes of good answers."""
    succeeded = re.search(r"(\d+) succeeded", output)
    data = re.search(r"\((\d+)\) data", output)
    finished = re.search(r"finished in ([\d.]+)(us|ms|s)", output)
    if succeeded is None or data is None or finished is None:
        raise BenchError(f"h2load said what is not understood here:\n{output}")
    if int(succeeded[1]) != exchanges or int(data[1]) != answer_bytes:
        raise BenchError(
            f"{succeeded[1]} of {exchanges} calls came to an end, "
            f"and all answers together were {data[1]} bytes long instead of {answer_bytes}"
        )
    return float(finished[1]) * {"us": 1e-6, "ms": 1e-3, "s": 1.0}[finished[2]]


class PythonLoad:
    """Is a grpc.aio client in its own process. It costs as much as a server, so what it measures is a lower bound."""

    name = "grpc.aio process"

    def __init__(self, *, fresh_request_ids: bool = False, people: int = 0) -> None:
        """`fresh_request_ids`: each unary call has a random one (UUID version 4), which h2load cannot send.

        `people`: the recipients of unary calls are so many in turn, and not always those of the exchange.
        """
        self._fresh_request_ids = fresh_request_ids
        self._people = people

    def calls(self, target: Target, exchange: Exchange, count: int) -> Timed:
        return self._run(target, exchange, {"form": "calls", "count": count})

    def rated_calls(self, target: Target, exchange: Exchange, per_s: float, seconds: float) -> Timed:
        return self._run(target, exchange, {"form": "rated", "count": round(per_s * seconds), "per_s": per_s})

    def stream(self, target: Target, exchange: Exchange, each: int) -> Timed:
        return self._run(target, exchange, {"form": "stream", "count": each * target.connections})

    def _run(self, target: Target, exchange: Exchange, form: dict[str, Any]) -> Timed:
        job = {"port": target.port, "authorization": target.authorization, "connections": target.connections, **form}
        job |= {"message": exchange.message.hex(), "answer_bytes": exchange.answer_bytes}
        job |= {"fresh_request_ids": self._fresh_request_ids, "people": self._people}
        return Timed(**json.loads(run(module("python_load", json.dumps(job)), target.cores)))


def best_load() -> Load:
    return H2Load() if shutil.which("h2load") else PythonLoad()

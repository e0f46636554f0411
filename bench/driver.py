"""Drives one server: probes it for a good answer, loads it, and keeps count of what it acknowledged."""

from __future__ import annotations

import grpc
from clarion.v1.trigger_service_pb2_grpc import TriggerServiceStub

from bench.load import FRAME_BYTES, Exchange, Load, Target, Timed
from bench.triggers import stream_trigger, trigger

PROBE_SECONDS = 10.0


class Driver:
    """Sends triggers to one server. `acknowledged` counts the messages it answered for, probes included."""

    def __init__(self, load: Load, target: Target) -> None:
        self._load = load
        self._target = target
        self.acknowledged = 0

    def calls(self, count: int, recipients: int = 1) -> Timed:
        """Unary calls as fast as they are answered."""
        timed = self._load.calls(self._target, self._probe_call(recipients), count)
        self.acknowledged += timed.count * recipients
        return timed

    def rated_calls(self, per_s: float, seconds: float) -> Timed:
        """Unary calls at a steady rate."""
        timed = self._load.rated_calls(self._target, self._probe_call(recipients=1), per_s, seconds)
        self.acknowledged += timed.count
        return timed

    def stream(self, each: int) -> Timed:
        """Messages on 8 streams, `each` on each, as fast as they are answered."""
        timed = self._load.stream(self._target, self._probe_stream(), each)
        self.acknowledged += timed.count
        return timed

    def _probe_call(self, recipients: int) -> Exchange:
        """One call through an ordinary client: it shows that the server is right, and how long a good answer is."""
        request = trigger(recipients)
        with self._channel() as channel:
            answer = TriggerServiceStub(channel).Trigger(request, metadata=self._metadata, timeout=PROBE_SECONDS)
        self.acknowledged += recipients
        return Exchange(request.SerializeToString(), len(answer.SerializeToString()) + FRAME_BYTES)

    def _probe_stream(self) -> Exchange:
        request = stream_trigger()
        with self._channel() as channel:
            stub = TriggerServiceStub(channel)
            (answer,) = stub.TriggerStream(iter([request]), metadata=self._metadata, timeout=PROBE_SECONDS)
        assert answer.HasField("accepted"), answer
        self.acknowledged += 1
        return Exchange(request.SerializeToString(), len(answer.SerializeToString()) + FRAME_BYTES)

    def _channel(self) -> grpc.Channel:
        return grpc.insecure_channel(f"127.0.0.1:{self._target.port}")

    @property
    def _metadata(self) -> tuple[tuple[str, str], ...]:
        return (("authorization", self._target.authorization),)

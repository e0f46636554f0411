"""Implements the queue in NATS JetStream: a stream for each lane, a durable consumer for each channel configuration.

A stream holds the ids of messages, nothing else, and each id once. A process that fetches an id claims the message in
the store. When the store refuses the claim, the process acknowledges the id and forgets it. The reconciler publishes
again what a stream lacks.
"""

from __future__ import annotations

from clarion_server.adapters.queue.jetstream.address import read_address
from clarion_server.adapters.queue.jetstream.queue import JetStreamQueue

__all__ = ["JetStreamQueue", "read_address"]

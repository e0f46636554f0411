"""The queue in NATS JetStream: a stream for each lane, a consumer for each channel configuration.

A stream holds names of messages, nothing else, and each name once. Whoever pulls one claims the message in the store;
what the store does not let it have is acknowledged and forgotten. What streams lack is put back from the store.
"""

from __future__ import annotations

from clarion_server.adapters.queue.jetstream.address import read_address
from clarion_server.adapters.queue.jetstream.queue import JetStreamQueue

__all__ = ["JetStreamQueue", "read_address"]

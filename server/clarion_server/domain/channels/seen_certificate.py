"""The certificate of a provider's server, as a connection has seen it."""

from __future__ import annotations

from dataclasses import dataclass

from clarion_server.domain.instant import Instant


@dataclass(frozen=True, slots=True)
class SeenCertificate:
    revision: int
    """Is that of the channel configuration which the connection was opened for."""
    end_time: Instant
    """Says when it expires."""

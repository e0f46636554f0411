"""Certificates, as far as the health of campaigns needs them."""

from __future__ import annotations

from typing import Protocol

from clarion_server.domain.instant import Instant


class CertificateReader(Protocol):
    def end_of(self, pem: str) -> Instant | None:
        """Returns when the first certificate of a PEM text expires. None when there is none that can be read."""
        ...

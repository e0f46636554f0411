"""Implements the port `CertificateReader` by the library cryptography."""

from __future__ import annotations

from functools import lru_cache

from clarion_server.domain.instant import SECOND, Instant

#: Reading one takes 50 µs, and lists of campaigns name the same ones again and again.
_KEPT = 256


class PemCertificateReader:
    def end_of(self, pem: str) -> Instant | None:
        return _end_of(pem)


@lru_cache(_KEPT)
def _end_of(pem: str) -> Instant | None:
    # It takes 7 MB, and few campaigns have certificates.
    from cryptography.x509 import load_pem_x509_certificate  # noqa: PLC0415 - only when asked for

    try:
        certificate = load_pem_x509_certificate(pem.encode())
    except ValueError:
        return None
    return int(certificate.not_valid_after_utc.timestamp()) * SECOND

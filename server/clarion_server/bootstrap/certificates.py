"""Reads the certificate and the key that the settings name."""

from __future__ import annotations

import ssl
from pathlib import Path

import grpc

from clarion_server.bootstrap.start_failures import CannotStart
from clarion_server.config import Settings


def tls_files(settings: Settings) -> tuple[Path, Path] | None:
    if settings.tls_key is None or settings.tls_certificate is None:
        return None
    return settings.tls_certificate, settings.tls_key


def credentials(settings: Settings) -> grpc.ServerCredentials | None:
    if settings.tls_key is None or settings.tls_certificate is None:
        return None
    try:
        # gRPC does not report what is wrong with them.
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(settings.tls_certificate, settings.tls_key, password="")
    except OSError as error:
        raise CannotStart(
            f"Cannot use the certificate {settings.tls_certificate} with the key {settings.tls_key}:"
            f" {error.strerror or error}. Both are PEM files, and the key has no password."
        ) from error
    return grpc.ssl_server_credentials([(settings.tls_key.read_bytes(), settings.tls_certificate.read_bytes())])

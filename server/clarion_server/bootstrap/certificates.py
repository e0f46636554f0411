"""Reads the certificate and the private key that the settings name."""

from __future__ import annotations

import codecs
import ssl
from pathlib import Path

import grpc

from clarion_server.bootstrap.start_failures import CannotStart
from clarion_server.config import Settings


def tls_files(settings: Settings) -> tuple[Path, Path] | None:
    """Returns the files of the certificate and of the key; None without TLS."""
    if settings.tls_key is None or settings.tls_certificate is None:
        return None
    return settings.tls_certificate, settings.tls_key


def credentials(settings: Settings) -> grpc.ServerCredentials | None:
    """Returns the credentials of the gRPC server; None without TLS. Raises CannotStart."""
    files = tls_files(settings)
    if files is None:
        return None
    certificate, key = files
    try:
        # gRPC does not report what is wrong with them.
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certificate, key, password="")
    except PermissionError as error:
        raise CannotStart(
            f"Cannot read the certificate {certificate} and the key {key}: let the service's user read both."
        ) from error
    except OSError as error:
        raise CannotStart(
            f"Cannot use the certificate {certificate} with the key {key}: {error.strerror or error}."
            " Both are PEM files, and the key has no password."
        ) from error
    return grpc.ssl_server_credentials([(_pem(key), _pem(certificate))])


def _pem(file: Path) -> bytes:
    """Returns the content without a byte order mark, which OpenSSL skips and gRPC's TLS does not."""
    return file.read_bytes().removeprefix(codecs.BOM_UTF8)

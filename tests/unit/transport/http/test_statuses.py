"""Errors over HTTP have the right code, and headers that say what a caller may do."""

from __future__ import annotations

from typing import Any

import pytest
from clarion_server.domain.errors import Overloaded, Unauthenticated, Unavailable
from clarion_server.transport.api.errors import internal_status, status_of
from clarion_server.transport.http.statuses import HTTP_CODES, body_of, headers_of
from google.rpc import code_pb2


def test_every_code_of_grpc_has_one_of_http() -> None:
    assert set(HTTP_CODES) == set(code_pb2.Code.values())
    assert HTTP_CODES[code_pb2.OK] == 200
    assert all(code >= 400 for google_code, code in HTTP_CODES.items() if google_code)


@pytest.mark.parametrize(
    ("error", "headers"),
    [
        (Overloaded(1_500), [(b"retry-after", b"2")]),
        (Unavailable(250), [(b"retry-after", b"1")]),
        (Unavailable(1_000), [(b"retry-after", b"1")]),
        (Unauthenticated("The call carries no key."), [(b"www-authenticate", b"Bearer")]),
    ],
)
def test_the_header_says_when_to_try_again_or_how_to_authenticate(error: Any, headers: Any) -> None:
    assert headers_of(status_of(error)) == headers


def test_details_are_named_by_their_types() -> None:
    body = body_of(internal_status("0d6c"))
    assert body["code"] == 13
    assert body["details"] == [
        {
            "@type": "type.googleapis.com/google.rpc.ErrorInfo",
            "reason": "INTERNAL",
            "domain": "clarion.dev",
            "metadata": {"request_id": "0d6c"},
        }
    ]

"""Callers of Adobe's API get their token from Clarion as they did from Adobe's identity service."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlencode

import pytest
from clarion_client import Scope

from tests.e2e.http.calls import Answer, Http
from tests.service import Sandbox, Service

TOKEN = "/ims/token/v3"
UNITARY = "/ajo/im/executions/unitary"


@pytest.fixture
def stranger(service: Service) -> Iterator[Http]:
    """Sends no key in its headers."""
    with Http(service.http) as http:
        yield http


def ask(http: Http, path: str = TOKEN, **parameters: str) -> Answer:
    body = urlencode(parameters).encode()
    return http.post(path, body, content_type="application/x-www-form-urlencoded")


def credentials(secret: str) -> dict[str, str]:
    scope = "openid,AdobeID,read_organizations"
    return {"grant_type": "client_credentials", "client_id": "4a1c", "client_secret": secret, "scope": scope}


@pytest.mark.parametrize("path", [TOKEN, "/ims/token/v2", f"{TOKEN}?client_id=4a1c"])
def test_a_key_is_exchanged_for_a_token_that_triggers(
    service: Service, sandbox: Sandbox, stranger: Http, path: str
) -> None:
    with sandbox.client() as client:
        secret = client.keys.create("shop", [Scope.TRIGGER]).secret
    answer = ask(stranger, path, **credentials(secret))
    assert (answer.code, answer.headers["cache-control"]) == (200, "no-store")
    assert (answer.json["token_type"], answer.json["expires_in"]) == ("bearer", 86_399)
    with Http(service.http, answer.json["access_token"]) as http:
        refused = http.post(UNITARY, {})
    assert (refused.code, refused.json["report"]["additionalContext"]["reason"]) == (400, "INVALID_FIELDS")


@pytest.mark.parametrize("secret", ["", "no", "clk_" + "0" * 32 + "_" + "A" * 43, "a\r\nb", "é"])
def test_a_secret_other_than_a_key_gets_no_token(stranger: Http, secret: str) -> None:
    refused = ask(stranger, **credentials(secret))
    assert (refused.code, refused.json["error"]) == (401, "invalid_client")
    assert refused.json["error_description"].endswith(". Send a key of Clarion as the client_secret.")
    assert "www-authenticate" in refused.headers


def test_a_revoked_key_gets_no_token(sandbox: Sandbox, stranger: Http) -> None:
    with sandbox.client() as client:
        created = client.keys.create("shop", [Scope.TRIGGER])
        assert ask(stranger, **credentials(created.secret)).code == 200
        client.keys.revoke(created.api_key.name)
    assert ask(stranger, **credentials(created.secret)).code == 401


def test_a_key_that_may_not_trigger_gets_no_token(sandbox: Sandbox, stranger: Http) -> None:
    with sandbox.client() as client:
        secret = client.keys.create("author", [Scope.AUTHOR]).secret
    refused = ask(stranger, **credentials(secret))
    assert (refused.code, refused.json["error"]) == (400, "unauthorized_client")


def test_another_grant_or_an_incomplete_form_is_refused(sandbox: Sandbox, stranger: Http) -> None:
    good = credentials(sandbox.admin_key)
    assert ask(stranger, **good | {"grant_type": "password"}).json["error"] == "unsupported_grant_type"
    for parameters in ({}, {"grant_type": "client_credentials"}, {"client_secret": sandbox.admin_key}):
        refused = ask(stranger, **parameters)
        assert (refused.code, refused.json["error"]) == (400, "invalid_request")
    twice = urlencode([*good.items(), ("client_secret", "x")]).encode()
    refused = stranger.post(TOKEN, twice, content_type="application/x-www-form-urlencoded")
    assert refused.json["error"] == "invalid_request"


def test_a_form_that_would_take_long_to_read_is_refused(sandbox: Sandbox, stranger: Http) -> None:
    good = credentials(sandbox.admin_key)
    for more in ({"state": "x" * 16_384}, {f"state{index}": "x" for index in range(20)}):
        refused = ask(stranger, **good, **more)
        assert (refused.code, refused.json["error"]) == (400, "invalid_request")
    assert ask(stranger, **good, state="x" * 8_192).code == 200


def test_a_secret_in_the_url_is_ignored(sandbox: Sandbox, stranger: Http) -> None:
    refused = ask(stranger, f"{TOKEN}?{urlencode(credentials(sandbox.admin_key))}")
    assert (refused.code, refused.json["error"]) == (400, "invalid_request")
    assert ask(stranger, f"{TOKEN}?client_secret=x", **credentials(sandbox.admin_key)).code == 200


def test_only_a_post_with_a_form_gets_a_token(stranger: Http) -> None:
    assert stranger.get(TOKEN).code == 405
    assert stranger.post(TOKEN, {"grant_type": "client_credentials"}).code == 415

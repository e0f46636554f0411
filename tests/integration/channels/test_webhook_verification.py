"""Verify runs the steps of a request without sending one, and reports what failed with advice."""

from __future__ import annotations

import pytest
from clarion_server.domain.instant import SECOND

from tests.http_endpoint import HttpEndpoint
from tests.integration.channels.conftest import Certificates, OpenWebhook


async def test_every_step_of_a_good_configuration_passes(open_webhook: OpenWebhook, certificates: Certificates) -> None:
    async with HttpEndpoint(tls=certificates.asking) as endpoint:
        channel = open_webhook(
            endpoint.url,
            ca_certificates=certificates.authority_pem,
            client_certificate=certificates.client_pem,
            client_key=certificates.client_key,
        )
        steps = await channel.verify()
        await endpoint.wait_until(lambda e: e.open_connections == 0)
    assert [step.name for step in steps] == ["resolve", "connect", "tls"]
    assert all(step.passed and step.detail and step.elapsed > 0 for step in steps)
    assert endpoint.requests == []


async def test_a_plain_endpoint_has_no_tls_step(open_webhook: OpenWebhook) -> None:
    async with HttpEndpoint() as endpoint:
        steps = await open_webhook(endpoint.url).verify()
    assert [(step.name, step.passed) for step in steps] == [("resolve", True), ("connect", True)]


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]"])
async def test_an_address_that_is_not_public_fails_to_resolve(host: str, open_webhook: OpenWebhook) -> None:
    async with HttpEndpoint() as endpoint:
        steps = await open_webhook(f"https://{host}:{endpoint.port}/", allow_private_addresses=False).verify()
    assert [(step.name, step.passed) for step in steps] == [("resolve", False)]
    assert "allow_private_addresses" in steps[0].detail
    assert endpoint.connection_count == 0


async def test_a_host_that_nobody_knows_is_explained(open_webhook: OpenWebhook) -> None:
    steps = await open_webhook("https://nowhere.invalid/").verify()
    assert [(step.name, step.passed) for step in steps] == [("resolve", False)]
    assert "Check the host" in steps[0].detail


async def test_a_port_where_nobody_listens_is_explained(open_webhook: OpenWebhook) -> None:
    async with HttpEndpoint() as endpoint:
        url = endpoint.url
    steps = await open_webhook(url).verify()
    assert [(step.name, step.passed) for step in steps] == [("resolve", True), ("connect", False)]
    assert "firewall" in steps[1].detail


async def test_a_certificate_of_another_host_is_explained(
    open_webhook: OpenWebhook, certificates: Certificates
) -> None:
    async with HttpEndpoint(tls=certificates.wrong_host) as endpoint:
        steps = await open_webhook(endpoint.url, ca_certificates=certificates.authority_pem).verify()
    assert (steps[-1].name, steps[-1].passed) == ("tls", False)
    assert "not valid for '127.0.0.1'" in steps[-1].detail


async def test_an_endpoint_that_misses_a_client_certificate_is_explained(
    open_webhook: OpenWebhook, certificates: Certificates
) -> None:
    async with HttpEndpoint(tls=certificates.asking) as endpoint:
        steps = await open_webhook(endpoint.url, ca_certificates=certificates.authority_pem).verify()
    assert (steps[-1].name, steps[-1].passed) == ("tls", False)
    assert "client_certificate" in steps[-1].detail


async def test_a_certificate_that_is_none_is_explained(open_webhook: OpenWebhook, certificates: Certificates) -> None:
    async with HttpEndpoint(tls=certificates.right_host) as endpoint:
        steps = await open_webhook(endpoint.url, client_certificate="no PEM", timeout=5 * SECOND).verify()
    assert (steps[-1].name, steps[-1].passed) == ("tls", False)

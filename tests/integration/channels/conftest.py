from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass

import pytest
import trustme
import uvloop
from clarion_server.adapters.channels.smtp.pool import ConnectionPool
from clarion_server.adapters.channels.smtp_email import SmtpEmailChannel
from clarion_server.domain.channel import ChannelConfiguration


def pytest_asyncio_loop_factories() -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    """The service runs on uvloop, and on asyncio's own loop where there is none; their transports differ."""
    return {"asyncio": asyncio.new_event_loop, "uvloop": uvloop.new_event_loop}


@dataclass(frozen=True)
class Certificates:
    authority_pem: str
    right_host: ssl.SSLContext
    """A server's, for 127.0.0.1 and localhost."""
    wrong_host: ssl.SSLContext


@pytest.fixture(scope="session")
def certificates() -> Certificates:
    authority = trustme.CA()

    def server_context(*names: str) -> ssl.SSLContext:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        authority.issue_cert(*names).configure_cert(context)
        return context

    return Certificates(
        authority_pem=authority.cert_pem.bytes().decode(),
        right_host=server_context("127.0.0.1", "localhost"),
        wrong_host=server_context("mail.example.org"),
    )


OpenChannel = Callable[..., SmtpEmailChannel]


@pytest.fixture
async def open_smtp() -> AsyncIterator[OpenChannel]:
    """Opens channels that are closed after the test."""
    channels: list[SmtpEmailChannel] = []

    def open_one(configuration: ChannelConfiguration, pool: ConnectionPool | None = None) -> SmtpEmailChannel:
        channels.append(SmtpEmailChannel(configuration, pool))
        return channels[-1]

    yield open_one
    for channel in channels:
        await channel.close()

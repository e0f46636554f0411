"""Tests the last octets of a message: whether they had left decides between a passing failure and doubt."""

from __future__ import annotations

import asyncio
import socket

import pytest
from clarion_server.adapters.channels.email.mime import Envelope, build
from clarion_server.adapters.channels.email.smtp.connection import SmtpConnection
from clarion_server.adapters.channels.email.smtp.transaction import hand_over
from clarion_server.application.ports.channels import HandOffInDoubt, TransientFailure
from clarion_server.domain.content.email import RenderedEmail, SmtpProvider

from tests.outbound import SENDER, an_email
from tests.smtp_faults import SmtpFaults
from tests.smtp_script import Drop, Script, Silence

SMALL_BUFFER = 4096
#: Written at once, but more than such buffers hold.
TEXT = "A line of a message.\n" * 2_500


async def connect(server: SmtpFaults, seconds: float = 1.0) -> SmtpConnection:
    """With a small buffer in the system, so that what the server does not read stays in this process."""
    loop = asyncio.get_running_loop()
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SMALL_BUFFER)
    client.setblocking(False)
    await loop.sock_connect(client, (server.host, server.port))
    await loop.sock_recv(client, 1000)
    transport, _ = await loop.create_connection(asyncio.Protocol, sock=client)
    return SmtpConnection(transport, {"pipelining": ""}, seconds)


def envelope(server: SmtpFaults, text: str) -> Envelope:
    return build(an_email(email=RenderedEmail("x", "", text)), SmtpProvider(server.host, server.port, SENDER))


@pytest.mark.parametrize("script", [{"CONTENT": Silence(after=1000)}, {"CONTENT": Drop(after=1000)}])
async def test_a_message_whose_end_never_left_is_not_in_doubt(script: Script) -> None:
    async with SmtpFaults(script, receive_buffer=SMALL_BUFFER) as server:
        connection = await connect(server)
        with pytest.raises(TransientFailure):
            await hand_over(connection, envelope(server, TEXT))
        await connection.closed


@pytest.mark.parametrize("script", [{"CONTENT": Silence()}, {"CONTENT": Drop()}])
async def test_a_message_whose_end_has_left_is_in_doubt(script: Script) -> None:
    async with SmtpFaults(script, receive_buffer=SMALL_BUFFER) as server:
        connection = await connect(server)
        with pytest.raises(HandOffInDoubt):
            await hand_over(connection, envelope(server, TEXT))
        await connection.closed


async def test_a_message_that_leaves_bit_by_bit_arrives_whole() -> None:
    async with SmtpFaults(receive_buffer=SMALL_BUFFER) as server:
        connection = await connect(server, seconds=60.0)
        large = envelope(server, TEXT * 4)
        await hand_over(connection, large)
        connection.abort()
    assert server.taken == [large.content]

"""A connection to NATS that comes back by itself, with everything that is ours on the server made sure of first."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

import nats.errors
import orjson
import structlog
from nats.aio.client import Client
from nats.aio.msg import Msg
from nkeys import NkeysError

from clarion_server.adapters.queue.jetstream.address import QueueAddress
from clarion_server.adapters.queue.jetstream.client import EncryptingClient, NotEncrypted, close
from clarion_server.adapters.queue.jetstream.layout import OLDEST_SERVER
from clarion_server.application.ports.queue import QueueUnavailable

log = structlog.get_logger()

#: How long, in seconds, the server may take to answer.
PATIENCE = 5.0
#: Between two tries to come back, in seconds.
_PAUSE = 0.5
#: A link that was up for less than so many seconds waits before it comes back, each time twice as long up to the most.
_STEADY, _LONGEST_PAUSE = 5.0, 30.0
#: A peer that has gone without a word is found out after so many seconds, twice.
_PING_EVERY = 10
#: What JetStream says when the account may not use it (err_code: https://github.com/nats-io/nats-server, errors.json).
_NOT_ENABLED = frozenset({10039, 10076})

_SWITCHED_OFF = "JetStream is switched off on this NATS server: start it with --jetstream, or enable it for the account"


class Refused(Exception):
    """JetStream's own words about a request."""

    def __init__(self, error: Mapping[str, Any]) -> None:
        super().__init__(str(error.get("description", "no reason was given")))
        self.code = int(error.get("err_code", 0))


class LinkDown(Exception):
    """The server cannot be reached, or did not answer. Whether it did what was asked is unknown."""


class Link:
    """Belongs to one event loop."""

    def __init__(
        self,
        address: QueueAddress,
        set_up: Callable[[], Awaitable[None]],
        receive: Callable[[Msg], None],
        on_change: Callable[[], None],
    ) -> None:
        """`set_up` is called on every new connection before it counts as up; `receive` gets what comes to the inbox;
        `on_change` is told that the link came up or went down.
        """
        self._address = address
        self._set_up = set_up
        self._receive = receive
        self._on_change = on_change
        self._client: Client | None = None
        self._inbox = ""
        #: What comes in between while an answer is waited for.
        self._interruption: asyncio.Future[Exception] | None = None
        self._troubled = asyncio.Event()
        self._closing = False
        self._keeper: asyncio.Task[None] | None = None
        self._up_since = self._pause = 0.0
        self.is_up = False

    async def open(self) -> None:
        """Raises QueueUnavailable."""
        try:
            await self._come_up()
        except (LinkDown, Refused, QueueUnavailable) as error:
            await self._disconnect()
            raise QueueUnavailable(f"NATS says: {error}." if isinstance(error, Refused) else str(error)) from error
        self._keeper = asyncio.create_task(self._keep())

    async def close(self) -> None:
        self._closing = True
        self.is_up = False
        self._troubled.set()
        if self._keeper is not None:
            self._keeper.cancel()
            await asyncio.gather(self._keeper, return_exceptions=True)
        await self._disconnect()

    def inbox(self, token: str) -> str:
        """A subject of this connection, for answers."""
        return f"{self._inbox}.{token}"

    def token_of(self, subject: str) -> str | None:
        """The opposite; None when the subject is not of the inbox."""
        inbox, _, token = subject.rpartition(".")
        return token if inbox == self._inbox else None

    async def send(self, subject: str, body: bytes, reply: str = "", headers: dict[str, str] | None = None) -> None:
        """Raises LinkDown. Without an error it is on its way, no more."""
        try:
            await self._open_client().publish(subject, body, reply, headers)
        except nats.errors.Error as error:
            raise LinkDown(self._unreachable()) from error

    async def ask(
        self, subject: str, request: Mapping[str, Any] | None = None, trials: Sequence[str] = ()
    ) -> dict[str, Any]:
        """JetStream's answer to a request of its API. Raises Refused and LinkDown, and QueueUnavailable where waiting
        helps nothing. `trials` are subjects without anybody who listens, to find out whether they are allowed: the
        server says no before it answers.
        """
        self._interruption = interruption = asyncio.get_running_loop().create_future()
        for trial in trials:
            await self.send(trial, b"")
        body = b"" if request is None else orjson.dumps(request)
        asking = asyncio.create_task(self._open_client().request(f"$JS.API.{subject}", body, timeout=PATIENCE))
        await asyncio.wait((asking, interruption), return_when=asyncio.FIRST_COMPLETED)
        if not asking.done():
            asking.cancel()
            raise interruption.result()
        try:
            answer: dict[str, Any] = orjson.loads((await asking).data)
        except nats.errors.NoRespondersError as error:
            raise QueueUnavailable(f"{_SWITCHED_OFF}.") from error
        except (nats.errors.Error, TimeoutError) as error:
            raise LinkDown(f"NATS at {self._hosts} does not answer") from error
        if "error" in answer:
            raise _refusal(answer["error"])
        return answer

    def suspect(self, reason: Exception) -> None:
        """Something is not as it should be: the link is down until everything has been made sure of anew."""
        if not self.is_up:
            return
        self.is_up = False
        was_steady = asyncio.get_running_loop().time() - self._up_since > _STEADY
        self._pause = 0.0 if was_steady else min(max(_PAUSE, 2 * self._pause), _LONGEST_PAUSE)
        if not self._closing:
            log.warning("queue_lost", hosts=self._hosts, reason=str(reason), again_in_seconds=self._pause)
            self._on_change()
        self._troubled.set()

    async def _keep(self) -> None:
        while not self._closing:
            await self._troubled.wait()
            self._troubled.clear()
            await asyncio.sleep(self._pause)
            await self._come_back()

    async def _come_back(self) -> None:
        told = ""
        while not self._closing:
            try:
                await self._come_up()
            except Exception as error:  # noqa: BLE001 - whatever it is, the next try comes
                # Once for each reason: nobody reads a log that says the same twice a second.
                if (reason := str(error) or type(error).__name__) != told:
                    told = reason
                    log.warning("queue_not_back_yet", reason=told)
                await asyncio.sleep(_PAUSE)
            else:
                log.info("queue_back", hosts=self._hosts)
                return

    async def _come_up(self) -> None:
        await self._disconnect()
        await self._connect()
        self._check_server()
        await self._set_up()
        self._open_client()
        self._up_since = asyncio.get_running_loop().time()
        self.is_up = True
        self._on_change()

    async def _connect(self) -> None:
        for server in self._address.servers:
            client = EncryptingClient()
            try:
                await self._connect_to(client, server)
                inbox = client.new_inbox()
                await client.subscribe(f"{inbox}.*", cb=self._received)
            except (nats.errors.Error, OSError, TimeoutError, ssl.SSLError, ValueError) as error:
                reason = error
                await close(client)
            except (TypeError, NkeysError) as error:
                # That is how the library fails over a file without a JWT or a seed.
                await close(client)
                raise QueueUnavailable(
                    f"{self._address.credentials} is no file of NATS credentials, with a JWT and the seed of its key."
                ) from error
            else:
                self._client, self._inbox = client, inbox
                return
        raise self._why(reason) from reason

    async def _connect_to(self, client: Client, server: str) -> None:
        async def disconnected() -> None:
            if client is self._client:
                lost = LinkDown("the connection ended")
                self._interrupt(LinkDown(self._unreachable()))
                self.suspect(lost)

        credentials = self._address.credentials
        await client.connect(
            server,
            name="clarion",
            user=self._address.user,
            password=self._address.password,
            token=self._address.token,
            user_credentials=None if credentials is None else str(credentials),
            # Coming back is ours: what was under way is known to be lost then, and settings are made sure of.
            allow_reconnect=False,
            reconnect_time_wait=0,
            # Each server is tried by itself, below: 0 would try it without end.
            max_reconnect_attempts=1,
            connect_timeout=int(PATIENCE),
            ping_interval=_PING_EVERY,
            disconnected_cb=disconnected,
            closed_cb=disconnected,
            error_cb=self._erred,
        )

    async def _received(self, message: Msg) -> None:
        self._receive(message)

    async def _erred(self, error: Exception) -> None:
        text = str(error).removeprefix("nats: ").strip("'")
        if "permissions violation" in text.lower():
            self._interrupt(
                QueueUnavailable(
                    f"its user lacks a permission ({text.rstrip('.')}): let it publish to $JS.API.>, $JS.ACK.> and"
                    f" {self._address.prefix}.>, and subscribe to _INBOX.>."
                )
            )

    def _interrupt(self, error: Exception) -> None:
        if self._interruption is not None and not self._interruption.done():
            self._interruption.set_result(error)

    async def _disconnect(self) -> None:
        self.is_up = False
        client, self._client = self._client, None
        if client is not None:
            await close(client)

    def _open_client(self) -> Client:
        if self._client is None or self._client.is_closed:
            raise LinkDown(self._unreachable())
        return self._client

    def _check_server(self) -> None:
        version = self._open_client().connected_server_version
        if (version.major, version.minor) < OLDEST_SERVER:
            raise QueueUnavailable(
                f"this is nats-server {version.major}.{version.minor}.{version.patch};"
                f" Clarion needs {'.'.join(map(str, OLDEST_SERVER))} or newer."
            )

    def _why(self, reason: Exception) -> Exception:
        text = str(reason).removeprefix("nats: ").strip("'")
        if "authorization" in text.lower() or "authentication" in text.lower():
            return QueueUnavailable(
                f"NATS at {self._hosts} does not let this user in: check the URL's user and password,"
                " or CLARION_QUEUE_CREDENTIALS."
            )
        if isinstance(reason, NotEncrypted):
            return QueueUnavailable(
                f"NATS at {self._hosts} offers no TLS, and its URL asks for it: turn it on there, or write nats://."
            )
        if isinstance(reason, ssl.SSLError):
            why = getattr(reason, "verify_message", "") or reason.reason or "TLS failed"
            return QueueUnavailable(
                f"NATS at {self._hosts} is not trusted: {why.rstrip('.')}."
                " Name the file with the certificate of its authority in SSL_CERT_FILE."
            )
        return LinkDown(self._unreachable())

    def _unreachable(self) -> str:
        return f"NATS at {self._hosts} cannot be reached: is it running, and is CLARION_QUEUE right?"

    @property
    def _hosts(self) -> str:
        return ", ".join(server.partition("://")[2] for server in self._address.servers)


def _refusal(error: Mapping[str, Any]) -> Exception:
    refused = Refused(error)
    return QueueUnavailable(f"{_SWITCHED_OFF}.") if refused.code in _NOT_ENABLED else refused

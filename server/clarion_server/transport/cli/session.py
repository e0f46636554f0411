"""The connection to the service and the output, which a command works with."""

from __future__ import annotations

import os
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import cached_property
from types import TracebackType
from typing import TYPE_CHECKING, Annotated, Self

from cyclopts import Parameter

from clarion_server.transport.cli.interruption import Interruption
from clarion_server.transport.cli.output import Output

if TYPE_CHECKING:
    from clarion_client import Client, Retry

#: The deadline of a call, in seconds. Calls are not retried, because a person waits for the answer.
TIMEOUT = 30.0


@dataclass(frozen=True)
class Session:
    """Closes its connections when its `with` ends. gRPC cannot always close them when the interpreter exits."""

    target: str
    api_key: str | None
    ca_certificates: str | None
    output: Output
    interruption: Interruption = field(default_factory=Interruption)
    _connections: ExitStack = field(default_factory=ExitStack)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._connections.close()

    @cached_property
    def client(self) -> Client:
        return self._connect(None)

    @cached_property
    def persistent_client(self) -> Client:
        """Returns the client for streams. It reconnects when the connection is lost."""
        from clarion_client import Retry  # noqa: PLC0415 - see _connect

        return self._connect(Retry())

    def _connect(self, retry: Retry | None) -> Client:
        self.interruption.await_in_background()
        # gRPC would print lines about lost connections among those of the command.
        os.environ.setdefault("GRPC_VERBOSITY", "NONE")
        from clarion_client import Client  # noqa: PLC0415 - gRPC takes longer to load than help to print

        return self._connections.enter_context(
            Client(
                self.target,
                api_key=self.api_key,
                ca_certificates=self.ca_certificates,
                timeout=TIMEOUT,
                retry=retry,
            )
        )


#: Is the type of a command's parameter that receives the session.
CurrentSession = Annotated[Session, Parameter(parse=False)]

"""How the server of gRPC stops."""

from __future__ import annotations

from clarion_server.transport.api.methods import GuardedMethods
from clarion_server.transport.grpc.server import GrpcServer

#: Of ten stops that freed a server twice, one ended the process.
SERVERS = 40


async def test_a_server_that_is_stopped_without_grace_is_freed_once() -> None:
    for _ in range(SERVERS):
        server = GrpcServer(GuardedMethods([], None))  # type: ignore[arg-type] # nobody calls
        server.listen("127.0.0.1:0", None)
        await server.start()
        await server.stop(0, lambda: None)

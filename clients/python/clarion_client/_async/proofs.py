"""Defines the methods of `client.proofs`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any

from clarion.v1 import proof_service_pb2 as wire
from clarion.v1 import proof_service_pb2_grpc as rpc

from clarion_client._async.calls import AsyncCalls
from clarion_client._conversion import message_of, read_all
from clarion_client._json_data import struct_of
from clarion_client._names import full_name
from clarion_client._values import ProofResult


class AsyncProofs:
    """Sends mails of campaigns to their authors: `client.proofs`. `timeout` is in seconds."""

    def __init__(self, calls: AsyncCalls) -> None:
        self._calls = calls

    @cached_property
    def _stub(self) -> rpc.ProofServiceAsyncStub:
        return rpc.ProofServiceStub(self._calls.channel)

    async def send(
        self,
        campaign: str,
        addresses: Iterable[str],
        context: Mapping[str, Any] | None = None,
        *,
        profile: Mapping[str, Any] | None = None,
        locale: str = "",
        version: int = 0,
        action: str = "",
        rule: str = "",
        audiences: Iterable[str] = (),
        timeout: float | None = None,
    ) -> Sequence[ProofResult]:
        """Sends the draft, or a `version`, to up to 10 addresses, and returns what became of each. Nothing else
        happens: proofs stand in no list, event or report. `rule` is the id of the rule whose content to send; by
        default the first one that is true decides. `audiences` are the ids of those that the recipient belongs to.
        """
        request = message_of(
            wire.SendProofRequest,
            campaign=full_name("campaigns", campaign),
            addresses=addresses,
            version=version,
            context=None if context is None else struct_of(context, "context"),
            profile=None if profile is None else struct_of(profile, "profile"),
            locale=locale,
            action=action,
            rule=rule,
            audiences=audiences,
        )
        answer = await self._calls.unary(self._stub.SendProof, request, repeatable=False, timeout=timeout)
        return read_all(ProofResult, answer.results)

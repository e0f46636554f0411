"""Serves the ProofService of the contract."""

from __future__ import annotations

from clarion.v1 import proof_service_pb2 as pb

from clarion_server.application.campaigns.proofs import ProofSender
from clarion_server.domain.access.access import Caller
from clarion_server.transport.api.convert.proofs import to_command, to_result
from clarion_server.transport.api.requests import converted


class ProofService:
    def __init__(self, proofs: ProofSender) -> None:
        self._proofs = proofs

    async def send_proof(self, request: pb.SendProofRequest, caller: Caller) -> pb.SendProofResponse:
        results = await self._proofs.send(await converted(to_command, request), caller)
        return pb.SendProofResponse(results=map(to_result, results))

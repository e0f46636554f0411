"""Defines the methods of `client.suppressions`."""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncGenerator, Iterable, Sequence
from functools import cached_property
from typing import Any

from clarion.v1 import import_service_pb2 as stream_wire
from clarion.v1 import import_service_pb2_grpc as imports_rpc
from clarion.v1 import suppression_pb2
from clarion.v1 import suppression_service_pb2 as wire
from clarion.v1 import suppression_service_pb2_grpc as rpc

from clarion_client._async.calls import AsyncCalls
from clarion_client._async.exporting import exported
from clarion_client._async.importing import Batch, import_id_or_new, imported, in_batches
from clarion_client._async.pager import AsyncPager, paged
from clarion_client._async.runtime import Source
from clarion_client._conversion import enum_numbers, message_of, read, read_all, write
from clarion_client._names import full_name, full_name_or_empty
from clarion_client._values import (
    ImportedSuppression,
    Suppression,
    SuppressionCheck,
    SuppressionReason,
    SuppressionScope,
)

COLLECTION = "suppressions"
#: Says how many rows the service takes in one call.
_ROWS_PER_CALL = 1_000


class AsyncSuppressions:
    """Keeps the addresses and domains that messages must not go to: `client.suppressions`. A target is an address, a
    domain, or `*.` and a domain. `timeout` is in seconds.
    """

    def __init__(self, calls: AsyncCalls) -> None:
        self._calls = calls

    @cached_property
    def _stub(self) -> rpc.SuppressionServiceAsyncStub:
        return rpc.SuppressionServiceStub(self._calls.channel)

    async def create(
        self,
        target: str,
        *,
        reason: SuppressionReason = SuppressionReason.MANUAL,
        scope: SuppressionScope = SuppressionScope.ALL,
        expire_time: dt.datetime | None = None,
        timeout: float | None = None,
    ) -> Suppression:
        """Suppresses a target until `expire_time`, or for ever. Raises AlreadyExistsError when it is suppressed for
        that reason.
        """
        address, domain = (target, None) if "@" in target else (None, target)
        value = Suppression(address=address, domain=domain, reason=reason, scope=scope, expire_time=expire_time)
        request = wire.CreateSuppressionRequest(suppression=write(value, suppression_pb2.Suppression))
        answer = await self._calls.unary(self._stub.CreateSuppression, request, repeatable=False, timeout=timeout)
        return read(Suppression, answer.suppression)

    async def get(self, name: str, *, timeout: float | None = None) -> Suppression:
        request = message_of(wire.GetSuppressionRequest, name=full_name(COLLECTION, name))
        answer = await self._calls.unary(self._stub.GetSuppression, request, repeatable=True, timeout=timeout)
        return read(Suppression, answer.suppression)

    def list(
        self,
        *,
        target: str = "",
        reasons: Iterable[SuppressionReason] = (),
        scopes: Iterable[SuppressionScope] = (),
        page_size: int = 0,
        timeout: float | None = None,
    ) -> AsyncPager[Suppression]:
        """Lists suppressions that match every filter given, newest first. The values of one filter are alternatives."""
        request = message_of(
            wire.ListSuppressionsRequest,
            address=target if "@" in target else "",
            domain="" if "@" in target else target,
            reasons=enum_numbers(SuppressionReason, reasons, "reasons"),
            scopes=enum_numbers(SuppressionScope, scopes, "scopes"),
            page_size=page_size,
        )
        return paged(
            self._calls,
            self._stub.ListSuppressions,
            request,
            lambda page: read_all(Suppression, page.suppressions),
            timeout,
        )

    async def delete(self, name: str, *, override_reason: str = "", timeout: float | None = None) -> None:
        """Deletes a suppression. One of a complaint needs an `override_reason`, which must not hold personal data."""
        request = message_of(
            wire.DeleteSuppressionRequest, name=full_name(COLLECTION, name), override_reason=override_reason
        )
        await self._calls.unary(self._stub.DeleteSuppression, request, repeatable=False, timeout=timeout)

    def export(self, *, after: str = "", max_outage: float = 60.0) -> AsyncGenerator[Suppression]:
        """Yields all suppressions, newest first; or those behind the suppression `after`. Each is as it is when its
        turn comes. It reconnects until the service has been away for `max_outage` seconds.
        """
        return exported(
            self._calls,
            lambda name, metadata: self._stub.ExportSuppressions(
                wire.ExportSuppressionsRequest(after=name), metadata=metadata
            ),
            lambda answer: read_all(Suppression, answer.suppressions),
            lambda each: each.name,
            full_name_or_empty(COLLECTION, after),
            max_outage,
        )

    async def import_all(
        self, suppressions: Iterable[Suppression], *, timeout: float | None = None
    ) -> Sequence[ImportedSuppression]:
        """Stores suppressions, each by itself, and returns what became of each, in their order. It may be repeated.
        Makes one call for every 1,000 of them, to each of which `timeout` applies.
        """
        rows = [write(each, suppression_pb2.Suppression) for each in suppressions]
        results: list[ImportedSuppression] = []
        for start in range(0, len(rows), _ROWS_PER_CALL):
            request = message_of(wire.ImportSuppressionsRequest, suppressions=rows[start : start + _ROWS_PER_CALL])
            answer = await self._calls.unary(self._stub.ImportSuppressions, request, repeatable=True, timeout=timeout)
            results += read_all(ImportedSuppression, answer.results)
        return results

    async def import_stream(
        self, suppressions: Source[Suppression], *, import_id: str = "", max_outage: float = 60.0
    ) -> AsyncGenerator[tuple[Suppression, ImportedSuppression]]:
        """Does what `import_all` does for any number of suppressions, and yields each with what became of it, in their
        order. They are read some thousands ahead of the answers at most.

        After a lost connection it goes on, and stores none of them twice, until the service has been away for
        `max_outage` seconds. An import that ended early is continued by the same call under the same `import_id`:
        those that were stored before are `IMPORTED_BEFORE`.
        """
        name = import_id_or_new(import_id)

        def request_of(batch: Batch[Any, Any]) -> stream_wire.ImportSuppressionsStreamRequest:
            return message_of(
                stream_wire.ImportSuppressionsStreamRequest,
                import_id=name,
                position=batch.position,
                suppressions=batch.written,
            )

        stub = imports_rpc.ImportServiceStub(self._calls.channel)
        batches = in_batches(suppressions, lambda row: write(row, suppression_pb2.Suppression))
        async for batch, answer in imported(
            self._calls, stub.ImportSuppressionsStream, batches, request_of, max_outage
        ):
            for row, result in zip(batch.rows, read_all(ImportedSuppression, answer.results), strict=True):
                yield row, result

    async def check(self, address: str, *, timeout: float | None = None) -> SuppressionCheck:
        """Returns the suppressions that cover the address now, and the categories that they exclude."""
        request = message_of(wire.CheckSuppressionRequest, address=address)
        answer = await self._calls.unary(self._stub.CheckSuppression, request, repeatable=True, timeout=timeout)
        return read(SuppressionCheck, answer)

"""Defines the methods of `client.allow_list`."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property

from clarion.v1 import allow_list_pb2
from clarion.v1 import allow_list_service_pb2 as wire
from clarion.v1 import allow_list_service_pb2_grpc as rpc
from google.protobuf.field_mask_pb2 import FieldMask

from clarion_client._async.calls import AsyncCalls
from clarion_client._conversion import message_of, read, write
from clarion_client._values import AllowList


class AsyncAllowLists:
    """Reads and changes the sandbox's allow list: `client.allow_list`. `timeout` is in seconds."""

    def __init__(self, calls: AsyncCalls) -> None:
        self._calls = calls

    @cached_property
    def _stub(self) -> rpc.AllowListServiceAsyncStub:
        return rpc.AllowListServiceStub(self._calls.channel)

    async def get(self, *, timeout: float | None = None) -> AllowList:
        request = wire.GetAllowListRequest()
        answer = await self._calls.unary(self._stub.GetAllowList, request, repeatable=True, timeout=timeout)
        return read(AllowList, answer.allow_list)

    async def update(
        self, allow_list: AllowList, fields: Iterable[str] | None = None, *, timeout: float | None = None
    ) -> AllowList:
        """Changes the list to these values: all of them, or the `fields` named. Refused (ConflictError) when the
        value's etag is not the stored one.
        """
        request = message_of(
            wire.UpdateAllowListRequest,
            allow_list=write(allow_list, allow_list_pb2.AllowList),
            update_mask=FieldMask(paths=["*"] if fields is None else fields),
        )
        answer = await self._calls.unary(self._stub.UpdateAllowList, request, repeatable=False, timeout=timeout)
        return read(AllowList, answer.allow_list)

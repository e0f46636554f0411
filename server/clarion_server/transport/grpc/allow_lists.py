"""Serves the AllowListService of the contract."""

from __future__ import annotations

from clarion.v1 import allow_list_service_pb2 as pb

from clarion_server.application.suppressions.allow_lists import ManageAllowLists
from clarion_server.domain.access.access import Caller
from clarion_server.domain.errors import InvalidFields
from clarion_server.domain.violation import required
from clarion_server.transport.api.convert.allow_lists import to_allow_list, to_command
from clarion_server.transport.api.requests import converted


class AllowListService:
    def __init__(self, allow_lists: ManageAllowLists) -> None:
        self._allow_lists = allow_lists

    async def get_allow_list(self, _request: pb.GetAllowListRequest, caller: Caller) -> pb.GetAllowListResponse:
        return pb.GetAllowListResponse(allow_list=to_allow_list(await self._allow_lists.get(caller)))

    async def update_allow_list(self, request: pb.UpdateAllowListRequest, caller: Caller) -> pb.UpdateAllowListResponse:
        if not request.HasField("allow_list"):
            raise InvalidFields((required("allow_list"),))
        updated = await self._allow_lists.update(await converted(to_command, request), caller)
        return pb.UpdateAllowListResponse(allow_list=to_allow_list(updated))

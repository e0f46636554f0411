"""Serves the FragmentService of the contract."""

from __future__ import annotations

from clarion.v1 import fragment_repin_pb2 as repin_pb
from clarion.v1 import fragment_service_pb2 as pb

from clarion_server.application.background import run_for_request
from clarion_server.application.campaigns.repinning import FragmentRepinner
from clarion_server.application.fragments.fragments import ManageFragments, PublishFragment
from clarion_server.domain.access.access import Caller
from clarion_server.domain.names import FRAGMENTS
from clarion_server.transport.api.convert.fragment_repins import to_repin_command, to_roll_out
from clarion_server.transport.api.convert.fragments import (
    to_fragment,
    to_fragment_input,
    to_fragment_use,
    to_fragment_version,
    to_publication,
)
from clarion_server.transport.api.convert.request_parser import RequestParser
from clarion_server.transport.api.pagination import each_by, page_of
from clarion_server.transport.grpc.bypasses import check_may_bypass
from clarion_server.transport.grpc.resources import ArchivableMethods


class FragmentService:
    def __init__(self, fragments: ManageFragments, repinner: FragmentRepinner) -> None:
        self._fragments = fragments
        self._repinner = repinner
        standard = ArchivableMethods(pb, fragments, to_fragment_input, to_fragment)
        self.create_fragment = standard.create
        self.get_fragment = standard.get
        self.update_fragment = standard.update
        self.delete_fragment = standard.delete
        self.list_fragments = standard.list
        self.archive_fragment = standard.archive
        self.unarchive_fragment = standard.unarchive

    async def publish_fragment(self, request: pb.PublishFragmentRequest, caller: Caller) -> pb.PublishFragmentResponse:
        check_may_bypass(request.bypass_reason, caller, "FragmentService/PublishFragment")
        command = PublishFragment(
            FRAGMENTS.parse(request.name), request.etag, request.validate_only, request.bypass_reason
        )
        publication = await self._fragments.publish(command, caller)
        return await run_for_request(to_publication, publication, request.validate_only)

    async def list_fragment_versions(
        self, request: pb.ListFragmentVersionsRequest, caller: Caller
    ) -> pb.ListFragmentVersionsResponse:
        parser = RequestParser()
        fragment_id = parser.id(FRAGMENTS, request.fragment, "fragment")
        page = page_of(request, caller, int, parser=parser)
        shown, token = await page.fill(
            lambda before, limit: self._fragments.versions(fragment_id, before[0] if before else None, limit, caller),
            lambda version: (version.number,),
            each_by(to_fragment_version),
        )
        return pb.ListFragmentVersionsResponse(fragment_versions=shown, next_page_token=token)

    async def list_fragment_uses(
        self, request: pb.ListFragmentUsesRequest, caller: Caller
    ) -> pb.ListFragmentUsesResponse:
        parser = RequestParser()
        fragment_id = parser.id(FRAGMENTS, request.fragment, "fragment")
        page = page_of(request, caller, int, str, int, int, parser=parser)
        found = await self._fragments.uses(fragment_id, page.after or None, page.limit, caller)
        shown, token = page.cut(found, lambda each: each[0])
        return pb.ListFragmentUsesResponse(
            fragment_uses=[to_fragment_use(use) for _, use in shown], next_page_token=token
        )

    async def repin_fragment(
        self, request: repin_pb.RepinFragmentRequest, caller: Caller
    ) -> repin_pb.RepinFragmentResponse:
        check_may_bypass(request.bypass_reason, caller, "FragmentService/RepinFragment")
        return to_roll_out(await self._repinner.repin(to_repin_command(request), caller))

"""Serves the ProfileService of the contract."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

from clarion.v1 import profile_service_pb2 as pb

from clarion_server.application.background import run_for_request
from clarion_server.application.erasure.beginning import BeginErasure, EraseProfile
from clarion_server.application.profiles.profile_export import ExportedProfile, ExportProfiles
from clarion_server.application.profiles.profile_import import ImportProfiles
from clarion_server.application.profiles.profile_merge import MergeProfiles, ProfileMerger
from clarion_server.application.profiles.profiles import (
    EDITABLE_FIELDS,
    CreateProfile,
    ManageProfiles,
    UpdateProfile,
)
from clarion_server.domain.access.access import Caller
from clarion_server.domain.errors import InvalidFields
from clarion_server.domain.names import PROFILES
from clarion_server.domain.violation import required
from clarion_server.transport.api.convert.profiles import to_exported, to_fields, to_imported, to_profile, to_result
from clarion_server.transport.api.masks import read_mask
from clarion_server.transport.api.packing import packed
from clarion_server.transport.api.pagination import each_by, page_of
from clarion_server.transport.api.requests import converted


class ProfileService:
    def __init__(
        self,
        profiles: ManageProfiles,
        imports: ImportProfiles,
        exports: ExportProfiles,
        merger: ProfileMerger,
        erasures: BeginErasure,
    ) -> None:
        self._profiles = profiles
        self._imports = imports
        self._exports = exports
        self._merger = merger
        self._erasures = erasures

    async def create_profile(self, request: pb.CreateProfileRequest, caller: Caller) -> pb.CreateProfileResponse:
        _need_profile(request)
        command = CreateProfile(await converted(to_fields, request.profile), request.validate_only)
        created = to_profile(await self._profiles.create(command, caller))
        if request.validate_only:
            # Nothing was stored, so it has no name and no etag.
            created.ClearField("name")
            created.ClearField("etag")
        return pb.CreateProfileResponse(profile=created)

    async def get_profile(self, request: pb.GetProfileRequest, caller: Caller) -> pb.GetProfileResponse:
        found = await self._profiles.get(PROFILES.parse(request.name), caller)
        return pb.GetProfileResponse(profile=to_profile(found))

    async def lookup_profile(self, request: pb.LookupProfileRequest, caller: Caller) -> pb.LookupProfileResponse:
        found = await self._profiles.lookup(request.identity, caller)
        return pb.LookupProfileResponse(profile=to_profile(found))

    async def list_profiles(self, request: pb.ListProfilesRequest, caller: Caller) -> pb.ListProfilesResponse:
        page = page_of(request, caller, str)
        shown, token = await page.fill(
            lambda after, limit: self._profiles.page(after[0] if after else None, limit, caller),
            lambda profile: (profile.id,),
            each_by(to_profile),
        )
        return pb.ListProfilesResponse(profiles=shown, next_page_token=token)

    async def update_profile(self, request: pb.UpdateProfileRequest, caller: Caller) -> pb.UpdateProfileResponse:
        _need_profile(request)
        wanted = request.profile
        mask = read_mask(request.update_mask, wanted, EDITABLE_FIELDS, members_of="attributes")
        command = UpdateProfile(
            PROFILES.parse(wanted.name, "profile.name"),
            await converted(to_fields, wanted),
            mask.fields,
            mask.members,
            wanted.etag,
            mask.violations,
            request.validate_only,
        )
        updated = to_profile(await self._profiles.update(command, caller))
        if request.validate_only:
            updated.ClearField("etag")
        return pb.UpdateProfileResponse(profile=updated)

    async def import_profiles(self, request: pb.ImportProfilesRequest, caller: Caller) -> pb.ImportProfilesResponse:
        results = await self._imports.import_rows(await converted(to_imported, request), caller)
        return pb.ImportProfilesResponse(results=map(to_result, results))

    async def export_profiles(
        self, request: pb.ExportProfilesRequest, caller: Caller
    ) -> AsyncIterator[pb.ExportProfilesResponse]:
        after = PROFILES.parse(request.after, "after") if request.after else None
        async for page in self._exports.pages(after, caller):
            # Converting large profiles takes milliseconds, in which the event loop serves others.
            for profiles in await run_for_request(_exported, page):
                yield pb.ExportProfilesResponse(profiles=profiles)
        yield pb.ExportProfilesResponse(complete=True)

    async def merge_profiles(self, request: pb.MergeProfilesRequest, caller: Caller) -> pb.MergeProfilesResponse:
        command = MergeProfiles(
            PROFILES.parse(request.name),
            PROFILES.parse(request.absorbed, "absorbed"),
            request.etag,
            request.absorbed_etag,
        )
        return pb.MergeProfilesResponse(profile=to_profile(await self._merger.merge(command, caller)))

    async def delete_profile(self, request: pb.DeleteProfileRequest, caller: Caller) -> pb.DeleteProfileResponse:
        keeps = request.keep_suppression if request.HasField("keep_suppression") else None
        profile_id = PROFILES.parse(request.name) if request.name else ""
        command = EraseProfile(profile_id, request.etag, keeps, request.identity)
        erasure = await self._erasures.erase(command, caller)
        return pb.DeleteProfileResponse(
            cancelled_count=erasure.cancelled_count,
            suppressed_address_count=erasure.address_count,
            profile=erasure.profile,
        )


def _exported(page: Sequence[ExportedProfile]) -> list[list[pb.ExportedProfile]]:
    return list(packed(map(to_exported, page)))


def _need_profile(request: pb.CreateProfileRequest | pb.UpdateProfileRequest) -> None:
    if not request.HasField("profile"):
        raise InvalidFields((required("profile"),))

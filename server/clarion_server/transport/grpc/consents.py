"""Serves the ConsentService of the contract."""

from __future__ import annotations

from clarion.v1 import consent_service_pb2 as pb

from clarion_server.application.consent.consents import ManageConsents
from clarion_server.application.consent.settings import ManageConsentSettings, UpdateConsentSettings
from clarion_server.domain.access.access import Caller
from clarion_server.domain.consent.consent import ConsentSettings
from clarion_server.domain.errors import InvalidFields
from clarion_server.domain.violation import Violation, malformed, required
from clarion_server.transport.api.convert.consents import (
    to_consent_change,
    to_consents,
    to_person,
    to_set_consents,
    to_settings,
)
from clarion_server.transport.api.convert.enums import SILENCE
from clarion_server.transport.api.convert.request_parser import RequestParser
from clarion_server.transport.api.masks import read_mask
from clarion_server.transport.api.pagination import page_of

_EDITABLE_FIELDS = frozenset({"silence"})


class ConsentService:
    def __init__(self, consents: ManageConsents, settings: ManageConsentSettings) -> None:
        self._consents = consents
        self._settings = settings

    async def set_consents(self, request: pb.SetConsentsRequest, caller: Caller) -> pb.SetConsentsResponse:
        recorded = await self._consents.set(to_set_consents(request), caller)
        return pb.SetConsentsResponse(
            profile=recorded.profile.name,
            consents=to_consents(recorded.consents),
            changes=map(to_consent_change, recorded.changes),
        )

    async def get_consents(self, request: pb.GetConsentsRequest, caller: Caller) -> pb.GetConsentsResponse:
        parser = RequestParser()
        person = to_person(parser, request)
        page = page_of(request, caller, int, parser=parser)
        before = page.after[0] if page.after else None
        view = await self._consents.get(person, before, page.limit, caller)
        shown, token = page.cut(view.changes, lambda change: (change.key,))
        return pb.GetConsentsResponse(
            profile="" if view.profile is None else view.profile.name,
            consents=to_consents(view.consents),
            changes=map(to_consent_change, shown),
            next_page_token=token,
        )

    async def get_consent_settings(
        self, request: pb.GetConsentSettingsRequest, caller: Caller
    ) -> pb.GetConsentSettingsResponse:
        if violation := _name_violation(request.name, "name"):
            raise InvalidFields((violation,))
        return pb.GetConsentSettingsResponse(consent_settings=to_settings(await self._settings.get(caller)))

    async def update_consent_settings(
        self, request: pb.UpdateConsentSettingsRequest, caller: Caller
    ) -> pb.UpdateConsentSettingsResponse:
        if not request.HasField("consent_settings"):
            raise InvalidFields((required("consent_settings"),))
        command = _to_update(request)
        updated = await self._settings.update(command, caller)
        return pb.UpdateConsentSettingsResponse(consent_settings=to_settings(updated))


def _to_update(request: pb.UpdateConsentSettingsRequest) -> UpdateConsentSettings:
    parser, wanted = RequestParser(), request.consent_settings
    if violation := _name_violation(wanted.name, "consent_settings.name"):
        parser.add(violation)
    mask = read_mask(request.update_mask, wanted, _EDITABLE_FIELDS)
    for violation in mask.violations:
        parser.add(violation)
    silence = parser.member(SILENCE, wanted.silence, "consent_settings.silence")
    if mask.fields and not wanted.silence:
        parser.add(required("consent_settings.silence"))
    parser.check()
    return UpdateConsentSettings(silence if mask.fields else None, wanted.etag)


def _name_violation(name: str, field: str) -> Violation | None:
    if not name:
        return required(field)
    return None if name == ConsentSettings.name else malformed(field, f"Must be '{ConsentSettings.name}'.")

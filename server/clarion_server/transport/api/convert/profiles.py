"""Converts profiles from and to protobuf."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from clarion.v1 import event_pb2
from clarion.v1 import import_service_pb2 as import_pb
from clarion.v1 import profile_pb2 as pb
from clarion.v1 import profile_service_pb2 as service_pb

from clarion_server.application.profiles.profile_export import ExportedProfile
from clarion_server.application.profiles.profile_import import MAX_ROWS, ImportedProfile
from clarion_server.application.profiles.profiles import ProfileFields
from clarion_server.domain.consent.consent_change import MAX_IMPORTED_CHANGES, ConsentChange
from clarion_server.domain.events.event import ProfileErasure, ProfileMerge
from clarion_server.domain.people.import_result import ImportResult
from clarion_server.domain.people.profile import MAX_IDENTITIES, Profile
from clarion_server.domain.violation import Violation, out_of_range, too_many
from clarion_server.transport.api.convert.consents import from_change, to_consents
from clarion_server.transport.api.convert.enums import PROFILE_IMPORT_OUTCOME
from clarion_server.transport.api.convert.request_parser import RequestParser
from clarion_server.transport.api.convert.structs import fill_struct
from clarion_server.transport.api.convert.times import to_timestamp
from clarion_server.transport.api.errors import field_violation


def to_fields(profile: pb.Profile) -> ProfileFields:
    """Reads the editable fields. They carry the violations."""
    parser = RequestParser()
    identities = tuple(profile.identities[: MAX_IDENTITIES + 1])
    if len(identities) > MAX_IDENTITIES:
        # A request could hold millions, each of which would be checked.
        parser.add(too_many("identities", MAX_IDENTITIES))
        identities = ()
    attributes = parser.values(profile.attributes, "attributes")
    return ProfileFields(identities, attributes, profile.locale, profile.time_zone, parser.violations)


def to_imported(
    request: service_pb.ImportProfilesRequest | import_pb.ImportProfilesStreamRequest,
) -> list[ImportedProfile]:
    """Reads the profiles with their choices, no more of them than it takes to find that there are too many.

    Raises InvalidFields for choices of a profile that the request does not have.
    """
    choices: dict[int, list[ConsentChange]] = {}
    violations: dict[int, list[Violation]] = {}
    parser = RequestParser()
    for position, given in enumerate(request.consents[: MAX_ROWS + 1]):
        index = given.profile_index
        if not 0 <= index < len(request.profiles):
            parser.add(out_of_range(f"consents[{position}].profile_index", "Must be the position of a profile."))
            continue
        changes = RequestParser()
        start = len(choices.setdefault(index, []))
        for number, change in enumerate(given.changes[: MAX_IMPORTED_CHANGES + 1], start):
            choices[index].append(from_change(changes, change, f"consents[{number}]"))
        violations.setdefault(index, []).extend(changes.violations)
    parser.check()
    return [
        ImportedProfile(_with_violations(to_fields(row), violations.get(index, ())), tuple(choices.get(index, ())))
        for index, row in enumerate(request.profiles[: MAX_ROWS + 1])
    ]


def _with_violations(fields: ProfileFields, violations: Sequence[Violation]) -> ProfileFields:
    return replace(fields, violations=(*fields.violations, *violations)) if violations else fields


def to_profile(profile: Profile) -> pb.Profile:
    message = pb.Profile(
        name=profile.name,
        identities=map(str, profile.identities),
        locale=profile.locale,
        time_zone=profile.time_zone,
        etag=profile.etag,
        create_time=to_timestamp(profile.create_time),
        update_time=to_timestamp(profile.update_time),
        first_seen_time=to_timestamp(profile.first_seen_time),
    )
    fill_struct(message.attributes, profile.attributes)
    return message


def to_exported(exported: ExportedProfile) -> service_pb.ExportedProfile:
    return service_pb.ExportedProfile(profile=to_profile(exported.profile), consents=to_consents(exported.consents))


def to_merge(merge: ProfileMerge) -> event_pb2.ProfileMerge:
    return event_pb2.ProfileMerge(absorbed=merge.absorbed, actor=merge.actor)


def to_result(result: ImportResult) -> service_pb.ImportedProfile:
    return service_pb.ImportedProfile(
        outcome=PROFILE_IMPORT_OUTCOME.number(result.outcome),
        profile=result.name,
        violations=map(field_violation, result.violations),
        notes=map(field_violation, result.notes),
    )


def to_erasure(erasure: ProfileErasure) -> event_pb2.ProfileErasure:
    return event_pb2.ProfileErasure(
        actor=erasure.actor,
        cancelled_count=erasure.cancelled_count,
        message_count=erasure.message_count,
        suppressed_address_count=erasure.address_count,
    )

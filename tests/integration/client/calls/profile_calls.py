"""Provides the calls about profiles."""

from __future__ import annotations

import clarion_client as client
from clarion.v1 import consent_pb2 as consent_pb
from clarion.v1 import profile_pb2 as profile_pb
from clarion.v1 import profile_service_pb2 as profiles_pb
from google.protobuf.field_mask_pb2 import FieldMask
from google.protobuf.struct_pb2 import Struct

from tests.integration.client.cases import Case

WIRE_PROFILE = profile_pb.Profile(name="profiles/x", identities=["email:jane@example.com", "crm:1"])
PROFILE = client.Profile(name="profiles/x", identities=("email:jane@example.com", "crm:1"))
WIRE_CHANGE = consent_pb.ConsentChange(
    topic="topics/x",
    choice=consent_pb.Consent.CHOICE_DENIED,
    source=consent_pb.ConsentChange.SOURCE_FORM,
    evidence=consent_pb.ConsentEvidence(text="No."),
)
CHANGE = client.ConsentChange(
    topic="topics/x",
    choice=client.ConsentChoice.DENIED,
    source=client.ConsentSource.FORM,
    evidence=client.ConsentEvidence(text="No."),
)

CASES = {
    "profiles.create": Case(
        "CreateProfile",
        lambda c: c.profiles.create(client.Profile(name="x", identities=["jane@example.com", "crm:1"])),
        profiles_pb.CreateProfileRequest(profile=WIRE_PROFILE),
        profiles_pb.CreateProfileResponse(profile=WIRE_PROFILE),
        PROFILE,
    ),
    "profiles.create to validate": Case(
        "CreateProfile",
        lambda c: c.profiles.create(PROFILE, validate_only=True),
        profiles_pb.CreateProfileRequest(profile=WIRE_PROFILE, validate_only=True),
        profiles_pb.CreateProfileResponse(profile=WIRE_PROFILE),
        PROFILE,
    ),
    "profiles.get": Case(
        "GetProfile",
        lambda c: c.profiles.get("x"),
        profiles_pb.GetProfileRequest(name="profiles/x"),
        profiles_pb.GetProfileResponse(profile=WIRE_PROFILE),
        PROFILE,
    ),
    "profiles.lookup": Case(
        "LookupProfile",
        lambda c: c.profiles.lookup("jane@example.com"),
        profiles_pb.LookupProfileRequest(identity="email:jane@example.com"),
        profiles_pb.LookupProfileResponse(profile=WIRE_PROFILE),
        PROFILE,
    ),
    "profiles.update": Case(
        "UpdateProfile",
        lambda c: c.profiles.update(client.Profile(name="x", attributes={"plan": None}), ["attributes.plan"]),
        profiles_pb.UpdateProfileRequest(
            profile=profile_pb.Profile(
                name="profiles/x",
                attributes=Struct(fields={"plan": {"null_value": 0}}),  # type: ignore[dict-item]  # as above
            ),
            update_mask=FieldMask(paths=["attributes.plan"]),
        ),
        profiles_pb.UpdateProfileResponse(profile=WIRE_PROFILE),
        PROFILE,
    ),
    "profiles.update to validate": Case(
        "UpdateProfile",
        lambda c: c.profiles.update(PROFILE, validate_only=True),
        profiles_pb.UpdateProfileRequest(profile=WIRE_PROFILE, update_mask=FieldMask(paths=["*"]), validate_only=True),
        profiles_pb.UpdateProfileResponse(profile=WIRE_PROFILE),
        PROFILE,
    ),
    "profiles.import_all": Case(
        "ImportProfiles",
        lambda c: c.profiles.import_all([client.Profile(identities=["jane@example.com", "crm:1"])]),
        profiles_pb.ImportProfilesRequest(
            profiles=[profile_pb.Profile(identities=["email:jane@example.com", "crm:1"])]
        ),
        profiles_pb.ImportProfilesResponse(
            results=[
                profiles_pb.ImportedProfile(outcome=profiles_pb.ImportedProfile.OUTCOME_CREATED, profile="profiles/x")
            ]
        ),
        [client.ImportedProfile(outcome=client.ImportedProfileOutcome.CREATED, profile="profiles/x")],
    ),
    "profiles.import_all with consents": Case(
        "ImportProfiles",
        lambda c: c.profiles.import_all(
            [client.Profile(identities=["crm:1"]), client.Profile(identities=["crm:2"])], consents={1: [CHANGE]}
        ),
        profiles_pb.ImportProfilesRequest(
            profiles=[profile_pb.Profile(identities=["crm:1"]), profile_pb.Profile(identities=["crm:2"])],
            consents=[profiles_pb.ImportedConsents(profile_index=1, changes=[WIRE_CHANGE])],
        ),
        profiles_pb.ImportProfilesResponse(),
        [],
    ),
    "profiles.merge": Case(
        "MergeProfiles",
        lambda c: c.profiles.merge("x", "y", etag="7", absorbed_etag="8"),
        profiles_pb.MergeProfilesRequest(name="profiles/x", absorbed="profiles/y", etag="7", absorbed_etag="8"),
        profiles_pb.MergeProfilesResponse(profile=WIRE_PROFILE),
        PROFILE,
    ),
    "profiles.delete": Case(
        "DeleteProfile",
        lambda c: c.profiles.delete("x", etag="7"),
        profiles_pb.DeleteProfileRequest(name="profiles/x", etag="7"),
        profiles_pb.DeleteProfileResponse(cancelled_count=1, suppressed_address_count=2),
        client.ProfileDeletion(cancelled_count=1, suppressed_address_count=2),
    ),
    "profiles.delete and forget": Case(
        "DeleteProfile",
        lambda c: c.profiles.delete("x", keep_suppression=False),
        profiles_pb.DeleteProfileRequest(name="profiles/x", keep_suppression=False),
        profiles_pb.DeleteProfileResponse(),
        client.ProfileDeletion(),
    ),
}

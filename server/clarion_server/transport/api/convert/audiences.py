"""Converts audiences from and to protobuf."""

from __future__ import annotations

from clarion.v1 import audience_pb2 as pb
from clarion.v1 import audience_service_pb2 as service_pb
from clarion.v1 import failed_evaluations_pb2
from clarion.v1 import import_service_pb2 as import_pb

from clarion_server.application.audiences.uploading import Uploaded
from clarion_server.application.resources import ResourceInput
from clarion_server.domain.audiences.audience import Audience, AudienceMember, IdentityList
from clarion_server.domain.audiences.audience_run import failed_evaluations
from clarion_server.domain.audiences.condition import FailureCounts
from clarion_server.domain.violation import Violation
from clarion_server.transport.api.convert.access_labels import read_access_labels
from clarion_server.transport.api.convert.audience_runs import to_failed_evaluations
from clarion_server.transport.api.convert.times import to_timestamp
from clarion_server.transport.api.errors import field_violation

_NO_MEMBERS = Violation("condition", "REQUIRED", "Must be set, unless `identity_list` is.")


def to_audience_input(audience: pb.Audience) -> ResourceInput[Audience]:
    """Reads the editable fields. The input carries the violations."""
    kind = audience.WhichOneof("members")
    read = Audience(
        sandbox="",
        id="",
        display_name=audience.display_name,
        create_time=0,
        update_time=0,
        description=audience.description,
        condition=audience.condition if kind == "condition" else None,
    )
    return ResourceInput(read, () if kind else (_NO_MEMBERS,), read_access_labels(audience.access_labels))


def to_audience(audience: Audience) -> pb.Audience:
    message = pb.Audience(
        name=audience.name,
        display_name=audience.display_name,
        description=audience.description,
        etag=audience.etag,
        create_time=to_timestamp(audience.create_time),
        update_time=to_timestamp(audience.update_time),
        access_labels=audience.access_labels.names,
    )
    if audience.condition is not None:
        message.condition = audience.condition
    elif audience.listed is None:
        # It is the answer to a request that only validates.
        message.identity_list.SetInParent()
    else:
        message.identity_list.CopyFrom(to_identity_list(audience.listed))
    return message


def to_identity_list(listed: IdentityList) -> pb.IdentityList:
    return pb.IdentityList(identity_count=listed.identity_count, update_time=to_timestamp(listed.update_time))


def to_uploaded(uploaded: Uploaded) -> service_pb.UploadIdentitiesResponse:
    return service_pb.UploadIdentitiesResponse(
        added_count=uploaded.added_count,
        repeated_count=uploaded.repeated_count,
        rejected=[
            service_pb.RejectedIdentity(index=index, violation=field_violation(violation))
            for index, violation in uploaded.rejected
        ],
        identity_list=None if uploaded.identity_list is None else to_identity_list(uploaded.identity_list),
    )


def to_stream_uploaded(position: int, uploaded: Uploaded) -> import_pb.UploadIdentitiesStreamResponse:
    answer = to_uploaded(uploaded)
    return import_pb.UploadIdentitiesStreamResponse(
        position=position,
        added_count=answer.added_count,
        repeated_count=answer.repeated_count,
        rejected=answer.rejected,
        identity_list=answer.identity_list,
    )


def to_failures(failures: FailureCounts) -> list[failed_evaluations_pb2.FailedEvaluations]:
    return list(map(to_failed_evaluations, failed_evaluations(failures)))


def to_member(member: AudienceMember) -> str:
    return str(member.identity) if member.profile is None else member.profile.name

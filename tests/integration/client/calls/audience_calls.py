"""Provides the calls about audiences."""

from __future__ import annotations

import clarion_client as client
from clarion.v1 import audience_pb2 as audience_pb
from clarion.v1 import audience_service_pb2 as audiences_pb
from google.protobuf.field_mask_pb2 import FieldMask

from tests.integration.client.cases import Case

WIRE_AUDIENCE = audience_pb.Audience(name="audiences/x", condition="true")
AUDIENCE = client.Audience(name="audiences/x", condition="true")

CASES = {
    "audiences.create": Case(
        "CreateAudience",
        lambda c: c.audiences.create(AUDIENCE, validate_only=True),
        audiences_pb.CreateAudienceRequest(audience_id="x", audience=WIRE_AUDIENCE, validate_only=True),
        audiences_pb.CreateAudienceResponse(audience=WIRE_AUDIENCE),
        AUDIENCE,
    ),
    "audiences.get": Case(
        "GetAudience",
        lambda c: c.audiences.get("x"),
        audiences_pb.GetAudienceRequest(name="audiences/x"),
        audiences_pb.GetAudienceResponse(audience=WIRE_AUDIENCE),
        AUDIENCE,
    ),
    "audiences.update": Case(
        "UpdateAudience",
        lambda c: c.audiences.update(AUDIENCE, ["condition"]),
        audiences_pb.UpdateAudienceRequest(audience=WIRE_AUDIENCE, update_mask=FieldMask(paths=["condition"])),
        audiences_pb.UpdateAudienceResponse(audience=WIRE_AUDIENCE),
        AUDIENCE,
    ),
    "audiences.upload": Case(
        "UploadIdentities",
        lambda c: c.audiences.upload("x", ["jane@example.com", "crm:1"], upload_id="7", complete=True),
        audiences_pb.UploadIdentitiesRequest(
            name="audiences/x", identities=["email:jane@example.com", "crm:1"], upload_id="7", complete=True
        ),
        audiences_pb.UploadIdentitiesResponse(added_count=2),
        client.UploadedIdentities(added_count=2, rejected=[], identity_list=client.IdentityList()),
    ),
    "audiences.count": Case(
        "CountAudience",
        lambda c: c.audiences.count("x"),
        audiences_pb.CountAudienceRequest(name="audiences/x"),
        audiences_pb.CountAudienceResponse(member_count=2, evaluated_count=3),
        client.AudienceCount(member_count=2, evaluated_count=3),
    ),
    "audiences.sample": Case(
        "SampleAudience",
        lambda c: c.audiences.sample("x", 5),
        audiences_pb.SampleAudienceRequest(name="audiences/x", sample_size=5),
        audiences_pb.SampleAudienceResponse(members=["profiles/1"], evaluated_count=3),
        client.AudienceSample(members=("profiles/1",), evaluated_count=3),
    ),
    "audiences.delete": Case(
        "DeleteAudience",
        lambda c: c.audiences.delete("x", etag="7"),
        audiences_pb.DeleteAudienceRequest(name="audiences/x", etag="7"),
        audiences_pb.DeleteAudienceResponse(),
        None,
    ),
}

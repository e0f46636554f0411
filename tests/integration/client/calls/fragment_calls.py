"""Calls about fragments."""

from __future__ import annotations

import clarion_client as client
from clarion.v1 import fragment_pb2 as fragment_pb
from clarion.v1 import fragment_repin_pb2 as repin_pb
from clarion.v1 import fragment_service_pb2 as fragments_pb
from google.protobuf.field_mask_pb2 import FieldMask

from tests.integration.client.cases import Case

FRAGMENT = client.Fragment(name="fragments/x", kind=client.FragmentKind.TEXT, source="Bye")
WIRE_FRAGMENT = fragment_pb.Fragment(name="fragments/x", kind=fragment_pb.Fragment.KIND_TEXT, source="Bye")

CASES = {
    "fragments.create": Case(
        "CreateFragment",
        lambda c: c.fragments.create(
            client.Fragment(name="x", kind=client.FragmentKind.TEXT, source="Bye"), validate_only=True
        ),
        fragments_pb.CreateFragmentRequest(fragment_id="x", fragment=WIRE_FRAGMENT, validate_only=True),
        fragments_pb.CreateFragmentResponse(fragment=WIRE_FRAGMENT),
        FRAGMENT,
    ),
    "fragments.get": Case(
        "GetFragment",
        lambda c: c.fragments.get("x"),
        fragments_pb.GetFragmentRequest(name="fragments/x"),
        fragments_pb.GetFragmentResponse(fragment=WIRE_FRAGMENT),
        FRAGMENT,
    ),
    "fragments.update": Case(
        "UpdateFragment",
        lambda c: c.fragments.update(FRAGMENT, ["source"]),
        fragments_pb.UpdateFragmentRequest(fragment=WIRE_FRAGMENT, update_mask=FieldMask(paths=["source"])),
        fragments_pb.UpdateFragmentResponse(fragment=WIRE_FRAGMENT),
        FRAGMENT,
    ),
    "fragments.delete": Case(
        "DeleteFragment",
        lambda c: c.fragments.delete("x", etag="7"),
        fragments_pb.DeleteFragmentRequest(name="fragments/x", etag="7"),
        fragments_pb.DeleteFragmentResponse(),
        None,
    ),
    "fragments.archive": Case(
        "ArchiveFragment",
        lambda c: c.fragments.archive("x", etag="7"),
        fragments_pb.ArchiveFragmentRequest(name="fragments/x", etag="7"),
        fragments_pb.ArchiveFragmentResponse(fragment=WIRE_FRAGMENT),
        FRAGMENT,
    ),
    "fragments.unarchive": Case(
        "UnarchiveFragment",
        lambda c: c.fragments.unarchive("x"),
        fragments_pb.UnarchiveFragmentRequest(name="fragments/x"),
        fragments_pb.UnarchiveFragmentResponse(fragment=WIRE_FRAGMENT),
        FRAGMENT,
    ),
    "fragments.publish": Case(
        "PublishFragment",
        lambda c: c.fragments.publish("x", etag="7", validate_only=True, bypass_reason="Now."),
        fragments_pb.PublishFragmentRequest(name="fragments/x", etag="7", validate_only=True, bypass_reason="Now."),
        fragments_pb.PublishFragmentResponse(
            fragment=WIRE_FRAGMENT, version=fragment_pb.FragmentVersion(fragment="fragments/x", version=3)
        ),
        lambda made: (made.fragment, made.version.version, made.warnings) == (FRAGMENT, 3, ()),
    ),
    "fragments.repin": Case(
        "RepinFragment",
        lambda c: c.fragments.repin("x", ["a", "campaigns/b"], to_version=3, validate_only=True, bypass_reason="Now."),
        repin_pb.RepinFragmentRequest(
            fragment="fragments/x",
            to_version=3,
            campaigns=["campaigns/a", "campaigns/b"],
            validate_only=True,
            bypass_reason="Now.",
        ),
        repin_pb.RepinFragmentResponse(
            to_version=3,
            repins=[repin_pb.FragmentRepin(campaign="campaigns/a", outcome=repin_pb.FragmentRepin.OUTCOME_UNCHANGED)],
        ),
        client.RollOut(
            to_version=3,
            repins=(client.FragmentRepin(campaign="campaigns/a", outcome=client.RepinOutcome.UNCHANGED),),
        ),
    ),
}

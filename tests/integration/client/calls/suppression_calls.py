"""The calls about suppressions and allow lists."""

from __future__ import annotations

import datetime as dt

import clarion_client as client
from clarion.v1 import (
    allow_list_pb2,
    category_pb2,
)
from clarion.v1 import allow_list_service_pb2 as allow_list_pb
from clarion.v1 import suppression_pb2 as suppression_pb
from clarion.v1 import suppression_service_pb2 as suppressions_pb
from google.protobuf import timestamp_pb2
from google.protobuf.field_mask_pb2 import FieldMask

from tests.integration.client.cases import Case, holds

WIRE_ALLOW_LIST = allow_list_pb2.AllowList(enabled=True, entries=["example.com"], etag="7")
ALLOW_LIST = client.AllowList(enabled=True, entries=("example.com",), etag="7")

CASES = {
    "allow_list.get": Case(
        "GetAllowList",
        lambda c: c.allow_list.get(),
        allow_list_pb.GetAllowListRequest(),
        allow_list_pb.GetAllowListResponse(allow_list=WIRE_ALLOW_LIST),
        ALLOW_LIST,
    ),
    "allow_list.update": Case(
        "UpdateAllowList",
        lambda c: c.allow_list.update(ALLOW_LIST, ["entries"]),
        allow_list_pb.UpdateAllowListRequest(allow_list=WIRE_ALLOW_LIST, update_mask=FieldMask(paths=["entries"])),
        allow_list_pb.UpdateAllowListResponse(allow_list=WIRE_ALLOW_LIST),
        ALLOW_LIST,
    ),
    "suppressions.create": Case(
        "CreateSuppression",
        lambda c: c.suppressions.create(
            "*.example.com", scope=client.SuppressionScope.MARKETING, expire_time=dt.datetime(2030, 1, 1, tzinfo=dt.UTC)
        ),
        suppressions_pb.CreateSuppressionRequest(
            suppression=suppression_pb.Suppression(
                domain="*.example.com",
                reason=suppression_pb.Suppression.REASON_MANUAL,
                scope=suppression_pb.Suppression.SCOPE_MARKETING,
                expire_time=timestamp_pb2.Timestamp(seconds=1_893_456_000),
            )
        ),
        suppressions_pb.CreateSuppressionResponse(suppression=suppression_pb.Suppression(name="suppressions/1")),
        holds(name="suppressions/1", expire_time=None),
    ),
    "suppressions.get": Case(
        "GetSuppression",
        lambda c: c.suppressions.get("1"),
        suppressions_pb.GetSuppressionRequest(name="suppressions/1"),
        suppressions_pb.GetSuppressionResponse(
            suppression=suppression_pb.Suppression(
                address="jane@example.com", reason=suppression_pb.Suppression.REASON_COMPLAINT
            )
        ),
        holds(address="jane@example.com", domain=None, reason="COMPLAINT"),
    ),
    "suppressions.delete": Case(
        "DeleteSuppression",
        lambda c: c.suppressions.delete("1", override_reason="Asked for it."),
        suppressions_pb.DeleteSuppressionRequest(name="suppressions/1", override_reason="Asked for it."),
        suppressions_pb.DeleteSuppressionResponse(),
        None,
    ),
    "suppressions.import_all": Case(
        "ImportSuppressions",
        lambda c: c.suppressions.import_all([client.Suppression(domain="example.com")]),
        suppressions_pb.ImportSuppressionsRequest(suppressions=[suppression_pb.Suppression(domain="example.com")]),
        suppressions_pb.ImportSuppressionsResponse(
            results=[
                suppressions_pb.ImportedSuppression(
                    outcome=suppressions_pb.ImportedSuppression.OUTCOME_CREATED, suppression="suppressions/1"
                )
            ]
        ),
        [client.ImportedSuppression(outcome=client.ImportedSuppressionOutcome.CREATED, suppression="suppressions/1")],
    ),
    "suppressions.check": Case(
        "CheckSuppression",
        lambda c: c.suppressions.check("jane@example.com"),
        suppressions_pb.CheckSuppressionRequest(address="jane@example.com"),
        suppressions_pb.CheckSuppressionResponse(excluded_categories=[category_pb2.CATEGORY_MARKETING]),
        holds(excluded_categories=(client.Category.MARKETING,), suppressions=()),
    ),
}

"""Calls about test cases of campaigns."""

from __future__ import annotations

from dataclasses import replace

import clarion_client as client
from clarion.v1 import test_case_pb2 as test_case_pb
from clarion.v1 import test_case_service_pb2 as test_cases_pb
from clarion.v1 import test_run_pb2 as test_run_pb
from google.protobuf.field_mask_pb2 import FieldMask

from tests.integration.client.cases import Case

TEST_CASE = client.TestCase(
    name="campaigns/x/testCases/y", display_name="Plain", context={"order": "4711"}, locale="de"
)
WIRE_TEST_CASE = test_case_pb.TestCase(name="campaigns/x/testCases/y", display_name="Plain", locale="de")
WIRE_TEST_CASE.context.update({"order": "4711"})

WIRE_KEY = test_run_pb.TestCellKey(test_case="y", action="email", locale="de")
CELL = client.TestCell(
    key=client.TestCellKey(test_case="y", action="email", locale="de"),
    locale_origin=client.LocaleOrigin.CASE,
    locale_reason=client.LocaleReason.EXACT,
    comparison=client.Comparison.NEW,
    etag="8",
)

CASES = {
    "test_cases.create": Case(
        "CreateTestCase",
        lambda c: c.test_cases.create(replace(TEST_CASE, name="x/y"), validate_only=True),
        test_cases_pb.CreateTestCaseRequest(
            campaign="campaigns/x", test_case_id="y", test_case=WIRE_TEST_CASE, validate_only=True
        ),
        test_cases_pb.CreateTestCaseResponse(test_case=WIRE_TEST_CASE),
        TEST_CASE,
    ),
    "test_cases.get": Case(
        "GetTestCase",
        lambda c: c.test_cases.get("x/y"),
        test_cases_pb.GetTestCaseRequest(name="campaigns/x/testCases/y"),
        test_cases_pb.GetTestCaseResponse(test_case=WIRE_TEST_CASE),
        TEST_CASE,
    ),
    "test_cases.update": Case(
        "UpdateTestCase",
        lambda c: c.test_cases.update(TEST_CASE, ["locale"]),
        test_cases_pb.UpdateTestCaseRequest(test_case=WIRE_TEST_CASE, update_mask=FieldMask(paths=["locale"])),
        test_cases_pb.UpdateTestCaseResponse(test_case=WIRE_TEST_CASE),
        TEST_CASE,
    ),
    "test_cases.accept": Case(
        "AcceptRenderings",
        lambda c: c.test_cases.accept("x", client.TestRun(etag="7"), [CELL]),
        test_run_pb.AcceptRenderingsRequest(
            campaign="campaigns/x",
            run_etag="7",
            renderings=[test_run_pb.ShownRendering(key=WIRE_KEY, etag="8")],
        ),
        test_run_pb.AcceptRenderingsResponse(accepted_count=1, dropped_count=2),
        client.AcceptedRenderings(accepted_count=1, dropped_count=2),
    ),
    "test_cases.delete": Case(
        "DeleteTestCase",
        lambda c: c.test_cases.delete("campaigns/x/testCases/y", etag="7"),
        test_cases_pb.DeleteTestCaseRequest(name="campaigns/x/testCases/y", etag="7"),
        test_cases_pb.DeleteTestCaseResponse(),
        None,
    ),
}

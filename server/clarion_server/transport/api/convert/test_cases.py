"""Converts test cases from and to protobuf."""

from __future__ import annotations

from clarion.v1 import test_case_pb2 as pb

from clarion_server.application.resources import ResourceInput
from clarion_server.domain.campaigns.test_case import TestCase
from clarion_server.transport.api.convert.request_parser import RequestParser
from clarion_server.transport.api.convert.structs import to_struct
from clarion_server.transport.api.convert.times import to_timestamp


def to_test_case_input(case: pb.TestCase, campaign_id: str) -> ResourceInput[TestCase]:
    """Reads the editable fields. The input carries the violations."""
    parser = RequestParser()
    read = TestCase(
        sandbox="",
        id="",
        campaign_id=campaign_id,
        create_time=0,
        update_time=0,
        display_name=case.display_name,
        context=parser.values(case.context, "context"),
        profile=parser.values(case.profile, "profile"),
        locale=case.locale,
        rule=case.rule,
        audiences=tuple(case.audiences),
    )
    return ResourceInput(read, parser.violations)


def to_test_case(case: TestCase) -> pb.TestCase:
    return pb.TestCase(
        name=case.name,
        display_name=case.display_name,
        context=to_struct(case.context) if case.context else None,
        profile=to_struct(case.profile) if case.profile else None,
        locale=case.locale,
        rule=case.rule,
        audiences=case.audiences,
        etag=case.etag,
        create_time=to_timestamp(case.create_time),
        update_time=to_timestamp(case.update_time),
    )

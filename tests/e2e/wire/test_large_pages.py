"""Lists of large resources over the wire: pages that every client takes."""

from __future__ import annotations

import grpc
from clarion.v1 import fragment_pb2, fragment_service_pb2, profile_service_pb2, test_case_service_pb2
from clarion.v1.fragment_service_pb2_grpc import FragmentServiceStub
from clarion.v1.profile_service_pb2_grpc import ProfileServiceStub
from clarion.v1.test_case_service_pb2_grpc import TestCaseServiceStub as CaseServiceStub
from clarion_client import Profile
from clarion_client import TestCase as Case

from tests.campaigns import set_up
from tests.e2e.wire.conftest import Sandbox

SOURCE = "<p>x</p>\n" * (250 * 1024 // 9)


async def test_large_resources_are_listed_in_pages_that_a_client_takes_as_grpc_made_it(sandbox: Sandbox) -> None:
    await set_up(sandbox.client, "order-confirmed", 1)
    names = [f"fragments/f{number:02}" for number in range(30)]
    people = [Profile(identities=[f"crm:{number}"], attributes={"t": "x" * 30_000}) for number in range(150)]
    for start in range(0, len(people), 50):
        await sandbox.client.profiles.import_all(people[start : start + 50])
    cases = [f"campaigns/order-confirmed/testCases/c{number:02}" for number in range(70)]
    for case in cases:
        await sandbox.client.test_cases.create(Case(name=case, context={"t": "x" * 65_000}))
    access = (("authorization", f"Bearer {sandbox.key}"),)
    async with grpc.aio.insecure_channel(sandbox.service.target) as channel:
        fragments = FragmentServiceStub(channel)
        for name in names:
            await fragments.CreateFragment(
                fragment_service_pb2.CreateFragmentRequest(
                    fragment_id=name.rpartition("/")[2],
                    fragment=fragment_pb2.Fragment(kind=fragment_pb2.Fragment.KIND_HTML, source=SOURCE),
                ),
                metadata=access,
            )
        found, token = [], "first"
        while token:
            request = fragment_service_pb2.ListFragmentsRequest(page_token=token.removeprefix("first"), page_size=1_000)
            page = await fragments.ListFragments(request, metadata=access)
            found += [each.name for each in page.fragments]
            token = page.next_page_token
        assert found == names
        profiles = await ProfileServiceStub(channel).ListProfiles(
            profile_service_pb2.ListProfilesRequest(page_size=1_000), metadata=access
        )
        assert 0 < len(profiles.profiles) < len(people)
        assert profiles.next_page_token
        tests = await CaseServiceStub(channel).ListTestCases(
            test_case_service_pb2.ListTestCasesRequest(campaign="campaigns/order-confirmed", page_size=1_000),
            metadata=access,
        )
        assert 0 < len(tests.test_cases) < len(cases)

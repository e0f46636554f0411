"""Nothing of one sandbox is seen, changed or used from another, by any method."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from typing import Any

import grpc
import pytest
from clarion.v1 import (
    approval_comments_pb2,
    approval_service_pb2,
    audience_service_pb2,
    consent_service_pb2,
    fragment_repin_pb2,
    import_service_pb2,
    profile_service_pb2,
    proof_service_pb2,
    suppression_service_pb2,
    test_run_pb2,
    trigger_service_pb2,
)
from clarion.v1.campaign_life_cycle_pb2 import StopCampaignRequest
from clarion.v1.campaign_service_pb2 import DuplicateCampaignRequest
from clarion.v1.campaign_version_pb2 import GetCampaignVersionRequest
from clarion.v1.consent_pb2 import Consent, ConsentChange
from clarion.v1.test_case_service_pb2 import ListTestCasesRequest
from clarion_client import (
    AllowList,
    ApprovalConditions,
    ApprovalPolicy,
    AsyncClient,
    Audience,
    Fragment,
    IdentityList,
    IdentityNamespace,
    Profile,
    RecipientOutcome,
    SendingPolicy,
    TestCase,
    Topic,
)
from google.protobuf.descriptor import MethodDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass

from tests.campaigns import CONTEXT, set_up
from tests.contract_services import METHODS
from tests.e2e.wire.calls import Wire
from tests.e2e.wire.conftest import Sandbox
from tests.e2e.wire.raw_triggers import a_trigger
from tests.smtp_sink import SmtpSink

SUPPRESSED, KNOWN = "joe@example.com", "customer:jane"

DENIAL = ConsentChange(choice=Consent.CHOICE_DENIED, source=ConsentChange.SOURCE_SUPPORT)

CELL = test_run_pb2.TestCellKey(test_case="plain", action="email", locale="en")

#: Says what a request must say beside the names in it.
NEEDED: Mapping[str, Message] = {
    "Approve": approval_service_pb2.ApproveRequest(content_hash="0" * 64),
    "AcceptRenderings": test_run_pb2.AcceptRenderingsRequest(
        run_etag="0", renderings=[test_run_pb2.ShownRendering(key=CELL, etag="0")]
    ),
    "SendProof": proof_service_pb2.SendProofRequest(addresses=["jane@example.com"]),
    "RequestChanges": approval_service_pb2.RequestChangesRequest(comment="Shorter."),
    "CommentOnApproval": approval_comments_pb2.CommentOnApprovalRequest(comment="Why?"),
    "ResolveApprovalThread": approval_comments_pb2.ResolveApprovalThreadRequest(thread="1"),
    "RepinFragment": fragment_repin_pb2.RepinFragmentRequest(campaigns=["campaigns/orders"]),
    "StopCampaign": StopCampaignRequest(queue_disposal=StopCampaignRequest.QUEUE_DISPOSAL_CANCEL),
    "DuplicateCampaign": DuplicateCampaignRequest(campaign_id="copy"),
    "GetCampaignVersion": GetCampaignVersionRequest(version=1),
    "UploadIdentities": audience_service_pb2.UploadIdentitiesRequest(identities=["email:eve@example.com"]),
    "UploadIdentitiesStream": import_service_pb2.UploadIdentitiesStreamRequest(
        import_id="1", identities=["email:eve@example.com"]
    ),
    "LookupProfile": profile_service_pb2.LookupProfileRequest(identity=KNOWN),
    "MergeProfiles": profile_service_pb2.MergeProfilesRequest(absorbed=f"profiles/{'0' * 32}"),
    "SetConsents": consent_service_pb2.SetConsentsRequest(changes=[DENIAL]),
    "CheckSuppression": suppression_service_pb2.CheckSuppressionRequest(address=SUPPRESSED),
    "Trigger": a_trigger(),
    "TriggerAudience": trigger_service_pb2.TriggerAudienceRequest(audience="audiences/gold", max_recipients=1),
    "TriggerStream": trigger_service_pb2.TriggerStreamRequest(trigger=a_trigger()),
}
#: They make something in the caller's own sandbox.
CREATING = [
    path for path, method in METHODS.items() if method.name.startswith(("Create", "Import", "UploadAttachment"))
]
LISTING = [path for path, method in METHODS.items() if method.name.startswith("List")]
#: They say whether there is something, and fail neither way.
CHECKING = ["/clarion.v1.SuppressionService/CheckSuppression"]
#: They are about what each sandbox has one of, without an id.
OWN = [path for path, method in METHODS.items() if method.name.endswith(("ConsentSettings", "AllowList"))]
#: They show everything of a kind.
EXPORTING = [path for path, method in METHODS.items() if method.name.startswith("Export")]
#: All others are about something that exists.
NAMING = [path for path in METHODS if path not in {*CREATING, *LISTING, *EXPORTING, *CHECKING, *OWN}]

Resources = Mapping[str, Any]


def resource_of(method: MethodDescriptor) -> str:
    """Returns what the service of the method is about, such as `channel_configuration`."""
    if method.name == "UploadIdentitiesStream":
        return "audience"
    name = method.containing_service.name.removesuffix("Service")
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()


def requests_for(method: MethodDescriptor, existing: Resources) -> list[Message]:
    """Returns requests that name what exists in every field that can: one for each kind that they may be about."""
    if method.containing_service.name != "ApprovalService":
        return [request_for(method, existing)]
    return [
        request_for(method, {name: each for name, each in existing.items() if name != other})
        for other in ("fragment", "campaign")
    ]


def request_for(method: MethodDescriptor, existing: Resources) -> Message:
    """Returns a request that names what exists in every field that can. An update sends back what was read."""
    request = GetMessageClass(method.input_type)()
    if method.name in NEEDED:
        request.CopyFrom(NEEDED[method.name])
    for field in method.input_type.fields:
        kind = resource_of(method) if field.name == "name" else field.name
        if kind in existing and field.message_type is None:
            setattr(request, field.name, existing[kind].name)
        elif kind in existing and field.message_type is existing[kind].DESCRIPTOR:
            getattr(request, field.name).CopyFrom(existing[kind])
    return request


@pytest.fixture
async def existing(sandbox: Sandbox, orders: AsyncClient, sink: SmtpSink) -> Resources:
    """Returns one resource of each kind in the sandbox, as they are on the wire."""
    await orders.suppressions.create(SUPPRESSED)
    await orders.approval_policies.create(
        ApprovalPolicy(name="legal", display_name="Legal", conditions=ApprovalConditions(tags=["legal"]))
    )
    await orders.attachments.upload(b"%PDF-1.7", "terms", file_name="terms.pdf")
    await orders.topics.create(Topic(name="news", display_name="News"))
    await orders.sending_policies.create(SendingPolicy(name="nights", display_name="Nights", time_zone="Europe/Berlin"))
    await orders.identity_namespaces.create(IdentityNamespace(name="crm", display_name="Customers"))
    await orders.audiences.create(Audience(name="vip", display_name="VIP", identity_list=IdentityList()))
    await orders.profiles.create(Profile(identities=[KNOWN]))
    await orders.fragments.create(Fragment(name="footer", source="<p>The Shop</p>"))
    await orders.test_cases.create(TestCase(name="orders/plain", context=CONTEXT))
    await orders.trigger("orders", to="jane@example.com", context=CONTEXT, request_id="1")
    await sink.wait_for(1)
    await settled(orders)
    return await read_all(sandbox)


async def settled(client: AsyncClient) -> None:
    """Returns when the outcome of the one message is recorded."""
    async with asyncio.timeout(60), client.messages.watch(campaign="orders", from_start=True) as watch:
        await anext(watch)


async def read_all(sandbox: Sandbox) -> Resources:
    found = {resource_of(METHODS[path]): await the_first_of(sandbox.wire, path) for path in LISTING if can_list(path)}
    of_campaign = ListTestCasesRequest(campaign=found["campaign"].name)
    found["test_case"] = listed(await sandbox.wire.send("/clarion.v1.TestCaseService/ListTestCases", of_campaign))[0]
    return found


def can_list(path: str) -> bool:
    """Returns whether the method lists what its service is about, of the whole sandbox."""
    parts = (
        "ApprovalSteps",
        "ApprovalThreads",
        "CampaignVersions",
        "FragmentUses",
        "FragmentVersions",
        "Tags",
        "TestCases",
    )
    return not path.endswith(tuple(f"/List{part}" for part in parts))


async def the_first_of(wire: Wire, path: str) -> Any:
    return listed(await wire.send(path, GetMessageClass(METHODS[path].input_type)()))[0]


def listed(answer: Message) -> list[Any]:
    """Returns the items of a page, without those that every sandbox has."""
    (items,) = (field.name for field in answer.DESCRIPTOR.fields if field.message_type is not None)
    return [item for item in getattr(answer, items) if not getattr(item, "built_in", False)]


async def test_no_method_sees_or_changes_what_exists_in_another_sandbox(
    sandbox: Sandbox, other_sandbox: Sandbox, existing: Resources
) -> None:
    stranger = other_sandbox.wire
    for path in NAMING:
        for request in requests_for(METHODS[path], existing):
            assert request.ByteSize(), f"{path} names nothing: add one to `existing` or to `NEEDED`"
            failure = await stranger.refuse(path, request)
            assert failure.code is grpc.StatusCode.NOT_FOUND, (path, failure)
    assert await read_all(sandbox) == existing


async def test_the_methods_that_are_asked_about_what_exists_find_it_in_its_own_sandbox(
    sandbox: Sandbox, existing: Resources
) -> None:
    """Or else the test above would prove nothing."""
    for path in [path for path in NAMING if METHODS[path].name.startswith(("Get", "Lookup", "Review", "WatchEvents"))]:
        for request in requests_for(METHODS[path], existing):
            assert await sandbox.wire.send(path, request) is not None


async def test_no_list_shows_what_exists_in_another_sandbox(other_sandbox: Sandbox, existing: Resources) -> None:
    stranger = other_sandbox.wire
    own = {"/clarion.v1.ApiKeyService/ListApiKeys": [other_sandbox.name]}
    for path in LISTING:
        if can_list(path):
            items = listed(await stranger.send(path, GetMessageClass(METHODS[path].input_type)()))
            assert [getattr(item, "sandbox", item) for item in items] == own.get(path, []), path
        for request in requests_for(METHODS[path], existing):
            if request.ByteSize():
                assert await nothing_is_listed(stranger, path, request), path


async def test_no_export_shows_what_exists_in_another_sandbox(
    sandbox: Sandbox, other_sandbox: Sandbox, existing: Resources
) -> None:
    assert len(EXPORTING) == 2
    for client, count in ((sandbox.client, 1), (other_sandbox.client, 0)):
        assert len([each async for each in client.profiles.export()]) == count
        assert len([each async for each in client.suppressions.export()]) == count


async def nothing_is_listed(wire: Wire, path: str, request: Message) -> bool:
    """Returns whether the list has no items, or is refused, as what it is to be filtered by is not there."""
    try:
        return not listed(await wire.send(path, request))
    except grpc.aio.AioRpcError as error:
        return error.code() is grpc.StatusCode.NOT_FOUND


async def test_an_address_is_suppressed_in_the_sandbox_of_the_suppression_alone(
    sandbox: Sandbox, other_sandbox: Sandbox, existing: Resources
) -> None:
    (path,) = CHECKING
    request = NEEDED["CheckSuppression"]
    assert listed(await sandbox.wire.send(path, request))
    assert not listed(await other_sandbox.wire.send(path, request))


async def test_a_watch_from_the_start_sees_the_events_of_its_own_sandbox_alone(
    sandbox: Sandbox, other_sandbox: Sandbox, existing: Resources
) -> None:
    assert await count_events(other_sandbox) == 0
    assert await count_events(sandbox) == 4


async def count_events(sandbox: Sandbox) -> int:
    """Counts the events from the start to the first one that happens after all of them."""
    await set_up(sandbox.client, "marker", 9)
    marker = await sandbox.client.trigger("marker", to="suppressed@clarion.test", context=CONTEXT)
    count = 0
    async with asyncio.timeout(60), sandbox.client.messages.watch(from_start=True) as watch:
        async for event in watch:
            if event.execution == marker.execution:
                return count
            count += 1
    raise AssertionError("a watch does not end by itself")


async def test_one_name_in_two_sandboxes_is_two_campaigns(
    sandbox: Sandbox, orders: AsyncClient, other_sandbox: Sandbox
) -> None:
    await set_up(other_sandbox.client, "orders", 9, display_name="Others")
    await other_sandbox.client.trigger("orders", to="sent@clarion.test", context=CONTEXT, request_id="1")
    assert not (await orders.trigger("orders", to="sent@clarion.test", context=CONTEXT, request_id="1")).replayed
    assert (await orders.campaigns.get("orders")).display_name == "orders"
    assert (await orders.reports.get("orders")).targeted_count == 1


async def test_a_sandbox_has_an_allow_list_of_its_own(orders: AsyncClient, other_sandbox: Sandbox) -> None:
    await orders.allow_list.update(AllowList(enabled=True, entries=["example.com"]))
    assert await other_sandbox.client.allow_list.get() == AllowList(etag='"0"')
    await set_up(other_sandbox.client, "orders", 9)
    answer = await other_sandbox.client.trigger("orders", to="jane@example.org", context=CONTEXT)
    assert answer.recipients[0].outcome is RecipientOutcome.ACCEPTED

"""Whoever lacks a label is answered, by every method, as if the thing did not exist."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

import grpc
import pytest
from clarion.v1.campaign_list_pb2 import ListCampaignsRequest
from clarion.v1.test_case_service_pb2 import CreateTestCaseRequest
from clarion_client import (
    Action,
    AsyncClient,
    Audience,
    Campaign,
    ChannelConfiguration,
    ClarionError,
    ContentAttachment,
    EmailContent,
    EventType,
    Fragment,
    IdentityList,
    NotFoundError,
    QueueDisposal,
    Scope,
)
from google.protobuf import json_format
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass

from tests.campaigns import CONTEXT, campaign, channel, set_up
from tests.contract_services import METHODS
from tests.e2e.wire.calls import Failure, Wire
from tests.e2e.wire.conftest import Sandbox
from tests.e2e.wire.test_sandboxes import LISTING, Resources, can_list, existing, read_all, requests_for
from tests.smtp_sink import SmtpSink

__all__ = ["existing"]

#: What these services are about has no access labels.
UNLABELLED = {
    "AllowListService",
    "ApiKeyService",
    "ApprovalPolicyService",
    "AttachmentService",
    "ConsentService",
    "IdentityNamespaceService",
    "ProfileService",
    "SendingPolicyService",
    "SuppressionService",
    "TopicService",
}
#: Likewise, in a service that has others too.
UNLABELLED_METHODS = {"ImportProfilesStream", "ImportSuppressionsStream"}
#: They tell whether an id is taken, which is one of the sandbox.
TAKING_A_NAME = {"CreateCampaign", "CreateChannelConfiguration", "CreateAudience", "CreateFragment"}
#: Lists that are not about one thing. `LISTED` looks at them.
LISTED = [path for path in LISTING if can_list(path) or path.endswith("/ListTags")]

WALKED = [
    path
    for path, method in METHODS.items()
    if method.containing_service.name not in UNLABELLED and method.name not in UNLABELLED_METHODS | TAKING_A_NAME
]
EU = ("eu",)
LABELLED_KINDS = ("campaign", "channel_configuration", "audience", "fragment")
#: Says what requests must say beside `test_sandboxes.NEEDED`.
NEEDED: Mapping[str, Message] = {"CreateTestCase": CreateTestCaseRequest(test_case_id="one")}


@dataclass(frozen=True)
class Labelled:
    """Is a sandbox in which the label `eu` hides a campaign with all that belongs to it, and one that has it."""

    sandbox: Sandbox
    existing: Resources
    seeing: AsyncClient
    """Under a key that holds `eu`."""
    seeing_wire: Wire
    blind: Wire
    """Under a key that holds another label."""
    blind_client: AsyncClient

    @property
    def hidden(self) -> Mapping[str, str]:
        """Returns the names of what is hidden, each with one that nothing has."""
        names = {kind: self.existing[kind].name for kind in LABELLED_KINDS}
        absent = {name: f"{name.partition('/')[0]}/absent" for name in names.values()}
        for kind in ("execution", "message"):
            collection, _, assigned = self.existing[kind].name.partition("/")
            absent[f"{collection}/{assigned}"] = f"{collection}/{'0' * 32}{assigned[32:]}"
        return absent

    def absent(self, text: str) -> str:
        for name, other in self.hidden.items():
            text = text.replace(name, other)
        return text


@pytest.fixture
async def labelled(sandbox: Sandbox, existing: Resources) -> AsyncIterator[Labelled]:
    async def secret(label: str) -> str:
        return (await sandbox.client.keys.create(label, [Scope.ADMIN], access_labels=[label])).secret

    eu, other = await secret("eu"), await secret("other")
    target = sandbox.service.target
    async with (
        AsyncClient(target, api_key=eu) as seeing,
        Wire(target, eu) as seeing_wire,
        Wire(target, other) as blind,
        AsyncClient(target, api_key=other) as blind_client,
    ):
        await seeing.channels.update(ChannelConfiguration(name="orders", access_labels=EU), ["access_labels"])
        await seeing.audiences.update(Audience(name="vip", access_labels=EU), ["access_labels"])
        await seeing.fragments.update(Fragment(name="footer", access_labels=EU), ["access_labels"])
        await seeing.campaigns.update(Campaign(name="orders", access_labels=EU), ["access_labels"])
        yield Labelled(sandbox, existing, seeing, seeing_wire, blind, blind_client)
        await seeing.campaigns.stop("orders", QueueDisposal.CANCEL)


def about_nothing(labelled: Labelled, request: Message) -> Message:
    """Returns the same request about names that nothing has."""
    text = labelled.absent(json_format.MessageToJson(request))
    return json_format.Parse(text, type(request)())


async def outcome(wire: Wire, path: str, request: Message) -> tuple[str, Any]:
    """Returns what a caller learns: the answer, or everything that the failure says."""
    try:
        answer = await wire.send(path, request, seconds=20)
    except grpc.aio.AioRpcError:
        return "refused", await wire.refuse(path, request)
    if METHODS[path].name == "TriggerStream":
        return "refused", await wire.refuse(path, request)
    return "answered", json_format.MessageToDict(answer)


def without_names(labelled: Labelled, learnt: tuple[str, Any]) -> tuple[str, str]:
    kind, what = learnt
    return kind, labelled.absent(repr(what))


async def test_by_every_method_a_hidden_thing_is_one_that_does_not_exist(labelled: Labelled) -> None:
    before = await read_all_of(labelled)
    walked = [(path, request) for path in WALKED for request in requests_for(METHODS[path], labelled.existing)]
    for path, request in walked:
        if METHODS[path].name in NEEDED:
            request.MergeFrom(NEEDED[METHODS[path].name])
        other = about_nothing(labelled, request)
        if path in LISTED and request == other:
            continue
        assert request != other, f"{path} names nothing that is labelled: add a case, or its service to UNLABELLED"
        learnt, of_nothing = [await outcome(labelled.blind, path, each) for each in (request, other)]
        assert without_names(labelled, learnt) == without_names(labelled, of_nothing), path
        if path not in LISTED:
            assert isinstance(learnt[1], Failure), (path, learnt)
            assert learnt[1].code is grpc.StatusCode.NOT_FOUND, (path, learnt)
    assert await read_all_of(labelled) == before


async def read_all_of(labelled: Labelled) -> Resources:
    return await read_all(Sandbox(**{**vars(labelled.sandbox), "wire": labelled.seeing_wire}))


async def test_no_list_shows_or_counts_what_is_hidden(labelled: Labelled) -> None:
    await labelled.sandbox.client.campaigns.create(campaign("plain", "plain", tags=["spring"]))
    await labelled.seeing.campaigns.update(Campaign(name="orders", tags=["spring", "secret"]), ["tags"])
    for path in LISTED:
        request = GetMessageClass(METHODS[path].input_type)()
        shown, all_of_it = [
            json_format.MessageToJson(await wire.send(path, request)) for wire in (labelled.blind, labelled.seeing_wire)
        ]
        names = [name for name in labelled.hidden if name in all_of_it]
        assert not [name for name in names if name in shown], path
        if METHODS[path].containing_service.name not in UNLABELLED and not path.endswith("/ListTags"):
            assert names, f"{path} proves nothing"
    tags = [(use.tag, use.campaign_count) async for use in labelled.blind_client.campaigns.tags()]
    assert tags == [("spring", 1)]


async def test_pages_are_as_full_as_if_hidden_things_were_not_there(labelled: Labelled) -> None:
    for name in ("a", "z"):
        await labelled.sandbox.client.campaigns.create(campaign(name, "plain"))
    request = ListCampaignsRequest(page_size=1)
    page = await labelled.blind.send("/clarion.v1.CampaignService/ListCampaigns", request)
    assert [each.name for each in page.campaigns] == ["campaigns/a"]
    request.page_token = page.next_page_token
    page = await labelled.blind.send("/clarion.v1.CampaignService/ListCampaigns", request)
    assert ([each.name for each in page.campaigns], page.next_page_token) == (["campaigns/z"], "")


async def test_an_id_that_a_hidden_thing_has_is_taken_and_nothing_else_is_told(labelled: Labelled) -> None:
    client = labelled.blind_client
    creations: list[Callable[[bool], Awaitable[object]]] = [
        lambda only: client.campaigns.create(campaign("orders", "plain"), validate_only=only),
        lambda only: client.channels.create(channel("orders", 9), validate_only=only),
        lambda only: client.audiences.create(
            Audience(name="vip", display_name="VIP", identity_list=IdentityList()), validate_only=only
        ),
        lambda only: client.fragments.create(Fragment(name="footer", source="<p>Mine</p>"), validate_only=only),
    ]
    assert len(creations) == len(TAKING_A_NAME)
    for create in creations:
        for validate_only in (True, False):
            with pytest.raises(ClarionError) as refused:
                await create(validate_only)
            assert (refused.value.reason, set(refused.value.metadata)) == ("RESOURCE_EXISTS", {"resource"})


async def test_a_watch_shows_no_event_of_a_hidden_campaign_and_each_one_to_who_sees_it(labelled: Labelled) -> None:
    await set_up(labelled.sandbox.client, "marker", 9)
    marker = await labelled.sandbox.client.trigger("marker", to="suppressed@clarion.test", context=CONTEXT)
    for client, is_shown in ((labelled.blind_client, False), (labelled.seeing, True)):
        seen = set()
        async with asyncio.timeout(60), client.messages.watch(from_start=True) as watch:
            async for event in watch:
                seen.add(event.campaign)
                if event.execution == marker.execution:
                    break
        assert ("campaigns/orders" in seen) == is_shown


async def test_a_watch_shows_no_event_of_a_hidden_fragment_before_and_after_it_was_deleted(labelled: Labelled) -> None:
    async def seen_by(client: AsyncClient) -> set[str]:
        seen: set[str] = set()
        of_fragments = client.messages.watch(from_start=True, types=[EventType.FRAGMENT_CHANGED])
        async with asyncio.timeout(60), of_fragments as watch:
            async for event in watch:
                if event.subject == f"fragments/{marker}":
                    return seen
                seen.add(event.subject)
        raise AssertionError("a watch does not end by itself")

    marker = "before"
    await labelled.seeing.fragments.create(Fragment(name=marker, source="<p>Hi</p>"))
    assert [await seen_by(client) for client in (labelled.blind_client, labelled.seeing)] == [
        set(),
        {"fragments/footer"},
    ]
    await labelled.seeing.fragments.delete("footer")
    marker = "after"
    await labelled.seeing.fragments.create(Fragment(name=marker, source="<p>Hi</p>"))
    assert "fragments/footer" not in await seen_by(labelled.blind_client)
    assert "fragments/footer" in await seen_by(labelled.seeing)


async def test_a_watch_that_runs_when_a_campaign_is_hidden_shows_nothing_of_it_from_then_on(
    labelled: Labelled,
) -> None:
    await set_up(labelled.sandbox.client, "marker", 9)
    await set_up(labelled.seeing, "open", 9)
    async with asyncio.timeout(60), labelled.blind_client.messages.watch() as watch:
        await labelled.seeing.trigger("open", to="suppressed@clarion.test", context=CONTEXT)
        assert (await anext(watch)).campaign == "campaigns/open"
        await labelled.seeing.campaigns.update(Campaign(name="open", access_labels=EU), ["access_labels"])
        await labelled.seeing.trigger("open", to="suppressed@clarion.test", context=CONTEXT)
        await labelled.seeing.trigger("marker", to="suppressed@clarion.test", context=CONTEXT)
        assert (await anext(watch)).campaign == "campaigns/marker"


async def test_a_key_with_one_of_the_labels_of_a_campaign_sees_nothing_of_it(labelled: Labelled) -> None:
    """Of `eu` and `vip` the key holds `eu`, by which it saw the campaign before."""
    both = (await labelled.sandbox.client.keys.create("both", [Scope.ADMIN], access_labels=["eu", "vip"])).secret
    partly = labelled.seeing
    await set_up(labelled.sandbox.client, "marker", 9)
    async with AsyncClient(labelled.sandbox.service.target, api_key=both) as client:
        await client.campaigns.update(Campaign(name="orders", access_labels=["eu", "vip"], tags=["secret"]), LABELS)
        seen, unseen = [[each async for each in some.messages.list()] for some in (client, partly)]
        assert ({each.campaign for each in seen}, unseen) == ({"campaigns/orders"}, [])
        (message,) = seen
        await client.trigger("orders", to="suppressed@clarion.test", context=CONTEXT)
        marker = await labelled.sandbox.client.trigger("marker", to="suppressed@clarion.test", context=CONTEXT)
        assert [each.name async for each in partly.campaigns.list()] == ["campaigns/marker"]
        assert [use.tag async for use in partly.campaigns.tags()] == []
        attempts: list[Awaitable[object]] = [
            partly.campaigns.get("orders"),
            partly.campaigns.update(Campaign(name="orders", access_labels=EU), ["access_labels"]),
            partly.trigger("orders", to="suppressed@clarion.test", context=CONTEXT),
            partly.trigger("orders", to="suppressed@clarion.test", context=CONTEXT, validate_only=True),
            partly.reports.get("orders"),
            partly.messages.get(message.name),
            partly.executions.get(message.execution),
        ]
        for attempt in attempts:
            with pytest.raises(NotFoundError):
                await attempt
        async with asyncio.timeout(60), partly.messages.watch(from_start=True) as watch:
            async for event in watch:
                assert event.campaign != "campaigns/orders"
                if event.execution == marker.execution:
                    break
        assert (await client.reports.get("orders")).targeted_count == 2
        await client.campaigns.update(Campaign(name="orders", access_labels=EU), ["access_labels"])


LABELS = ["access_labels", "tags"]


async def test_a_label_holds_for_the_next_trigger_of_every_form(labelled: Labelled) -> None:
    await set_up(labelled.seeing, "open", 9)
    await labelled.blind_client.trigger("open", to="suppressed@clarion.test", context=CONTEXT, request_id="1")
    await labelled.seeing.campaigns.update(Campaign(name="open", access_labels=EU), ["access_labels"])
    for fields in ({}, {"request_id": "1"}, {"validate_only": True}):
        with pytest.raises(NotFoundError):
            await labelled.blind_client.trigger("open", to="suppressed@clarion.test", context=CONTEXT, **fields)
    assert (await labelled.seeing.reports.get("open")).targeted_count == 1


async def test_refusals_to_delete_name_nothing_that_is_hidden(labelled: Labelled, sink: SmtpSink) -> None:
    client = labelled.sandbox.client
    await client.channels.create(channel("shared", sink.port))
    await client.attachments.upload(b"%PDF-1.7", "leaflet", file_name="leaflet.pdf")
    await client.fragments.create(Fragment(name="shared", source="<p>Hello</p>"))
    content = EmailContent(subject="Hi", text="Hi", attachments=[ContentAttachment(attachment="attachments/leaflet")])
    actions = [Action(channel_configuration="shared", email=content)]
    policy = "sendingPolicies/nights"
    secret = campaign("secret", "shared", actions=actions, sending_policy=policy, access_labels=EU)
    await labelled.seeing.campaigns.create(secret)
    await labelled.seeing.campaigns.activate("secret")
    html = EmailContent(subject="Hi", html='{% include "fragments/shared" %}')
    naming = campaign("naming", "shared", access_labels=EU, actions=[Action(channel_configuration="x", email=html)])
    await labelled.seeing.campaigns.create(naming)
    deletions = [
        client.channels.delete("shared"),
        client.attachments.delete("leaflet"),
        client.sending_policies.delete("nights"),
        client.fragments.delete("shared"),
        client.fragments.archive("shared"),
    ]
    for deletion in deletions:
        with pytest.raises(ClarionError) as refused:
            await deletion
        told = f"{refused.value} {refused.value.metadata}"
        assert "something that this key does not see" in told
        assert not {"secret", "naming"} & set(re.findall(r"[a-z]+", told))
    assert [use async for use in client.fragments.uses("shared")] == []
    assert [use.user async for use in labelled.seeing.fragments.uses("shared")] == ["campaigns/naming"]


async def test_a_campaign_needs_the_labels_of_its_parts(labelled: Labelled) -> None:
    await labelled.seeing.campaigns.create(campaign("wide", "orders"))
    with pytest.raises(ClarionError) as refused:
        await labelled.seeing.campaigns.activate("wide")
    assert [finding.code for finding in refused.value.findings] == ["LABEL_WIDER_THAN_PART"]
    await set_up(labelled.seeing, "open", 9)
    with pytest.raises(ClarionError) as refused:
        await labelled.seeing.trigger_audience("open", "vip", max_recipients=9, context=CONTEXT)
    assert [each.reason for each in refused.value.violations] == ["LABEL_WIDER_THAN_PART"]
    with pytest.raises(NotFoundError):
        await labelled.blind_client.trigger_audience("open", "vip", max_recipients=9, context=CONTEXT)


async def test_an_administrator_grants_what_it_does_not_hold_and_sees_nothing_by_that(labelled: Labelled) -> None:
    client = labelled.sandbox.client
    granted = await client.keys.create("third", [Scope.READ], access_labels=["eu"])
    assert granted.api_key.access_labels == EU
    assert granted.api_key.name in [key.name async for key in client.keys.list()]
    with pytest.raises(NotFoundError):
        await client.campaigns.get("orders")
    async with AsyncClient(labelled.sandbox.service.target, api_key=granted.secret) as third:
        assert (await third.campaigns.get("orders")).access_labels == EU

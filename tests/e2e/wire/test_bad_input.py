"""Every bad request gets a clear answer, does not harm the service, and stores nothing."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import grpc
import pytest
from clarion.v1 import (
    campaign_life_cycle_pb2,
    campaign_list_pb2,
    campaign_service_pb2,
    campaign_version_pb2,
    execution_service_pb2,
    message_service_pb2,
    trigger_service_pb2,
)
from clarion_client import Action, AsyncClient, EmailContent, MessageState, Recipient
from google.protobuf import struct_pb2, timestamp_pb2
from google.protobuf.message import Message

from tests.campaigns import CONTEXT, campaign, channel, set_up
from tests.contract_services import METHODS
from tests.e2e.wire.calls import Failure, Wire, failure_of, failure_of_status
from tests.e2e.wire.conftest import Sandbox
from tests.e2e.wire.raw_triggers import (
    TRIGGER,
    TRIGGER_STREAM,
    a_trigger,
    length_delimited,
    nested,
    nested_lists,
    number,
    raw_trigger,
    text,
    with_context,
)
from tests.smtp_faults import SmtpFaults
from tests.smtp_sink import SmtpSink
from tests.waiting import until

MIB = 1024 * 1024
Code = grpc.StatusCode


Change = Callable[[trigger_service_pb2.TriggerRequest], None]


def changed(change: Change) -> trigger_service_pb2.TriggerRequest:
    request = a_trigger()
    change(request)
    return request


def twice(request: trigger_service_pb2.TriggerRequest) -> None:
    request.recipients.add().CopyFrom(request.recipients[0])


def a_thousand_and_one(request: trigger_service_pb2.TriggerRequest) -> None:
    for index in range(1_000):
        request.recipients.add(identity=f"email:{index}@example.com").context.update(CONTEXT)


def long_names(request: trigger_service_pb2.TriggerRequest) -> None:
    for index in range(15):
        request.recipients[0].context.fields[f"{index}" + "x" * 10_000].string_value = ""


def wrong_in_every_way(request: trigger_service_pb2.TriggerRequest) -> None:
    request.campaign, request.request_id = "x", "a\0"
    items = request.recipients[0].context.fields["order"].list_value.values
    items.extend([number(math.nan), number(1), struct_pb2.Value()])
    items[2].struct_value.fields["total"].CopyFrom(number(math.inf))


def thirty_thousand_wrong(request: trigger_service_pb2.TriggerRequest) -> None:
    items = request.recipients[0].context.fields["order"].list_value
    items.values.extend([struct_pb2.Value(null_value=struct_pb2.NULL_VALUE)] * 30_000)


#: Requests that a service might stumble over, and a field (or its beginning) and reason that the answer must name.
REFUSED: dict[str, tuple[Message | bytes, str, str]] = {
    "more than 4 MiB": (with_context(text("x" * 4 * MIB)), "", "TOO_LONG"),
    "no protobuf": (b"\xff" * 100, "", "MALFORMED"),
    "half a message": (a_trigger().SerializeToString()[:-5], "", "MALFORMED"),
    "an identity that is no UTF-8": (raw_trigger(identity=b"email:\xff\xfe@example.com"), "", "MALFORMED"),
    "a lone surrogate": (raw_trigger(identity=b"email:\xed\xa0\x80@example.com"), "", "MALFORMED"),
    "nested too deeply": (raw_trigger(context=nested(40)), "", "MALFORMED"),
    "lists nested too deeply": (raw_trigger(context=nested_lists(33)), "recipients[0].context.order", "TOO_DEEP"),
    "nested ten thousand times": (raw_trigger(context=nested(10_000)), "", "MALFORMED"),
    "nothing at all": (b"", "campaign", "REQUIRED"),
    "another kind of name": (changed(lambda r: setattr(r, "campaign", "executions/1")), "campaign", "MALFORMED"),
    "a name with a path in it": (
        changed(lambda r: setattr(r, "campaign", "campaigns/../../etc/passwd")),
        "campaign",
        "MALFORMED",
    ),
    "no recipients": (changed(lambda r: r.ClearField("recipients")), "recipients", "REQUIRED"),
    "1,001 recipients": (changed(a_thousand_and_one), "recipients", "TOO_MANY"),
    "a recipient that occurs twice": (changed(twice), "recipients[1].identity", "DUPLICATE"),
    "a NUL in the context": (with_context(text("a\0b")), "recipients[0].context", "MALFORMED"),
    "a NUL in the identity": (
        changed(lambda r: setattr(r.recipients[0], "identity", "email:a\0@b.de")),
        "recipients[0].identity",
        "MALFORMED",
    ),
    "a line break in the address": (
        changed(lambda r: setattr(r.recipients[0], "address", "a@b.de\r\nBcc: c@d.de")),
        "recipients[0].address",
        "MALFORMED",
    ),
    "not a number": (with_context(number(float("nan"))), "recipients[0].context.order", "NOT_A_NUMBER"),
    "infinity": (with_context(number(float("-inf"))), "recipients[0].context.order", "NOT_A_NUMBER"),
    "a huge number for a text": (with_context(number(1.7e308)), "recipients[0].context.order", "WRONG_TYPE"),
    "a value of no kind": (with_context(struct_pb2.Value()), "recipients[0].context.order", "WRONG_TYPE"),
    "more than 200 KB of context": (with_context(text("x" * 300_000)), "recipients[0].context", "TOO_LONG"),
    "names as long as books": (changed(long_names), "recipients[0].context", "UNKNOWN_FIELD"),
    "thirty thousand wrong things": (changed(thirty_thousand_wrong), "recipients[0].context", "WRONG_TYPE"),
    "a time before time": (a_trigger(send_time=timestamp_pb2.Timestamp(seconds=-1)), "send_time", "OUT_OF_RANGE"),
    "a time after time": (a_trigger(send_time=timestamp_pb2.Timestamp(seconds=2**62)), "send_time", "OUT_OF_RANGE"),
    "too many nanoseconds": (
        a_trigger(expire_time=timestamp_pb2.Timestamp(seconds=4_000_000_000, nanos=-1)),
        "expire_time",
        "OUT_OF_RANGE",
    ),
    "an expiry that has passed": (
        a_trigger(expire_time=timestamp_pb2.Timestamp(seconds=1)),
        "expire_time",
        "OUT_OF_RANGE",
    ),
    "a send time beyond next year": (
        a_trigger(send_time=timestamp_pb2.Timestamp(seconds=200_000_000_000)),
        "send_time",
        "OUT_OF_RANGE",
    ),
    "a request id of many lines": (a_trigger(request_id="1\n2"), "request_id", "MALFORMED"),
    "a request id of many words": (a_trigger(request_id="x" * 129), "request_id", "TOO_LONG"),
}


#: Values of any enum: the unspecified one, and one of a later contract.
UNKNOWN_VALUES: Any = [0, 99]

#: Requests in which nothing is right, and the fields that the answer must name, all at once.
ALL_WRONG: dict[str, tuple[str, Message, list[str]]] = {
    "trigger": (
        "/clarion.v1.TriggerService/Trigger",
        changed(wrong_in_every_way),
        ["campaign", "request_id", "recipients[0].context.order[0]", "recipients[0].context.order[2].total"],
    ),
    "an empty trigger": (
        "/clarion.v1.TriggerService/Trigger",
        trigger_service_pb2.TriggerRequest(),
        ["campaign", "recipients"],
    ),
    "messages": (
        "/clarion.v1.MessageService/ListMessages",
        message_service_pb2.ListMessagesRequest(
            campaign="x",
            execution="executions/x",
            identity="jane",
            states=UNKNOWN_VALUES,
            channels=[99],  # type: ignore[list-item] # a member of a later contract
            actions=["email", "e\0mail"],
            labels=["order"],
            page_size=-1,
        ),
        [
            *("campaign", "execution", "states[0]", "states[1]", "channels[0]", "actions[1]", "labels[0]"),
            *("identity", "page_size"),
        ],
    ),
    "events": (
        "/clarion.v1.MessageService/WatchEvents",
        message_service_pb2.WatchEventsRequest(campaign="x", execution="x", message="x", types=UNKNOWN_VALUES),
        ["campaign", "execution", "message", "types[0]", "types[1]"],
    ),
    "executions": (
        "/clarion.v1.ExecutionService/ListExecutions",
        execution_service_pb2.ListExecutionsRequest(request_id="a\0", page_size=-1),
        ["campaign", "request_id", "page_size"],
    ),
    "campaigns": (
        "/clarion.v1.CampaignService/ListCampaigns",
        campaign_list_pb2.ListCampaignsRequest(
            order_by="color",
            states=UNKNOWN_VALUES,
            categories=UNKNOWN_VALUES,
            channels=[99],  # type: ignore[list-item] # a member of a later contract
            text="\0",
            tags=["\0"],
            creator="\0",
            min_create_time=timestamp_pb2.Timestamp(seconds=-1),
            page_size=-1,
        ),
        [
            "order_by",
            "states[0]",
            "states[1]",
            "categories[0]",
            "categories[1]",
            "channels[0]",
            "tags[0]",
            "text",
            "creator",
            "min_create_time",
            "page_size",
        ],
    ),
    "versions": (
        "/clarion.v1.CampaignService/ListCampaignVersions",
        campaign_version_pb2.ListCampaignVersionsRequest(page_size=-1),
        ["campaign", "page_size"],
    ),
    "a stop": (
        "/clarion.v1.CampaignService/StopCampaign",
        campaign_life_cycle_pb2.StopCampaignRequest(),
        ["name", "queue_disposal"],
    ),
}


@pytest.mark.parametrize("case", ALL_WRONG)
async def test_everything_wrong_with_a_question_is_reported_at_once(sandbox: Sandbox, case: str) -> None:
    path, request, fields = ALL_WRONG[case]
    failure = await sandbox.wire.refuse(path, request)
    assert (failure.code, failure.reason) == (Code.INVALID_ARGUMENT, "INVALID_FIELDS")
    assert sorted(field for field, _ in failure.violations) == sorted(fields)


#: Repetitions that fit into a request of 4 MiB, each of which would become a violation.
TOO_MANY: dict[str, tuple[str, Message, str]] = {
    "states": (
        "/clarion.v1.MessageService/ListMessages",
        message_service_pb2.ListMessagesRequest(states=UNKNOWN_VALUES * 1_000_000),
        "states",
    ),
    "actions": (
        "/clarion.v1.MessageService/ListMessages",
        message_service_pb2.ListMessagesRequest(actions=["email"] * 400_000),
        "actions",
    ),
    "types": (
        "/clarion.v1.MessageService/WatchEvents",
        message_service_pb2.WatchEventsRequest(types=UNKNOWN_VALUES * 1_000_000),
        "types",
    ),
    "paths of a mask": (
        "/clarion.v1.CampaignService/UpdateCampaign",
        campaign_service_pb2.UpdateCampaignRequest(
            campaign={"name": "campaigns/orders"},  # type: ignore[arg-type] # protobuf takes a dict as well
            update_mask={"paths": ["x"] * 1_000_000},  # type: ignore[arg-type] # see above
        ),
        "update_mask.paths",
    ),
}


@pytest.mark.parametrize("case", TOO_MANY)
async def test_millions_of_values_are_one_violation(sandbox: Sandbox, orders: AsyncClient, case: str) -> None:
    path, request, field = TOO_MANY[case]
    failure = await sandbox.wire.refuse(path, request)
    assert failure.violations == ((field, "TOO_MANY"),)


@pytest.mark.parametrize("case", REFUSED)
async def test_what_cannot_be_accepted_is_refused_with_its_place_and_reason(
    sandbox: Sandbox, orders: AsyncClient, case: str
) -> None:
    request, field, reason = REFUSED[case]
    raw = request if isinstance(request, bytes) else request.SerializeToString()
    alone = await sandbox.wire.refuse(TRIGGER, raw)
    in_stream = await refused_in_stream(sandbox.wire, raw)
    for failure in (alone, in_stream):
        assert (failure.code, failure.reason) == (Code.INVALID_ARGUMENT, "INVALID_FIELDS")
        assert any(found.startswith(field) and why == reason for found, why in failure.violations), failure
    assert (await orders.reports.get("orders")).targeted_count == 0
    assert [execution async for execution in orders.executions.list()] == []


async def refused_in_stream(wire: Wire, trigger: bytes) -> Failure:
    """As the second of three triggers: the others are answered, though their campaign is unknown."""
    unknown = trigger_service_pb2.TriggerRequest(campaign="campaigns/unknown").SerializeToString()
    requests = [length_delimited(1, each) for each in (unknown, trigger, unknown)]
    answers = [answer async for answer in wire.open(TRIGGER_STREAM, requests)]
    first, refused, last = (failure_of_status(answer.error) for answer in answers)
    assert (first.reason, last.reason) == ("RESOURCE_NOT_FOUND", "RESOURCE_NOT_FOUND")
    return refused


async def test_a_request_beyond_all_measure_is_refused_by_its_size(sandbox: Sandbox) -> None:
    failure = await sandbox.wire.refuse(TRIGGER, b"\n" * 17 * MIB)
    assert failure.code is Code.RESOURCE_EXHAUSTED


async def test_a_call_that_ends_without_its_request_is_refused(sandbox: Sandbox) -> None:
    for path, method in METHODS.items():
        if not method.client_streaming:
            call: Any = sandbox.wire.channel.stream_stream(path)(metadata=sandbox.wire.metadata, timeout=60)
            await call.done_writing()
            with pytest.raises(grpc.aio.AioRpcError) as raised:
                await call.read()
            assert failure_of(raised.value).violations == (("", "MALFORMED"),), path


@pytest.mark.parametrize("levels", [1, 31, 32])
@pytest.mark.parametrize("nest", [nested, nested_lists])
async def test_a_context_may_be_nested_as_deeply_as_the_contract_says(
    sandbox: Sandbox, sink: SmtpSink, levels: int, nest: Callable[[int], bytes]
) -> None:
    anything = Action(channel_configuration="orders", email=EmailContent(subject="Order", text="It is on its way."))
    await set_up(sandbox.client, "orders", sink.port, context_schema={"type": "object"}, actions=[anything])
    stream = sandbox.wire.open(TRIGGER_STREAM, [length_delimited(1, raw_trigger(context=nest(levels)))])
    (answer,) = [answer async for answer in stream]
    assert answer.accepted.execution, answer
    assert (await sandbox.wire.send(TRIGGER, raw_trigger(context=nest(levels)))).execution


async def test_fields_that_the_service_does_not_know_are_no_reason_to_refuse(
    sandbox: Sandbox, orders: AsyncClient
) -> None:
    unknown = length_delimited(15, b"from the future") + bytes([14 << 3, 1])
    answer = await sandbox.wire.send(TRIGGER, a_trigger().SerializeToString() + unknown)
    assert answer.recipients[0].outcome == trigger_service_pb2.RecipientResult.OUTCOME_ACCEPTED


async def test_numbers_up_to_what_doubles_can_hold_are_accepted(sandbox: Sandbox, sink: SmtpSink) -> None:
    schema = {"type": "object", "properties": {"order": {"type": "number"}}, "required": ["order"]}
    await set_up(sandbox.client, "orders", sink.port, context_schema=schema)
    for value in (0.0, -0.0, 5e-324, 1.7e308, -(2.0**53), 2.0**63, 0.1):
        await sandbox.wire.send(TRIGGER, with_context(number(value)))
    mails = await sink.wait_for(7)
    subjects = {str(mail.parsed["Subject"]) for mail in mails}
    assert {"Order 0", "Order -9007199254740992", "Order 0.1"} <= subjects


@pytest.mark.parametrize(
    "metadata",
    [
        (),
        (("authorization", ""),),
        (("authorization", "Bearer "),),
        (("authorization", "Basic YWxhZGRpbjpvcGVuc2VzYW1l"),),
        (("authorization", "Bearer clk_not_a_key"),),
        (("authorization", f"Bearer clk_{'0' * 32}_{'a' * 43}"),),
        (("authorization", "Bearer " + "x" * 5_000),),
        (("authorization-bin", b"\x00\xff"),),
        (("authorization", "Bearer a"), ("authorization", "Bearer b")),
    ],
)
async def test_a_call_without_a_good_key_is_refused_as_such(sandbox: Sandbox, metadata: Any) -> None:
    for path in (TRIGGER, TRIGGER_STREAM):
        failure = await sandbox.wire.refuse(path, b"\xff", metadata)
        assert (failure.code, failure.reason) == (Code.UNAUTHENTICATED, "UNAUTHENTICATED")


@pytest.mark.parametrize("request_id", ["x" * 6_000, " ", "a b c", "%00%0d%0a"])
async def test_a_strange_id_of_a_call_harms_nobody(sandbox: Sandbox, orders: AsyncClient, request_id: str) -> None:
    metadata = (("authorization", f"Bearer {sandbox.key}"), ("x-request-id", request_id), ("x-any-bin", b"\xff\x00"))
    assert (await sandbox.wire.send(TRIGGER, a_trigger(), metadata)).execution


# The log.


async def test_the_log_holds_nothing_personal_and_no_secret(sandbox: Sandbox, sink: SmtpSink) -> None:
    address, value, name = "very-private@example.com", "a-private-value", "Private-Name"
    async with SmtpFaults({"RCPT": f"550 5.1.1 <{address}> is unknown here"}) as faults:
        await sandbox.client.channels.create(channel("broken", faults.port))
        await sandbox.client.campaigns.create(campaign("broken", "broken"))
        await sandbox.client.campaigns.activate("broken")
        await set_up(sandbox.client, "orders", sink.port)
        person = Recipient(address, {"order": value}, {"first_name": name})
        await sandbox.client.trigger("orders", [person])
        await sandbox.client.trigger("broken", [person])
        await sandbox.wire.refuse(TRIGGER, a_trigger(request_id="\n" + value))
        await sandbox.wire.refuse(TRIGGER, with_context(text(value * 20)))
        await sandbox.wire.refuse(TRIGGER, raw_trigger(identity=f"email:{address}".encode() + b"\xff"))
        await sandbox.wire.refuse(TRIGGER, a_trigger(), (("authorization", f"Bearer {sandbox.key}x"),))
        await sink.wait_for(1)

        async def it_failed() -> bool:
            return [m async for m in sandbox.client.messages.list(states=[MessageState.FAILED])] != []

        await until(it_failed)
    log = sandbox.service.log.read_text()
    for private in (address, value, name, sandbox.key, sandbox.service.first_key):
        assert private not in log
    assert "Traceback" not in log

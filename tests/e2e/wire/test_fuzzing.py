"""No method stumbles over anything: random requests, damaged ones, and octets that are none."""

from __future__ import annotations

import os
import random
from collections import Counter

import grpc
import pytest
from clarion_client import AsyncClient
from google.protobuf.message_factory import GetMessageClass

from tests.campaigns import CONTEXT
from tests.contract_services import METHODS
from tests.e2e.wire.calls import Wire
from tests.e2e.wire.conftest import Sandbox
from tests.e2e.wire.random_messages import fill
from tests.e2e.wire.raw_triggers import TRIGGER, a_trigger

SOAK = bool(os.environ.get("CLARION_SOAK"))
FUZZ_ROUNDS = 2_000 if SOAK else 20

Code = grpc.StatusCode

#: Codes that would be a fault of the service, or hide one.
FAULTS = {Code.INTERNAL, Code.UNKNOWN, Code.DATA_LOSS, Code.UNIMPLEMENTED, Code.DEADLINE_EXCEEDED}


def damaged(chance: random.Random, source: bytes) -> bytes:
    """Random octets, or a request of which a few were changed, cut off, or repeated."""
    if chance.random() < 0.2:
        return chance.randbytes(chance.randrange(200))
    raw = bytearray(source)
    for _ in range(chance.randrange(1, 6)):
        index = chance.randrange(len(raw) + 1)
        match chance.randrange(4):
            case 0:
                raw[index:index] = chance.randbytes(chance.randrange(1, 4))
            case 1:
                del raw[index : index + chance.randrange(1, 4)]
            case 2:
                raw[index : index + 1] = chance.randbytes(1)
            case _:
                raw += raw[index:]
    return bytes(raw)


@pytest.mark.soak
@pytest.mark.timeout(3600 if SOAK else 600)
async def test_no_method_stumbles_over_anything(sandbox: Sandbox, orders: AsyncClient) -> None:
    chance, codes = random.Random(4711), Counter[str]()
    accepted = await orders.trigger("orders", to="jane@example.com", context=CONTEXT)
    message = accepted.recipients[0].messages[0].message
    names = ["campaigns/orders", "channelConfigurations/orders", accepted.execution, message, "email:jane@example.com"]
    for path, method in METHODS.items():
        for turn in range(FUZZ_ROUNDS):
            request = GetMessageClass(method.input_type)()
            fill(request, chance, names)
            raw = request.SerializeToString()
            if turn % 4 == 3:
                raw = damaged(chance, raw)
            code = await code_of(sandbox.wire, path, raw)
            assert code not in FAULTS, (path, raw)
            codes[code.name] += 1
    print(f"\n{len(METHODS)} methods, {codes.total()} requests: {dict(codes)}")
    assert codes["OK"]
    assert codes["INVALID_ARGUMENT"]
    assert "Traceback" not in sandbox.service.log.read_text()


async def test_the_service_goes_on_as_if_nothing_had_been(sandbox: Sandbox, orders: AsyncClient) -> None:
    for path in METHODS:
        await code_of(sandbox.wire, path, b"\xff\xff\xff")
    assert (await sandbox.wire.send(TRIGGER, a_trigger())).execution
    assert (await orders.reports.get("orders")).targeted_count == 1


async def code_of(wire: Wire, path: str, raw: bytes) -> grpc.StatusCode:
    try:
        return (await wire.refuse(path, raw)).code
    except AssertionError:
        return Code.OK

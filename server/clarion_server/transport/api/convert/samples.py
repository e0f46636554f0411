"""Writes sample calls that trigger a campaign, ready to be pasted."""

from __future__ import annotations

import json
import pprint
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from textwrap import dedent, indent
from typing import Any
from uuid import uuid4

from clarion.v1 import trigger_sample_pb2, trigger_service_pb2

from clarion_server.application.triggering.admission import RecipientInput
from clarion_server.domain.names import CAMPAIGNS, split_identity
from clarion_server.transport.api.convert.structs import to_struct
from clarion_server.transport.api.public_addresses import Addresses

_Sample = trigger_sample_pb2.TriggerSample

METHOD = "clarion.v1.TriggerService/Trigger"
_WIDTH = 100


@dataclass(frozen=True, slots=True)
class Sampled:
    """Holds the data of a sample call: the campaign, its recipient and the addresses of the service."""

    campaign_id: str
    recipient: RecipientInput
    at: Addresses

    @property
    def values(self) -> dict[str, Any]:
        """Returns the recipient as JSON data with the contract's field names."""
        recipient = self.recipient
        values = {
            "identity": recipient.identity,
            "address": recipient.address,
            "context": recipient.context,
            "profile": recipient.profile,
        }
        return {name: value for name, value in values.items() if value}


def to_response(
    campaign_id: str, recipient: RecipientInput, at: Addresses
) -> trigger_sample_pb2.GetTriggerSampleResponse:
    sampled = Sampled(campaign_id, recipient, at)
    tools = {tool: text for tool, text in _TOOLS.items() if at.base_url or tool not in _OVER_HTTP}
    return trigger_sample_pb2.GetTriggerSampleResponse(
        recipient=trigger_service_pb2.Recipient(
            identity=recipient.identity,
            address=recipient.address,
            context=to_struct(recipient.context),
            profile=to_struct(recipient.profile) if recipient.profile else None,
        ),
        samples=[_Sample(tool=tool, text=text(sampled)) for tool, text in tools.items()],
    )


def _grpcurl(sampled: Sampled) -> str:
    plain = "" if sampled.at.is_encrypted else "-plaintext "
    command = f'grpcurl {plain}-H "authorization: Bearer $CLARION_API_KEY" -d @ {sampled.at.target} \\\n    {METHOD}'
    return _with_input(command, _request(sampled))


def _buf_curl(sampled: Sampled) -> str:
    scheme, plain = ("https", "") if sampled.at.is_encrypted else ("http", "--http2-prior-knowledge ")
    command = (
        f'buf curl --protocol grpc {plain}-H "authorization: Bearer $CLARION_API_KEY" -d @- \\\n'
        f"    {scheme}://{sampled.at.target}/{METHOD}"
    )
    return _with_input(command, _request(sampled))


def _curl(sampled: Sampled) -> str:
    url = f"{sampled.at.base_url}/v1/{CAMPAIGNS.format(sampled.campaign_id)}:trigger"
    return _posted(url, [], {"recipients": [sampled.values]})


def _curl_ajo(sampled: Sampled) -> str:
    namespace, user_id = split_identity(sampled.recipient.identity) or ("", "")
    recipient: dict[str, Any] = {"type": "aep", "userId": user_id, "namespace": namespace}
    if sampled.recipient.address:
        recipient["channelData"] = {"emailAddress": sampled.recipient.address}
    recipient |= {name: value for name, value in sampled.values.items() if name in {"context", "profile"}}
    request = {"requestId": str(uuid4()), "campaignId": sampled.campaign_id, "recipients": [recipient]}
    return _posted(f"{sampled.at.base_url}/ajo/im/executions/unitary", [], request)


def _posted(url: str, headers: list[str], request: Mapping[str, Any]) -> str:
    named = ['-H "authorization: Bearer $CLARION_API_KEY"', "-H 'content-type: application/json'", *headers]
    return _with_input(f"curl --fail-with-body {' '.join(named)} --data-binary @- \\\n    {url}", request)


def _request(sampled: Sampled) -> dict[str, Any]:
    return {"campaign": CAMPAIGNS.format(sampled.campaign_id), "recipients": [sampled.values]}


def _with_input(command: str, data: Mapping[str, Any]) -> str:
    # No line of the JSON is just END, and the shell expands nothing after a quoted delimiter.
    return f"{command} <<'END'\n{_json(data)}\nEND\n"


def _python(sampled: Sampled) -> str:
    tls = ", tls=True" if sampled.at.uses_tls else ""
    recipient = sampled.recipient
    fields = {name: value for name, value in sampled.values.items() if name != "identity"}
    given = "".join(f"            {name}={_literal(value, 13 + len(name))},\n" for name, value in fields.items())
    return dedent(
        """\
        import os

        from clarion_client import Client, Recipient

        with Client({target}, api_key=os.environ["CLARION_API_KEY"]{tls}) as client:
            recipient = Recipient(
                {identity},
        {fields}    )
            accepted = client.trigger({campaign}, [recipient])
            print(accepted.recipients[0].messages[0].message)
        """
    ).format(
        target=_quoted(sampled.at.target),
        tls=tls,
        identity=_quoted(recipient.identity),
        fields=indent(dedent(given), " " * 8) if given else "",
        campaign=_quoted(sampled.campaign_id),
    )


def _typescript(sampled: Sampled) -> str:
    options = "apiKey: process.env.CLARION_API_KEY" + (", tls: true" if sampled.at.uses_tls else "")
    recipient = indent(_json(sampled.values), "  ").strip()
    return dedent(
        """\
        import { Client } from "clarion-client";

        const client = new Client(%s, { %s });
        const accepted = await client.trigger(%s, {
          recipients: [%s],
        });
        console.log(accepted.recipients[0]?.messages[0]?.message);
        client.close();
        """
    ) % (_quoted(sampled.at.target), options, _quoted(sampled.campaign_id), recipient)


def _literal(value: Any, column: int) -> str:
    lines = pprint.pformat(value, width=_WIDTH - column, sort_dicts=False).splitlines()
    return f"\n{' ' * column}".join(lines)


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2)


_OVER_HTTP = frozenset({_Sample.TOOL_CURL, _Sample.TOOL_CURL_AJO})
_TOOLS: Mapping[_Sample.Tool.ValueType, Callable[[Sampled], str]] = {
    _Sample.TOOL_GRPCURL: _grpcurl,
    _Sample.TOOL_BUF_CURL: _buf_curl,
    _Sample.TOOL_CURL: _curl,
    _Sample.TOOL_CURL_AJO: _curl_ajo,
    _Sample.TOOL_PYTHON: _python,
    _Sample.TOOL_TYPESCRIPT: _typescript,
}

"""Requests of callers of Adobe Journey Optimizer's API, and what they read out of the answers."""

from __future__ import annotations

import datetime as dt
import uuid
from base64 import b64encode
from typing import Any

from tests.campaigns import CONTEXT
from tests.e2e.http.calls import Answer

PDF = b"%PDF-1.7\n" + bytes(range(256)) * 400
UNITARY, HIGH_THROUGHPUT = "/ajo/im/executions/unitary", "/ajo/im/executions/highthroughput"
SCHEDULES = "/ajo/im/executions/schedules"
#: Headers that such a caller sends whatever it calls.
HABITS = {"x_api_key": "4a1c…".encode().hex(), "x_gw_ims_org_id": "5D1281E6D935456@AdobeOrg"}


def recipient(user_id: str = "sent@clarion.test", **fields: Any) -> dict[str, Any]:
    return {"type": "aep", "userId": user_id, "namespace": "email", "context": CONTEXT, **fields}


def execution(*recipients: dict[str, Any], **fields: Any) -> dict[str, Any]:
    asked = {"requestId": str(uuid.uuid4()), "campaignId": "orders", "recipients": list(recipients) or [recipient()]}
    return {name: value for name, value in {**asked, **fields}.items() if value is not None}


def a_file(name: str = "a.pdf", data: bytes = PDF, content_type: str = "application/pdf") -> dict[str, Any]:
    return {"fileName": name, "contentType": content_type, "content": b64encode(data).decode()}


def violations(answer: Answer) -> set[tuple[str, str]]:
    return {(each["field"], each["reason"]) for each in answer.json["report"]["violations"]}


def reason(answer: Answer) -> str:
    return str(answer.json["report"]["additionalContext"]["reason"])


def in_an_hour() -> str:
    return (dt.datetime.now(dt.UTC) + dt.timedelta(hours=1)).isoformat(timespec="milliseconds").replace("+00:00", "Z")

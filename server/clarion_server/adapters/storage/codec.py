"""Documents as they are stored: JSON.

Readers take a missing key for its default and pass over unknown ones, so that a process can read what an older or a
newer one wrote.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

import orjson

from clarion_server.domain.campaign import (
    Action,
    CampaignDefinition,
    Category,
    EmailContent,
    InDoubtPolicy,
    Mailbox,
    Schedule,
)
from clarion_server.domain.channel import SmtpProvider, TlsMode
from clarion_server.domain.execution import Excluded, Execution, Rejected
from clarion_server.domain.instant import SECOND
from clarion_server.domain.message import Attempt, AttemptResult, ExclusionReason, Failure, FailureReason
from clarion_server.domain.violation import Violation

_Document = dict[str, Any]


def _dumps(document: Any) -> str:
    try:
        return orjson.dumps(document).decode()
    except orjson.JSONEncodeError:
        # A provider's reply need not be text that UTF-8 can carry.
        return json.dumps(document)


def _loads(text: str) -> Any:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return json.loads(text)


def definition_to_json(definition: CampaignDefinition) -> str:
    # A context schema may have integers beyond the 64 bits of orjson.
    return json.dumps(
        {
            "display_name": definition.display_name,
            "description": definition.description,
            "category": definition.category,
            "tags": definition.tags,
            "default_locale": definition.default_locale,
            "identity_namespace": definition.identity_namespace,
            "context_schema": definition.context_schema,
            "schedule": {
                "start_time": definition.schedule.start_time,
                "end_time": definition.schedule.end_time,
            },
            "in_doubt_policy": definition.in_doubt_policy,
            "rapid": definition.rapid,
            "actions": [_action_to_document(action) for action in definition.actions],
        }
    )


def definition_from_json(text: str) -> CampaignDefinition:
    document = json.loads(text)
    category = document.get("category")
    schedule = document.get("schedule", {})
    return CampaignDefinition(
        display_name=document.get("display_name", ""),
        description=document.get("description", ""),
        category=None if category is None else Category(category),
        tags=tuple(document.get("tags", ())),
        default_locale=document.get("default_locale", "en"),
        identity_namespace=document.get("identity_namespace", "email"),
        context_schema=document.get("context_schema"),
        schedule=Schedule(schedule.get("start_time"), schedule.get("end_time")),
        in_doubt_policy=InDoubtPolicy(document.get("in_doubt_policy", InDoubtPolicy.RESEND)),
        rapid=document.get("rapid", False),
        actions=tuple(_action_from_document(action) for action in document.get("actions", ())),
    )


def _action_to_document(action: Action) -> _Document:
    return {
        "channel_configuration": action.channel_configuration,
        "email": {
            "subject": action.email.subject,
            "html": action.email.html,
            "text": action.email.text,
            "sender": _mailbox_to_document(action.email.sender),
            "reply_to": _mailbox_to_document(action.email.reply_to),
            "headers": dict(action.email.headers),
        },
    }


def _action_from_document(document: _Document) -> Action:
    email = document.get("email", {})
    content = EmailContent(
        subject=email.get("subject", ""),
        html=email.get("html", ""),
        text=email.get("text", ""),
        sender=_mailbox_from_document(email.get("sender")),
        reply_to=_mailbox_from_document(email.get("reply_to")),
        headers=email.get("headers", {}),
    )
    return Action(document.get("channel_configuration", ""), content)


def _mailbox_to_document(mailbox: Mailbox | None) -> _Document | None:
    return None if mailbox is None else {"address": mailbox.address, "display_name": mailbox.display_name}


def _mailbox_from_document(document: _Document | None) -> Mailbox | None:
    return None if document is None else Mailbox(document["address"], document.get("display_name", ""))


def smtp_to_json(smtp: SmtpProvider) -> str:
    return _dumps(
        {
            "host": smtp.host,
            "port": smtp.port,
            "sender": _mailbox_to_document(smtp.sender),
            "tls_mode": smtp.tls_mode,
            "ca_certificates": smtp.ca_certificates,
            "username": smtp.username,
            "password": smtp.password,
            "reply_to": _mailbox_to_document(smtp.reply_to),
            "timeout": smtp.timeout,
        }
    )


def smtp_from_json(text: str) -> SmtpProvider:
    document = _loads(text)
    return SmtpProvider(
        host=document["host"],
        port=document["port"],
        sender=_mailbox_from_document(document.get("sender")) or Mailbox(""),
        tls_mode=TlsMode(document.get("tls_mode", TlsMode.STARTTLS)),
        ca_certificates=document.get("ca_certificates", ""),
        username=document.get("username", ""),
        password=document.get("password", ""),
        reply_to=_mailbox_from_document(document.get("reply_to")),
        timeout=document.get("timeout", 30 * SECOND),
    )


def names_to_json(names: Iterable[str]) -> str:
    return _dumps(list(names))


def names_from_json(text: str) -> list[str]:
    names: list[str] = _loads(text)
    return names


def failure_to_json(failure: Failure | None) -> str | None:
    return None if failure is None else _dumps(_failure_to_document(failure))


def failure_from_json(text: str | None) -> Failure | None:
    return None if text is None else _failure_from_document(_loads(text))


def _failure_to_document(failure: Failure) -> _Document:
    return {
        "reason": failure.reason,
        "code": failure.code,
        "detail": failure.detail,
        "retries_exhausted": failure.retries_exhausted,
    }


def _failure_from_document(document: _Document) -> Failure:
    return Failure(
        reason=FailureReason(document.get("reason", FailureReason.OTHER)),
        code=document.get("code", ""),
        detail=document.get("detail", ""),
        retries_exhausted=document.get("retries_exhausted", False),
    )


def attempt_to_json(attempt: Attempt | None) -> str | None:
    if attempt is None:
        return None
    document: _Document = {
        "number": attempt.number,
        "start_time": attempt.start_time,
        "end_time": attempt.end_time,
        "result": attempt.result,
    }
    if attempt.failure is not None:
        document["failure"] = _failure_to_document(attempt.failure)
    if attempt.provider_reply:
        document["provider_reply"] = attempt.provider_reply
    return _dumps(document)


def attempt_from_json(text: str | None) -> Attempt | None:
    if text is None:
        return None
    document = _loads(text)
    failure = document.get("failure")
    return Attempt(
        number=document["number"],
        start_time=document["start_time"],
        end_time=document["end_time"],
        result=AttemptResult(document["result"]),
        failure=None if failure is None else _failure_from_document(failure),
        provider_reply=document.get("provider_reply", ""),
    )


def exceptions_to_json(execution: Execution) -> str | None:
    if not execution.exceptions:
        return None
    return _dumps({str(place): _exception_to_document(result) for place, result in execution.exceptions.items()})


def exceptions_from_json(text: str | None) -> Mapping[int, Excluded | Rejected]:
    if text is None:
        return {}
    return {int(place): _exception_from_document(document) for place, document in _loads(text).items()}


def _exception_to_document(result: Excluded | Rejected) -> _Document:
    if isinstance(result, Excluded):
        return {"excluded": result.reason}
    return {"rejected": [[each.field, each.reason, each.description] for each in result.violations]}


def _exception_from_document(document: _Document) -> Excluded | Rejected:
    if "excluded" in document:
        return Excluded(ExclusionReason(document["excluded"]))
    return Rejected(tuple(Violation(*violation) for violation in document["rejected"]))

"""Triggers and their answers."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from clarion_client._values.enums import ExclusionReason, RecipientOutcome
from clarion_client._values.kinds import Identity, ResourceName
from clarion_client._values.value import Value


@dataclass(frozen=True, slots=True)
class Recipient(Value):
    """Whom a trigger addresses, and with which data. `identity` is `namespace:value`, or an e-mail address alone.

    `context` and `profile` are JSON data: NaN, integers beyond 2**53, Decimal, datetime and other types that JSON does
    not know are refused before anything is sent.
    """

    identity: Annotated[str, Identity()]
    context: Mapping[str, Any] | None = None
    profile: Mapping[str, Any] | None = None
    address: str = ""
    locale: str = ""


@dataclass(frozen=True, slots=True)
class Trigger(Value):
    """One call for a campaign to be sent. Times carry a time zone. Without a `request_id` the client makes one up."""

    campaign: Annotated[str, ResourceName("campaigns")]
    recipients: Sequence[Recipient]
    request_id: str = ""
    send_time: dt.datetime | None = None
    expire_time: dt.datetime | None = None
    allow_partial: bool = False
    validate_only: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Violation(Value):
    """One rule that a request breaks. `field` is its dotted path, such as `recipients[2].context.order.total`."""

    field: str
    reason: str
    description: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RecipientResult(Value):
    """What a trigger came to for one recipient. `message` is empty when it was rejected, or only validated."""

    outcome: RecipientOutcome
    message: str
    exclusion_reason: ExclusionReason | None
    violations: Sequence[Violation]


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted(Value):
    """Says that a trigger is durable. `recipients` are in the order of the trigger; `execution` is empty after
    validation alone; `replayed` when an earlier call under the same request id was accepted, and this is its
    answer.
    """

    execution: str
    replayed: bool
    recipients: Sequence[RecipientResult]


def recipients_of(
    recipients: Iterable[Recipient] | None,
    to: str,
    context: Mapping[str, Any] | None,
    profile: Mapping[str, Any] | None,
    locale: str,
) -> tuple[Recipient, ...]:
    """The recipients given, or the one that the short form describes. Raises TypeError for both and for neither."""
    if recipients is None:
        if not to:
            raise TypeError("trigger() needs to= or recipients")
        return (Recipient(to, context, profile, locale=locale),)
    if to or locale or context is not None or profile is not None:
        raise TypeError(
            "trigger() takes to=, context=, profile= and locale= for one recipient; several bring their own"
        )
    return tuple(recipients)

"""Maps the answers of a webhook's endpoint to failures."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime

from clarion_server.adapters.channels.failure_detail import one_line
from clarion_server.application.ports.channels import (
    HandOffFailed,
    HandOffInDoubt,
    PermanentFailure,
    TransientFailure,
)
from clarion_server.domain.instant import HOUR, SECOND, Span
from clarion_server.domain.messages.attempt import Failure, FailureReason
from clarion_server.domain.value import value

_REASON = FailureReason

#: Holds the transient refusals, besides all of 3xx and 5xx. Those of the configuration (its URL, its credentials) are
#: among them, because a corrected configuration saves the messages.
_TRANSIENT: Mapping[int, FailureReason] = {
    401: _REASON.AUTHENTICATION_FAILED,
    402: _REASON.CONFIGURATION_INVALID,
    403: _REASON.AUTHENTICATION_FAILED,
    404: _REASON.CONFIGURATION_INVALID,
    405: _REASON.CONFIGURATION_INVALID,
    407: _REASON.AUTHENTICATION_FAILED,
    408: _REASON.TIMED_OUT,
    425: _REASON.THROTTLED,
    429: _REASON.THROTTLED,
}
#: Holds the permanent refusals. A status without an entry becomes `OTHER`; the failure has its status and text.
_PERMANENT: Mapping[int, FailureReason] = {
    400: _REASON.CONTENT_REJECTED,
    410: _REASON.RECIPIENT_REJECTED,
    413: _REASON.CONTENT_REJECTED,
    415: _REASON.CONTENT_REJECTED,
    422: _REASON.CONTENT_REJECTED,
}
#: Holds the statuses whose `Retry-After` is used.
_WITH_RETRY_AFTER = frozenset({429, 503})
#: Is the longest delay that is granted. An endpoint that asks for more is asked again every hour.
_LONGEST_RETRY_AFTER = HOUR

_SECONDS = re.compile(r"[0-9]{1,9}")


@value
class Answer:
    """Is the status of a response, and the beginning of its body."""

    status: int
    phrase: str
    retry_after: str = ""
    """Is the value of the header field, which may be malformed."""
    text: str = ""

    @property
    def status_line(self) -> str:
        return one_line(f"{self.status} {self.phrase}")

    @property
    def is_accepted(self) -> bool:
        return self.status // 100 == 2  # noqa: PLR2004 - the first digit is the meaning


def refused(answer: Answer) -> HandOffFailed:
    """Returns the port's error for an answer whose status is not 2xx."""
    code, detail = str(answer.status), one_line(f"{answer.phrase}: {answer.text}".removesuffix(": "))
    match answer.status // 100:
        case 3:
            detail = one_line(f"The endpoint redirects, which is never followed: {detail}")
            return TransientFailure(Failure(_REASON.CONFIGURATION_INVALID, code, detail))
        case 5:
            return TransientFailure(Failure(_REASON.PROVIDER_UNAVAILABLE, code, detail), _retry_after(answer))
        case 4 if answer.status in _TRANSIENT:
            return TransientFailure(Failure(_TRANSIENT[answer.status], code, detail), _retry_after(answer))
        case 4:
            return PermanentFailure(Failure(_PERMANENT.get(answer.status, _REASON.OTHER), code, detail))
        case _:
            return HandOffInDoubt(
                Failure(_REASON.HAND_OFF_UNKNOWN, code, f"No HTTP status decides like this: {detail}")
            )


def _retry_after(answer: Answer) -> Span | None:
    """Returns the delay for which the endpoint asks (RFC 9110 section 10.2.3), at most an hour; None without one."""
    if answer.status not in _WITH_RETRY_AFTER:
        return None
    if _SECONDS.fullmatch(answer.retry_after):
        return min(int(answer.retry_after) * SECOND, _LONGEST_RETRY_AFTER)
    try:
        parsed = parsedate_to_datetime(answer.retry_after)
        # All dates of HTTP are in GMT, also those of the form that names no zone (RFC 9110 section 5.6.7).
        date = (parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        # A number of many digits overflows.
        return None
    return min(max(0, int((date - time.time()) * SECOND)), _LONGEST_RETRY_AFTER)

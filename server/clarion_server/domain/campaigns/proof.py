"""Defines proofs: mails of a campaign that its authors send to themselves, to look at them in their own mailboxes."""

from __future__ import annotations

from dataclasses import replace

from clarion_server.domain.content.email import RenderedEmail
from clarion_server.domain.content.rules import filled_headers
from clarion_server.domain.messages.attempt import Attempt
from clarion_server.domain.messages.exclusion import Exclusion
from clarion_server.domain.value import value

#: A call names at most this many addresses.
MAX_ADDRESSES = 10
#: One process sends at most this many proofs for a key in an hour.
MAX_PER_HOUR = 60

_MARK = "[Proof] "
_HEADER = "X-Clarion-Proof"


@value
class ProofResult:
    """Is what became of the proof to one address: it was attempted once, or excluded."""

    address: str
    attempt: Attempt | None = None
    exclusion: Exclusion | None = None
    rule: str = ""
    """Is the id of the rule whose content it shows; empty when there is none."""


def marked(email: RenderedEmail) -> RenderedEmail:
    """Returns the mail so that nobody takes it for the real one."""
    return replace(email, subject=f"{_MARK}{email.subject}", headers=filled_headers({_HEADER: "true"}, email.headers))

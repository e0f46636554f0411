"""`clarion proof`: sends a mail of a campaign to its authors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter
from rich.console import Group
from rich.text import Text

from clarion_server.transport.cli.commands.options import (
    NO_DATA,
    Audiences,
    CampaignName,
    RecipientOptions,
    split_words,
)
from clarion_server.transport.cli.exits import Exit
from clarion_server.transport.cli.session import CurrentSession
from clarion_server.transport.cli.views import plain

if TYPE_CHECKING:
    from clarion_client import ProofResult


def proof(
    campaign: CampaignName,
    /,
    *to: Annotated[str, Parameter(help="Where to send it: up to ten e-mail addresses.")],
    recipient: RecipientOptions = NO_DATA,
    version: Annotated[int, Parameter(help="Send this version. Default: the draft.")] = 0,
    action: Annotated[str, Parameter(help="Send the action of this id. Default: the first one.")] = "",
    rule: Annotated[str, Parameter(help="Send the content of this rule. Default: the first one that is true.")] = "",
    audiences: Audiences = (),
    session: CurrentSession,
) -> Exit:
    """Send a mail of a campaign to yourself. No list, event or report has it.

    Exit code 1 when a mail server did not take it.
    """
    results = session.client.proofs.send(
        campaign,
        to,
        version=version,
        action=action,
        rule=rule,
        audiences=split_words(audiences),
        **recipient.parsed(),
    )
    session.output.show([result.to_dict() for result in results], lambda: Group(*map(_line, results)))
    return Exit.OK if all(map(_is_sent, results)) else Exit.BAD_NEWS


def _is_sent(result: ProofResult) -> bool:
    return result.attempt is not None and result.attempt.failure is None


def _line(result: ProofResult) -> Text:
    if result.exclusion is not None:
        cause = f" ({result.exclusion.cause})" if result.exclusion.cause else ""
        return plain(f"{result.address}: EXCLUDED {result.exclusion.reason}{cause}", "yellow")
    if result.attempt is None or result.attempt.failure is None:
        return plain(f"{result.address}: SENT", "green")
    failure = result.attempt.failure
    words = (result.attempt.result, failure.reason, failure.code, failure.detail)
    return plain(f"{result.address}: {' '.join(str(word) for word in words if word)}", "red")

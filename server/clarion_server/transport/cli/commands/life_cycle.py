"""`clarion review`, `activate`, `pause`, `resume` and `stop`: the life cycle of a campaign."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter
from rich.console import Group, RenderableType
from rich.text import Text

from clarion_server.transport.cli.commands.options import CampaignName
from clarion_server.transport.cli.exits import Exit
from clarion_server.transport.cli.session import CurrentSession
from clarion_server.transport.cli.views import difference_view, findings_view, plain, state

if TYPE_CHECKING:
    from clarion_client import Activation, Campaign, Review


Strict = Annotated[bool, Parameter(help="Refuse what would refuse triggers that the live version takes.")]


def review(
    campaign: CampaignName,
    /,
    *,
    strict: Strict = False,
    diff: Annotated[bool, Parameter(help="Show how the draft differs from the live version, too.")] = False,
    session: CurrentSession,
) -> Exit:
    """Check a campaign's draft, and print what is wrong with it.

    Exit code 1 when it cannot be activated.
    """
    found = session.client.campaigns.review(campaign, strict=strict)
    session.output.show(found.to_dict(), lambda: _review_view(campaign, found, diff=diff))
    return Exit.OK if found.activatable else Exit.BAD_NEWS


def activate(
    campaign: CampaignName,
    /,
    *,
    version: Annotated[int, Parameter(help="Make this earlier version live. Default: the draft.")] = 0,
    strict: Strict = False,
    bypass: Annotated[str, Parameter(help="Why it becomes live without its approvals. For administrators.")] = "",
    session: CurrentSession,
) -> None:
    """Make the draft of a campaign live. Triggers send its content from now on.

    Exit code 1 when review finds errors.
    """
    activation = session.client.campaigns.activate(campaign, version=version, strict=strict, bypass_reason=bypass)
    session.output.show(activation.to_dict(), lambda: activation_view(activation))


def pause(campaign: CampaignName, /, *, session: CurrentSession) -> None:
    """Refuse new triggers, and keep accepted messages in the queue."""
    paused = session.client.campaigns.pause(campaign)
    session.output.show(paused.to_dict(), lambda: state_view(paused))


def resume(campaign: CampaignName, /, *, session: CurrentSession) -> None:
    """Accept triggers again, and send the queued messages."""
    resumed = session.client.campaigns.resume(campaign)
    session.output.show(resumed.to_dict(), lambda: state_view(resumed))


def stop(
    campaign: CampaignName,
    /,
    *,
    queue: Annotated[Literal["drain", "cancel"], Parameter(help="Send the queued messages, or cancel them.")],
    session: CurrentSession,
) -> None:
    """Refuse triggers, and end the campaign. This cannot be undone."""
    from clarion_client import QueueDisposal  # noqa: PLC0415 - gRPC takes longer to load than help to print

    stopped = session.client.campaigns.stop(campaign, QueueDisposal(queue.upper()))
    fate = "which will be sent" if queue == "drain" else "cancelled but for those being handed off"
    session.output.show(
        stopped.to_dict(),
        lambda: Text.assemble(state_view(stopped.campaign), f" Messages in its queue: {stopped.queued_count}, {fate}."),
    )


def state_view(campaign: Campaign) -> Text:
    version = f", version {campaign.live_version}" if campaign.live_version else ""
    return Text.assemble(plain(campaign.name), " is ", state(campaign.state), f"{version}.")


def activation_view(activation: Activation) -> RenderableType:
    parts: list[RenderableType] = [state_view(activation.campaign)]
    if activation.findings:
        parts.append(findings_view(activation.findings))
    return Group(*parts)


def _review_view(campaign: str, found: Review, *, diff: bool) -> RenderableType:
    verdict = "can be activated" if found.activatable else "cannot be activated"
    parts: list[RenderableType] = []
    if diff and found.difference is not None:
        parts.append(difference_view(found.difference))
    if found.findings:
        parts.append(findings_view(found.findings))
    return Group(*parts, plain(f"{campaign} {verdict}.", "green" if found.activatable else "red"))

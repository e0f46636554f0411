"""`clarion sample`: prints calls that trigger a campaign."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter
from rich.console import Group, RenderableType

from clarion_server.transport.cli.commands.options import CampaignName, parse_members
from clarion_server.transport.cli.failures import CommandFailed
from clarion_server.transport.cli.session import CurrentSession
from clarion_server.transport.cli.views import plain

if TYPE_CHECKING:
    from clarion_client import TriggerSample


def sample(
    campaign: CampaignName,
    /,
    *,
    tool: Annotated[
        str,
        Parameter(help="Print only the call for this tool: grpcurl, buf-curl, curl, curl-ajo, python or typescript."),
    ] = "",
    base_url: Annotated[
        str,
        Parameter(help="The address of the HTTP endpoint, such as https://clarion.example. Default: the same host."),
    ] = "",
    session: CurrentSession,
) -> None:
    """Print calls that trigger a live campaign, with an example value for each field that its content uses."""
    from clarion_client import SampleTool  # noqa: PLC0415 - loads gRPC

    tools = parse_members(SampleTool, [tool] if tool else [], "--tool")
    found = session.client.campaigns.sample(campaign, base_url=base_url)
    samples = [each for each in found.samples if each.tool in tools or not tools]
    if not samples:
        raise CommandFailed("The service has no HTTP endpoint.", hint="Choose another --tool, or give --base-url.")
    if tools and not session.output.as_json:
        session.output.write(samples[0].text)
    else:
        session.output.show(found.to_dict(), lambda: _view(samples))


def _view(samples: Sequence[TriggerSample]) -> RenderableType:
    return Group(
        *(
            part
            for each in samples
            for part in (plain(f"# {_TITLES.get(each.tool, each.tool)}", "bold"), plain(each.text))
        )
    )


_TITLES = {
    "GRPCURL": "grpcurl",
    "BUF_CURL": "buf curl",
    "CURL": "curl, JSON over HTTP",
    "CURL_AJO": "curl, in the form of Adobe Journey Optimizer",
    "PYTHON": "Python",
    "TYPESCRIPT": "TypeScript",
}

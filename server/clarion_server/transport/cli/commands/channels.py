"""`clarion channels`: lists, shows, verifies and deletes channel configurations. `clarion apply` writes them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import App, Parameter
from rich.console import Group, RenderableType

from clarion_server.transport.cli.commands.lists import Limit, page_size, show_list
from clarion_server.transport.cli.commands.resources import show_as_file, show_deleted
from clarion_server.transport.cli.exits import Exit
from clarion_server.transport.cli.listing import table
from clarion_server.transport.cli.session import CurrentSession
from clarion_server.transport.cli.views import duration, id_of, labels_of, moment, plain

if TYPE_CHECKING:
    from clarion_client import ChannelConfiguration, Verification

#: A verification has four steps. Each may take the provider's `timeout`, at most 300 seconds.
VERIFY_SECONDS = 4 * 300.0

ChannelName = Annotated[str, Parameter(help="The channel configuration, such as orders-mail.")]

channels = App(name="channels", help="List, show, verify and delete channel configurations.")


@channels.command(name="list")
def list_channels(*, limit: Limit = 50, session: CurrentSession) -> None:
    """List channel configurations by name."""
    columns = {
        "ID": lambda channel: id_of(channel.name),
        "CHANNEL": lambda channel: plain(channel.channel or "-"),
        "PROVIDER": lambda channel: plain(_endpoint(channel), "strike" if channel.disabled else ""),
        "SENDER": lambda channel: plain(_sender(channel)),
        "ACCESS LABELS": labels_of,
        "UPDATED": lambda channel: moment(channel.update_time),
        "NAME": lambda channel: plain(channel.display_name),
    }
    show_list(session.output, session.client.channels.list(page_size=page_size(limit)), limit, columns)


@channels.command(name="get")
def get_channel(channel: ChannelName, /, *, session: CurrentSession) -> None:
    """Print a channel configuration as a file for `clarion apply`, without its secrets."""
    show_as_file(session.output, session.client.channels.get(channel))


@channels.command
def verify(channel: ChannelName, /, *, session: CurrentSession) -> Exit:
    """Connect to the provider and check every step of a hand-off. Sends nothing.

    Exit code 1 when a step fails.
    """
    verification = session.client.channels.verify(channel, timeout=VERIFY_SECONDS)
    session.output.show(verification.to_dict(), lambda: _verification_view(channel, verification))
    return Exit.OK if verification.usable else Exit.BAD_NEWS


@channels.command(name="delete")
def delete_channel(channel: ChannelName, /, *, session: CurrentSession) -> None:
    """Delete a channel configuration that no campaign and no queued message uses."""
    session.client.channels.delete(channel)
    show_deleted(session.output, channel)


def _provider(channel: ChannelConfiguration) -> tuple[str, dict[str, Any]]:
    """Returns the name of the provider's kind and its fields."""
    from clarion.v1.channel_configuration_pb2 import ChannelConfiguration as Message  # noqa: PLC0415 - see above

    data = channel.to_dict()
    names = (field.name for field in Message.DESCRIPTOR.oneofs_by_name["provider"].fields)
    return next(((name, data[name]) for name in names if name in data), ("-", {}))


def _endpoint(channel: ChannelConfiguration) -> str:
    """Returns where the provider is: the first field that the contract requires of it, and the port if it has one."""
    name, provider = _provider(channel)
    port = f":{provider['port']}" if "port" in provider else ""
    return f"{name} {next(iter(provider.values()), '')}{port}{' (disabled)' if channel.disabled else ''}"


def _sender(channel: ChannelConfiguration) -> str:
    _, provider = _provider(channel)
    return str(provider.get("sender", {}).get("address", "-"))


def _verification_view(channel: str, verification: Verification) -> RenderableType:
    steps = table(
        verification.steps,
        {
            "STEP": lambda step: plain(step.name),
            "RESULT": lambda step: plain("passed", "green") if step.passed else plain("failed", "red"),
            "TOOK": lambda step: plain(duration(step.elapsed.total_seconds())),
            "DETAIL": lambda step: plain(step.detail),
        },
    )
    verdict = plain(f"{channel} works.", "green") if verification.usable else plain(f"{channel} does not work.", "red")
    return Group(steps, verdict)

"""The commands and what they share: the connection, the output, the way they fail."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from typing import Annotated, Any

from cyclopts import App, Argument, CycloptsError, Group, MissingArgumentError, Parameter, UnusedCliTokensError

from clarion_server.transport.cli.commands.applying import apply
from clarion_server.transport.cli.commands.campaigns import campaigns
from clarion_server.transport.cli.commands.channels import channels
from clarion_server.transport.cli.commands.executions import executions
from clarion_server.transport.cli.commands.keys import keys
from clarion_server.transport.cli.commands.life_cycle import activate, pause, resume, review, stop
from clarion_server.transport.cli.commands.messages import messages
from clarion_server.transport.cli.commands.previewing import preview
from clarion_server.transport.cli.commands.reporting import report
from clarion_server.transport.cli.commands.sampling import sample
from clarion_server.transport.cli.commands.triggering import trigger
from clarion_server.transport.cli.commands.watching import watch
from clarion_server.transport.cli.exits import Exit
from clarion_server.transport.cli.failures import CommandFailed
from clarion_server.transport.cli.output import Output
from clarion_server.transport.cli.session import Session

DEFAULT_TARGET = "127.0.0.1:50051"

SERVICE = Group("Service", sort_key=0)
COMMANDS = {
    Group("Campaigns", sort_key=1): (apply, review, activate, pause, resume, stop, preview, campaigns),
    Group("Sending", sort_key=2): (trigger, sample, watch, report, messages, executions),
    Group("Administration", sort_key=3): (channels, keys),
}
EVERYWHERE = Group("Everywhere", sort_key=4)

HELP = """Define a message once, send it with one call, prove what became of it.

Exit codes:

- 0: done.
- 1: the answer is bad news: review found errors, a trigger failed, it was too late to cancel.
- 2: the command, a file or the request is wrong.
- 3: the service cannot be reached, or cannot answer now.
"""


def run(arguments: Sequence[str], serve: str) -> int:
    """Runs one command; returns the exit code. Failures are told on stderr."""
    try:
        return command_line(serve).meta(arguments) or Exit.OK
    except KeyboardInterrupt:
        return Exit.INTERRUPTED
    except BrokenPipeError:
        # Whoever read the output has enough of it, and Python would complain when it flushes the rest.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return Exit.OK
    except Exception as error:
        failure = _failure(error)
        if failure is None:
            raise
        Output(as_json="--json" in arguments).fail(failure)
        return failure.status


def command_line(serve: str) -> App:
    app = App(
        name="clarion",
        help=HELP,
        version=_version,
        default_parameter=Parameter(negative=(), show_default=_shown_default),
        exit_on_error=False,
        print_error=False,
        suppress_keyboard_interrupt=False,
        result_action="return_value",
    )
    # Its options are the settings of the service, whose libraries take long to load.
    app.command(serve, name="serve", help="Run the service.", group=SERVICE)
    for group, commands in COMMANDS.items():
        for place, command in enumerate(commands):
            _add(app, command, group, place)
    for flag in (*app.help_flags, *app.version_flags):
        app[flag].group = (EVERYWHERE,)
    app.meta.default(_launcher(app))
    return app


def _version() -> str:
    from importlib.metadata import version  # noqa: PLC0415 - slow to load, and for this alone

    return version("clarion")


def _shown_default(value: Any) -> str | None:
    """An option that is off, or empty, needs no words for it."""
    return str(value) if value else None


def _add(app: App, command: App | Callable[..., Any], group: Group, place: int) -> None:
    """`place`: that in the list of the group's commands."""
    if isinstance(command, App):
        command.group, command.sort_key = (group,), place
        app.command(command)
    else:
        app.command(command, group=group, sort_key=place)


def _launcher(app: App) -> Any:
    """What reads the options that every command has, wherever they stand, and hands commands their session."""

    def launch(
        *arguments: Annotated[str, Parameter(show=False, allow_leading_hyphen=True)],
        target: Annotated[
            str, Parameter(group=EVERYWHERE, env_var="CLARION_TARGET", help="Host and port of the service.")
        ] = DEFAULT_TARGET,
        api_key: Annotated[
            str | None,
            Parameter(
                group=EVERYWHERE, env_var="CLARION_API_KEY", help="The key to call with. Best set in the environment."
            ),
        ] = None,
        ca_certificates: Annotated[
            str | None,
            Parameter(
                group=EVERYWHERE,
                env_var="CLARION_CA_CERTIFICATES",
                help="PEM file of the authorities to trust, in place of the machine's.",
            ),
        ] = None,
        as_json: Annotated[
            bool, Parameter("--json", group=EVERYWHERE, help="Print JSON, for programs; errors too, on stderr.")
        ] = False,
    ) -> int | None:
        command, bound, injected = app.parse_args(arguments)
        with Session(target, api_key, ca_certificates, Output(as_json=as_json)) as session:
            bound.arguments.update(dict.fromkeys(injected, session))
            status: int | None = command(*bound.args, **bound.kwargs)
        return status

    return launch


def _failure(error: Exception) -> CommandFailed | None:
    """What to tell people of an error; None for a bug, which is to be seen as it is."""
    match error:
        case CommandFailed():
            return error
        case UnusedCliTokensError():
            return CommandFailed(f"What is {' '.join(error.unused_tokens or ())!r} here for?", hint="See --help.")
        case MissingArgumentError(argument=Argument() as missing):
            return CommandFailed(f"{error.keyword or missing.name} needs a value.", hint="See --help.")
        case CycloptsError():
            return CommandFailed(" ".join(str(error).split()), hint="See --help.")
        case OSError(filename=str(name)):
            return CommandFailed(f"Cannot open {name}: {error.strerror}.")
        case _:
            from clarion_server.transport.cli.refusals import explained  # noqa: PLC0415 - loads gRPC

            return explained(error)

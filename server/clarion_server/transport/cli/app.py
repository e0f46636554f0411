"""Builds the command line and runs one command: options of all commands, exit codes, errors."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Callable, Sequence
from typing import Annotated, Any

from cyclopts import App, Argument, CycloptsError, Group, MissingArgumentError, Parameter, UnusedCliTokensError

from clarion_server.transport.cli.commands.allow_list import allow_list
from clarion_server.transport.cli.commands.applying import apply
from clarion_server.transport.cli.commands.approvals import approvals
from clarion_server.transport.cli.commands.attachments import attachments
from clarion_server.transport.cli.commands.audience_triggering import trigger_audience
from clarion_server.transport.cli.commands.audiences import audiences
from clarion_server.transport.cli.commands.campaigns import campaigns
from clarion_server.transport.cli.commands.channels import channels
from clarion_server.transport.cli.commands.consents import consents
from clarion_server.transport.cli.commands.executions import executions
from clarion_server.transport.cli.commands.explaining import explain
from clarion_server.transport.cli.commands.fragments import fragments
from clarion_server.transport.cli.commands.generating import codegen
from clarion_server.transport.cli.commands.keys import keys
from clarion_server.transport.cli.commands.life_cycle import activate, pause, resume, review, stop
from clarion_server.transport.cli.commands.locales import locales
from clarion_server.transport.cli.commands.messages import messages
from clarion_server.transport.cli.commands.namespaces import namespaces
from clarion_server.transport.cli.commands.planning import export, plan
from clarion_server.transport.cli.commands.policies import policies
from clarion_server.transport.cli.commands.previewing import preview
from clarion_server.transport.cli.commands.profiles import profiles
from clarion_server.transport.cli.commands.proofs import proof
from clarion_server.transport.cli.commands.reporting import report
from clarion_server.transport.cli.commands.sampling import sample
from clarion_server.transport.cli.commands.starting import init, schema
from clarion_server.transport.cli.commands.suppressions import suppressions
from clarion_server.transport.cli.commands.topics import topics
from clarion_server.transport.cli.commands.triggering import trigger
from clarion_server.transport.cli.commands.watching import watch
from clarion_server.transport.cli.completion import HELP as COMPLETION_HELP
from clarion_server.transport.cli.completion import completion_of
from clarion_server.transport.cli.examples import add_examples, examples_of
from clarion_server.transport.cli.exits import Exit
from clarion_server.transport.cli.failures import CommandFailed
from clarion_server.transport.cli.output import Output
from clarion_server.transport.cli.session import Session

DEFAULT_TARGET = "127.0.0.1:50051"

SERVICE = Group("Service", sort_key=0)
AUTHORING = Group("Authoring", sort_key=1)
ADMINISTRATION = Group("Administration", sort_key=5)
COMMANDS: dict[Group, tuple[App | Callable[..., Any], ...]] = {
    AUTHORING: (
        init,
        plan,
        apply,
        export,
        schema,
        locales,
        codegen,
    ),
    Group("Campaigns", sort_key=2): (
        review,
        activate,
        pause,
        resume,
        stop,
        preview,
        proof,
        approvals,
        campaigns,
        fragments,
        attachments,
    ),
    Group("Sending", sort_key=3): (trigger, trigger_audience, explain, sample, watch, report, messages, executions),
    Group("People", sort_key=4): (
        profiles,
        topics,
        consents,
        suppressions,
        allow_list,
        policies,
        namespaces,
        audiences,
    ),
    ADMINISTRATION: (channels, keys),
}
ALL_COMMANDS = Group("All commands", sort_key=6)

HELP = """Define a message once, send it with one call, and see what happened to it.

Exit codes:

- 0: success.
- 1: the service answered with bad news: review found errors, a trigger failed, it was too late to cancel.
- 2: the command, a file or the request is wrong.
- 3: the service cannot be reached, or cannot answer now.
- 130: Ctrl-C.
"""

LINT_HELP = """Check files without a service: their form, each field, and the whole review of each campaign.

The checks are those of the service itself, which runs within this command on an empty store. What the files name
and lack is a warning, as it may be on your service. `clarion review` alone knows what is live, and so whether a
version would refuse triggers that the live one takes. Exit code 1 when review finds errors.
"""
TEST_HELP = """Try the test cases of campaigns: files by a service within this command, or campaigns of a service.

It renders each case with each content that it gets, and compares that with what was accepted. `--update` accepts what
is new or has changed: of files in the folder `goldens` beside the tests, so that git has it; otherwise on the service.

Exit code 1 when something changed, cannot be rendered, has a broken link, or is gone. What is new fails nothing.
"""
RENEW_KEYS_HELP = """Make the keys by which people are found anew, after an upgrade that reads identities otherwise.

It works on the store itself, in small steps, and a service may run beside it. Run it when the log of a start has
`identity_keys_outdated`, and when no process of the earlier version is left. Interrupted, it goes on where it was.

It merges nobody. Identities of two people that would be the same are printed, one a line, and keep their keys: merge
the two by `clarion profiles merge`, or take the identity from one of them, and run it again. Exit code 1 when there are
any.
"""
_AFTER_INIT, _LAST = 0.5, 100
_DONE = "The output is incomplete, but the service may have done what the command asks for."


def run(arguments: Sequence[str], serve: str, lint: str = "", test: str = "", renew_keys: str = "") -> int:
    """Runs one command and returns the exit code. Prints failures on stderr."""
    try:
        status = command_line(serve, lint, test, renew_keys).meta(arguments) or Exit.OK
        sys.stdout.flush()
    except KeyboardInterrupt:
        return Exit.INTERRUPTED
    except BrokenPipeError:
        # The reader of the output has closed it.
        _drop_output()
        return Exit.OK
    except Exception as error:
        failure = _failure(error)
        if failure is None:
            raise
        if isinstance(error, OSError) and error.filename is None:
            _drop_output()
        Output(as_json="--json" in arguments).fail(failure)
        return failure.status
    return status


def _drop_output() -> None:
    """Drops what was not written yet. Python would print an error when it flushes it at the end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def command_line(serve: str, lint: str = "", test: str = "", renew_keys: str = "") -> App:
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
    # These commands are loaded late, because the libraries of the service take long to load.
    late = {
        "serve": (serve, "Run the service.", SERVICE),
        "lint": (lint, LINT_HELP, AUTHORING),
        "test": (test, TEST_HELP, AUTHORING),
        "renew-keys": (renew_keys, RENEW_KEYS_HELP, SERVICE),
    }
    for name, (place, told, group) in late.items():
        if place:
            app.command(place, name=name, help=told, help_epilogue=examples_of(name), group=group, sort_key=_AFTER_INIT)
    for group, commands in COMMANDS.items():
        for position, command in enumerate(commands):
            _add(app, command, group, position)
    app.command(completion_of(app), name="completion", help=COMPLETION_HELP, group=ADMINISTRATION, sort_key=_LAST)
    add_examples(app)
    for flag in (*app.help_flags, *app.version_flags):
        app[flag].group = (ALL_COMMANDS,)
    app.meta.default(_launcher(app))
    return app


def _version() -> str:
    from importlib.metadata import version  # noqa: PLC0415 - slow to load, and only used here

    return version("clarion")


def _shown_default(value: Any) -> str | None:
    """Returns the text of a default in help, or None for an option that is off or empty."""
    return str(value) if value else None


def _add(app: App, command: App | Callable[..., Any], group: Group, position: int) -> None:
    """Adds a command at a position within its group."""
    if isinstance(command, App):
        command.group, command.sort_key = (group,), position
        app.command(command)
    else:
        app.command(command, group=group, sort_key=position)


def _launcher(app: App) -> Any:
    """Returns the function that parses the options of all commands, which may be anywhere in the arguments, and runs
    the command with a session.
    """

    def launch(
        *arguments: Annotated[str, Parameter(show=False, allow_leading_hyphen=True)],
        target: Annotated[
            str, Parameter(group=ALL_COMMANDS, env_var="CLARION_TARGET", help="Host and port of the service.")
        ] = DEFAULT_TARGET,
        api_key: Annotated[
            str | None,
            Parameter(
                group=ALL_COMMANDS,
                env_var="CLARION_API_KEY",
                help="The API key. Set it in the environment, where other users cannot see it.",
            ),
        ] = None,
        ca_certificates: Annotated[
            str | None,
            Parameter(
                group=ALL_COMMANDS,
                env_var="CLARION_CA_CERTIFICATES",
                help="PEM file with the certificate authorities to trust. Default: those of this machine.",
            ),
        ] = None,
        as_json: Annotated[
            bool, Parameter("--json", group=ALL_COMMANDS, help="Print JSON for programs. Errors are JSON on stderr.")
        ] = False,
    ) -> int | None:
        command, bound, injected = app.parse_args(arguments)
        with Session(target, api_key, ca_certificates, Output(as_json=as_json)) as session:
            bound.arguments.update(dict.fromkeys(injected, session))
            status: int | None = command(*bound.args, **bound.kwargs)
        return status

    return launch


def _failure(error: Exception) -> CommandFailed | None:
    """Returns what to tell the user about an error, or None for a bug, whose traceback is printed."""
    match error:
        case CommandFailed():
            return error
        case UnusedCliTokensError():
            return CommandFailed(
                f"The command does not take {' '.join(error.unused_tokens or ())!r}.", hint=_see_help(error)
            )
        case MissingArgumentError(argument=Argument() as missing):
            return CommandFailed(f"{error.keyword or missing.name} needs a value.", hint=_see_help(error))
        case CycloptsError():
            return CommandFailed(" ".join(str(error).split()), hint=_see_help(error))
        case OSError() | UnicodeEncodeError():
            return _stream_failure(error)
        case _:
            from clarion_server.transport.cli import refusals  # noqa: PLC0415 - loads gRPC

            return refusals.explain(error)


def _stream_failure(error: OSError | UnicodeEncodeError) -> CommandFailed | None:
    """Does the same for an error of a file, of a standard stream, or of a text that is none."""
    match error:
        case OSError(filename=str(name)):
            return CommandFailed(f"Cannot open {name}: {error.strerror}.")
        case OSError(errno=errno.ENOSPC | errno.EDQUOT | errno.EFBIG | errno.EIO):
            return CommandFailed(f"The output cannot be written: {error.strerror}.", hint=_DONE)
        case UnicodeEncodeError(encoding="utf-8"):
            # Python reads other bytes of an argument as lone surrogates.
            return CommandFailed("An argument or a value is not text in UTF-8.")
        case UnicodeEncodeError(encoding=encoding):
            hint = f"Set PYTHONIOENCODING=utf-8, or use --json. {_DONE}"
            return CommandFailed(f"The output has characters that the encoding {encoding} lacks.", hint=hint)
    return None


def _see_help(error: CycloptsError) -> str:
    """Names the help of the command that was called, or of all commands when it was none."""
    return f"See {' '.join(['clarion', *(error.command_chain or ()), '--help'])}."

"""`clarion serve`, the one command that is not a client. Its options are the settings of the service.

It checks the settings and becomes another program: one process of the service, or the supervisor of several. What the
command line has loaded goes with it, some 10 MB of a process.
"""

from __future__ import annotations

import difflib
import inspect
import json
import os
import signal
import sys
from collections.abc import Iterable, Iterator
from typing import Annotated, Any, NoReturn

from cyclopts import Parameter
from pydantic import ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from clarion_server.config import Settings
from clarion_server.supervisor.log import Log
from clarion_server.supervisor.signals import STOP_SIGNALS
from clarion_server.transport.cli.failures import CommandFailed, Problem
from clarion_server.transport.cli.session import CurrentSession

_PROCESS = "clarion_server.programs.service"
_SUPERVISOR = "clarion_server.supervisor"
ENVIRONMENT_PREFIX = str(Settings.model_config.get("env_prefix"))
VALUE_ERROR = "value_error"
#: Says what resembles a setting and belongs to the commands that call a service.
_OF_CALLERS = frozenset({"CA_CERTIFICATES"})
#: From which ratio of `difflib` on two names resemble one another.
_ALIKE = 0.8


def serve(*, session: CurrentSession, **given: Any) -> None:
    """Run the service until SIGTERM or Ctrl-C.

    Settings that are not given come from the environment. The first start on a new store prints the first
    administrator's key, only then.
    """
    if session.output.as_json:
        given["log_json"] = True
    settings = _settings(given)
    if settings.log_level != "error":
        log = Log(settings.log_json)
        for variable, meant in misspelt_variables(os.environ):
            log("warning", "setting_unknown", variable=variable, similar=meant)
    if settings.processes == 1:
        _become(_PROCESS, settings)
    elif _prepare_store(settings):
        _become(_SUPERVISOR, settings)


def misspelt_variables(names: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Yields the variables whose names resemble that of a setting, each with that name.

    Others that begin alike may be of the platform: Kubernetes sets CLARION_PORT for a service of that name.
    """
    settings = [name.upper() for name in Settings.model_fields]
    known = _OF_CALLERS.union(settings)
    for name in sorted(names):
        rest = name.removeprefix(ENVIRONMENT_PREFIX)
        if rest != name and rest not in known and (near := difflib.get_close_matches(rest, settings, 1, _ALIKE)):
            yield name, f"{ENVIRONMENT_PREFIX}{near[0]}"


def _prepare_store(settings: Settings) -> bool:
    # It loads the whole service, of which the supervisor needs nothing.
    from clarion_server.programs.preparing import CannotStart, prepare_store  # noqa: PLC0415 - see above

    try:
        return prepare_store(settings)
    except CannotStart as error:
        raise CommandFailed(str(error)) from error


def _become(program: str, settings: Settings) -> NoReturn:
    """Replaces this program by another one, which keeps the process id and none of the memory."""
    sys.stdout.flush()
    sys.stderr.flush()
    given = settings.model_dump(mode="json", exclude_none=True)
    if settings.role == "worker":
        given["http_listen"] = ""
    # gRPC would print lines of its own among those of the log, one for each connection that is no TLS.
    quiet = {"GRPC_VERBOSITY": "NONE"}
    environment = quiet | os.environ | {_variable(name): _text(value) for name, value in given.items()}
    # A signal to stop that comes while the program loads waits until it can be handled.
    signal.pthread_sigmask(signal.SIG_BLOCK, STOP_SIGNALS)
    os.execve(sys.executable, (sys.executable, "-P", "-m", program), environment)  # noqa: S606 - a program of Clarion


def _text(value: Any) -> str:
    return json.dumps(value) if isinstance(value, bool) else str(value)


def _settings(given: dict[str, Any]) -> Settings:
    try:
        return Settings(**given)
    except ValidationError as error:
        problems = [_problem(detail) for detail in error.errors()]
        raise CommandFailed("The service cannot start with these settings.", problems) from error


def _problem(detail: ErrorDetails) -> Problem:
    if detail["type"] == VALUE_ERROR:
        # The text of a rule about several settings names them itself.
        return Problem("", str(detail["ctx"]["error"]))
    name = str(detail["loc"][0])
    return Problem(_variable(name), f"{detail['msg']}, not {detail['input']!r}.")


def _variable(name: str) -> str:
    return f"{ENVIRONMENT_PREFIX}{name.upper()}"


def _options() -> inspect.Signature:
    """Returns an option for each setting, with the name of its field, and the field's docstring as its help."""
    options = [_option(name, field) for name, field in Settings.model_fields.items()]
    session = inspect.signature(serve).parameters["session"]
    return inspect.Signature([*options, session.replace(annotation=CurrentSession)])


def _option(name: str, field: FieldInfo) -> inspect.Parameter:
    # Values stay text until the settings parse them, so that all error texts come from there.
    kind = bool if field.annotation is bool else str
    return inspect.Parameter(
        name,
        inspect.Parameter.KEYWORD_ONLY,
        default=field.default if field.default is None or kind is bool else str(field.default),
        annotation=Annotated[kind | None, Parameter(help=field.description, env_var=_variable(name))],
    )


serve.__signature__ = _options()  # type: ignore[attr-defined] # PEP 362

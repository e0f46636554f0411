"""`clarion serve`: the one command that is no client. Its options are the settings of the service.

It stands above the command line, which knows it by name alone: it loads the whole service, and other commands need none
of that.
"""

from __future__ import annotations

import asyncio
import gc
import inspect
import signal
import sys
from typing import Annotated, Any

import uvloop
from cyclopts import Parameter
from pydantic import ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from clarion_server.adapters.system.logs import set_up_logs
from clarion_server.bootstrap import CannotStart, Clarion, open_store
from clarion_server.config import Settings
from clarion_server.transport.cli.failures import CommandFailed, Problem
from clarion_server.transport.cli.session import CurrentSession

ENVIRONMENT_PREFIX = str(Settings.model_config.get("env_prefix"))
VALUE_ERROR = "value_error"

#: How long, in seconds, a thread may hold the interpreter while another one waits. The store's thread wakes for a few
#: statements a commit; with Python's 5 ms each of them could wait that long for a busy event loop.
_SWITCH_INTERVAL = 0.0005


def serve(*, session: CurrentSession, **given: Any) -> None:
    """Run the service until SIGTERM or Ctrl-C.

    What is not given is taken from the environment. The first start on a new store prints the first administrator's
    key, this once.
    """
    if session.output.as_json:
        given["log_json"] = True
    try:
        _run(_settings(given))
    except CannotStart as error:
        raise CommandFailed(str(error)) from error


def _run(settings: Settings) -> None:
    set_up_logs(settings.log_level, settings.log_json)
    sys.setswitchinterval(_SWITCH_INTERVAL)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(settings))


async def _serve(settings: Settings) -> None:
    stopping = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    clarion = Clarion(settings, open_store(settings.store))
    port = await clarion.start(_show_first_key)
    host = settings.listen.rpartition(":")[0]
    print(f"serving grpc on {host}:{port}", flush=True)  # noqa: T201 - whoever starts the service waits for this line
    # What is there now stays: later collections need not walk through it.
    gc.collect()
    gc.freeze()
    await stopping.wait()
    await clarion.stop()


def _show_first_key(secret: str) -> None:
    print(f"first admin key (shown once, keep it): {secret}", flush=True)  # noqa: T201 - it is kept nowhere


def _settings(given: dict[str, Any]) -> Settings:
    try:
        return Settings(**given)
    except ValidationError as error:
        problems = [_problem(detail) for detail in error.errors()]
        raise CommandFailed("The service cannot start with these settings.", problems) from error


def _problem(detail: ErrorDetails) -> Problem:
    if detail["type"] == VALUE_ERROR:
        # A rule about several settings, which names them itself.
        return Problem("", str(detail["ctx"]["error"]))
    name = str(detail["loc"][0])
    return Problem(_variable(name), f"{detail['msg']}, not {detail['input']!r}.")


def _variable(name: str) -> str:
    return f"{ENVIRONMENT_PREFIX}{name.upper()}"


def _options() -> inspect.Signature:
    """An option for each setting, under the name of its field, with the field's docstring as its help."""
    options = [_option(name, field) for name, field in Settings.model_fields.items()]
    session = inspect.signature(serve).parameters["session"]
    return inspect.Signature([*options, session.replace(annotation=CurrentSession)])


def _option(name: str, field: FieldInfo) -> inspect.Parameter:
    # Values stay text until the settings read them, so that one place says what is wrong with them.
    kind = bool if field.annotation is bool else str
    return inspect.Parameter(
        name,
        inspect.Parameter.KEYWORD_ONLY,
        default=field.default if field.default is None or kind is bool else str(field.default),
        annotation=Annotated[kind | None, Parameter(help=field.description, env_var=_variable(name))],
    )


serve.__signature__ = _options()  # type: ignore[attr-defined] # PEP 362

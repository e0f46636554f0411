"""`clarion serve`: the one command that is no client. Its options are the settings of the service."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Annotated, Any

from cyclopts import Parameter
from pydantic import ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from clarion_server.config import Settings
from clarion_server.transport.cli.failures import CommandFailed, Problem
from clarion_server.transport.cli.session import CurrentSession

Serve = Callable[[Settings], None]

ENVIRONMENT_PREFIX = str(Settings.model_config.get("env_prefix"))
VALUE_ERROR = "value_error"


def serve(*, session: CurrentSession, **given: Any) -> None:
    """Run the service until SIGTERM or Ctrl-C.

    What is not given is taken from the environment. The first start on a new store prints the first administrator's
    key, this once.
    """
    from clarion_server.bootstrap import CannotStart  # noqa: PLC0415 - loads the whole service, which help can do without

    if session.output.as_json:
        given["log_json"] = True
    try:
        session.run_service(_settings(given))
    except CannotStart as error:
        raise CommandFailed(str(error)) from error


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

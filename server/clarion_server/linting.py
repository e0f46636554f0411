"""`clarion lint`: checks files without a service, by one that lasts as long as the command.

The command line imports this module only when the command runs, as it loads the whole service.
"""

from __future__ import annotations

import asyncio
import secrets
import threading
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any

from clarion_client import Client, Finding, Scope, Severity
from cyclopts import Parameter

from clarion_server.adapters.system.logs import set_up_logs
from clarion_server.bootstrap import CannotStart, Clarion, open_store
from clarion_server.config import Settings
from clarion_server.domain.access_labels import MAX_ACCESS_LABELS, is_label_name
from clarion_server.transport.cli.commands.applying import located_findings_view
from clarion_server.transport.cli.exits import Exit
from clarion_server.transport.cli.failures import CommandFailed
from clarion_server.transport.cli.files.applying import Applied, Applier
from clarion_server.transport.cli.files.resources import Resource, read_resources
from clarion_server.transport.cli.session import CurrentSession

#: What a campaign names may be on the service alone.
_ELSEWHERE = frozenset(
    {"ATTACHMENT_MISSING", "CHANNEL_CONFIGURATION_MISSING", "SENDING_POLICY_MISSING", "TOPIC_MISSING"}
)


def lint(
    *,
    file: Annotated[
        list[Path],
        Parameter(
            ("--file", "-f"),
            help="A YAML file, a folder with some, or - for stdin. May be repeated. Default: this folder.",
            allow_leading_hyphen=True,
            show_default=False,
        ),
    ] = [Path()],  # noqa: B006 - the command line library copies it
    session: CurrentSession,
) -> Exit:
    """Checks files by a service within this command, on an empty store. `LINT_HELP` says more."""
    resources = read_resources(file)
    with _throwaway_service(_labels_of(resources)) as client:
        applier = Applier(client)
        applied = [applier.reviewed(applier.apply(planned)) for planned in applier.plan(resources)]
    findings = [(location, _linted(finding)) for each in applied for location, finding in each.findings]
    has_errors = any(finding.severity is Severity.ERROR for _, finding in findings)
    data = {
        "checked": [each.planned.resource.name for each in applied],
        "findings": [{**finding.to_dict(), "place": str(location)} for location, finding in findings],
    }
    session.output.show(data, partial(located_findings_view, findings))
    session.output.inform(_summary(applied, has_errors=has_errors))
    return Exit.BAD_NEWS if has_errors else Exit.OK


def _linted(finding: Finding) -> Finding:
    """Returns the finding, or a warning in its place when the service may have what the files lack."""
    if finding.code not in _ELSEWHERE:
        return finding
    message = finding.message.replace("in this sandbox", "in the files")
    return replace(finding, severity=Severity.WARNING, message=message, remedy="Nothing, if your service has it.")


def _labels_of(resources: Iterable[Resource[Any]]) -> list[str]:
    """Returns the access labels that the files give, which the key of the throw-away service must hold.

    Those that are no names are left to the service, which refuses them in their places.
    """
    given = {name for resource in resources for name in getattr(resource.value, "access_labels", ())}
    return sorted(filter(is_label_name, given))[:MAX_ACCESS_LABELS]


def _summary(applied: list[Applied], *, has_errors: bool) -> str:
    count = f"{len(applied)} document{'s' if len(applied) != 1 else ''}"
    return f"{count} checked: {'there are errors' if has_errors else 'no errors'}."


@contextmanager
def _throwaway_service(access_labels: Sequence[str]) -> Iterator[Client]:
    """Serves on a free port of this machine, with nothing stored, until the end of the block. Raises CommandFailed.

    The client's key holds the access labels.
    """
    set_up_logs("error", False)
    started: Future[tuple[int, str]] = Future()
    with TemporaryDirectory() as folder:
        link_keys = Path(folder) / "link-keys"
        link_keys.write_text(f"1 {secrets.token_hex(64)}\n", encoding="ascii")
        settings = Settings(
            listen="127.0.0.1:0",
            http_listen="",
            metrics_listen="",
            store="memory:",
            processes=1,
            role="all",
            queue="store",
            # Links of mails are checked as on a service that has them.
            public_url="https://mail.example.com",
            link_keys=link_keys,
            tls_certificate=None,
            tls_key=None,
        )
        stopping = threading.Event()
        thread = threading.Thread(target=_serve, args=(settings, started, stopping), name="lint-service")
        thread.start()
        try:
            port, key = started.result()
            with Client(f"127.0.0.1:{port}", api_key=key) as root:
                secret = root.keys.create("lint", [Scope.ADMIN], access_labels=access_labels).secret
            with Client(f"127.0.0.1:{port}", api_key=secret) as client:
                yield client
        except CannotStart as error:
            raise CommandFailed(str(error)) from error
        finally:
            stopping.set()
            thread.join()


def _serve(settings: Settings, started: Future[tuple[int, str]], stopping: threading.Event) -> None:
    async def serve() -> None:
        keys: list[str] = []
        clarion = Clarion(settings, open_store(settings.store))
        ports = await clarion.start(keys.append)
        started.set_result((ports.grpc, keys[0]))
        await asyncio.to_thread(stopping.wait)
        await clarion.stop()

    try:
        asyncio.run(serve())
    except BaseException as error:
        if started.done():
            raise
        started.set_exception(error)

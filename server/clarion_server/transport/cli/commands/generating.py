"""`clarion codegen`: typed functions that trigger a campaign, and messages of its context."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter

from clarion_server.transport.cli.commands.options import CampaignName
from clarion_server.transport.cli.exits import Exit
from clarion_server.transport.cli.failures import CommandFailed
from clarion_server.transport.cli.session import CurrentSession
from clarion_server.transport.cli.text_input import read_text
from clarion_server.transport.cli.views import plain

if TYPE_CHECKING:
    from clarion_server.transport.cli.codegen.types import Contract
    from clarion_server.transport.cli.session import Session


def codegen(
    campaign: CampaignName,
    /,
    *,
    lang: Annotated[Literal["python", "typescript", "proto"], Parameter(help="The language to write.")],
    output: Annotated[Path | None, Parameter(("--output", "-o"), help="The file to write. Default: stdout.")] = None,
    check: Annotated[
        Path | None, Parameter(help="Write nothing, and say whether this generated file is still of the live schema.")
    ] = None,
    session: CurrentSession,
) -> Exit:
    """Write a typed function that triggers a campaign, or messages of proto, from its live version's context schema.

    A misspelt or missing field then fails in the type checker of whoever calls it. Bounds, patterns and formats are
    checked by the service alone; a construct that types cannot say is refused with its path. Exit code 1 when `--check`
    finds that the schema has changed.
    """
    from clarion_server.transport.cli.codegen.proto import proto_file  # noqa: PLC0415 - few commands need it
    from clarion_server.transport.cli.codegen.python import python_module  # noqa: PLC0415 - see above
    from clarion_server.transport.cli.codegen.typescript import typescript_module  # noqa: PLC0415 - see above

    contract = _contract(session, campaign)
    if check is not None:
        return _check(session, check, contract)
    text = {"python": python_module, "typescript": typescript_module, "proto": proto_file}[lang](contract)
    if output is None:
        session.output.write(text)
    else:
        output.write_text(text, encoding="utf-8")
        session.output.inform(f"wrote {output}")
    return Exit.OK


def _contract(session: Session, campaign: str) -> Contract:
    """Raises CommandFailed when the campaign was never activated, or its schema has no types."""
    from clarion_server.transport.cli.codegen.reading import read_contract  # noqa: PLC0415 - few commands need it

    found = session.client.campaigns.get(campaign)
    if not found.live_version:
        raise CommandFailed(f"{found.name} was never activated, so that nobody can trigger it.")
    version = session.client.campaigns.version(found.name, found.live_version)
    return read_contract(found.name.rpartition("/")[2], version.version, version.snapshot.context_schema)


def _check(session: Session, file: Path, contract: Contract) -> Exit:
    fresh = contract.schema_hash in read_text(file)
    verdict = "is of the live schema" if fresh else f"is of another schema than version {contract.version}"
    data = {"file": str(file), "fresh": fresh, "version": contract.version, "schema_hash": contract.schema_hash}
    session.output.show(data, lambda: plain(f"{file} {verdict}.", "green" if fresh else "red"))
    return Exit.OK if fresh else Exit.BAD_NEWS

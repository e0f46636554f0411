"""`clarion init` and `clarion schema`: the first files of a project, and what editors know about them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from clarion_server.transport.cli.failures import CommandFailed, Problem
from clarion_server.transport.cli.session import CurrentSession
from clarion_server.transport.cli.views import plain

STARTER = Path(__file__).parent.parent / "starter"
SCHEMA = "clarion.schema.json"

schema = App(name="schema", help="Make a context schema of samples, and print the schema of files for editors.")


def init(
    folder: Annotated[Path, Parameter(help="Where the files go. It is made when it is missing.")] = Path("campaigns"),
    /,
    *,
    session: CurrentSession,
) -> None:
    """Write a first campaign: content, context schema, samples of triggers, and the schema by which editors complete
    and check the files. Calls no service, and overwrites nothing.
    """
    files = {path.relative_to(STARTER): path.read_bytes() for path in sorted(STARTER.rglob("*")) if path.is_file()}
    taken = [str(folder / name) for name in files if (folder / name).exists()]
    if taken:
        raise CommandFailed(
            f"{folder} has such files already. Nothing was written.", [Problem(name, "exists") for name in taken]
        )
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    written = [str(folder / name) for name in files]
    session.output.show({"written": written}, lambda: plain("\n".join(f"wrote {name}" for name in written)))
    session.output.inform(f"Next: clarion apply -f {folder} --activate")
    session.output.inform(f"Then: clarion trigger welcome --from {folder}/samples/welcome.jsonl")


@schema.command(name="files")
def print_schema_of_files(*, session: CurrentSession) -> None:
    """Print the JSON Schema of the files of `clarion apply`.

    An editor uses it when a file begins with `# yaml-language-server: $schema=clarion.schema.json`.
    """
    session.output.write((STARTER / SCHEMA).read_text(encoding="utf-8"))


@schema.command(name="infer")
def infer_schema(
    file: Annotated[
        Path, Parameter(help="A file with one JSON object a line, or - for stdin.", allow_leading_hyphen=True)
    ],
    /,
    *,
    session: CurrentSession,
) -> None:
    """Print a context schema that takes every sample: contexts, or triggers as in `clarion trigger --from`.

    A field is required when every sample has it. Look it over: samples say what there was, not what there may be.
    """
    from clarion_server.transport.cli.files.yaml_syntax import dump  # noqa: PLC0415 - takes long to load
    from clarion_server.transport.cli.schema_inference import infer, read_samples  # noqa: PLC0415 - see above

    found = infer(read_samples(file))
    if session.output.as_json:
        session.output.show(found, str)
    else:
        session.output.write(dump({"context_schema": found}))

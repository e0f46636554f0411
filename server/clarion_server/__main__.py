"""Starts `clarion`, and `python -m clarion_server`."""

from __future__ import annotations

import gc
import sys

#: The garbage collector of a command runs after so many new objects. With Python's 700 a tenth of a short command
#: went into finding nothing in what was loaded.
_OBJECTS_PER_COLLECTION = 50_000


def main() -> None:
    gc.set_threshold(_OBJECTS_PER_COLLECTION)
    try:
        from clarion_server.transport.cli import build  # noqa: PLC0415 - what it needs may be missing
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("clarion"):
            raise
        sys.stderr.write("The command 'clarion' takes the extra 'server': pip install 'clarion[server]'.\n")
        sys.exit(2)
    build(
        serve="clarion_server.programs.serving:serve",
        lint="clarion_server.programs.linting:lint",
        test="clarion_server.programs.testing:run_tests",
        renew_keys="clarion_server.programs.renewing:renew_keys",
    )()


if __name__ == "__main__":
    main()

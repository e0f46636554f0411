"""Checks the contract: its style, its compatibility with the last release, and that generated files are up to date.

    python -m tools.check_contract             checks
    python -m tools.check_contract --release   makes today's contract the one that later ones are compared with

`protos/released.binpb` is the descriptor set of the contract that callers have. Run `--release` with every change of
the contract that passes.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from google.protobuf.descriptor_pb2 import FileDescriptorSet

from tools import generate

ROOT = Path(__file__).resolve().parent.parent
RELEASED = ROOT / "protos" / "released.binpb"
GENERATED = (
    "clients/python/clarion",
    "clients/python/clarion_client/_sync",
    "clients/python/clarion_client/_values",
    "clients/typescript/src/gen",
    *(
        str(path.relative_to(ROOT))
        for path in (generate.OPENAPI, generate.OPENAPI_PAGE, generate.ENVOY_DESCRIPTORS, generate.FILE_SCHEMA)
    ),
)


def main(arguments: list[str]) -> int:
    if generate.main([]):
        return 1
    if "--release" in arguments:
        release()
        return 0
    return max(check_style(), check_compatibility(), check_generated())


def release() -> None:
    files = FileDescriptorSet.FromString(generate.DESCRIPTORS.read_bytes())
    for file in files.file:
        # Comments may change freely.
        file.ClearField("source_code_info")
    RELEASED.write_bytes(files.SerializeToString(deterministic=True))


def check_style() -> int:
    return run("buf", "lint", str(generate.DESCRIPTORS))


def check_compatibility() -> int:
    return run("buf", "breaking", str(generate.DESCRIPTORS), "--against", str(RELEASED))


def check_generated() -> int:
    changed = subprocess.run(
        ["git", "status", "--porcelain", "--", *GENERATED], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout
    if changed:
        print(f"Generated files differ from the protos. Commit the files that `make generate` wrote:\n{changed}")
    return int(bool(changed))


def run(*command: str) -> int:
    return subprocess.run(command, cwd=ROOT, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

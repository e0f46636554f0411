"""Checks the contract: its style, its compatibility with the one that was released last, and that the stubs fit it.

    python -m tools.check_contract             checks
    python -m tools.check_contract --release   makes today's contract the one that later ones are held against

`protos/released.binpb` is the descriptor set of the contract that callers have. Whoever lands a change that passes
takes it over with `--release`.
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
    *(str(path.relative_to(ROOT)) for path in (generate.OPENAPI, generate.OPENAPI_PAGE, generate.ENVOY_DESCRIPTORS)),
)


def main(arguments: list[str]) -> int:
    if generate.main([]):
        return 1
    if "--release" in arguments:
        release()
        return 0
    return max(check_style(), check_compatibility(), check_stubs())


def release() -> None:
    files = FileDescriptorSet.FromString(generate.DESCRIPTORS.read_bytes())
    for file in files.file:
        # Comments may change as they like.
        file.ClearField("source_code_info")
    RELEASED.write_bytes(files.SerializeToString(deterministic=True))


def check_style() -> int:
    return run("buf", "lint", str(generate.DESCRIPTORS))


def check_compatibility() -> int:
    return run("buf", "breaking", str(generate.DESCRIPTORS), "--against", str(RELEASED))


def check_stubs() -> int:
    changed = subprocess.run(
        ["git", "status", "--porcelain", "--", *GENERATED], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout
    if changed:
        print(f"What is generated does not fit the protos. Commit what `make generate` wrote:\n{changed}")
    return int(bool(changed))


def run(*command: str) -> int:
    return subprocess.run(command, cwd=ROOT, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

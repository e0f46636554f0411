"""Generates the Python stubs and the contract's descriptor set from `protos/`.

    python tools/generate.py                 writes clients/python/clarion and build/contract.binpb
    python tools/generate.py --descriptors   writes build/contract.binpb alone

The proto path is the Python path (`protos/clarion/v1/x.proto` becomes `clarion.v1.x_pb2`), so nothing is rewritten.
"""

from __future__ import annotations

import shutil
import sys
import sysconfig
from pathlib import Path
from tempfile import TemporaryDirectory

import google.rpc
from grpc_tools import protoc

ROOT = Path(__file__).resolve().parent.parent
PROTOS = ROOT / "protos"
STUBS = ROOT / "clients" / "python"
DESCRIPTORS = ROOT / "build" / "contract.binpb"
#: googleapis-common-protos carries its .proto files beside its modules.
GOOGLEAPIS = Path(next(iter(google.rpc.__path__))).parent.parent
#: protoc's own well-known types, as grpcio-tools ships them.
WELL_KNOWN = Path(protoc.__file__).parent / "_proto"
#: Where pip has put the commands of this very environment, on the PATH or not.
PLUGINS = Path(sysconfig.get_path("scripts"))


def main(arguments: list[str]) -> int:
    sources = sorted(str(path) for path in PROTOS.rglob("*.proto"))
    return write_descriptors(sources) or (0 if "--descriptors" in arguments else write_stubs(sources))


def write_descriptors(sources: list[str]) -> int:
    DESCRIPTORS.parent.mkdir(exist_ok=True)
    return compile_protos("--include_imports", "--include_source_info", f"--descriptor_set_out={DESCRIPTORS}", *sources)


def write_stubs(sources: list[str]) -> int:
    # Whoever imports the stubs meanwhile, or when a proto does not compile, finds the old ones.
    with TemporaryDirectory(dir=STUBS) as folder:
        code = compile_protos(
            *(f"--plugin={plugin}={PLUGINS / plugin}" for plugin in ("protoc-gen-mypy", "protoc-gen-mypy_grpc")),
            *(f"--{kind}_out={folder}" for kind in ("python", "grpc_python", "mypy", "mypy_grpc")),
            *sources,
        )
        if code == 0:
            complete(Path(folder) / "clarion")
            shutil.rmtree(STUBS / "clarion", ignore_errors=True)
            shutil.move(Path(folder) / "clarion", STUBS / "clarion")
    return code


def complete(package: Path) -> None:
    for folder in (package, package / "v1"):
        (folder / "__init__.py").touch()
        (folder / "py.typed").touch()
    # A file without a service has no gRPC stub worth shipping.
    for stub in package.rglob("*_pb2_grpc.py*"):
        if not stub.name.split("_pb2_grpc")[0].endswith("_service"):
            stub.unlink()


def compile_protos(*arguments: str) -> int:
    includes = [f"-I{PROTOS}", f"-I{GOOGLEAPIS}", f"-I{WELL_KNOWN}"]
    return int(protoc.main(["protoc", *includes, *arguments]))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

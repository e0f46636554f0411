"""Generates everything that follows from `protos/`, and the synchronous Python client.

    python -m tools.generate                 writes the stubs (clients/python/clarion, and clients/typescript/src/gen
                                             where `make typescript` has installed its plugin), the values and the
                                             synchronous half of the Python client, the OpenAPI description, the
                                             descriptors for Envoy and for checks, and the JSON Schema of files
    python -m tools.generate --descriptors   writes build/contract.binpb alone

The proto path is the Python path (`protos/clarion/v1/x.proto` becomes `clarion.v1.x_pb2`), so nothing is rewritten.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import sysconfig
import tomllib
from pathlib import Path
from tempfile import TemporaryDirectory

import google.rpc
from google.protobuf.descriptor_pb2 import FileDescriptorSet
from grpc_tools import protoc

from tools.generate_sync import write_sync
from tools.generate_values import write_values
from tools.openapi.document import write as write_openapi

ROOT = Path(__file__).resolve().parent.parent
PROTOS = ROOT / "protos"
STUBS = ROOT / "clients" / "python"
VALUES = STUBS / "clarion_client" / "_values"
TYPESCRIPT = ROOT / "clients" / "typescript"
TYPESCRIPT_STUBS = TYPESCRIPT / "src" / "gen"
TYPESCRIPT_PLUGIN = TYPESCRIPT / "node_modules" / ".bin" / "protoc-gen-es"
DESCRIPTORS = ROOT / "build" / "contract.binpb"
OPENAPI = ROOT / "server" / "clarion_server" / "transport" / "http" / "openapi.json"
#: Is the form of the files of `clarion apply`, for editors.
FILE_SCHEMA = ROOT / "server" / "clarion_server" / "transport" / "cli" / "starter" / "clarion.schema.json"
OPENAPI_PAGE = OPENAPI.with_suffix(".html")
#: `deploy/envoy.yaml` reads this: the contract without its comments, with the types of error details.
ENVOY_DESCRIPTORS = ROOT / "deploy" / "contract.binpb"
#: googleapis-common-protos has its .proto files beside its modules.
GOOGLEAPIS = Path(next(iter(google.rpc.__path__))).parent.parent
#: protoc's own well-known types, as grpcio-tools ships them.
WELL_KNOWN = Path(protoc.__file__).parent / "_proto"
#: Is the folder of this environment's commands, which need not be on the PATH.
PLUGINS = Path(sysconfig.get_path("scripts"))


def main(arguments: list[str]) -> int:
    sources = sorted(str(path) for path in PROTOS.rglob("*.proto"))
    code = write_descriptors(sources)
    if code or "--descriptors" in arguments:
        return code
    write_descriptions()
    write_values(DESCRIPTORS, VALUES)
    write_sync()
    return write_stubs(sources) or write_file_schema() or write_typescript_stubs(sources)


def write_descriptors(sources: list[str]) -> int:
    DESCRIPTORS.parent.mkdir(exist_ok=True)
    return compile_protos("--include_imports", "--include_source_info", f"--descriptor_set_out={DESCRIPTORS}", *sources)


def write_descriptions() -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    write_openapi(DESCRIPTORS, OPENAPI, version)
    write_envoy_descriptors()


def write_envoy_descriptors() -> None:
    files = FileDescriptorSet.FromString(DESCRIPTORS.read_bytes())
    for file in files.file:
        file.ClearField("source_code_info")
    ENVOY_DESCRIPTORS.parent.mkdir(exist_ok=True)
    ENVOY_DESCRIPTORS.write_bytes(files.SerializeToString(deterministic=True))


def write_stubs(sources: list[str]) -> int:
    # The old stubs stay in place until the new ones are complete, or when a proto does not compile.
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


def write_file_schema() -> int:
    """Writes the schema in a process of its own, which imports the new stubs."""
    return subprocess.run([sys.executable, "-m", "tools.generate_file_schema"], cwd=ROOT, check=False).returncode


def write_typescript_stubs(sources: list[str]) -> int:
    """Writes the TypeScript stubs, if their plugin is installed."""
    if not TYPESCRIPT_PLUGIN.exists():
        print(
            f"{TYPESCRIPT_STUBS.relative_to(ROOT)} is unchanged. 'make typescript' installs the plugin that writes it."
        )
        return 0
    with TemporaryDirectory(dir=TYPESCRIPT) as folder:
        code = compile_protos(
            f"--plugin=protoc-gen-es={TYPESCRIPT_PLUGIN}",
            f"--es_out={folder}",
            "--es_opt=target=ts,import_extension=js",
            *sources,
            *imported(),
        )
        if code == 0:
            write_typescript_index(Path(folder))
            shutil.rmtree(TYPESCRIPT_STUBS, ignore_errors=True)
            shutil.copytree(folder, TYPESCRIPT_STUBS)
    return code


def write_typescript_index(stubs: Path) -> None:
    """Writes the module that exports the whole contract."""
    files = sorted((stubs / "clarion" / "v1").glob("*.ts"))
    exports = [f'export * from "./clarion/v1/{file.stem}.js";\n' for file in files]
    (stubs / "contract.ts").write_text("".join(["// Generated by tools/generate.py. Do not edit.\n\n", *exports]))


def imported() -> list[str]:
    """Returns the imports of the contract that no TypeScript library has: google.api and google.rpc."""
    files = FileDescriptorSet.FromString(DESCRIPTORS.read_bytes()).file
    return [file.name for file in files if file.name.startswith(("google/api/", "google/rpc/"))]


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

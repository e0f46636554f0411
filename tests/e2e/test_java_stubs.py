"""Stubs for Java, made from the contract, compiled, and called against a live service."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import yaml
from google.protobuf.descriptor_pb2 import FileDescriptorSet

from tests.campaigns import campaign, channel
from tests.commands import run
from tests.service import Sandbox
from tools import generate

JARS = Path("/usr/share/java")
#: Debian's packages of them: libgrpc-java, libprotobuf-java, libnetty-java, libperfmark-java.
NEEDED = ("grpc-api", "grpc-core", "grpc-netty", "grpc-protobuf", "grpc-stub", "protobuf", "netty-all", "perfmark-api")
PLUGIN = "grpc_java_plugin"
EXAMPLE = generate.ROOT / "examples" / "java" / "TriggerOrder.java"


def compiled(folder: Path) -> str:
    """Returns the class path of the example, with stubs of the trigger service alone. Skips if anything is missing."""
    missing = [name for name in ("javac", "java", "protoc", PLUGIN) if shutil.which(name) is None]
    missing += [f"{name}.jar" for name in NEEDED if not (JARS / f"{name}.jar").exists()]
    if missing:
        pytest.skip(f"Not installed here: {', '.join(missing)}")
    generate_stubs(folder)
    sources = [str(path) for path in folder.rglob("*.java")]
    jars = f"{JARS}/*"
    run(folder, "javac", "-proc:none", "-nowarn", "-d", "classes", "-cp", jars, str(EXAMPLE), *sources)
    return f"classes:{jars}"


def generate_stubs(folder: Path) -> None:
    """Generates what `buf.gen.yaml` has, but by the plugin under the name that Debian gives it."""
    template = yaml.safe_load((generate.ROOT / "buf.gen.yaml").read_text())
    template["plugins"] = [each for each in template["plugins"] if each["out"].endswith("/java")]
    for plugin in template["plugins"]:
        plugin["out"] = "stubs"
        if "local" in plugin:
            plugin["local"] = PLUGIN
    (folder / "buf.gen.yaml").write_text(yaml.safe_dump(template))
    paths = [argument for file in contract(folder / "contract.binpb") for argument in ("--path", file)]
    run(folder, str(generate.PLUGINS / "buf"), "generate", "contract.binpb", *paths)


def contract(descriptors: Path) -> list[str]:
    """Writes the descriptor set of the contract. The files that triggers take, but for protobuf's own."""
    sources = sorted(str(path) for path in generate.PROTOS.rglob("*.proto"))
    code = generate.compile_protos("--include_imports", f"--descriptor_set_out={descriptors}", *sources)
    assert code == 0
    imports = {file.name: file.dependency for file in FileDescriptorSet.FromString(descriptors.read_bytes()).file}
    taken, pending = set[str](), ["clarion/v1/trigger_service.proto"]
    while pending:
        name = pending.pop()
        taken.add(name)
        pending += [each for each in imports[name] if each not in taken and not each.startswith("google/protobuf/")]
    return sorted(taken)


def test_a_program_in_java_triggers_and_reads_the_reason_of_a_refusal(sandbox: Sandbox, tmp_path: Path) -> None:
    class_path = compiled(tmp_path)
    with sandbox.client() as client:
        client.channels.create(channel("orders", port=1))
        client.campaigns.create(campaign("orders", "orders"))
        client.campaigns.activate("orders")

        def trigger(campaign_id: str) -> str:
            command = ("java", "-cp", class_path, "TriggerOrder", campaign_id, "4711")
            return run(tmp_path, *command, **sandbox.environment).strip().splitlines()[-1]

        message = client.messages.get(trigger("orders"))
        assert message.identity == "email:sent@clarion.test"
        assert trigger("nowhere") == "RESOURCE_NOT_FOUND"

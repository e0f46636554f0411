from __future__ import annotations

from pathlib import Path

from tools.generate import PROTOS, VALUES, compile_protos
from tools.generate_values import generated
from tools.openapi.contract import Contract


def test_the_values_are_what_their_tool_makes_of_the_contract(tmp_path: Path) -> None:
    descriptors = tmp_path / "contract.binpb"
    sources = sorted(map(str, PROTOS.rglob("*.proto")))
    compile_protos("--include_imports", "--include_source_info", f"--descriptor_set_out={descriptors}", *sources)
    checked_in = {path.name: path.read_text(encoding="utf-8") for path in VALUES.glob("*.py")}

    assert checked_in == generated(Contract(descriptors)), "run `make generate`"

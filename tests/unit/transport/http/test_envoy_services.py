"""The configuration for Envoy knows the contract of today."""

from __future__ import annotations

from pathlib import Path

import yaml
from google.protobuf.descriptor_pb2 import FileDescriptorSet

from tests.contract_services import SERVICES

DEPLOY = Path(__file__).resolve().parents[4] / "deploy"


def test_envoy_is_told_of_every_service_of_the_contract() -> None:
    (listener,) = yaml.safe_load((DEPLOY / "envoy.yaml").read_text())["static_resources"]["listeners"]
    (chain,) = listener["filter_chains"]
    filters = {each["name"]: each["typed_config"] for each in chain["filters"][0]["typed_config"]["http_filters"]}
    assert filters["envoy.filters.http.grpc_json_transcoder"]["services"] == sorted(
        service.full_name for service in SERVICES
    )


def test_the_descriptors_beside_it_have_them_too() -> None:
    files = FileDescriptorSet.FromString((DEPLOY / "contract.binpb").read_bytes()).file
    described = {f"{file.package}.{service.name}" for file in files for service in file.service}
    assert described >= {service.full_name for service in SERVICES}

from __future__ import annotations

from clarion.v1 import trigger_service_pb2 as pb
from clarion_server.transport.api.convert.maps import read_map


def test_a_map_is_read_whole_up_to_its_limit_and_one_entry_further() -> None:
    labels = pb.TriggerRequest(labels={f"k{place}": str(place) for place in range(16)}).labels
    assert read_map(labels, 16) == dict(labels)
    assert len(read_map(labels, 15)) == 16
    assert len(read_map(labels, 3)) == 4
    assert read_map(labels, 3).items() <= dict(labels).items()

"""Converts allow lists from and to protobuf."""

from __future__ import annotations

from clarion.v1 import allow_list_pb2 as pb
from clarion.v1 import allow_list_service_pb2 as service_pb
from clarion.v1 import event_pb2

from clarion_server.application.suppressions.allow_lists import EDITABLE_FIELDS, UpdateAllowList
from clarion_server.domain.suppressions.allow_list import MAX_ENTRIES, AllowList, AllowListChange
from clarion_server.transport.api.convert.times import to_optional_timestamp
from clarion_server.transport.api.masks import read_mask


def to_command(request: service_pb.UpdateAllowListRequest) -> UpdateAllowList:
    """Reads a change. The command carries the violations."""
    wanted = request.allow_list
    mask = read_mask(request.update_mask, wanted, EDITABLE_FIELDS)
    # No more entries than it takes to find that there are too many.
    entries = tuple(wanted.entries[: MAX_ENTRIES + 1])
    return UpdateAllowList(wanted.enabled, entries, mask.fields, wanted.etag, mask.violations)


def to_allow_list(allow_list: AllowList) -> pb.AllowList:
    return pb.AllowList(
        enabled=allow_list.enabled,
        entries=allow_list.entries,
        etag=allow_list.etag,
        update_time=to_optional_timestamp(allow_list.update_time),
        updater=allow_list.updater,
    )


def to_allow_list_change(change: AllowListChange) -> event_pb2.AllowListChange:
    return event_pb2.AllowListChange(enabled=change.enabled, entry_count=change.entry_count, actor=change.actor)

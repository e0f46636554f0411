"""Reads filters for labels: texts of the form `key=value`, which also fit into query strings."""

from __future__ import annotations

from collections.abc import Sequence

from clarion_server.domain.labels import MAX_LABELS
from clarion_server.domain.violation import malformed, too_many
from clarion_server.transport.api.convert.request_parser import RequestParser


def read_label_filter(parser: RequestParser, filters: Sequence[str]) -> dict[str, str]:
    if len(filters) > MAX_LABELS:
        parser.add(too_many("labels", MAX_LABELS))
        return {}
    labels = {}
    for index, text in enumerate(filters):
        key, separator, value = text.partition("=")
        if not (key and separator):
            parser.add(malformed(f"labels[{index}]", "Must be of the form 'key=value'."))
        labels[key] = value
    return labels

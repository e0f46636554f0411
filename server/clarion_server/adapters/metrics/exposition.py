"""The text format (https://prometheus.io/docs/instrumenting/exposition_formats)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.core import Metric
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from prometheus_client.registry import Collector

from clarion_server.application.maintenance.metrics import Family

CONTENT_TYPE: Final = CONTENT_TYPE_PLAIN_0_0_4
#: Reads the system's figures when asked. In no registry, as it is asked here.
_SYSTEM: Final = ProcessCollector(registry=None)


def of_system() -> list[Family]:
    """What the system tells of this process: memory, processor time, open files. Nothing where it tells nothing."""
    return [
        Family(
            metric.name,
            metric.type,
            metric.documentation,
            [
                (sample.name.removeprefix(metric.name), dict(sample.labels), float(sample.value))
                for sample in metric.samples
            ],
        )
        for metric in _SYSTEM.collect()
    ]


def exposition(shared: Sequence[Family], by_process: Mapping[int, Sequence[Family]]) -> bytes:
    """`by_process`: what each tells of itself, which gets the label `process`."""
    metrics: dict[str, Metric] = {}
    _add(metrics, shared, {})
    for process, families in by_process.items():
        _add(metrics, families, {"process": str(process)})
    registry = CollectorRegistry()
    registry.register(_Collected(metrics.values()))
    return generate_latest(registry)


def _add(metrics: dict[str, Metric], families: Iterable[Family], more: Mapping[str, str]) -> None:
    for family in families:
        metric = metrics.setdefault(family.name, Metric(family.name, family.help, family.kind))
        for suffix, labels, value in family.samples:
            metric.add_sample(family.name + suffix, {**more, **labels}, value)


class _Collected(Collector):
    def __init__(self, metrics: Iterable[Metric]) -> None:
        self._metrics = metrics

    def collect(self) -> Iterable[Metric]:
        return self._metrics

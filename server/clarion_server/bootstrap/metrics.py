"""Wires the metrics of a process. The libraries for them are loaded only if the settings ask for metrics."""

from __future__ import annotations

from typing import TYPE_CHECKING

from clarion_server.application.ports.metrics import Metrics
from clarion_server.bootstrap.core import Core
from clarion_server.bootstrap.sending import Sending
from clarion_server.config import Settings
from clarion_server.transport.api.in_flight_calls import InFlightCalls

if TYPE_CHECKING:
    from clarion_server.bootstrap.monitoring import Monitoring


def wire_metrics(settings: Settings) -> Metrics:
    if not settings.metrics_listen:
        return Metrics()
    from clarion_server.bootstrap.monitoring import open_metrics  # noqa: PLC0415 - only when asked for

    return open_metrics(settings)


def wire_monitoring(settings: Settings, core: Core, calls: InFlightCalls, sending: Sending) -> Monitoring | None:
    if not settings.metrics_listen:
        return None
    from clarion_server.bootstrap.monitoring import Monitoring  # noqa: PLC0415 - only when asked for

    return Monitoring(settings, core, calls, sending)

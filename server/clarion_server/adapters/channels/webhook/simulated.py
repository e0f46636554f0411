"""The simulated outcome of the webhooks of magic recipients: each is taken.

The names of magic recipients stand for faults of mailboxes, so that a webhook can show how a fallback is sent.
"""

from __future__ import annotations

from clarion_server.adapters.channels.simulation import SimulatedFailures
from clarion_server.application.ports.channels import Receipt

FAILURES: SimulatedFailures = {}
RECEIPT = Receipt("200 Magic recipient: taken")

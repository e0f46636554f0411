"""Calls that trigger a campaign, ready to paste."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from clarion_client._values.enums import SampleTool
from clarion_client._values.trigger import Recipient
from clarion_client._values.value import Value


@dataclass(frozen=True, slots=True, kw_only=True)
class TriggerSample(Value):
    """One call. `text` is a command for a shell, or a program; it takes the key from `CLARION_API_KEY`."""

    tool: SampleTool
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TriggerSamples(Value):
    """The same call with each tool, for a magic recipient that no mail leaves for."""

    recipient: Recipient
    samples: Sequence[TriggerSample]

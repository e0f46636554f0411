"""The codecs of the JSON columns. Each has a golden file in `tests/unit/storage/golden`."""

from __future__ import annotations

from collections.abc import Mapping

from clarion_server.adapters.storage.codec import JsonCodec
from clarion_server.domain.access import Scope
from clarion_server.domain.campaign import CampaignDefinition, Category
from clarion_server.domain.channel import SmtpProvider
from clarion_server.domain.execution import Excluded, Rejected
from clarion_server.domain.message import Attempt, Failure

ATTEMPT = JsonCodec[Attempt](Attempt)
CATEGORIES = JsonCodec[tuple[Category, ...]](tuple[Category, ...])
# A context schema may hold any number.
DEFINITION = JsonCodec[CampaignDefinition](CampaignDefinition, big_numbers=True)
EXCEPTIONS = JsonCodec[Mapping[int, Excluded | Rejected]](Mapping[int, Excluded | Rejected])
FAILURE = JsonCodec[Failure](Failure)
SCOPES = JsonCodec[tuple[Scope, ...]](tuple[Scope, ...])
SMTP = JsonCodec[SmtpProvider](SmtpProvider)

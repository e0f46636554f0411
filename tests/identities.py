"""What reads identities, and what reads the facts that exclude messages, as the service has them."""

from __future__ import annotations

from clarion_server.adapters.phone_numbers import read_phone_number
from clarion_server.application.identity_reader import IdentityReader
from clarion_server.application.sending.exclusions import ExclusionReader

IDENTITIES = IdentityReader(read_phone_number)
EXCLUSIONS = ExclusionReader(IDENTITIES)

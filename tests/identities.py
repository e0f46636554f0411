"""Says what reads identities, and the facts that exclude messages, as a service with erasure keys has them."""

from __future__ import annotations

from clarion_server.adapters.conditions import CelConditionCompiler
from clarion_server.adapters.phone_numbers import read_phone_number
from clarion_server.application.identity_reader import IdentityReader
from clarion_server.application.sending.exclusions import ExclusionReader
from clarion_server.application.triggering.memberships import MembershipReader
from clarion_server.domain.addresses.address_hash import AddressHasher

IDENTITIES = IdentityReader(read_phone_number)
HASHER = AddressHasher({1: bytes(range(64))})
EXCLUSIONS = ExclusionReader(IDENTITIES, hasher=HASHER)
MEMBERSHIPS = MembershipReader(CelConditionCompiler())

"""Phone numbers, by the numbering plans that phonenumberslite knows."""

from __future__ import annotations

from clarion_server.adapters.phone_numbers.reading import is_phone_region, library_version, read_phone_number

__all__ = ["is_phone_region", "library_version", "read_phone_number"]

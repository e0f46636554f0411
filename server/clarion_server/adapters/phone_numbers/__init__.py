"""Phone numbers, by the numbering plans that phonenumberslite knows."""

from __future__ import annotations

from clarion_server.adapters.phone_numbers.reading import read_phone_number

__all__ = ["read_phone_number"]

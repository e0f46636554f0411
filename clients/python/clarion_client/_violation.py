"""The value for `google.rpc.BadRequest.FieldViolation`, by hand because its proto is not part of the contract."""

from __future__ import annotations

from dataclasses import dataclass

from google.rpc.error_details_pb2 import BadRequest

from clarion_client._conversion import Value, represents


@represents(BadRequest.FieldViolation.DESCRIPTOR)
@dataclass(frozen=True, slots=True, kw_only=True)
class Violation(Value):
    """One rule that a request breaks. `field` is its dotted path, such as `recipients[2].context.order.total`."""

    field: str
    reason: str
    description: str

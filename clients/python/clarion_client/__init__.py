"""The Python client of Clarion: sends API-triggered campaigns, and tells what became of every message.

    with Client(api_key=...) as client:
        client.trigger("order-confirmed", to="jane@example.com", context={"order": {"id": 4711}})

`AsyncClient` is the same for asyncio. Values are frozen dataclasses of Python's own types. Failed calls raise
ClarionError, and data that cannot be sent raises FieldError.
"""

from __future__ import annotations

from clarion_client import _values
from clarion_client._async.cell_stream import AsyncCellStream
from clarion_client._async.client import AsyncClient
from clarion_client._async.pager import AsyncPager
from clarion_client._async.watch import AsyncEventWatch
from clarion_client._conversion import Value
from clarion_client._errors import (
    AlreadyExistsError,
    ClarionError,
    ConflictError,
    DeadlineExceededError,
    ErrorDetails,
    InvalidRequestError,
    NotFoundError,
    OverloadedError,
    PermissionDeniedError,
    PreconditionFailedError,
    UnauthenticatedError,
    UnavailableError,
    WrongTargetError,
)
from clarion_client._field_error import FieldError
from clarion_client._retry import Retry
from clarion_client._sync.cell_stream import CellStream
from clarion_client._sync.client import Client
from clarion_client._sync.pager import Pager
from clarion_client._sync.watch import EventWatch
from clarion_client._values import *  # noqa: F403 - every value that is generated is public
from clarion_client._violation import Violation

__all__ = [
    "AlreadyExistsError",
    "AsyncCellStream",
    "AsyncClient",
    "AsyncEventWatch",
    "AsyncPager",
    "CellStream",
    "ClarionError",
    "Client",
    "ConflictError",
    "DeadlineExceededError",
    "ErrorDetails",
    "EventWatch",
    "FieldError",
    "InvalidRequestError",
    "NotFoundError",
    "OverloadedError",
    "Pager",
    "PermissionDeniedError",
    "PreconditionFailedError",
    "Retry",
    "UnauthenticatedError",
    "UnavailableError",
    "Value",
    "Violation",
    "WrongTargetError",
]
__all__ += _values.__all__

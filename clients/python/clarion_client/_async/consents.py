"""Defines the methods of `client.consents`."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property

from clarion.v1 import consent_pb2
from clarion.v1 import consent_service_pb2 as wire
from clarion.v1 import consent_service_pb2_grpc as rpc
from google.protobuf.field_mask_pb2 import FieldMask

from clarion_client._async.calls import AsyncCalls
from clarion_client._async.pager import AsyncPager, paged
from clarion_client._conversion import message_of, read, read_all, write
from clarion_client._names import person_of
from clarion_client._values import ConsentChange, ConsentSettings, PersonConsents, StoredConsents

_SETTINGS = "consentSettings"


class AsyncConsents:
    """Stores and shows what people have chosen: `client.consents`. A person is given as an e-mail address, as an
    identity such as `customer:4711`, or as the name of a profile such as `profiles/019a…`. `timeout` is in seconds.
    """

    def __init__(self, calls: AsyncCalls) -> None:
        self._calls = calls

    @cached_property
    def _stub(self) -> rpc.ConsentServiceAsyncStub:
        return rpc.ConsentServiceStub(self._calls.channel)

    async def set(
        self, person: str, changes: Iterable[ConsentChange], *, timeout: float | None = None
    ) -> StoredConsents:
        """Stores up to 100 choices of a person, all of them or none. Choices in other scopes stay as they are. Refused
        (PreconditionFailedError, `DENIAL_STANDS`) when one grants what the person denied, and its source does not show
        that the person came back. The call is safe to repeat.
        """
        request = message_of(
            wire.SetConsentsRequest,
            **person_of(person),
            changes=[write(change, consent_pb2.ConsentChange) for change in changes],
        )
        answer = await self._calls.unary(self._stub.SetConsents, request, repeatable=True, timeout=timeout)
        return read(StoredConsents, answer)

    async def get(self, person: str, *, timeout: float | None = None) -> PersonConsents:
        """Returns the current choices of a person, and the newest entries of the history."""
        request = message_of(wire.GetConsentsRequest, **person_of(person))
        answer = await self._calls.unary(self._stub.GetConsents, request, repeatable=True, timeout=timeout)
        return read(PersonConsents, answer)

    def history(self, person: str, *, page_size: int = 0, timeout: float | None = None) -> AsyncPager[ConsentChange]:
        """Lists the whole history of a person, the newest entry first. `page_size` is 50 unless given, and at most
        1,000.
        """
        request = message_of(wire.GetConsentsRequest, **person_of(person), page_size=page_size)
        return paged(
            self._calls, self._stub.GetConsents, request, lambda page: read_all(ConsentChange, page.changes), timeout
        )

    async def settings(self, *, timeout: float | None = None) -> ConsentSettings:
        """Returns what consent means in the sandbox."""
        request = wire.GetConsentSettingsRequest(name=_SETTINGS)
        answer = await self._calls.unary(self._stub.GetConsentSettings, request, repeatable=True, timeout=timeout)
        return read(ConsentSettings, answer.consent_settings)

    async def update_settings(self, settings: ConsentSettings, *, timeout: float | None = None) -> ConsentSettings:
        """Changes what consent means in the sandbox. Refused (ConflictError) when the value's etag is not the stored
        one.
        """
        sent = write(settings, consent_pb2.ConsentSettings)
        sent.name = _SETTINGS
        request = wire.UpdateConsentSettingsRequest(consent_settings=sent, update_mask=FieldMask(paths=["*"]))
        answer = await self._calls.unary(
            self._stub.UpdateConsentSettings, request, repeatable=not settings.etag, timeout=timeout
        )
        return read(ConsentSettings, answer.consent_settings)

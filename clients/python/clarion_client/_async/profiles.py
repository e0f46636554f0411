"""Defines the methods of `client.profiles`."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any, TypeVar

from clarion.v1 import consent_pb2, profile_pb2
from clarion.v1 import import_service_pb2 as stream_wire
from clarion.v1 import import_service_pb2_grpc as imports_rpc
from clarion.v1 import profile_service_pb2 as wire
from clarion.v1 import profile_service_pb2_grpc as rpc
from google.protobuf.field_mask_pb2 import FieldMask

from clarion_client._async.calls import AsyncCalls
from clarion_client._async.exporting import exported
from clarion_client._async.importing import Batch, import_id_or_new, imported, in_batches
from clarion_client._async.pager import AsyncPager, paged
from clarion_client._async.runtime import Source
from clarion_client._conversion import message_of, read, read_all, write
from clarion_client._field_error import FieldError
from clarion_client._names import full_identity, full_name, full_name_or_empty
from clarion_client._values import ConsentChange, ExportedProfile, ImportedProfile, Profile, ProfileDeletion

Row = TypeVar("Row", bound=Profile | tuple[Profile, Sequence[ConsentChange]])

COLLECTION = "profiles"
#: What one call carries at most, so that the service answers it in seconds: profiles, profiles with choices, and bytes.
_ROWS_PER_CALL, _ENTRIES_PER_CALL, _BYTES_PER_CALL = 1_000, 4_000, 2_000_000


class AsyncProfiles:
    """Keeps what is known about people: `client.profiles`. A name may be given as `019a…` or `profiles/019a…`, and an
    identity `email:jane@example.com` as the address alone. `timeout` is in seconds.
    """

    def __init__(self, calls: AsyncCalls) -> None:
        self._calls = calls

    @cached_property
    def _stub(self) -> rpc.ProfileServiceAsyncStub:
        return rpc.ProfileServiceStub(self._calls.channel)

    async def create(self, profile: Profile, *, validate_only: bool = False, timeout: float | None = None) -> Profile:
        """Creates a profile. The service assigns its name. Refused (AlreadyExistsError) when another profile has one
        of the identities. `validate_only` runs every check, stores nothing and returns what would be stored.
        """
        request = wire.CreateProfileRequest(profile=write(profile, profile_pb2.Profile), validate_only=validate_only)
        answer = await self._calls.unary(self._stub.CreateProfile, request, repeatable=validate_only, timeout=timeout)
        return read(Profile, answer.profile)

    async def get(self, name: str, *, timeout: float | None = None) -> Profile:
        request = message_of(wire.GetProfileRequest, name=full_name(COLLECTION, name))
        answer = await self._calls.unary(self._stub.GetProfile, request, repeatable=True, timeout=timeout)
        return read(Profile, answer.profile)

    async def lookup(self, identity: str, *, timeout: float | None = None) -> Profile:
        """Returns the profile that has the identity. Refused (NotFoundError) when there is none."""
        request = message_of(wire.LookupProfileRequest, identity=full_identity(identity))
        answer = await self._calls.unary(self._stub.LookupProfile, request, repeatable=True, timeout=timeout)
        return read(Profile, answer.profile)

    def list(self, *, page_size: int = 0, timeout: float | None = None) -> AsyncPager[Profile]:
        """Lists profiles, oldest first. `page_size` is 50 unless given, and at most 1,000."""
        request = message_of(wire.ListProfilesRequest, page_size=page_size)
        return paged(
            self._calls, self._stub.ListProfiles, request, lambda page: read_all(Profile, page.profiles), timeout
        )

    async def update(
        self,
        profile: Profile,
        fields: Iterable[str] | None = None,
        *,
        validate_only: bool = False,
        timeout: float | None = None,
    ) -> Profile:
        """Changes the profile to these values: all of them, or the `fields` named, among which may be single
        attributes such as `attributes.plan`; None as its value removes the attribute. Refused (ConflictError) when the
        value's etag is not the stored one. `validate_only` runs every check, stores nothing and returns what would be
        stored.
        """
        request = message_of(
            wire.UpdateProfileRequest,
            profile=write(profile, profile_pb2.Profile),
            update_mask=FieldMask(paths=["*"] if fields is None else fields),
            validate_only=validate_only,
        )
        answer = await self._calls.unary(self._stub.UpdateProfile, request, repeatable=validate_only, timeout=timeout)
        return read(Profile, answer.profile)

    async def import_all(
        self,
        profiles: Iterable[Profile],
        *,
        consents: Mapping[int, Sequence[ConsentChange]] | None = None,
        timeout: float | None = None,
    ) -> Sequence[ImportedProfile]:
        """Creates or changes profiles, each by itself, and returns what became of each, in their order. What a profile
        does not give stays as it is stored; None as the value of an attribute removes it. `consents` are choices of
        these people, by their positions. It may be repeated. Makes one call for every 1,000 of them, and for fewer of
        those that have many choices or attributes. `timeout` applies to each call.
        """
        rows = [write(each, profile_pb2.Profile) for each in profiles]
        changes: dict[int, list[consent_pb2.ConsentChange]] = {}
        for index, of_one in (consents or {}).items():
            if not 0 <= index < len(rows):
                raise FieldError("is the position of no profile", f"consents[{index}]")
            changes[index] = [write(change, consent_pb2.ConsentChange) for change in of_one]
        results: list[ImportedProfile] = []
        for called in _calls(rows, changes):
            chosen = [
                wire.ImportedConsents(profile_index=index - called.start, changes=changes[index])
                for index in called
                if index in changes
            ]
            request = message_of(wire.ImportProfilesRequest, profiles=rows[called.start : called.stop], consents=chosen)
            answer = await self._calls.unary(self._stub.ImportProfiles, request, repeatable=True, timeout=timeout)
            results += read_all(ImportedProfile, answer.results)
        return results

    async def import_stream(
        self,
        profiles: Source[Row],
        *,
        import_id: str = "",
        max_outage: float = 60.0,
    ) -> AsyncGenerator[tuple[Row, ImportedProfile]]:
        """Does what `import_all` does for any number of profiles, each alone or with choices of the person in a pair,
        and yields each with what became of it, in their order. They are read some thousands ahead of the answers at
        most.

        After a lost connection it goes on, and imports none of them twice, until the service has been away for
        `max_outage` seconds. An import that ended early is continued by the same call under the same `import_id`:
        those that were imported before are `IMPORTED_BEFORE`. An exception of `profiles` is raised after the answers to
        the profiles before it.
        """
        name = import_id_or_new(import_id)

        def request_of(batch: Batch[Any, Any]) -> stream_wire.ImportProfilesStreamRequest:
            return message_of(
                stream_wire.ImportProfilesStreamRequest,
                import_id=name,
                position=batch.position,
                profiles=[row.profiles[0] for row in batch.written],
                consents=[
                    wire.ImportedConsents(profile_index=index, changes=row.consents[0].changes)
                    for index, row in enumerate(batch.written)
                    if row.consents
                ],
            )

        stub = imports_rpc.ImportServiceStub(self._calls.channel)
        batches = in_batches(profiles, _written)
        async for batch, answer in imported(self._calls, stub.ImportProfilesStream, batches, request_of, max_outage):
            for row, result in zip(batch.rows, read_all(ImportedProfile, answer.results), strict=True):
                yield row, result

    def export(self, *, after: str = "", max_outage: float = 60.0) -> AsyncGenerator[ExportedProfile]:
        """Yields all profiles with the current choices of their people, oldest first; or those behind the profile
        `after`. Each is as it is when its turn comes. It reconnects until the service has been away for `max_outage`
        seconds.
        """
        return exported(
            self._calls,
            lambda name, metadata: self._stub.ExportProfiles(wire.ExportProfilesRequest(after=name), metadata=metadata),
            lambda answer: read_all(ExportedProfile, answer.profiles),
            lambda each: each.profile.name,
            full_name_or_empty(COLLECTION, after),
            max_outage,
        )

    async def merge(
        self, survivor: str, absorbed: str, *, etag: str = "", absorbed_etag: str = "", timeout: float | None = None
    ) -> Profile:
        """Makes one profile of two of the same person, for good, and returns the survivor. The name of the absorbed
        profile answers as the survivor's from then on. Of their choices the stricter ones hold.
        """
        request = message_of(
            wire.MergeProfilesRequest,
            name=full_name(COLLECTION, survivor),
            absorbed=full_name(COLLECTION, absorbed),
            etag=etag,
            absorbed_etag=absorbed_etag,
        )
        answer = await self._calls.unary(self._stub.MergeProfiles, request, repeatable=False, timeout=timeout)
        return read(Profile, answer.profile)

    async def delete(
        self, name: str, *, etag: str = "", keep_suppression: bool | None = None, timeout: float | None = None
    ) -> ProfileDeletion:
        """Erases the person, and returns what was done at once. The event `PROFILE_ERASED` says when nothing is left in
        messages and events either.

        Marketing to the person's addresses stays suppressed if `keep_suppression` is true, or if the person had denied
        anything. None: if the service has erasure keys.
        """
        request = message_of(
            wire.DeleteProfileRequest, name=full_name(COLLECTION, name), etag=etag, keep_suppression=keep_suppression
        )
        answer = await self._calls.unary(self._stub.DeleteProfile, request, repeatable=False, timeout=timeout)
        return read(ProfileDeletion, answer)

    async def delete_by_identity(
        self, identity: str, *, keep_suppression: bool | None = None, timeout: float | None = None
    ) -> ProfileDeletion:
        """Does what `delete` does for the person of an identity, of whom there need be no profile: messages to it and
        its places in audiences are erased. It may be repeated.
        """
        request = message_of(
            wire.DeleteProfileRequest, identity=full_identity(identity), keep_suppression=keep_suppression
        )
        answer = await self._calls.unary(self._stub.DeleteProfile, request, repeatable=True, timeout=timeout)
        return read(ProfileDeletion, answer)


def _written(row: Profile | tuple[Profile, Sequence[ConsentChange]]) -> wire.ImportProfilesRequest:
    """Returns the row as a request of its own, which holds one profile and its choices."""
    profile, changes = row if isinstance(row, tuple) else (row, ())
    written = wire.ImportProfilesRequest(profiles=[write(profile, profile_pb2.Profile)])
    if changes:
        written.consents.add(changes=[write(change, consent_pb2.ConsentChange) for change in changes])
    return written


def _calls(
    rows: Sequence[profile_pb2.Profile], changes: Mapping[int, Sequence[consent_pb2.ConsentChange]]
) -> Iterator[range]:
    """Yields the positions of the profiles of each call."""
    first = entries = size = 0
    for index, row in enumerate(rows):
        chosen = changes.get(index, ())
        count, length = 1 + len(chosen), row.ByteSize() + sum(change.ByteSize() for change in chosen)
        is_full = entries + count > _ENTRIES_PER_CALL or size + length > _BYTES_PER_CALL
        if index > first and (is_full or index - first == _ROWS_PER_CALL):
            yield range(first, index)
            first, entries, size = index, 0, 0
        entries += count
        size += length
    if first < len(rows):
        yield range(first, len(rows))

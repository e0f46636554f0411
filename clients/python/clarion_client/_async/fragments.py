"""Defines the methods of `client.fragments`."""

from __future__ import annotations

from collections.abc import Iterable

from clarion.v1 import fragment_repin_pb2, fragment_service_pb2_grpc
from clarion.v1 import fragment_service_pb2 as wire

from clarion_client._async.calls import AsyncCalls
from clarion_client._async.pager import AsyncPager, paged
from clarion_client._async.resources import AsyncArchivableResources, AsyncDeletableResources, ResourceKind
from clarion_client._conversion import message_of, read, read_all
from clarion_client._names import full_name
from clarion_client._values import Fragment, FragmentUse, FragmentVersion, Publication, RollOut

COLLECTION = "fragments"

_KIND = ResourceKind(Fragment, wire, fragment_service_pb2_grpc)


class AsyncFragments(AsyncArchivableResources[Fragment], AsyncDeletableResources[Fragment]):
    """Writes and publishes fragments, which are content that campaigns share: `client.fragments`."""

    def __init__(self, calls: AsyncCalls) -> None:
        super().__init__(calls, _KIND)

    async def publish(
        self,
        name: str,
        *,
        etag: str = "",
        validate_only: bool = False,
        bypass_reason: str = "",
        timeout: float | None = None,
    ) -> Publication:
        """Makes a version of the draft, which campaigns take that are activated from then on. What is live stays as it
        is. Raises PreconditionFailedError with `findings` when the fragment has errors, and without any when approvals
        are missing. With a `bypass_reason` an administrator goes without these.
        """
        request = message_of(
            wire.PublishFragmentRequest,
            name=full_name(COLLECTION, name),
            etag=etag,
            validate_only=validate_only,
            bypass_reason=bypass_reason,
        )
        # A fragment without changes is not published again.
        answer = await self._calls.unary(self._stub.PublishFragment, request, repeatable=not etag, timeout=timeout)
        return read(Publication, answer)

    def versions(self, name: str, *, page_size: int = 0, timeout: float | None = None) -> AsyncPager[FragmentVersion]:
        """Lists the versions of a fragment, the newest first."""
        request = message_of(
            wire.ListFragmentVersionsRequest, fragment=full_name(COLLECTION, name), page_size=page_size
        )
        return paged(
            self._calls,
            self._stub.ListFragmentVersions,
            request,
            lambda page: read_all(FragmentVersion, page.fragment_versions),
            timeout,
        )

    def uses(self, name: str, *, page_size: int = 0, timeout: float | None = None) -> AsyncPager[FragmentUse]:
        """Lists what names a fragment: drafts and versions of campaigns, and of other fragments."""
        request = message_of(wire.ListFragmentUsesRequest, fragment=full_name(COLLECTION, name), page_size=page_size)
        return paged(
            self._calls,
            self._stub.ListFragmentUses,
            request,
            lambda page: read_all(FragmentUse, page.fragment_uses),
            timeout,
        )

    async def repin(
        self,
        name: str,
        campaigns: Iterable[str],
        *,
        to_version: int = 0,
        validate_only: bool = False,
        bypass_reason: str = "",
        timeout: float | None = None,
    ) -> RollOut:
        """Rolls a version out to up to 100 campaigns that are live, and says what became of each; the newest version
        unless another one is given. A campaign goes back when its earlier version is activated. With a `bypass_reason`
        an administrator goes without the approvals that policies ask for.
        """
        request = message_of(
            fragment_repin_pb2.RepinFragmentRequest,
            fragment=full_name(COLLECTION, name),
            to_version=to_version,
            campaigns=[full_name("campaigns", campaign) for campaign in campaigns],
            validate_only=validate_only,
            bypass_reason=bypass_reason,
        )
        # A campaign that has the version is left as it is.
        answer = await self._calls.unary(self._stub.RepinFragment, request, repeatable=True, timeout=timeout)
        return read(RollOut, answer)

"""Serves the AttachmentService of the contract."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from clarion.v1 import attachment_service_pb2 as pb

from clarion_server.application.attachments.blobs import ROW_BYTES
from clarion_server.application.attachments.uploads import ManageAttachments, UploadAttachment, too_large
from clarion_server.application.background import run_for_request
from clarion_server.domain.access.access import Caller
from clarion_server.domain.errors import InvalidFields, Unavailable
from clarion_server.domain.names import ATTACHMENTS
from clarion_server.domain.violation import malformed, required
from clarion_server.transport.api.convert.attachments import to_attachment, to_upload
from clarion_server.transport.api.pagination import page_of
from clarion_server.transport.api.requests import Unread, check_decoded, converted

#: At most this many uploads are read at a time, as each is in memory until its end. Further ones wait.
_MAX_UPLOADS = 8
#: An upload takes at most this many seconds.
_UPLOAD_SECONDS = 600.0
#: At most so many octets of a file are read that is too large. Whoever still writes to a call that has ended may never
#: learn why: gRPC's asyncio client hides the status then (grpc/grpc#36066).
_MOST_READ = 64 * 1024 * 1024


class AttachmentService:
    def __init__(self, attachments: ManageAttachments) -> None:
        self._attachments = attachments
        self._uploads = asyncio.Semaphore(_MAX_UPLOADS)

    async def upload_attachment(
        self, requests: AsyncIterator[pb.UploadAttachmentRequest | Unread], caller: Caller
    ) -> pb.UploadAttachmentResponse:
        async with self._uploads:
            command = await self._read(requests)
            stored = await self._attachments.upload(command, caller)
        return pb.UploadAttachmentResponse(attachment=to_attachment(stored))

    async def create_attachment(
        self, request: pb.CreateAttachmentRequest, caller: Caller
    ) -> pb.CreateAttachmentResponse:
        _need_attachment(request, "attachment")
        command = await converted(_to_upload, request)
        return pb.CreateAttachmentResponse(attachment=to_attachment(await self._attachments.upload(command, caller)))

    async def get_attachment(self, request: pb.GetAttachmentRequest, caller: Caller) -> pb.GetAttachmentResponse:
        found = await self._attachments.get(ATTACHMENTS.parse(request.name), caller)
        return pb.GetAttachmentResponse(attachment=to_attachment(found))

    async def read_attachment(self, request: pb.ReadAttachmentRequest, caller: Caller) -> pb.ReadAttachmentResponse:
        content, following = await self._attachments.read(ATTACHMENTS.parse(request.name), request.offset, caller)
        return pb.ReadAttachmentResponse(content=content, next_offset=following)

    async def list_attachments(self, request: pb.ListAttachmentsRequest, caller: Caller) -> pb.ListAttachmentsResponse:
        page = page_of(request, caller, str)
        after = page.after[0] if page.after else None
        found = await self._attachments.page(after, page.limit, caller.visibility)
        shown, token = page.cut(found, lambda attachment: (attachment.id,))
        return pb.ListAttachmentsResponse(attachments=map(to_attachment, shown), next_page_token=token)

    async def delete_attachment(
        self, request: pb.DeleteAttachmentRequest, caller: Caller
    ) -> pb.DeleteAttachmentResponse:
        await self._attachments.delete(ATTACHMENTS.parse(request.name), caller)
        return pb.DeleteAttachmentResponse()

    async def _read(self, requests: AsyncIterator[pb.UploadAttachmentRequest | Unread]) -> UploadAttachment:
        """Raises InvalidFields, and Unavailable for a caller who is too slow."""
        try:
            async with asyncio.timeout(_UPLOAD_SECONDS):
                return await _gathered(requests, self._attachments.limits.max_bytes)
        except TimeoutError:
            raise Unavailable from None


async def _gathered(requests: AsyncIterator[pb.UploadAttachmentRequest | Unread], max_bytes: int) -> UploadAttachment:
    header: pb.AttachmentHeader | None = None
    parts: list[bytes] = []
    size = 0
    async for unread in requests:
        request = check_decoded(unread.decode() if isinstance(unread, Unread) else unread)
        if header is None:
            header = _header(request)
            continue
        if request.WhichOneof("part") != "content":
            raise InvalidFields((malformed("header", "Must be in the first request alone."),))
        if len(request.content) > ROW_BYTES:
            raise InvalidFields((too_large(ROW_BYTES, "content"),))
        size += len(request.content)
        if size <= max_bytes:
            parts.append(request.content)
        else:
            parts.clear()
        if size > _MOST_READ:
            break
    if size > max_bytes:
        raise InvalidFields((too_large(max_bytes, "attachment.content"),))
    if header is None:
        raise InvalidFields((required("header"),))
    # The file is joined and hashed in a thread.
    return await run_for_request(_joined, header, parts)


def _joined(header: pb.AttachmentHeader, parts: list[bytes]) -> UploadAttachment:
    return to_upload(header.attachment, b"".join(parts), header.attachment_id)


def _to_upload(request: pb.CreateAttachmentRequest) -> UploadAttachment:
    return to_upload(request.attachment, request.content, request.attachment_id)


def _header(request: pb.UploadAttachmentRequest) -> pb.AttachmentHeader:
    if request.WhichOneof("part") != "header":
        raise InvalidFields((required("header"),))
    _need_attachment(request.header, "header.attachment")
    return request.header


def _need_attachment(request: pb.CreateAttachmentRequest | pb.AttachmentHeader, field: str) -> None:
    if not request.HasField("attachment"):
        raise InvalidFields((required(field),))

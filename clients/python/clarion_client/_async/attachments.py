"""Defines the methods of `client.attachments`."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Iterator
from functools import cached_property
from pathlib import Path

from clarion.v1 import attachment_pb2
from clarion.v1 import attachment_service_pb2 as wire
from clarion.v1 import attachment_service_pb2_grpc as rpc

from clarion_client._async.calls import AsyncCalls, Metadata
from clarion_client._async.pager import AsyncPager, paged
from clarion_client._conversion import message_of, read, read_all
from clarion_client._field_error import FieldError
from clarion_client._names import full_name, short_name
from clarion_client._values import Attachment

COLLECTION = "attachments"

#: Is the most octets that one request of an upload carries.
_PART_BYTES = 256 * 1024


class AsyncAttachments:
    """Uploads files that mails carry: `client.attachments`. A name may be given as `logo` or `attachments/logo`.
    `timeout` is in seconds.
    """

    def __init__(self, calls: AsyncCalls) -> None:
        self._calls = calls

    @cached_property
    def _stub(self) -> rpc.AttachmentServiceAsyncStub:
        return rpc.AttachmentServiceStub(self._calls.channel)

    async def upload(
        self,
        file: str | os.PathLike[str] | bytes,
        name: str = "",
        *,
        file_name: str = "",
        content_type: str = "",
        timeout: float | None = None,
    ) -> Attachment:
        """Uploads the file at a path, or these bytes under a `file_name`. The same file under the same `name` again is
        the stored one. Without a name the service gives it one, which is the same for the same file.

        The `content_type` is that of the extension unless it is given.
        """
        data, shown_name = _contents(file, file_name)
        header = wire.AttachmentHeader(
            attachment_id=short_name(full_name(COLLECTION, name)) if name else "",
            attachment=attachment_pb2.Attachment(file_name=shown_name, content_type=content_type),
        )

        def upload(
            _request: None, /, *, timeout: float, metadata: Metadata
        ) -> Awaitable[wire.UploadAttachmentResponse]:
            return self._stub.UploadAttachment(_parts(header, data), timeout=timeout, metadata=metadata)

        answer = await self._calls.unary(upload, None, repeatable=True, timeout=timeout)
        return read(Attachment, answer.attachment)

    async def get(self, name: str, *, timeout: float | None = None) -> Attachment:
        """Returns what is known of an attachment, without its bytes."""
        request = message_of(wire.GetAttachmentRequest, name=full_name(COLLECTION, name))
        answer = await self._calls.unary(self._stub.GetAttachment, request, repeatable=True, timeout=timeout)
        return read(Attachment, answer.attachment)

    async def download(self, name: str, *, timeout: float | None = None) -> bytes:
        """Returns the bytes of an attachment. The timeout is that of each part."""
        request = message_of(wire.ReadAttachmentRequest, name=full_name(COLLECTION, name))
        parts: list[bytes] = []
        while True:
            answer = await self._calls.unary(self._stub.ReadAttachment, request, repeatable=True, timeout=timeout)
            parts.append(answer.content)
            if not answer.next_offset:
                return b"".join(parts)
            request.offset = answer.next_offset

    def list(self, *, page_size: int = 0, timeout: float | None = None) -> AsyncPager[Attachment]:
        """Lists attachments by name. `page_size` is 50 unless given, and at most 1,000."""
        request = message_of(wire.ListAttachmentsRequest, page_size=page_size)
        return paged(
            self._calls,
            self._stub.ListAttachments,
            request,
            lambda page: read_all(Attachment, page.attachments),
            timeout,
        )

    async def delete(self, name: str, *, timeout: float | None = None) -> None:
        """Deletes an attachment that no content names. Messages that were accepted with it still carry its file."""
        request = message_of(wire.DeleteAttachmentRequest, name=full_name(COLLECTION, name))
        await self._calls.unary(self._stub.DeleteAttachment, request, repeatable=False, timeout=timeout)


def _contents(file: str | os.PathLike[str] | bytes, file_name: str) -> tuple[bytes, str]:
    """Returns the bytes of a file and the name under which it is shown. Raises FieldError, and OSError."""
    if isinstance(file, bytes):
        if not file_name:
            raise FieldError("is missing: bytes have no name of their own", "file_name")
        return file, file_name
    path = Path(file)
    return path.read_bytes(), file_name or path.name


def _parts(header: wire.AttachmentHeader, data: bytes) -> Iterator[wire.UploadAttachmentRequest]:
    yield wire.UploadAttachmentRequest(header=header)
    for start in range(0, len(data), _PART_BYTES):
        yield wire.UploadAttachmentRequest(content=data[start : start + _PART_BYTES])

"""Uploads: a file of any size goes in parts, and is sent again when its answer is lost."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from clarion.v1 import attachment_pb2, attachment_service_pb2
from clarion_client import Attachment, FieldError
from google.protobuf.message import Message

from tests.integration.client.conftest import Connect
from tests.integration.client.scripted import Script, serving, unavailable

STORED = attachment_pb2.Attachment(name="attachments/terms", file_name="terms.txt")


class UploadScript(Script):
    async def upload(self, requests: AsyncIterator[Any], context: Any) -> Message:
        return await self.answer([request async for request in requests], context)


def header(**fields: Any) -> attachment_service_pb2.UploadAttachmentRequest:
    attachment = attachment_pb2.Attachment(file_name="terms.txt", **fields)
    return attachment_service_pb2.UploadAttachmentRequest(
        header=attachment_service_pb2.AttachmentHeader(attachment_id="terms", attachment=attachment)
    )


def parts(*contents: bytes) -> list[attachment_service_pb2.UploadAttachmentRequest]:
    return [attachment_service_pb2.UploadAttachmentRequest(content=content) for content in contents]


async def test_bytes_are_uploaded_in_parts_and_again_after_a_lost_answer(connect: Connect) -> None:
    script = UploadScript(unavailable(), attachment_service_pb2.UploadAttachmentResponse(attachment=STORED))
    async with serving(UploadAttachment=script.upload) as target, connect(target) as tested:
        data = b"x" * (256 * 1024 + 1)
        stored = await tested.attachments.upload(data, "terms", file_name="terms.txt", content_type="text/plain")

    assert stored == Attachment(name="attachments/terms", file_name="terms.txt")
    expected = [header(content_type="text/plain"), *parts(b"x" * 256 * 1024, b"x")]
    assert script.requests == [expected, expected]


async def test_a_file_is_uploaded_under_its_own_name(connect: Connect, tmp_path: Path) -> None:
    (tmp_path / "terms.txt").write_bytes(b"abc")
    script = UploadScript(attachment_service_pb2.UploadAttachmentResponse(attachment=STORED))
    async with serving(UploadAttachment=script.upload) as target, connect(target) as tested:
        await tested.attachments.upload(tmp_path / "terms.txt", "attachments/terms")

    assert script.requests == [[header(), *parts(b"abc")]]


async def test_bytes_without_a_file_name_are_not_sent(connect: Connect) -> None:
    async with connect("127.0.0.1:1") as tested:
        with pytest.raises(FieldError, match="file_name"):
            await tested.attachments.upload(b"abc")

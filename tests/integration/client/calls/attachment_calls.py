"""Provides the calls about attachments."""

from __future__ import annotations

import clarion_client as client
from clarion.v1 import attachment_pb2 as attachment_pb
from clarion.v1 import attachment_service_pb2 as attachments_pb

from tests.integration.client.cases import Case

WIRE_ATTACHMENT = attachment_pb.Attachment(name="attachments/x", file_name="x.txt", size_bytes=3)
ATTACHMENT = client.Attachment(name="attachments/x", file_name="x.txt", size_bytes=3)

CASES = {
    "attachments.get": Case(
        "GetAttachment",
        lambda c: c.attachments.get("x"),
        attachments_pb.GetAttachmentRequest(name="attachments/x"),
        attachments_pb.GetAttachmentResponse(attachment=WIRE_ATTACHMENT),
        ATTACHMENT,
    ),
    "attachments.download": Case(
        "ReadAttachment",
        lambda c: c.attachments.download("x"),
        attachments_pb.ReadAttachmentRequest(name="attachments/x"),
        attachments_pb.ReadAttachmentResponse(content=b"abc"),
        b"abc",
    ),
    "attachments.delete": Case(
        "DeleteAttachment",
        lambda c: c.attachments.delete("x"),
        attachments_pb.DeleteAttachmentRequest(name="attachments/x"),
        attachments_pb.DeleteAttachmentResponse(),
        None,
    ),
}

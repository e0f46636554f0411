"""Converts attachments from and to protobuf."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from clarion.v1 import attachment_pb2 as pb
from clarion.v1 import email_content_pb2

from clarion_server.application.attachments.uploads import UploadAttachment
from clarion_server.application.triggering.admission import RecipientFile
from clarion_server.application.triggering.recipient_files import MAX_FILES
from clarion_server.domain.attachments.attachment import Attachment, FileInput
from clarion_server.domain.attachments.carried_file import CarriedFile
from clarion_server.domain.content.email import MAX_ATTACHMENTS, MAX_INLINE_IMAGES, ContentAttachment
from clarion_server.domain.names import ATTACHMENTS
from clarion_server.domain.violation import Violation
from clarion_server.transport.api.convert.request_parser import RequestParser
from clarion_server.transport.api.convert.times import to_timestamp

#: One more than the limit is enough to report too many. A request could hold millions.
_ATTACHMENTS_READ = MAX_ATTACHMENTS + MAX_INLINE_IMAGES + 1
_RECIPIENT_FILES_READ = MAX_FILES + 1


def to_upload(attachment: pb.Attachment, content: bytes, attachment_id: str) -> UploadAttachment:
    return UploadAttachment(FileInput(attachment.file_name, attachment.content_type, content), attachment_id)


def to_attachment(attachment: Attachment) -> pb.Attachment:
    return pb.Attachment(
        name=attachment.name,
        file_name=attachment.file_name,
        content_type=attachment.content_type,
        size_bytes=attachment.size,
        sha256=attachment.digest.hex(),
        create_time=to_timestamp(attachment.create_time),
        creator=attachment.creator,
    )


def from_content_attachments(
    parser: RequestParser, attachments: Sequence[email_content_pb2.ContentAttachment], field: str
) -> tuple[ContentAttachment, ...]:
    """Reads the attachments that a content names. `field` is their path."""
    return tuple(
        ContentAttachment(parser.id(ATTACHMENTS, each.attachment, f"{field}[{index}].attachment"), each.inline)
        for index, each in enumerate(attachments[:_ATTACHMENTS_READ])
    )


def to_content_attachments(attachments: Iterable[ContentAttachment]) -> list[email_content_pb2.ContentAttachment]:
    return [
        email_content_pb2.ContentAttachment(attachment=ATTACHMENTS.format(each.attachment), inline=each.inline)
        for each in attachments
    ]


def to_rendered_attachment(carried: CarriedFile) -> email_content_pb2.RenderedAttachment:
    return email_content_pb2.RenderedAttachment(
        attachment=carried.attachment,
        file_name=carried.file.name,
        content_type=carried.file.content_type,
        size_bytes=carried.file.size,
        content_id=carried.content_id,
    )


def to_recipient_files(attachments: Sequence[pb.RecipientAttachment]) -> tuple[RecipientFile, ...]:
    return tuple(map(_to_recipient_file, attachments[:_RECIPIENT_FILES_READ]))


def _to_recipient_file(attachment: pb.RecipientAttachment) -> RecipientFile:
    match attachment.WhichOneof("source"):
        case "content":
            return RecipientFile(FileInput(attachment.file_name, attachment.content_type, attachment.content))
        case "attachment":
            parser = RequestParser()
            upload = parser.id(ATTACHMENTS, attachment.attachment, "attachment")
            return RecipientFile(None, upload, attachment.file_name, next(iter(parser.violations), None))
        case _:
            what = "Either this or 'attachment' must be given."
            return RecipientFile(violation=Violation("content", "REQUIRED", what))

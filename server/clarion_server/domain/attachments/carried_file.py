"""Defines the files that one message carries."""

from __future__ import annotations

from collections.abc import Mapping

from clarion_server.domain.attachments.attachment import Attachment
from clarion_server.domain.attachments.message_file import MessageFile
from clarion_server.domain.content import Content
from clarion_server.domain.value import value


@value
class CarriedFile:
    """Is a file of a message, without its bytes."""

    file: MessageFile
    content_id: str = ""
    """Is the Content-ID by which HTML shows it; empty for a file that readers save."""
    attachment: str = ""
    """Is the name of its attachment; empty for a file that came with the trigger."""


def is_shown(content_id: str, html: str) -> bool:
    """Returns whether a message with this HTML carries a file: of inline images, those that the HTML shows."""
    return not content_id or f"cid:{content_id}" in html


def files_of_content(content: Content, attachments: Mapping[str, Attachment]) -> list[CarriedFile]:
    """Returns the files that a content names. Equal inline images are one.

    `attachments` are those that are stored, by id.
    """
    carried: dict[str, CarriedFile] = {}
    for each in content.attachments:
        attachment = attachments.get(each.attachment)
        if attachment is not None:
            content_id = attachment.content_id if each.inline else ""
            carried.setdefault(content_id or attachment.name, CarriedFile(attachment.file, content_id, attachment.name))
    return list(carried.values())

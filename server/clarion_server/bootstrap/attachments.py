"""Wires the component that keeps the files of mails."""

from __future__ import annotations

from dataclasses import dataclass

from clarion_server.application.attachments.blobs import BlobStore
from clarion_server.application.attachments.uploads import ManageAttachments, UploadLimits
from clarion_server.bootstrap.core import Core
from clarion_server.config import Settings


@dataclass(frozen=True, slots=True)
class Attachments:
    blobs: BlobStore
    uploads: ManageAttachments


def wire_attachments(settings: Settings, core: Core) -> Attachments:
    limits = UploadLimits(settings.attachment_bytes, settings.attachment_any_type)
    blobs = BlobStore(core.transactions, core.commits, core.clock)
    return Attachments(blobs, ManageAttachments(core.transactions, blobs, core.clock, limits))

"""Loads the files that messages carry, and keeps those that were used last in the form in which they are sent."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence

from clarion_server.application.compiled_version import CompiledVersion
from clarion_server.application.loading_cache import LoadingCache
from clarion_server.application.ports.channels import EncodedFile, FileEncoder
from clarion_server.application.transactions import Transactions
from clarion_server.domain.attachments.carried_file import CarriedFile, files_of_content
from clarion_server.domain.attachments.message_file import MessageFile
from clarion_server.domain.content import Content

#: Encoded files that are kept take about this many bytes at most, besides those of mails under way.
MAX_BYTES = 64 * 2**20


class FileMissing(Exception):
    """Is raised for a file whose bytes are not in the store."""


class MessageFiles:
    """Reads and encodes files in threads, once for all messages that carry them. Belongs to one event loop."""

    def __init__(self, transactions: Transactions, encode: FileEncoder) -> None:
        self._transactions = transactions
        self._encode = encode
        self._encoded = LoadingCache(self._load, len, MAX_BYTES)

    async def of(
        self, content: Content, version: CompiledVersion, own: Sequence[MessageFile] = ()
    ) -> list[EncodedFile]:
        """Returns the files of a content and those of its recipient. Raises FileMissing or Unavailable."""
        return await self.encoded([*files_of_content(content, version.attachments), *map(CarriedFile, own)])

    async def encoded(self, carried: Iterable[CarriedFile]) -> list[EncodedFile]:
        """Returns files in the form in which they are sent. Raises FileMissing or Unavailable."""
        return [EncodedFile(await self._octets(each), each.content_id) for each in carried]

    async def _octets(self, carried: CarriedFile) -> bytes:
        return self._encoded.get(carried) or await self._encoded.load(carried)

    async def _load(self, carried: CarriedFile) -> bytes:
        data = await self._transactions.read(lambda unit: unit.attachments.read(carried.file.blob_key))
        if data is None:
            raise FileMissing
        return await asyncio.to_thread(self._encode, carried, data)

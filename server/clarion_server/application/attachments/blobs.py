"""Stores the bytes of files, each once in a sandbox."""

from __future__ import annotations

from collections.abc import Sequence

from clarion_server.application.group_commit import BulkOperation, GroupCommit
from clarion_server.application.ports.attachments import Blob
from clarion_server.application.ports.clock import Clock
from clarion_server.application.ports.store import UnitOfWork
from clarion_server.application.transactions import Transactions
from clarion_server.domain.errors import Unavailable
from clarion_server.domain.instant import DAY, Instant
from clarion_server.domain.value import value

ROW_BYTES = 256 * 1024
#: One commit writes at most this many bytes of a file, so that triggers never wait for a whole file.
_PIECE_BYTES = 4 * ROW_BYTES
_BYTES_PER_WEIGHT = 4096
#: A blob that was used since is not written again. The shortest retention is a day, of which as much is left then.
_RECENTLY = DAY // 2


@value
class _Piece:
    """Is a part of a file that one commit writes."""

    sandbox: str
    digest: bytes
    data: bytes
    """Is the whole file."""
    start: int
    now: Instant

    @property
    def octets(self) -> bytes:
        return self.data[self.start : self.start + _PIECE_BYTES]

    @property
    def is_last(self) -> bool:
        return self.start + _PIECE_BYTES >= len(self.data)


class BlobStore:
    """Belongs to one event loop."""

    def __init__(self, transactions: Transactions, commits: GroupCommit, clock: Clock) -> None:
        self._transactions = transactions
        self._commits = commits
        self._clock = clock
        self._keep_pieces = _KeepPieces()

    async def keep(self, sandbox: str, digest: bytes, data: bytes) -> int:
        """Stores the bytes, unless the sandbox has them, and returns the key of their blob.

        The blob is kept for half a day at least, in which an attachment or a message may begin to need it. Raises
        Unavailable.
        """
        known = await self._transactions.read(lambda unit: unit.attachments.blobs(sandbox, [digest]))
        now, blob = self._clock.now(), known.get(digest)
        if blob is not None and blob.is_complete and blob.last_used_time > now - _RECENTLY:
            return blob.key
        for start in range(0, len(data), _PIECE_BYTES):
            piece = _Piece(sandbox, digest, data, start, now)
            blob = await self._commits.submit(self._keep_pieces, piece, 1 + len(piece.octets) // _BYTES_PER_WEIGHT)
            if blob.is_complete:
                break
        assert blob is not None, "a file has at least one byte"
        return blob.key

    async def use(self, sandbox: str, digest: bytes, size: int) -> int:
        """Returns the key of a blob that is stored, which is kept for half a day from now on at least. Raises
        Unavailable when it was deleted meanwhile.
        """
        now = self._clock.now()
        known = await self._transactions.read(lambda unit: unit.attachments.blobs(sandbox, [digest]))
        blob = known.get(digest)
        if blob is None or blob.last_used_time <= now - _RECENTLY:
            blob = await self._transactions.write(lambda unit: unit.attachments.use_blob(sandbox, digest, size, now))
        if not blob.is_complete:
            raise Unavailable
        return blob.key


class _KeepPieces(BulkOperation[_Piece, Blob]):
    """Stores pieces of files. Those who store the same file at once write the same rows."""

    def apply(self, unit: UnitOfWork, items: Sequence[_Piece], /) -> Sequence[Blob]:
        # Always in the same order, so that no two transactions wait for each other.
        order = sorted(range(len(items)), key=lambda index: (items[index].sandbox, items[index].digest))
        kept = {index: _keep(unit, items[index]) for index in order}
        return [kept[index] for index in range(len(items))]


def _keep(unit: UnitOfWork, piece: _Piece) -> Blob:
    blob = unit.attachments.use_blob(piece.sandbox, piece.digest, len(piece.data), piece.now)
    if blob.is_complete:
        return blob
    octets = piece.octets
    rows = [octets[at : at + ROW_BYTES] for at in range(0, len(octets), ROW_BYTES)]
    unit.attachments.add_rows(blob.key, piece.start // ROW_BYTES, rows)
    if piece.is_last:
        unit.attachments.complete(blob.key)
    return blob

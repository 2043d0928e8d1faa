"""Which shard each document of a job is in, so that one of a million is found without reading the others."""

import hashlib
from array import array

import numpy as np
import numpy.typing as npt

_ENTRY = np.dtype([("digest", "<u8"), ("shard", "<u4")])


class IndexWriter:
    """Takes in documents as they are packed; twelve bytes each."""

    def __init__(self) -> None:
        self._digests = array("Q")
        self._shards = array("L")

    def add(self, document_id: str, shard: int) -> None:
        """Note where a document is."""
        self._digests.append(_digest(document_id))
        self._shards.append(shard)

    def body(self) -> bytes:
        """The index, sorted, for `shards_of`."""
        entries = np.empty(len(self._digests), dtype=_ENTRY)
        entries["digest"], entries["shard"] = self._digests, self._shards
        return entries[np.argsort(entries["digest"], kind="stable")].tobytes()


def shards_of(body: bytes, document_id: str) -> list[int]:
    """Shards that may hold a document: one as a rule, none if there is no such document."""
    entries: npt.NDArray[np.void] = np.frombuffer(body, dtype=_ENTRY)
    digest = np.uint64(_digest(document_id))
    first, end = (int(np.searchsorted(entries["digest"], digest, side=side)) for side in ("left", "right"))
    return [int(shard) for shard in entries["shard"][first:end]]


def _digest(document_id: str) -> int:
    held = document_id.encode("utf-8", errors="surrogatepass")
    return int.from_bytes(hashlib.sha256(held).digest()[:8], "little")

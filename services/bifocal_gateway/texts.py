"""The texts of a job, kept as long as its results: offsets in reports point into them."""

import hashlib
import json
from array import array
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from bifocal.contracts import ShardDocument
from bifocal.errors import UnknownDocument
from bifocal.store import JobFiles

_PLACE = np.dtype([("hash", "<u8"), ("shard", "<u4")])


class Texts:
    """Puts texts by, a blob for each shard, and where each of them is.

    Of each document a hash and the number of its shard stay in memory, 12 bytes.
    """

    def __init__(self, files: JobFiles) -> None:
        self._files = files
        self._hashes = array("Q")
        self._shards = array("I")

    def keep(self, shard: int, documents: Sequence[ShardDocument]) -> None:
        """Put by the texts of a shard."""
        texts = {document.id: document.text for document in documents}
        self._files.put_texts(shard, json.dumps(texts, ensure_ascii=False).encode())
        self._hashes.extend(_hash(name) for name in texts)
        self._shards.extend([shard] * len(texts))

    def finish(self) -> None:
        """Put by which shard each is in."""
        places = np.empty(len(self._hashes), _PLACE)
        places["hash"], places["shard"] = self._hashes, self._shards
        self._files.put_places(np.sort(places, order="hash").tobytes())


def text_of(files: JobFiles, name: str) -> str:
    """The text of a document, by its id.

    Raises:
        UnknownDocument: there is none.
    """
    try:
        places: npt.NDArray[np.void] = np.frombuffer(files.places(), _PLACE)
        wanted = _hash(name)
        first = int(np.searchsorted(places["hash"], np.uint64(wanted)))
        for place in places[first:]:
            if int(place["hash"]) != wanted:
                break
            texts: dict[str, str] = json.loads(files.texts(int(place["shard"])))
            if name in texts:
                return texts[name]
    except (FileNotFoundError, UnicodeEncodeError):
        pass
    raise UnknownDocument(f"the job has no text of a document {name[:100]!r}; one that was refused has none")


def _hash(name: str) -> int:
    return int.from_bytes(hashlib.blake2b(name.encode(), digest_size=8).digest(), "big")

"""The texts of a job, kept as long as its results: offsets in reports point into them."""

import json
from collections.abc import Sequence

from bifocal.contracts import ShardDocument
from bifocal.errors import UnknownDocument
from bifocal.store import JobFiles
from bifocal_gateway.document_index import shards_of


def keep_texts(files: JobFiles, shard: int, documents: Sequence[ShardDocument]) -> None:
    """Put by the texts of a shard."""
    texts = {document.id: document.text for document in documents}
    files.put_texts(shard, json.dumps(texts, ensure_ascii=False).encode())


def texts_of(files: JobFiles, shard: int) -> dict[str, str]:
    """Texts of a shard's documents, by their ids."""
    texts: dict[str, str] = json.loads(files.texts(shard))
    return texts


def text_of(files: JobFiles, name: str) -> str:
    """The text of a document, by its id.

    Raises:
        UnknownDocument: there is none.
    """
    for shard in shards_of(files.index(), name):
        texts = texts_of(files, shard)
        if name in texts:
            return texts[name]
    raise UnknownDocument(f"the job has no text of a document {name[:100]!r}; one that was refused has none")

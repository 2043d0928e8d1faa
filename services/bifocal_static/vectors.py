"""Static vectors, loaded by gensim and memory-mapped where the format allows it."""

import hashlib
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt
from gensim.models import KeyedVectors
from gensim.models.fasttext import FastTextKeyedVectors, load_facebook_vectors

from bifocal.errors import ModelUnavailable
from bifocal.models import StaticFormat, StaticModel

Floats = npt.NDArray[np.float32]


class Vectors:
    """A vocabulary and its vectors, ordered by falling frequency."""

    def __init__(self, name: str, keyed: KeyedVectors) -> None:
        self.name = name
        self.keyed = keyed

    def key(self, word: str) -> str | None:
        """The vocabulary's form of a word: as it stands, else in lower case; None if it is unknown."""
        for form in (word, word.lower()):
            if form in self.keyed.key_to_index:
                return form
        # fastText builds a vector for any word from its subwords.
        return word if isinstance(self.keyed, FastTextKeyedVectors) else None

    def rank(self, key: str) -> int:
        """Rank of a word by frequency, from 0; words built from subwords are the rarest."""
        return int(self.keyed.key_to_index.get(key, len(self.keyed.key_to_index) - 1))

    def unit(self, keys: Sequence[str]) -> Floats:
        """Vectors of unit length, ``(len(keys), dimensions)``; a zero vector stays zero."""
        if not keys:
            return np.zeros((0, self.keyed.vector_size), dtype=np.float32)
        raw = np.stack([self.keyed[key] for key in keys]).astype(np.float64)
        norms = np.linalg.norm(raw, axis=1, keepdims=True)
        unit: Floats = (raw / np.where(norms == 0, 1, norms)).astype(np.float32)
        return unit

    def unit_rows(self, rows: npt.NDArray[np.int64]) -> Floats:
        """Vectors of unit length by vocabulary rank, ``(len(rows), dimensions)``."""
        raw = np.asarray(self.keyed.vectors[rows], dtype=np.float32)
        norms = np.linalg.norm(raw, axis=1, keepdims=True)
        unit: Floats = np.divide(raw, np.where(norms == 0, 1, norms), dtype=np.float32)
        return unit

    def neighbours(self, key: str, n: int) -> list[tuple[str, float]]:
        """The `n` nearest vocabulary words by cosine, nearest first, the word itself left out."""
        return [(word, float(cosine)) for word, cosine in self.keyed.most_similar(key, topn=n)]

    def __len__(self) -> int:
        return len(self.keyed.key_to_index)

    @cached_property
    def content_hash(self) -> str:
        """`sha256:` of the vocabulary and the vectors."""
        digest = hashlib.sha256()
        digest.update("\n".join(self.keyed.index_to_key).encode())
        digest.update(np.ascontiguousarray(self.keyed.vectors).data)
        return f"sha256:{digest.hexdigest()}"


def load_vectors(model: StaticModel) -> Vectors:
    """Load a static model from the list of allowed ones.

    Raises:
        ModelUnavailable: it is not installed, not there, or not in the format it is said to be in.
    """
    try:
        return Vectors(model.name, _LOADERS[model.format](model.path))
    except (ImportError, OSError, ValueError, KeyError, UnicodeDecodeError, NotImplementedError) as error:
        raise ModelUnavailable(f"the static model {model.name!r} cannot be loaded: {error}") from error


def _packaged(module: str) -> KeyedVectors:
    import importlib

    import pyarrow.parquet

    root = Path(importlib.import_module(module).ROOT)
    vectors = np.load(root / "glove_6B_50d_emb.npy", mmap_mode="r", allow_pickle=False)
    index = pyarrow.parquet.read_table(root / "glove_6B_index.parquet").column("index").to_pylist()
    keyed = KeyedVectors(vector_size=vectors.shape[1])
    keyed.vectors = vectors
    keyed.index_to_key = index
    keyed.key_to_index = {word: rank for rank, word in enumerate(index)}
    return keyed


def _word2vec(path: str) -> KeyedVectors:
    return KeyedVectors.load_word2vec_format(path, binary=path.endswith(".bin"), unicode_errors="replace")


def _glove(path: str) -> KeyedVectors:
    return KeyedVectors.load_word2vec_format(path, no_header=True, unicode_errors="replace")


_LOADERS = {
    StaticFormat.PACKAGE: _packaged,
    StaticFormat.WORD2VEC: _word2vec,
    StaticFormat.GLOVE: _glove,
    StaticFormat.FASTTEXT: load_facebook_vectors,
}

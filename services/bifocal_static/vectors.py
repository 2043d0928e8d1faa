"""Static vectors, loaded by gensim and memory-mapped where the format allows it."""

import hashlib
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt
from gensim.models import KeyedVectors
from gensim.models.fasttext import FastTextKeyedVectors, load_facebook_vectors

from bifocal.contracts import Space
from bifocal.errors import ModelUnavailable
from bifocal.lenses.isotropy import FITTED_WORDS, common_part
from bifocal.models import StaticFormat, StaticModel

Floats = npt.NDArray[np.float32]

#: Of a vector's length, the share below which what remains of it is rounding.
_NOTHING = 1e-6

#: Rows of the vocabulary looked at together.
_BLOCK = 20_000


class Vectors:
    """A vocabulary and its vectors, ordered by falling frequency."""

    space = Space.AS_TRAINED

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
        placed = self._placed(np.stack([self.keyed[key] for key in keys])).astype(np.float64)
        norms = np.linalg.norm(placed, axis=1, keepdims=True)
        unit: Floats = (placed / np.where(norms == 0, 1, norms)).astype(np.float32)
        return unit

    def unit_rows(self, rows: npt.NDArray[np.int64]) -> Floats:
        """Vectors of unit length by vocabulary rank, ``(len(rows), dimensions)``."""
        placed = self._placed(np.asarray(self.keyed.vectors[rows], dtype=np.float32))
        norms = np.linalg.norm(placed, axis=1, keepdims=True)
        unit: Floats = np.divide(placed, np.where(norms == 0, 1, norms), dtype=np.float32)
        return unit

    def neighbours(self, key: str, n: int) -> list[tuple[str, float]]:
        """The `n` nearest vocabulary words by cosine, nearest first, the word itself left out."""
        return [(word, float(cosine)) for word, cosine in self.keyed.most_similar(key, topn=n)]

    def in_space(self, space: Space) -> "Vectors":
        """The same vocabulary with its vectors in a space; nothing is copied.

        Raises:
            ModelUnavailable: the vectors cannot be put into it.
        """
        return self if space is Space.AS_TRAINED else CommonRemoved(self)

    def _placed(self, raw: Floats) -> Floats:
        """Vectors of the file, ``(n, dimensions)``, as they are in this space, of whatever length."""
        return raw

    def __len__(self) -> int:
        return len(self.keyed.key_to_index)

    @cached_property
    def content_hash(self) -> str:
        """`sha256:` of the vocabulary and the vectors."""
        digest = hashlib.sha256()
        digest.update("\n".join(self.keyed.index_to_key).encode())
        digest.update(np.ascontiguousarray(self.keyed.vectors).data)
        return f"sha256:{digest.hexdigest()}"


class CommonRemoved(Vectors):
    """A vocabulary whose vectors are taken without what all of them share (`bifocal.lenses.isotropy`).

    That is found once and taken from the rows asked for, so the vectors stay where they are. A vector
    of which nothing remains, or that was zero, is zero: it has no direction.

    Raises:
        ModelUnavailable: there are no vectors, or some are not finite.
    """

    space = Space.COMMON_REMOVED

    def __init__(self, trained: Vectors) -> None:
        super().__init__(trained.name, trained.keyed)
        self._trained = trained
        try:
            self._common = common_part(self.keyed.vectors)
        except ValueError as error:
            raise ModelUnavailable(
                f"what the vectors of the static model {trained.name!r} share cannot be found: {error}"
            ) from error

    def in_space(self, space: Space) -> Vectors:
        """The same vocabulary with its vectors in a space; nothing is copied."""
        return self if space is self.space else self._trained

    def neighbours(self, key: str, n: int) -> list[tuple[str, float]]:
        """The `n` nearest vocabulary words by cosine, nearest first, the word itself left out."""
        (word,) = self.unit([key])
        if not word.any():
            return []
        # The word's vector has no share in the common directions, so the others' shares do not count.
        dots = np.asarray(self.keyed.vectors @ word) - np.float32(self._common.mean @ word)
        cosines = dots / self._lengths
        if key in self.keyed.key_to_index:
            cosines[self.keyed.key_to_index[key]] = -np.inf
        # Twice as many as asked for: a product with the whole matrix is less exact than what is told.
        near = np.argpartition(-cosines, min(2 * n, len(cosines)) - 1)[: 2 * n]
        near = near[np.isfinite(cosines[near])]
        exact = np.einsum("kd,d->k", self.unit_rows(near), word).clip(-1, 1)
        order = np.lexsort((near, -exact))[:n]
        return [
            (self.keyed.index_to_key[rank], float(c))
            for rank, c in zip(near[order], exact[order], strict=True)
        ]

    def _placed(self, raw: Floats) -> Floats:
        placed = self._common.remove_from(raw)
        length, left = np.linalg.norm(raw, axis=1), np.linalg.norm(placed, axis=1)
        placed[(length == 0) | (left <= _NOTHING * length)] = 0
        return placed

    @cached_property
    def _lengths(self) -> Floats:
        """Length of each vector of the vocabulary in this space; infinite for a zero vector."""
        rows = self.keyed.vectors
        lengths: Floats = np.concatenate(
            [
                np.linalg.norm(self._placed(rows[start : start + _BLOCK]), axis=1)
                for start in range(0, len(rows), _BLOCK)
            ]
        )
        lengths[lengths == 0] = np.inf
        return lengths

    @cached_property
    def content_hash(self) -> str:
        """`sha256:` of the vectors' own hash and of how they were treated.

        Not of the common part itself, whose last bits differ between processors.
        """
        components = len(self._common.directions)
        treatment = f"{self.space} all-but-the-top words={FITTED_WORDS} components={components}"
        digest = hashlib.sha256(f"{self._trained.content_hash}\n{treatment}".encode())
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
    index = pyarrow.parquet.read_table(root / "glove_6B_index.parquet").column("index").to_pylist()
    return _mapped(root / "glove_6B_50d_emb.npy", index)


def _folder(path: str) -> KeyedVectors:
    # By line feeds alone: a vocabulary may have words of other characters that break lines.
    words = Path(path, "words.txt").read_bytes().decode().split("\n")
    return _mapped(Path(path, "vectors.npy"), words)


def _mapped(path: Path, words: list[str]) -> KeyedVectors:
    vectors = np.load(path, mmap_mode="r", allow_pickle=False)
    if vectors.ndim != 2 or len(vectors) != len(words):
        raise ValueError(f"{len(words)} words and vectors of shape {vectors.shape}")
    keyed = KeyedVectors(vector_size=vectors.shape[1])
    keyed.vectors = vectors
    keyed.index_to_key = words
    keyed.key_to_index = {word: rank for rank, word in enumerate(words)}
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
    StaticFormat.FOLDER: _folder,
}

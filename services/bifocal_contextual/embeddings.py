"""A transformer's own embedding layer as a static lens: what the model knows of words before it sees a text.

The vector of a word is the mean of its pieces' rows of the layer, the word standing by itself behind a space,
so it is the same in every text. Words of the same pieces are one type. The null is random pairs of
whole-word pieces; vocabularies list these by falling frequency, or nearly so (WordPiece and BPE alike are
built from the most frequent up).
"""

import hashlib
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from bifocal.contracts import Neighbour, ShardDocument, Space, StaticSummary
from bifocal.lenses import StaticOutput
from bifocal.lenses.isotropy import CommonPart, common_part
from bifocal.lenses.pair_background import band_of, pair_background
from bifocal.text import is_candidate
from bifocal_contextual.model import Transformer

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]

#: How pieces that begin a word are marked: byte-level BPE and SentencePiece.
_WORD_BEGINS = ("Ġ", "▁")
#: How pieces that go on with one are marked, where the others are whole: WordPiece.
_WORD_GOES_ON = "##"


class EmbeddingLayer:
    """The embedding layer of a transformer, in one space."""

    def __init__(self, transformer: Transformer, space: Space) -> None:
        self._transformer = transformer
        self.space = space
        layer: Any = transformer.model.get_input_embeddings()
        self._rows: Floats = layer.weight.detach().float().cpu().numpy()
        self._common: CommonPart | None = None
        self._whole = _whole_words(transformer)
        if space is Space.COMMON_REMOVED:
            self._common = common_part(self._rows[self._whole])
        self._background = pair_background(self)

    def read(self, document: ShardDocument, n_neighbours: int = 0) -> tuple[StaticSummary, StaticOutput]:
        """Look up every word of a document; neighbours are whole-word pieces."""
        words = document.words
        types: dict[tuple[int, ...] | str, int] = {}
        spellings: list[str] = []
        type_of_word = np.empty(len(words), dtype=np.int32)
        for place, word in enumerate(words):
            pieces = self._pieces(word)
            # Unknown words have the same pieces, and are different words all the same.
            form = pieces if self._is_known(pieces) else word.lower()
            if form not in types:
                types[form] = len(types)
                spellings.append(word)
            type_of_word[place] = types[form]
        known = np.array([isinstance(form, tuple) for form in types], dtype=np.bool_)
        vectors = np.zeros((len(types), self._rows.shape[1]), dtype=np.float32)
        rank = np.zeros(len(types), dtype=np.int64)
        for form, number in types.items():
            if isinstance(form, tuple):
                vectors[number] = self._rows[list(form)].mean(axis=0, dtype=np.float64)
                rank[number] = self._rank(form)
        output = StaticOutput(
            type_of_word=type_of_word,
            vectors=self._unit(vectors),
            known=known,
            band=band_of(rank),
            background=self._background,
            cased=known & [self._pieces(word) != self._pieces(word.lower()) for word in spellings],
        )
        # Punctuation has its type, but nothing is told of it.
        told = [number for number, word in enumerate(spellings) if is_candidate(word)]
        summary = StaticSummary(
            model=self._transformer.name,
            space=self.space,
            unknown_words=[spellings[number] for number in told if not known[number]],
            neighbours={
                spellings[number]: self._near(spellings[number], output.vectors[number], n_neighbours)
                for number in told
                if n_neighbours and known[number]
            },
        )
        return summary, output

    def unit_rows(self, rows: Ints) -> Floats:
        """Vectors of whole-word pieces by rank, of unit length, ``(len(rows), dimensions)``."""
        return self._unit(self._rows[self._whole[rows]])

    def __len__(self) -> int:
        return len(self._whole)

    @cached_property
    def content_hash(self) -> str:
        """`sha256:` of the transformer's own hash and of how its rows are treated."""
        digest = hashlib.sha256(f"{self._transformer.content_hash}\nembeddings {self.space}".encode())
        return f"sha256:{digest.hexdigest()}"

    def _pieces(self, word: str) -> tuple[int, ...]:
        encoded = self._transformer.tokenizer.encode(f" {word}", add_special_tokens=False)
        # A piece of nothing but the space is none of the word's.
        return tuple(
            piece
            for piece, (start, end) in zip(encoded.ids, encoded.offsets, strict=True)
            if end > max(start, 1)
        )

    def _near(self, word: str, vector: Floats, n: int) -> list[Neighbour]:
        """The `n` nearest pieces that are another word, nearest first."""
        # More than asked for: a product with the whole matrix is less exact than what is told, and the word
        # itself is among them, as often as it is written in other cases.
        near = np.argsort(-(self._vocabulary @ vector), kind="stable")[: 2 * n + 4]
        exact = np.einsum("kd,d->k", self._vocabulary[near], vector).clip(-1, 1)
        found = []
        for place in np.lexsort((near, -exact)).tolist():
            piece = self._transformer.tokenizer.id_to_token(int(self._whole[near[place]]))
            name = piece.lstrip("".join(_WORD_BEGINS))
            if name.lower() != word.lower():
                found.append(Neighbour(word=name, cosine=round(float(exact[place]), 6)))
        return found[:n]

    @cached_property
    def _vocabulary(self) -> Floats:
        return self.unit_rows(np.arange(len(self._whole)))

    def _is_known(self, pieces: tuple[int, ...]) -> bool:
        return bool(pieces) and self._unknown not in pieces

    def _rank(self, pieces: tuple[int, ...]) -> int:
        """A word of several pieces is rarer than any that is one."""
        if len(pieces) != 1:
            return len(self._whole) - 1
        return int(np.searchsorted(self._whole, pieces[0]).clip(max=len(self._whole) - 1))

    def _unit(self, vectors: Floats) -> Floats:
        placed = vectors if self._common is None else self._common.remove_from(vectors)
        lengths = np.linalg.norm(placed, axis=1, keepdims=True)
        # Of an unknown word's zeros the common part would leave something.
        here = (np.linalg.norm(vectors, axis=1, keepdims=True) > 0) & (lengths > 0)
        unit: Floats = np.where(here, placed / np.where(here, lengths, 1), 0).astype(np.float32)
        return unit

    @cached_property
    def _unknown(self) -> int | None:
        name = getattr(self._transformer.tokenizer.model, "unk_token", None)
        return self._transformer.tokenizer.token_to_id(name) if name else None


def _whole_words(transformer: Transformer) -> Ints:
    """Ids of the pieces that are a word by themselves, rising: of letters, and marked as a beginning."""
    vocabulary: dict[str, int] = transformer.tokenizer.get_vocab(with_added_tokens=False)
    marked = any(piece.startswith(_WORD_BEGINS) for piece in vocabulary)
    found = [
        number
        for piece, number in vocabulary.items()
        if (piece.startswith(_WORD_BEGINS) if marked else not piece.startswith(_WORD_GOES_ON))
        and piece.lstrip("".join(_WORD_BEGINS)).isalpha()
    ]
    return np.array(sorted(found), dtype=np.int64)

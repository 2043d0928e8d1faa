"""Whether percentiles are what they are called, shares of random pairs, in texts that are new to them.

A percentile is true if it is spread evenly over random pairs. How far it is from that is told by the largest
distance between its distribution and the diagonal (Kolmogorov 1933), and by the shares of pairs above some
percentiles, which should be 0.5, 0.1, 0.03, 0.01.

Pairs of the contextual lens are all those of words of a text that shared a window. Those of the static lens
are words of different texts, which no text relates, and vocabulary words as frequent as those.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from bifocal.contracts import Options, ShardDocument
from bifocal.errors import UnreadableCorpus
from bifocal.inputs import read_inputs
from bifocal.lenses import ContextualOutput
from bifocal.lenses.pair_background import BAND_STARTS, band_of, pair_background
from bifocal.settings import settings
from bifocal.text import Segmenter, is_candidate, shard_document
from bifocal_contextual.background import WeightedText, measure
from bifocal_contextual.views import View
from bifocal_contextual.weighing import weigh
from bifocal_static.vectors import Vectors

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

#: First length of each class of texts, in words.
LENGTHS = (0, 30, 60, 120, 250, 500, 1000)

#: Percentiles above which shares are told.
ABOVE = (0.5, 0.9, 0.97, 0.99)

#: Pairs of the static lens, for each class of texts and for all.
STATIC_PAIRS = 200_000

#: A line of such a file is a text.
_LINES_OF_TEXT = ".cor"


@dataclass(slots=True)
class Spread:
    """How percentiles are spread over pairs, counted to a ten-thousandth."""

    counts: Ints = field(default_factory=lambda: np.zeros(10_001, dtype=np.int64))
    texts: int = 0

    def add(self, percentile: Floats) -> None:
        """Count some pairs."""
        places = np.floor(percentile * 10_000).astype(np.int64)
        self.counts += np.bincount(places, minlength=len(self.counts))

    def __add__(self, other: "Spread") -> "Spread":
        return Spread(self.counts + other.counts, self.texts + other.texts)

    def figures(self) -> dict[str, Any]:
        """Pairs, their distance from the diagonal, and shares above some percentiles; none without pairs."""
        n = int(self.counts.sum())
        if not n:
            return {"texts": self.texts, "n": 0, "ks": None, "above": dict.fromkeys(map(str, ABOVE))}
        below = np.cumsum(self.counts) / n
        edges = np.arange(1, len(below) + 1) / 10_000
        above = {str(share): round(1 - float(below[round(share * 10_000) - 1]), 5) for share in ABOVE}
        return {
            "texts": self.texts,
            "n": n,
            "ks": round(float(np.abs(below - edges.clip(max=1)).max()), 5),
            "above": above,
        }


def read_texts(paths: Iterable[Path]) -> list[str]:
    """Texts of `.txt` and `.md` files, of lines of `.jsonl` and `.cor` files, and of folders.

    Raises:
        UnreadableCorpus: one of them cannot be read, or there is none.
    """
    texts: list[str] = []
    for path in paths:
        if path.suffix == _LINES_OF_TEXT:
            texts += [line for line in path.read_text("utf-8").splitlines() if line.strip()]
            continue
        found = read_inputs([str(path)])
        for failure in found.failures:
            raise UnreadableCorpus(f"{failure.source}: {failure.error.message}")
        texts += [document.text for document in found.documents]
    if not texts:
        raise UnreadableCorpus("there is no text")
    return texts


def evaluate_scales(view: View, vectors: Vectors, texts: Sequence[str]) -> dict[str, Any]:
    """Spread of both lenses' percentiles over random pairs of `texts`, of all and by length of the text."""
    segmenter = Segmenter("en")
    documents = [
        shard_document(text, segmenter, index=index, name=str(index)) for index, text in enumerate(texts)
    ]
    contextual = contextual_spreads(view, [document for document in documents if document.word_starts])
    static = StaticPairs(vectors, documents)
    return {
        "contextual": {
            "model": view.name,
            "method": view.method,
            **sum(contextual.values(), Spread()).figures(),
            "by_words": _by_words(contextual),
        },
        "static": {
            "model": vectors.name,
            "space": vectors.space,
            **static.of_different_texts().figures(),
            "by_words": _by_words(static.by_length()),
            "vocabulary": static.of_the_vocabulary().figures(),
        },
    }


def contextual_spreads(view: View, documents: Sequence[ShardDocument]) -> dict[int, Spread]:
    """Percentiles of all pairs that shared a window, for each class of `LENGTHS` that has texts."""
    spreads: dict[int, Spread] = {}
    for _, (text,) in weigh(view.model, [view], documents, Options(), batch_tokens=settings().batch_tokens):
        background = view.usual_in(text.bands.longest) or measure([text])
        spread = spreads.setdefault(_length_class(len(text.candidate)), Spread())
        spread.texts += 1
        for percentile in _percentiles(text, text.bands.output(text.weight, text.candidate, background)):
            spread.add(percentile)
    return spreads


def _percentiles(text: WeightedText, output: ContextualOutput) -> Iterator[Floats]:
    for _, i, j in text.bands.blocks():
        kept = (i < j) & text.candidate[i] & text.candidate[j]
        yield output.compare(i[kept], j[kept])[3]


class StaticPairs:
    """Random pairs of words that no text relates, through the static lens; the seed is fixed."""

    def __init__(self, vectors: Vectors, documents: Sequence[ShardDocument]) -> None:
        self._vectors = vectors
        self._background = pair_background(vectors, words=vectors.keyed.index_to_key)
        self._ranks = [_ranks(vectors, document) for document in documents]
        self._classes = np.array([_length_class(len(document.word_starts)) for document in documents])

    def of_different_texts(self) -> Spread:
        """Words of different texts, each as often as it is written."""
        return self._spread(self._ranks)

    def by_length(self) -> dict[int, Spread]:
        """The same among the texts of each class of `LENGTHS` that has some."""
        return {
            own: self._spread([self._ranks[k] for k in np.flatnonzero(self._classes == own)])
            for own in np.unique(self._classes).tolist()
        }

    def of_the_vocabulary(self) -> Spread:
        """Random words of the vocabulary, each about as frequent as a word of some text."""
        random = np.random.default_rng(19330102)
        left, right = _from_different(self._ranks)
        spread = Spread(texts=len(self._ranks))
        spread.add(self._percentile(self._alike(left, random), self._alike(right, random)))
        return spread

    def _spread(self, ranks: Sequence[Ints]) -> Spread:
        spread = Spread(texts=len(ranks))
        spread.add(self._percentile(*_from_different(ranks)))
        return spread

    def _percentile(self, left: Ints, right: Ints) -> Floats:
        """Of pairs of different words."""
        left, right = left[left != right], right[left != right]
        unit_left, unit_right = self._vectors.unit_rows(left), self._vectors.unit_rows(right)
        bands = (band_of(ranks).astype(np.int64) for ranks in (left, right))
        return self._background.percentile(np.einsum("kd,kd->k", unit_left, unit_right), *bands)

    def _alike(self, ranks: Ints, random: np.random.Generator) -> Ints:
        """For each word a random one of its band that can be an end of a pair."""
        ends = np.append(BAND_STARTS[1:], len(self._vectors)).clip(max=len(self._vectors))
        words = self._vectors.keyed.index_to_key
        drawn = np.empty_like(ranks)
        bands = band_of(ranks)
        for band in np.unique(bands).tolist():
            own = np.arange(BAND_STARTS[band], ends[band])
            own = own[[is_candidate(words[rank]) for rank in own.tolist()]]
            drawn[bands == band] = random.choice(own, np.count_nonzero(bands == band))
        return drawn


def _ranks(vectors: Vectors, document: ShardDocument) -> Ints:
    """Ranks of the words of a text that can be ends of a pair and have a vector."""
    keys = [vectors.key(word) for word in document.words if is_candidate(word)]
    return np.array([vectors.rank(key) for key in keys if key is not None], dtype=np.int64)


def _from_different(texts: Sequence[Ints]) -> tuple[Ints, Ints]:
    """Ranks of random words, those of a pair from two different texts."""
    random = np.random.default_rng(19330101)
    ranks = np.concatenate([*texts, np.zeros(0, dtype=np.int64)])
    text = np.repeat(np.arange(len(texts)), [len(own) for own in texts])
    if len(np.unique(text)) < 2:
        return ranks[:0], ranks[:0]
    left, right = random.integers(len(ranks), size=(2, STATIC_PAIRS))
    kept = text[left] != text[right]
    return ranks[left[kept]], ranks[right[kept]]


def _length_class(n_words: int) -> int:
    return int(np.searchsorted(LENGTHS, n_words, side="right")) - 1


def _by_words(spreads: Mapping[int, Spread]) -> dict[str, Any]:
    return {_name(c): spreads[c].figures() for c in sorted(spreads)}


def _name(length_class: int) -> str:
    first, *rest = (*LENGTHS, None)[length_class : length_class + 2]
    end = rest[0] if rest else None
    return f"{first}+" if end is None else f"{first}-{end - 1}"

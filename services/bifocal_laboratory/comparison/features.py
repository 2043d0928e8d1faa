"""What each lens says of a pair, as columns of numbers.

The two sides are made by functions that are handed nothing of one another. Where the words stand, their
distance and whether they share a sentence, both know. Where a lens says nothing the number is 0, and a
column tells: of an unknown word, or of words of two sentences.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from itertools import pairwise
from typing import Protocol

import numpy as np
import numpy.typing as npt

from bifocal.lenses import JointChannels, PairKinds, StaticOutput
from bifocal_contextual.catalogue import REFERS_TO
from bifocal_gateway.merge.arcs_static import StaticProbe
from bifocal_gateway.merge.kinds import PairTable
from bifocal_gateway.merge.verdicts import Judged
from bifocal_gateway.units import Units
from bifocal_laboratory.comparison.reading import Ints, ReadDocument, words_of_pairs

Floats = npt.NDArray[np.float32]

#: Of percentiles and weights, what is added before the logarithm is taken.
_LEAST = 1e-4
#: Log-probabilities of heads that are as good as impossible.
_IMPOSSIBLE = -12.0


class LexicalProbabilities(Protocol):
    """What a probe of lexical relations says of pairs of word types (`LexicalProbe` of the merge)."""

    def probabilities(self, vectors: Floats, i: Ints, j: Ints) -> Floats:
        """Probability of every outcome ``(n, outcomes)``, of the pairs of types `i` and `j` ``(n,)``."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Features:
    """What each lens says of some pairs, each ``(k, columns)``.

    `place` is known to both, `joint` is by both together.
    """

    place: Floats
    static: Floats
    contextual: Floats
    joint: Floats

    def of(self, system: str) -> Floats:
        """The columns of `static`, `contextual` or `both` ``(k, columns)``."""
        return np.hstack([self.place, *(getattr(self, part) for part in SYSTEMS[system])])

    def only(self, places: Ints) -> "Features":
        """Some of the pairs."""
        return Features(**{field.name: getattr(self, field.name)[places] for field in fields(self)})


def concatenated(parts: Sequence[Features]) -> Features:
    """Pairs of several blocks or documents together; there is one at least."""
    names = [field.name for field in fields(Features)]
    return Features(**{name: np.concatenate([getattr(part, name) for part in parts]) for name in names})


#: What each system sees besides the place.
SYSTEMS = {
    "static": ("static",),
    "contextual": ("contextual",),
    "both": ("static", "contextual", "joint"),
}


def features_of(read: ReadDocument, judged: Judged, lexical: LexicalProbabilities | None = None) -> Features:
    """The features of some judged pairs of words."""
    first, second = words_of_pairs(read, judged)
    distance = (second - first).astype(np.float32)
    same_sentence = read.sentence[judged.block.i] == read.sentence[judged.block.j]
    heads = None
    if read.probe is not None:
        heads = StaticHeads.of(read.probe.static, read.meaning_of_words, read.document.sentence_starts)
    return Features(
        place=_columns(distance, np.log(distance), same_sentence),
        static=static_features(read.meaning, judged, heads, read.units, lexical),
        contextual=contextual_features(judged, read.kinds, read.names, read.channels, read.units),
        joint=_joint_features(judged),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class StaticHeads:
    """Log-probability of each word's head by vectors alone, sentence by sentence ``(n, n + 1)``."""

    starts: Ints
    sentences: list[Floats]

    @classmethod
    def of(cls, probe: StaticProbe, static: StaticOutput, sentence_starts: list[int]) -> "StaticHeads":
        """By the static half of a joint probe; `static` is of words."""
        bounds = [*sentence_starts, len(static.type_of_word)]
        sentences = list(pairwise(bounds))
        vectors, known = static.vectors[static.type_of_word], static.known[static.type_of_word]
        found = probe.log_probabilities(vectors, known, sentences)
        return cls(starts=np.array(sentence_starts, dtype=np.int64), sentences=found)

    def find(self, dependent: Ints, head: Ints) -> Floats:
        """Of each pair of words ``(k,)``; as good as impossible across sentences."""
        number, other = (np.searchsorted(self.starts, word, side="right") - 1 for word in (dependent, head))
        found = np.full(len(dependent), _IMPOSSIBLE, dtype=np.float32)
        for sentence in np.unique(number[number == other]):
            here = np.flatnonzero((number == sentence) & (other == sentence))
            start = self.starts[sentence]
            found[here] = self.sentences[sentence][dependent[here] - start, head[here] - start]
        return np.maximum(found, np.float32(_IMPOSSIBLE))

    def root(self, word: Ints) -> Floats:
        """That each word is a root ``(k,)``."""
        every = np.concatenate([sentence[:, -1] for sentence in self.sentences])
        found: Floats = np.maximum(every[word], np.float32(_IMPOSSIBLE))
        return found


def static_features(
    static: StaticOutput,
    judged: Judged,
    heads: StaticHeads | None,
    units: Units,
    lexical: LexicalProbabilities | None = None,
) -> Floats:
    """Cosine and percentile, both vectors and their product, what the static probe says of heads.

    A probe of lexical relations, where there is one, adds a column for each outcome.

    Args:
        static: with units for words.
        judged: pairs of units.
        heads: of words.
        units: single words.
        lexical: a probe fitted without the words that are labelled `lexical`.
    """
    i, j = judged.block.i, judged.block.j
    a, b = static.type_of_word[i].astype(np.int64), static.type_of_word[j].astype(np.int64)
    there = static.comparable(i, j)
    percentile = np.where(there, judged.static_percentile, 0)
    # An unknown word's vector is all zeros.
    one, other = static.vectors[a], static.vectors[b]
    parts = [
        _columns(np.where(there, judged.cosine, 0), percentile, _tail(percentile)),
        _columns(static.band[a], static.band[b], static.known[a], static.known[b]),
        one,
        other,
        one * other,
    ]
    if heads is not None:
        first, second = units.first[i], units.first[j]
        told = _columns(
            heads.find(first, second), heads.find(second, first), heads.root(first), heads.root(second)
        )
        parts += [told, np.exp(told)]
    if lexical is not None:
        parts.append(lexical.probabilities(static.vectors, a, b) * there[:, None])
    return np.hstack(parts)


def contextual_features(
    judged: Judged,
    kinds: PairKinds | None,
    names: tuple[str, ...],
    channels: JointChannels | None,
    units: Units,
) -> Floats:
    """Weights both ways, lift and percentile, probabilities of kinds and reference, channels of heads."""
    i, j = judged.block.i, judged.block.j
    percentile = judged.contextual_percentile
    weights = _columns(judged.forward, judged.backward)
    parts = [
        weights,
        np.log(weights + np.float32(_LEAST)),
        _columns(np.log1p(judged.lift), percentile, _tail(percentile)),
    ]
    if kinds is not None:
        parts.append(_kind_columns(kinds, names, units, i, j))
    if channels is not None:
        parts.append(_channel_columns(channels, units, i, j))
    return np.hstack(parts)


def _kind_columns(kinds: PairKinds, names: tuple[str, ...], units: Units, i: Ints, j: Ints) -> Floats:
    """Probability that either end depends on, and refers to, the other, and that of each kind."""
    forward = kinds.dependent < kinds.head
    refers = kinds.kind == (names.index(REFERS_TO) if REFERS_TO in names else -1)
    columns = []
    for chosen in (forward & ~refers, ~forward & ~refers, forward & refers, ~forward & refers):
        columns.append(_probability(kinds, chosen, units, i, j))
    for number, name in enumerate(names):
        if name != REFERS_TO:
            columns.append(_probability(kinds, kinds.kind == number, units, i, j))
    return _columns(*columns)


def _probability(
    kinds: PairKinds, chosen: npt.NDArray[np.bool_], units: Units, i: Ints, j: Ints
) -> npt.NDArray[np.floating]:
    rows = np.flatnonzero(chosen)
    probability = kinds.probability[rows]
    place = PairTable(kinds.dependent[rows], kinds.head[rows], probability, units).find(i, j)
    return np.where(place < 0, 0, np.append(probability, 0)[place])


def _channel_columns(channels: JointChannels, units: Units, i: Ints, j: Ints) -> Floats:
    """Channels both ways, 0 across sentences, and how much each end is a root and a head."""
    table = PairTable(channels.i, channels.j, np.zeros(len(channels.i), dtype=np.float32), units)
    place = table.find(i, j)
    both = channels.channels.astype(np.float32).reshape(-1, channels.channels.shape[-1])
    padded = np.hstack([both, np.zeros((len(both), 1), dtype=np.float32)])
    words = channels.words.astype(np.float32)
    return np.hstack([padded[:, place].T, words[:, units.first[i]].T, words[:, units.first[j]].T])


def _joint_features(judged: Judged) -> Floats:
    """Joint probability and its logarithm, the least across sentences."""
    probability = np.nan_to_num(judged.joint, nan=0.0)
    return _columns(probability, np.log(probability + _LEAST))


def _tail(percentile: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Spreads out the percentiles near 1, where 0.97 and 0.999 are not alike."""
    found: npt.NDArray[np.float64] = -np.log(1 + _LEAST - percentile)
    return found


def _columns(*columns: npt.ArrayLike) -> Floats:
    return np.stack([np.asarray(column, dtype=np.float32) for column in columns], axis=1)

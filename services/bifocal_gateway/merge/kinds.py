"""What is known of single pairs beyond weights: kinds, joint probabilities and audits, found by the pair."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from bifocal.contracts import ShardDocument
from bifocal.lenses import AuditedPairs, JointChannels, PairKinds, StaticOutput
from bifocal_gateway.merge.joint import JointProbe
from bifocal_gateway.units import Units

Ints = npt.NDArray[np.int64]
AnyInts = npt.NDArray[np.int32] | npt.NDArray[np.int64]
Floats = npt.NDArray[np.float32]


class PairTable:
    """What is known of pairs of words, looked up by the units that hold them; of several the strongest.

    Args:
        i, j: words ``(n,)``, in either order; pairs with a word outside of the units are left out.
        strength: ``(n,)``; of equals the first counts.
        units: what to look up by.
    """

    def __init__(self, i: AnyInts, j: AnyInts, strength: Floats, units: Units) -> None:
        one, other = units.of_word[i], units.of_word[j]
        low, high = np.minimum(one, other), np.maximum(one, other)
        keys = low * len(units) + high
        falling = np.argsort(-strength, kind="stable")
        falling = falling[(low[falling] >= 0) & (low[falling] < high[falling])]
        self._keys, first = np.unique(keys[falling], return_index=True)
        self._places = falling[first]
        self._n_units = len(units)

    def find(self, i: Ints, j: Ints) -> Ints:
        """Place of each pair of units ``(k,)``, i < j, among what was given, -1 for one that is not there."""
        if not len(self._keys):
            return np.full(len(i), -1, dtype=np.int64)
        keys = i * self._n_units + j
        number = np.searchsorted(self._keys, keys).clip(max=len(self._keys) - 1)
        return np.where(self._keys[number] == keys, self._places[number], -1)


@dataclass(frozen=True, slots=True, kw_only=True)
class LikeliestKinds:
    """One kind for each pair that has any: the likeliest of both directions."""

    kinds: PairKinds
    names: Sequence[str]
    units: Units
    table: PairTable

    @classmethod
    def of(cls, kinds: PairKinds, names: Sequence[str], units: Units) -> "LikeliestKinds":
        """Of a document's kinds; `names` are behind their codes."""
        table = PairTable(kinds.dependent, kinds.head, kinds.probability, units)
        return cls(kinds=kinds, names=names, units=units, table=table)

    def find(self, i: Ints, j: Ints) -> tuple[Ints, Floats]:
        """Place in `kinds` of each pair's kind, -1 for none, and its probability, 0 for none; ``(k,)``."""
        place = self.table.find(i, j)
        if not len(self.kinds.probability):
            return place, np.zeros(len(place), dtype=np.float32)
        probability: Floats = np.where(place < 0, 0, self.kinds.probability[place]).astype(np.float32)
        return place, probability

    def depends(self, place: Ints, i: Ints) -> npt.NDArray[np.bool_]:
        """Whether the word that depends, of the kind at each place, is in unit `i`; shapes ``(k,)``."""
        found: npt.NDArray[np.bool_] = self.units.of_word[self.kinds.dependent[place]] == i
        return found


class JointScores:
    """Probability that one word of a pair depends on the other, by both lenses together."""

    def __init__(
        self,
        probe: JointProbe,
        document: ShardDocument,
        static: StaticOutput,
        joint: JointChannels,
        units: Units,
    ) -> None:
        n_words = len(document.word_starts)
        bounds = np.append(np.array(document.sentence_starts, dtype=np.int64), n_words)
        bounds[0] = 0
        sentences = [(int(first), int(end)) for first, end in pairwise(bounds)]
        found = probe.log_probabilities(
            static.vectors[static.type_of_word],
            static.known[static.type_of_word],
            sentences,
            _squares(joint, sentences),
            joint.words.T.astype(np.float32),
        )
        sentence = np.searchsorted(bounds, joint.i, side="right") - 1
        probability = np.zeros(len(joint.i), dtype=np.float32)
        for number, (first, _) in enumerate(sentences):
            low, high = np.searchsorted(sentence, [number, number + 1])
            i, j = joint.i[low:high] - first, joint.j[low:high] - first
            heads = np.exp(found[number])
            # Neither word can be the other's head while it is its dependent, so the two add up.
            probability[low:high] = heads[i, j] + heads[j, i]
        self._probability = np.minimum(probability, 1)
        self._table = PairTable(joint.i, joint.j, self._probability, units)

    def find(self, i: Ints, j: Ints) -> Floats:
        """Probability of each pair ``(k,)``, not a number for pairs across sentences."""
        number = self._table.find(i, j)
        if not len(self._probability):
            return np.full(len(number), np.nan, dtype=np.float32)
        found: Floats = np.where(number < 0, np.nan, self._probability[number]).astype(np.float32)
        return found


def _squares(joint: JointChannels, sentences: Sequence[tuple[int, int]]) -> list[Floats]:
    """Channels of each sentence ``(n, n, channels)``, dependents first."""
    squares = []
    for first, end in sentences:
        low, high = np.searchsorted(joint.i, [first, end])
        i, j = joint.i[low:high] - first, joint.j[low:high] - first
        square = np.zeros((end - first, end - first, joint.channels.shape[1]), dtype=np.float32)
        square[i, j], square[j, i] = joint.channels[0, :, low:high].T, joint.channels[1, :, low:high].T
        squares.append(square)
    return squares


class Audits:
    """What words lose without each other, by pair."""

    def __init__(self, audited: AuditedPairs, units: Units) -> None:
        self._audited = audited
        self._table = PairTable(audited.i, audited.j, audited.i_without_j + audited.j_without_i, units)

    def find(self, i: Ints, j: Ints) -> list[tuple[float, float] | None]:
        """Loss of each pair's earlier and later unit, None where it was not audited."""
        both = np.stack([self._audited.i_without_j, self._audited.j_without_i], axis=1).tolist()
        return [tuple(both[place]) if place >= 0 else None for place in self._table.find(i, j)]

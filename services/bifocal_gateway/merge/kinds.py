"""What is known of single pairs beyond weights: kinds, joint probabilities and audits, found by the pair."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from bifocal.contracts import ShardDocument
from bifocal.lenses import AuditedPairs, JointChannels, PairKinds, StaticOutput
from bifocal_gateway.merge.joint import JointProbe

Ints = npt.NDArray[np.int64]
AnyInts = npt.NDArray[np.int32] | npt.NDArray[np.int64]
Floats = npt.NDArray[np.float32]


class PairTable:
    """Numbers of pairs ``i < j``, looked up by both words."""

    def __init__(self, i: AnyInts, j: AnyInts, n_words: int) -> None:
        keys = i.astype(np.int64) * n_words + j
        self._order = np.argsort(keys, kind="stable")
        self._keys = keys[self._order]
        self._n_words = n_words

    def find(self, i: Ints, j: Ints) -> Ints:
        """Number of each pair ``(k,)`` in the order they were given in, -1 for one that is not there."""
        keys = i.astype(np.int64) * self._n_words + j
        place = np.searchsorted(self._keys, keys).clip(max=max(len(self._keys) - 1, 0))
        if not len(self._keys):
            return np.full(len(keys), -1)
        return np.where(self._keys[place] == keys, self._order[place], -1)


@dataclass(frozen=True, slots=True, kw_only=True)
class LikeliestKinds:
    """One kind for each pair that has any: the likeliest of both directions."""

    kinds: PairKinds
    names: Sequence[str]
    chosen: Ints
    table: PairTable

    @classmethod
    def of(cls, kinds: PairKinds, names: Sequence[str], n_words: int) -> "LikeliestKinds":
        """Of a document's kinds; `names` are behind their codes."""
        i = np.minimum(kinds.dependent, kinds.head).astype(np.int64)
        j = np.maximum(kinds.dependent, kinds.head).astype(np.int64)
        falling = np.argsort(-kinds.probability, kind="stable")
        _, first = np.unique((i * n_words + j)[falling], return_index=True)
        chosen = falling[first]
        return cls(kinds=kinds, names=names, chosen=chosen, table=PairTable(i[chosen], j[chosen], n_words))

    def find(self, i: Ints, j: Ints) -> tuple[Ints, Floats]:
        """Place in `kinds` of each pair's kind, -1 for none, and its probability, 0 for none; ``(k,)``."""
        number = self.table.find(i, j)
        if not len(self.chosen):
            return number, np.zeros(len(number), dtype=np.float32)
        place = np.where(number < 0, -1, self.chosen[number])
        probability: Floats = np.where(place < 0, 0, self.kinds.probability[place]).astype(np.float32)
        return place, probability


class JointScores:
    """Probability that one word of a pair depends on the other, by both lenses together."""

    def __init__(
        self, probe: JointProbe, document: ShardDocument, static: StaticOutput, joint: JointChannels
    ) -> None:
        n_words = len(document.word_starts)
        self._table = PairTable(joint.i, joint.j, n_words)
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

    def __init__(self, audited: AuditedPairs, n_words: int) -> None:
        self._audited = audited
        self._table = PairTable(audited.i, audited.j, n_words)

    def find(self, i: Ints, j: Ints) -> list[tuple[float, float] | None]:
        """Loss of each pair's earlier and later word, None where it was not audited."""
        both = np.stack([self._audited.i_without_j, self._audited.j_without_i], axis=1).tolist()
        return [tuple(both[number]) if number >= 0 else None for number in self._table.find(i, j)]

"""A catalogue at work on documents: what to read of the heads, and what it comes to."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from bifocal.contracts import Profile, ShardDocument
from bifocal.lenses import JointChannels, PairKinds
from bifocal_contextual.attention import layer_and_head
from bifocal_contextual.catalogue import REFERS_TO, HeadCatalogue
from bifocal_contextual.catalogue.arcs import ArcWeights, Special
from bifocal_contextual.catalogue.references import ReferenceWeights
from bifocal_contextual.kinds.labels import Found, label_arcs, link_references, together
from bifocal_contextual.kinds.voices import arc_voices, loudest, reference_voices
from bifocal_contextual.model import Transformer
from bifocal_contextual.pairs import ArcProjection, ArcReader, sentence_pairs
from bifocal_contextual.pairs.references import ReferenceProjection, ReferenceReader, reference_pairs
from bifocal_contextual.reading import Reader
from bifocal_contextual.windows import Window

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float32]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundKinds:
    """What the catalogue says of one document; `names` are behind the codes of `kinds`."""

    names: tuple[str, ...]
    kinds: PairKinds
    joint: JointChannels | None


class KindFinder:
    """Applies one profile of a catalogue; made once for a model, used for many jobs."""

    def __init__(self, transformer: Transformer, catalogue: HeadCatalogue, profile: Profile) -> None:
        weights = catalogue.profiles[profile]
        self.transformer = transformer
        self.arcs = weights.arcs
        self.references = weights.references if REFERS_TO in catalogue.told else None
        kinds = weights.arcs.kinds if weights.arcs else ()
        self.names = (*kinds, REFERS_TO)
        self.told = np.array([name in catalogue.told for name in self.names])
        n_heads = transformer.n_heads
        self.arc_projection = ArcProjection.of(self.arcs, n_heads) if self.arcs else None
        self.reference_projection = (
            ReferenceProjection.of(self.references, n_heads) if self.references else None
        )

    def open(
        self, documents: Sequence[ShardDocument], candidates: Sequence[Bools], *, heads_named: int
    ) -> "KindSearch":
        """Begin with the documents of a job; `candidates` mark the words that may be ends of a pair."""
        return KindSearch(self, documents, candidates, heads_named)


class KindSearch:
    """The kinds of some documents: `readers` read them, `found` makes the results of one."""

    def __init__(
        self,
        finder: KindFinder,
        documents: Sequence[ShardDocument],
        candidates: Sequence[Bools],
        heads_named: int,
    ) -> None:
        self._finder = finder
        self._named = heads_named
        self._candidate = candidates
        self._arc_pairs = [
            sentence_pairs(np.array(document.sentence_starts, dtype=np.int64), len(document.word_starts))
            for document in documents
        ]
        self._reference_pairs = [
            self._pronoun_pairs(document, candidate)
            for document, candidate in zip(documents, self._candidate, strict=True)
        ]
        self.readers = self._readers()

    def _pronoun_pairs(self, document: ShardDocument, candidate: Bools) -> tuple[Ints, Ints]:
        weights = self._finder.references
        if weights is None:
            nothing = np.zeros(0, dtype=np.int64)
            return nothing, nothing
        pronouns = frozenset(weights.pronouns)
        words = [word.lower() for word in document.words]
        is_pronoun = np.array([word in pronouns for word in words], dtype=np.bool_)
        passed_over = frozenset(weights.words.passed_over)
        able = candidate & np.array([word not in passed_over for word in words], dtype=np.bool_)
        return reference_pairs(is_pronoun, able, weights.words.reach_words)

    def _readers(self) -> list[Reader[Any]]:
        finder, keep = self._finder, self._named > 0
        readers: list[Reader[Any]] = []
        if finder.arc_projection is not None:
            readers.append(
                ArcReader(finder.transformer, finder.arc_projection, self._arc_pairs, keep_features=keep)
            )
        if finder.reference_projection is not None:
            readers.append(
                ReferenceReader(
                    finder.transformer, finder.reference_projection, self._reference_pairs, keep_added=keep
                )
            )
        return readers

    def found(self, number: int, windows: Sequence[Window], parts: Sequence[Sequence[Any]]) -> FoundKinds:
        """The kinds of document `number`; `parts` are what the readers made of its windows."""
        columns = [list(column) for column in zip(*parts, strict=True)]
        found: list[tuple[Found, Floats]] = []
        joint = None
        finder = self._finder
        if finder.arcs is not None and finder.arc_projection is not None:
            arcs, joint = self._label(number, finder.arcs, finder.arc_projection, windows, columns.pop(0))
            found.append(arcs)
        if finder.references is not None:
            found.append(self._link(number, finder.references, columns.pop(0)))
        every = together([one for one, _ in found])
        added = np.concatenate([loud for _, loud in found])
        voices, voices_added = loudest(added, self._named)
        kept = finder.told[every.kind]
        layer, head = layer_and_head(voices, finder.transformer.n_heads)
        kinds = PairKinds(
            dependent=every.dependent[kept].astype(np.int32),
            head=every.head[kept].astype(np.int32),
            kind=every.kind[kept].astype(np.int32),
            probability=every.probability[kept],
            voices=np.stack([layer, head], axis=-1)[kept].astype(np.int32),
            voices_added=voices_added[kept],
        )
        return FoundKinds(names=finder.names, kinds=kinds, joint=joint)

    def _label(
        self,
        number: int,
        weights: ArcWeights,
        projection: ArcProjection,
        windows: Sequence[Window],
        parts: Sequence[Any],
    ) -> tuple[tuple[Found, Floats], JointChannels]:
        i, j = self._arc_pairs[number]
        n_words = len(self._candidate[number])
        pairs = [part.pairs for part in parts]
        channels = _mean([part.channels for part in parts], pairs, len(i))
        inside = [np.arange(window.first_word, window.end_word) for window in windows]
        words = _mean([part.words for part in parts], inside, n_words)
        features = _mean([part.features for part in parts], pairs, len(i)) if self._named else None
        seen = _seen(pairs, len(i))
        if not seen.all():
            i, j, channels = i[seen], j[seen], channels[..., seen]
            features = None if features is None else features[..., seen]
        found = label_arcs(i, j, channels, words, weights, self._candidate[number])
        added = self._silence(found)
        if features is not None:
            own = arc_voices(found, i, j, features, projection.pair.numpy())
            added[:, list(projection.numbers)] = own
        n_kinds, names = len(weights.kinds), list(Special)
        joint = JointChannels(
            i=i.astype(np.int32),
            j=j.astype(np.int32),
            channels=_halves(channels[:, n_kinds:]),
            words=_halves(words[[names.index(Special.JOINT_ROOT), names.index(Special.JOINT_HEAD)]]),
        )
        return (found, added), joint

    def _link(self, number: int, weights: ReferenceWeights, parts: Sequence[Any]) -> tuple[Found, Floats]:
        pronoun, word = self._reference_pairs[number]
        pairs = [part.pairs for part in parts]
        seen = _seen(pairs, len(pronoun))
        scores = _mean([part.scores for part in parts], pairs, len(pronoun))
        pronoun, word = pronoun[seen], word[seen]
        kind = len(self._finder.names) - 1
        found = link_references(pronoun, word, scores[seen], weights.words, kind)
        added = self._silence(found)
        if self._named:
            every = _mean([part.added for part in parts], pairs, len(seen))
            added = reference_voices(found, pronoun, word, every[:, seen])
        return found, added

    def _silence(self, found: Found) -> Floats:
        n_heads = sum(self._finder.transformer.n_heads) if self._named else 0
        return np.zeros((len(found.kind), n_heads), dtype=np.float32)


def _mean(parts: Sequence[Floats], places: Sequence[Ints], n: int) -> Floats:
    """Mean over windows of what each has in its last axis for some of `n` places."""
    if len(parts) == 1 and parts[0].shape[-1] == n:
        return parts[0]
    total = np.zeros((*parts[0].shape[:-1], n), dtype=np.float32)
    seen = np.zeros(n, dtype=np.float32)
    for part, own in zip(parts, places, strict=True):
        total[..., own] += part
        seen[own] += 1
    total /= np.maximum(seen, 1)
    return total


def _seen(places: Sequence[Ints], n: int) -> npt.NDArray[np.bool_]:
    """Which of `n` pairs some window held; words that never met are no candidates for each other."""
    seen = np.zeros(n, dtype=np.bool_)
    for own in places:
        seen[own] = True
    return seen


def _halves(values: Floats) -> npt.NDArray[np.float16]:
    """In float16, by torch, whose conversion is ten times as fast as numpy's."""
    halves: npt.NDArray[np.float16] = torch.from_numpy(values).half().numpy()
    return halves

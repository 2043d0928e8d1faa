"""How often the best-ranked earlier mention is of the same entity, by type of the anaphor."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from bifocal_contextual.catalogue.references import MentionRanker, ReferenceWeights
from bifocal_contextual.model import Transformer
from bifocal_laboratory.corpora import AnnotatedDocument, MentionKind
from bifocal_laboratory.references.estimates import share_of
from bifocal_laboratory.references.pairs import KINDS, MentionPairs, mention_pairs
from bifocal_laboratory.references.rankers import chained, hits, probabilities_of, ranker_columns, scores_of
from bifocal_static.vectors import Vectors

Doubles = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

TO_NON_PRONOUN = "third_person_pronoun_to_non_pronoun"
METHODS = ("chance", "nearest", "static", "contextual", "both")
_PRONOUN = KINDS.index(MentionKind.THIRD_PERSON_PRONOUN)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """Which anaphors of one document were answered rightly.

    Shapes: `kind` ``(n_anaphors,)``, a type's name; `right` by method ``(n_anaphors,)``, a share for chance.
    """

    kind: tuple[str, ...]
    right: dict[str, Doubles]


def pair_scores(
    pairs: MentionPairs, rankers: Mapping[str, MentionRanker], n_heads: int, *, both: bool = False
) -> Doubles:
    """Score of each pair by the ranker of its anaphor's type, ``(n_pairs,)``; 0 where there is none."""
    scores = np.zeros(len(pairs.pairs))
    kind = pairs.kinds[pairs.pairs[:, 0]]
    for number, name in enumerate(KINDS):
        ranker = rankers.get(name.value)
        if ranker is None:
            continue
        rows = np.flatnonzero(kind == number)
        scores[rows] = scores_of(pairs.features[rows], ranker_columns(ranker, n_heads))
        if both:
            scores[rows] += ranker.static * pairs.cosine[rows]
    return scores


def answered(
    pairs: MentionPairs, direct: Mapping[str, Doubles], last: Mapping[str, Doubles], *, chain_steps: int
) -> Answers:
    """Hold scores of pairs ``(n_pairs,)``, of `contextual` and of `both`, against the entities.

    Pronouns of the third person are asked twice: for any earlier mention, by the `direct` scores, and
    for one that is no such pronoun, by the `last` ones, where pronouns in between pass on their own
    antecedents.
    """
    item, antecedent = pairs.pairs.T
    place = np.arange(len(item), dtype=np.float64)
    passes_on = pairs.kinds[antecedent] == _PRONOUN
    kinds: list[str] = []
    right: dict[str, list[Doubles]] = {method: [] for method in METHODS}

    def ask(rows: Ints, scores: Mapping[str, Doubles]) -> Ints:
        items = np.zeros(0, dtype=np.int64)
        for method, values in scores.items():
            items, hit = hits(values[rows], item[rows], pairs.correct[rows])
            right[method].append(hit.astype(np.float64))
        _, inverse = np.unique(item[rows], return_inverse=True)
        share = np.bincount(inverse, weights=pairs.correct[rows]) / np.maximum(np.bincount(inverse), 1)
        right["chance"].append(share[share > 0])
        return items

    plain = {"nearest": place, "static": pairs.cosine.astype(np.float64)}
    scores = {**plain, **direct}
    kinds += [KINDS[k].value for k in pairs.kinds[ask(np.arange(len(item)), scores)]]
    for method, values in last.items():
        shares = probabilities_of(values, item)
        scores[method] = chained(shares, pairs.pairs, passes_on, len(pairs.kinds), chain_steps)
    asked = np.flatnonzero((pairs.kinds[item] == _PRONOUN) & ~passes_on)
    kinds += [TO_NON_PRONOUN] * len(ask(asked, scores))
    return Answers(
        kind=tuple(kinds), right={method: np.concatenate(parts) for method, parts in right.items()}
    )


def summarised(answers: Iterable[Answers]) -> dict[str, Any]:
    """Accuracies of documents together, for all mentions and by type, with intervals by document."""
    kept = list(answers)
    kind = np.array([name for answer in kept for name in answer.kind], dtype=object)
    document = np.repeat(np.arange(len(kept)), [len(answer.kind) for answer in kept])
    right = {
        method: np.concatenate([answer.right[method] for answer in kept] or [np.zeros(0)])
        for method in METHODS
    }

    def figures(rows: Bools) -> dict[str, Any]:
        return {
            "n": int(rows.sum()),
            **{method: share_of(right[method][rows], document[rows]) for method in METHODS},
        }

    by_type = {name: figures(kind == name) for name in (*(k.value for k in KINDS), TO_NON_PRONOUN)}
    return {**figures(kind != TO_NON_PRONOUN), "by_type": by_type}


def answers_of(pairs: MentionPairs, weights: ReferenceWeights) -> Answers:
    """What a catalogue says of one document's pairs, held against the entities."""
    rankers = dict(weights.mentions)
    direct = _scores(pairs, rankers, weights.n_heads)
    if TO_NON_PRONOUN in rankers:
        rankers[MentionKind.THIRD_PERSON_PRONOUN.value] = rankers[TO_NON_PRONOUN]
    return answered(pairs, direct, _scores(pairs, rankers, weights.n_heads), chain_steps=weights.chain_steps)


def _scores(pairs: MentionPairs, rankers: Mapping[str, MentionRanker], n_heads: int) -> dict[str, Doubles]:
    return {
        "contextual": pair_scores(pairs, rankers, n_heads),
        "both": pair_scores(pairs, rankers, n_heads, both=True),
    }


def evaluate_references(
    transformer: Transformer,
    vectors: Vectors,
    documents: Iterable[AnnotatedDocument],
    weights: ReferenceWeights,
) -> dict[str, Any]:
    """Accuracy of the best-ranked earlier mention on documents with coreference, one read at a time.

    An item is a mention with a right antecedent within the catalogue's reach.

    Args:
        transformer: the model that `weights` were fitted for.
        vectors: static vectors.
        documents: what to measure on.
        weights: a catalogue.

    Returns:
        ``{"n", "chance", "nearest", "static", "contextual", "both", "by_type"}``, each method with
        accuracy and interval, by type the same again.

    Raises:
        ValueError: the weights are of a model with another number of heads.
    """
    if sum(transformer.n_heads) != weights.n_heads:
        raise ValueError(f"weights of {weights.n_heads} heads, a model of {sum(transformer.n_heads)}")
    return summarised(
        answers_of(
            mention_pairs(
                transformer, vectors, document, reach_words=weights.reach_words, scale=weights.scale
            ),
            weights,
        )
        for document in documents
    )

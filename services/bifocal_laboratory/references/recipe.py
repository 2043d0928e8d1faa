"""The whole recipe: from labelled texts to a catalogue's weights for references."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from bifocal.text import Segmenter
from bifocal_contextual.catalogue.references import ReferenceWeights
from bifocal_contextual.model import Transformer
from bifocal_laboratory.corpora import AnnotatedDocument, GapItem
from bifocal_laboratory.corpora.kinds import THIRD_PERSON
from bifocal_laboratory.references import gap
from bifocal_laboratory.references.features import SpanPairs, pair_features
from bifocal_laboratory.references.names import OTHER, PRONOUN, NamePairs, aligned, of_attention
from bifocal_laboratory.references.pairs import REACH_WORDS, MentionPairs, measured, reachable
from bifocal_laboratory.references.training import (
    FOLDS,
    Profile,
    best_threshold,
    cross_validated,
    fit_mentions,
    fit_names,
    folds_of,
)
from bifocal_laboratory.references.word_training import HeldOut, calibrated_ranker, fit_words, unseen_scores
from bifocal_laboratory.references.words import (
    WordPairs,
    document_truth,
    measured_words,
    name_truth,
    word_pairs,
    words_figures,
)
from bifocal_static.vectors import Vectors

#: Steps by which a pronoun passes on its own antecedents.
CHAIN_STEPS = 2

#: Weights of the cosine beside attention that were best on held-out folds, by type of mention.
STATIC_WEIGHTS = {"third_person_pronoun": 0.5, "other_pronoun": 0.5, "proper": 1.0, "nominal": 0.5}


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferenceMaterial:
    """Labelled texts as they were read: GAP items and documents, each as pairs of mentions and of words.

    Of an item only the words of its names are labelled: `named_words` are those pairs alone, and
    `words_known` says which of `name_words` they are.
    """

    names: list[NamePairs]
    named_words: list[WordPairs]
    name_words: list[WordPairs]
    words_known: list[np.typing.NDArray[np.bool_]]
    documents: list[MentionPairs]
    document_words: list[WordPairs]


def read_material(
    transformer: Transformer,
    vectors: Vectors,
    items: Iterable[GapItem],
    documents: Iterable[AnnotatedDocument],
    language: str,
) -> ReferenceMaterial:
    """Read every text once through the model."""
    material = ReferenceMaterial(
        names=[], named_words=[], name_words=[], words_known=[], documents=[], document_words=[]
    )
    segmenter = Segmenter(language)
    for item in items:
        _add_item(material, transformer, vectors, item, segmenter)
    for document in documents:
        _add_document(material, transformer, vectors, document)
    return material


def fit_references(
    material: ReferenceMaterial, profile: Profile, *, model: str, language: str
) -> tuple[ReferenceWeights, dict[str, Any]]:
    """Fit every ranker of a profile, calibrate the one of words, and measure that one on held-out folds.

    Returns:
        The weights, and figures of the ranker of words on documents that it was not fitted on.

    Raises:
        ValueError: there is no document, or no item.
    """
    if not material.documents or not material.names:
        raise ValueError("references take both names (GAP) and documents with coreference")
    probabilities = cross_validated(material.names, lambda own: fit_names(own, profile), profile.n_heads)
    threshold = best_threshold(material.names, probabilities)
    mentions = {
        kind: ranker.model_copy(update={"static": STATIC_WEIGHTS.get(kind, 0.0)})
        for kind, ranker in fit_mentions(material.documents, profile, material.names).items()
    }
    words, figures = _fit_words(material, profile)
    weights = ReferenceWeights(
        model=model,
        language=language,
        profile=profile.name,
        n_heads=profile.n_heads,
        heads=profile.heads,
        row_heads=profile.row_heads,
        pronouns=tuple(sorted(THIRD_PERSON)),
        reach_words=REACH_WORDS,
        chain_steps=CHAIN_STEPS,
        names=fit_names(material.names, profile, threshold=threshold),
        mentions=mentions,
        words=words,
    )
    return weights, figures


def cross_validate_coreference(
    transformer: Transformer,
    vectors: Vectors,
    items: Sequence[GapItem],
    profile: Profile,
    language: str = "en",
) -> dict[str, Any]:
    """Figures on GAP items, each by a ranker and a threshold that were found without its fold."""
    material = read_material(transformer, vectors, items, [], language)
    names = material.names
    fold = folds_of(len(names))
    probabilities = cross_validated(names, lambda own: fit_names(own, profile), profile.n_heads)
    for number in range(FOLDS):
        rows = fold == number
        others = [pairs for pairs, own in zip(names, rows, strict=True) if not own]
        # Shifted so that one threshold serves all folds.
        probabilities[rows, :2] -= best_threshold(others, probabilities[~rows])
    return gap.measure_coreference(names, probabilities, probabilities, threshold=0.0)


def _fit_words(material: ReferenceMaterial, profile: Profile) -> tuple[Any, dict[str, Any]]:
    documents, names = material.document_words, material.named_words
    fold = folds_of(len(documents)).tolist()
    unseen = unseen_scores(documents, names, profile, fold)
    held_out = [
        HeldOut(pairs=pairs, ranker=ranker, known=np.ones(len(pairs.pairs), dtype=np.bool_))
        for pairs, (_, ranker) in zip(documents, unseen, strict=True)
    ]
    name_fold = folds_of(len(names))
    held_out_names = []
    for number in range(FOLDS):
        ranker = fit_words(
            documents, [n for n, f in zip(names, name_fold, strict=True) if f != number], profile
        )
        held_out_names += [
            HeldOut(pairs=pairs, ranker=ranker, known=known)
            for pairs, known, own in zip(material.name_words, material.words_known, name_fold, strict=True)
            if own == number and len(pairs.pairs)
        ]
    words = calibrated_ranker(
        fit_words(documents, names, profile), [held_out, held_out_names], profile.n_heads
    )
    scores = [own for own, _ in unseen]
    return words, words_figures(documents, scores, scores)


def _add_item(
    material: ReferenceMaterial,
    transformer: Transformer,
    vectors: Vectors,
    item: GapItem,
    segmenter: Segmenter,
) -> None:
    words, starts, ends, spans, roles = aligned(item, segmenter)
    rows, columns = np.flatnonzero(roles >= OTHER), np.flatnonzero(roles != PRONOUN)
    pairs = np.array([(i, j) for i in rows for j in columns if i != j], dtype=np.int64).reshape(-1, 2)
    of_words = word_pairs(words)
    of_words = of_words[of_words[:, 0] == spans[0, 2]]
    attention, word_attention = pair_features(
        transformer, item.text, starts, ends,
        [SpanPairs(spans=spans, pairs=pairs), _single_words(len(words), of_words)],
    )  # fmt: skip
    names = of_attention(item, words, spans, roles, pairs, attention, vectors)
    known, right = name_truth(names, of_words)
    material.names.append(names)
    material.name_words.append(measured_words(words, of_words, word_attention, right, vectors))
    material.named_words.append(
        measured_words(words, of_words[known], word_attention[known], right[known], vectors)
    )
    material.words_known.append(known)


def _add_document(
    material: ReferenceMaterial, transformer: Transformer, vectors: Vectors, document: AnnotatedDocument
) -> None:
    pairs, of_words = reachable(document), word_pairs(document.words)
    marked, right = document_truth(document, of_words)
    of_words, right = of_words[marked], right[marked]
    spans = np.array([(m.start, m.end, m.head) for m in document.mentions], dtype=np.int64).reshape(-1, 3)
    attention, word_attention = pair_features(
        transformer,
        document.text,
        np.array(document.starts, dtype=np.int64),
        np.array(document.ends, dtype=np.int64),
        [SpanPairs(spans=spans, pairs=pairs), _single_words(len(document.words), of_words)],
    )
    material.documents.append(measured(document, pairs, attention, vectors))
    material.document_words.append(measured_words(document.words, of_words, word_attention, right, vectors))


def _single_words(n_words: int, pairs: np.typing.NDArray[np.int64]) -> SpanPairs:
    words = np.arange(n_words, dtype=np.int64)
    return SpanPairs(spans=np.stack([words, words + 1, words], axis=1), pairs=pairs, blocks=("head",))

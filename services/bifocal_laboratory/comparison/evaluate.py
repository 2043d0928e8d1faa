"""The comparison of the lenses as a benchmark: what pairs are, told by either lens and by both."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from bifocal_gateway.merge.listing import select
from bifocal_laboratory.comparison.classifier import Classifier, Codes, FitOptions, Labelled, fit
from bifocal_laboratory.comparison.features import (
    SYSTEMS,
    Features,
    LexicalProbabilities,
    concatenated,
    features_of,
)
from bifocal_laboratory.comparison.figures import Bools, Scored, compared
from bifocal_laboratory.comparison.labels import LABELS, NONE, Label, Labeller, RelatedWords
from bifocal_laboratory.comparison.reading import BothLenses, shard_of, words_of_pairs
from bifocal_laboratory.comparison.split import drawn, folds_of, set_aside
from bifocal_laboratory.corpora import AnnotatedDocument
from bifocal_laboratory.progress import Say

#: Words that the ends of a pair are apart at most. Most references are nearer, and a window holds them.
REACH_WORDS = 120

#: Of the pairs of no relation, which are 98 in 100, the share that is fitted on.
NONE_SHARE = 0.1

ListPair = tuple[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelledPairs:
    """Pairs of one document.

    Shapes: `codes` and `listed` ``(n,)``; the latter has the words of a lexical pair, and None for others.
    """

    features: Features
    codes: Codes
    listed: Sequence[ListPair | None]

    def only(self, rows: Bools) -> "LabelledPairs":
        """Some of them."""
        places = np.flatnonzero(rows)
        return LabelledPairs(
            features=self.features.only(places),
            codes=self.codes[places],
            listed=[self.listed[place] for place in places.tolist()],
        )

    @property
    def names(self) -> frozenset[ListPair]:
        """The lexical pairs among them."""
        return frozenset(pair for pair in self.listed if pair is not None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Benchmark:
    """What pairs are read and labelled with.

    `lexical` is the place of a probe of lexical relations: its probabilities join what the static lens says.
    It must not have seen the words that are labelled by the same lists, so `probe_words` are those that it
    was fitted on, and a pair that is lexical and holds one is left out, of fitting and of measuring.
    """

    lenses: BothLenses
    related: RelatedWords
    reach_words: int = REACH_WORDS
    lexical: LexicalProbabilities | None = None
    probe_words: frozenset[str] = frozenset()

    def pairs(self, document: AnnotatedDocument) -> LabelledPairs:
        """All pairs of candidate words in reach whose forms differ."""
        labeller = Labeller(document, self.related)
        read = self.lenses.read(shard_of(document))
        features, codes, listed = [], [], []
        for judged in read.judged(self.reach_words):
            differ = labeller.differ(*words_of_pairs(read, judged))
            judged = select(judged, np.flatnonzero(differ))
            i, j = words_of_pairs(read, judged)
            own = labeller.codes(i, j)
            names: list[ListPair | None] = [None] * len(own)
            for place in np.flatnonzero(own == LABELS.index(Label.LEXICAL)).tolist():
                names[place] = labeller.listed(int(i[place]), int(j[place]))
            features.append(features_of(read, judged, self.lexical))
            codes.append(own)
            listed += names
        found = LabelledPairs(
            features=concatenated(features),
            codes=np.concatenate([np.zeros(0, dtype=np.int8), *codes]),
            listed=listed,
        )
        seen = np.array([pair is not None and not self.probe_words.isdisjoint(pair) for pair in listed], bool)
        return found.only(~seen) if seen.any() else found


def compare_kinds(
    benchmark: Benchmark,
    documents: Sequence[AnnotatedDocument],
    *,
    n_set_aside: int,
    options: FitOptions | None = None,
    say: Say,
) -> dict[str, Any]:
    """Fit each system on the same documents, and measure all on the same others.

    Args:
        benchmark: lenses and lists.
        documents: with trees and mentions; names differ.
        n_set_aside: documents to measure on.
        options: how to fit.
        say: told of each step.

    Returns:
        What JSON can hold: ``n`` pairs measured, ``documents`` fitted on and set aside, ``reach_words``,
        by label ``pairs`` and ``chance``, the share that they are, which is the average precision of who
        knows nothing; then for each system, and as ``margins``, what `figures.compared` gives.

    Raises:
        ValueError: there are too few documents.
    """
    options = options or FitOptions()
    aside = set_aside([document.name for document in documents], n_set_aside)
    fitting = [document for document in documents if document.name not in aside]
    classifiers, known = _fitted(benchmark, fitting, options, say)
    scored = []
    for number, document in enumerate(d for d in documents if d.name in aside):
        say(f"measuring on {document.name} ({number + 1} of {len(aside)})")
        scored.append(_scored(benchmark.pairs(document), classifiers, known))
    pairs: Counter[str] = Counter()
    for one in scored:
        counts = np.bincount(one.codes, minlength=len(LABELS)).tolist()
        pairs.update(dict(zip((label.value for label in LABELS), counts, strict=True)))
    n, n_known = pairs.total(), sum(int(one.known.sum()) for one in scored)
    lexical = pairs[Label.LEXICAL] - n_known
    return {
        "n": n,
        "documents": {"fitted": len(fitting), "set_aside": len(scored)},
        "reach_words": benchmark.reach_words,
        "pairs": {**pairs, "lexical, new": lexical},
        "chance": {
            **{label: round(count / n, 6) for label, count in pairs.items()},
            "lexical, new": round(lexical / (n - n_known), 6),
        },
        **compared(scored, list(SYSTEMS), "both"),
    }


def _fitted(
    benchmark: Benchmark, documents: Sequence[AnnotatedDocument], options: FitOptions, say: Say
) -> tuple[dict[str, Classifier], frozenset[ListPair]]:
    """A classifier for each system, and the lexical pairs of the documents."""
    folds = folds_of([document.name for document in documents], options.folds)
    known: set[ListPair] = set()
    parts, weight, fold = [], [], []
    for number, document in enumerate(documents):
        say(f"reading {document.name} ({number + 1} of {len(documents)})")
        pairs = benchmark.pairs(document)
        known |= pairs.names
        is_none = pairs.codes == NONE
        pairs = pairs.only(~is_none | drawn(document.name, len(is_none), NONE_SHARE))
        parts.append(pairs)
        weight.append(np.where(pairs.codes == NONE, 1 / NONE_SHARE, 1.0).astype(np.float32))
        fold.append(np.full(len(pairs.codes), folds[document.name]))
    features = concatenated([part.features for part in parts])
    labelled = Labelled(
        columns=np.zeros((0, 0), dtype=np.float32),
        codes=np.concatenate([part.codes for part in parts]),
        weight=np.concatenate(weight),
        fold=np.concatenate(fold),
    )
    classifiers = {}
    for system in SYSTEMS:
        say(f"fitting {system} on {len(labelled.codes):,} pairs")
        classifiers[system] = fit(replace(labelled, columns=features.of(system)), options, say=say)
    return classifiers, frozenset(known)


def _scored(pairs: LabelledPairs, classifiers: dict[str, Classifier], known: frozenset[ListPair]) -> Scored:
    probabilities = {
        system: classifier.probabilities(pairs.features.of(system))
        for system, classifier in classifiers.items()
    }
    return Scored(
        codes=pairs.codes,
        known=np.array([pair in known for pair in pairs.listed], dtype=np.bool_),
        probabilities={system: found.astype(np.float32) for system, found in probabilities.items()},
        decided={system: classifiers[system].decided(found) for system, found in probabilities.items()},
    )

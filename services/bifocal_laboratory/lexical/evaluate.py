"""How well lexical relations are told from static vectors: of pairs set aside, and of words never seen."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from bifocal.lenses.pair_background import band_of, pair_background
from bifocal_laboratory.corpora import LexicalKind, LexicalPair, read_lexical_relations
from bifocal_laboratory.corpora.lexical_relations import lexical_files
from bifocal_laboratory.lexical.figures import areas, classified, softmax
from bifocal_laboratory.lexical.network import FitOptions
from bifocal_laboratory.lexical.outcomes import Outcomes, own_relations
from bifocal_laboratory.lexical.pairs import (
    Bools,
    LabelledPairs,
    random_fifth,
    unseen_first_words,
    unseen_words,
)
from bifocal_static.vectors import Vectors

#: What a file's name begins with that others of its folder are measured by.
_TRAIN = "train"

#: Pairs below which a list is soon known by heart, and how it is then fitted.
_SHORT_LIST = 12_000
_FOR_SHORT_LISTS = FitOptions(hidden=256, dropout=0.5, pairs=300_000)


@dataclass(frozen=True, slots=True, kw_only=True)
class LexicalList:
    """One set: its pairs, and which of them it sets aside itself."""

    pairs: Sequence[LexicalPair]
    aside: Sequence[bool] | None
    """None if it does not say."""

    @classmethod
    def read(cls, place: Path) -> "LexicalList":
        """A file, or a folder whose files are one set.

        Raises:
            UnreadableCorpus: there is no file, or one cannot be read.
        """
        files = lexical_files(place)
        pairs, aside = [], []
        for file in files:
            found = read_lexical_relations(file)
            pairs += found
            aside += [not file.stem.startswith(_TRAIN)] * len(found)
        return cls(pairs=pairs, aside=aside if len(set(aside)) == 2 else None)


def evaluate_lexical(
    vectors: Vectors, given: LexicalList, *, options: FitOptions | None = None
) -> dict[str, Any]:
    """Fit on parts of a set and measure on the rest, by the set's own names of relations.

    A pair is told right if the name and the direction are; in which order its words come cannot help,
    since the classifier reads both. `random` is the set's own division, or a fifth drawn at random;
    `unseen_first_word` and `unseen_words` set each fifth of the words aside in turn. Pairs with a word
    that has no vector are left out.

    Args:
        vectors: in the space that the static lens compares them in.
        given: the set.
        options: how to fit; None for what suits a list of that length.

    Raises:
        ValueError: too few pairs have vectors for any of the divisions.
    """
    outcomes = own_relations(given.pairs)
    known = [
        (first, second, outcomes.number(pair.relation), aside)
        for pair, aside in zip(given.pairs, given.aside or [False] * len(given.pairs), strict=True)
        if (first := vectors.key(pair.first)) and (second := vectors.key(pair.second))
    ]
    pairs = LabelledPairs.of(vectors, (row[:3] for row in known))
    aside = np.array([row[3] for row in known]) if given.aside else random_fifth(len(pairs))
    near = _nearness(vectors, pairs)
    options = options or (_FOR_SHORT_LISTS if len(pairs) < _SHORT_LIST else FitOptions())
    divisions: dict[str, Iterable[tuple[Bools, Bools]]] = {
        "random": [(~aside, aside)],
        "unseen_first_word": unseen_first_words(pairs),
        "unseen_words": unseen_words(pairs),
    }
    return {
        "n": len(pairs),
        "left_out": len(given.pairs) - len(pairs),
        "random_pairs": sum(pair.kind is LexicalKind.RANDOM for pair in given.pairs),
        "space": vectors.space.value,
        **{name: _measured(pairs, near, outcomes, division, options) for name, division in divisions.items()},
    }


def _nearness(vectors: Vectors, pairs: LabelledPairs) -> dict[str, npt.NDArray[np.floating]]:
    """What the static lens has of every pair by itself ``(n,)``."""
    cosine = np.einsum("nd,nd->n", pairs.vectors[pairs.i], pairs.vectors[pairs.j])
    band = band_of(np.array([vectors.rank(word) for word in pairs.words], dtype=np.int64)).astype(np.int64)
    percentile = pair_background(vectors).percentile(cosine, band[pairs.i], band[pairs.j])
    return {"cosine": cosine, "percentile": percentile}


def _measured(
    pairs: LabelledPairs,
    near: Mapping[str, npt.NDArray[np.floating]],
    outcomes: Outcomes,
    division: Iterable[tuple[Bools, Bools]],
    options: FitOptions,
) -> dict[str, Any]:
    """Figures over the parts that were set aside, taken together."""
    found, rows = [], []
    for fitted, measured in division:
        if fitted.any() and measured.any():
            network = pairs.fit(fitted, outcomes, options)
            found.append(softmax(pairs.scores(network, measured)))
            rows.append(np.flatnonzero(measured))
    if not found:
        raise ValueError("there are too few pairs to set some of them aside")
    probability, row = np.concatenate(found), np.concatenate(rows)
    outcome = pairs.outcome[row]
    scores = {
        "classifier": 1 - probability[:, outcomes.none],
        **{name: values[row] for name, values in near.items()},
    }
    return {
        **classified(probability, outcome, outcomes),
        "related": areas(outcome != outcomes.none, scores),
    }

"""What is usual in the documents of one job, for a model of which nothing was measured before."""

from collections.abc import Sequence

import numpy as np

from bifocal.contracts import Options, ShardDocument
from bifocal.lenses import DistanceBackground
from bifocal.text import is_candidate
from bifocal_contextual.background import WeightedText, measure
from bifocal_contextual.bands import Bands
from bifocal_contextual.loaded import LoadedModel
from bifocal_contextual.methods import MatrixReader, WindowWeights
from bifocal_contextual.passes import lay_out
from bifocal_contextual.reading import read_windows
from bifocal_contextual.views import View

#: With fewer words together the documents say less of the batch than each says of itself.
FEWEST_WORDS = 1_000


def measure_sample(
    model: LoadedModel,
    views: Sequence[View],
    documents: Sequence[ShardDocument],
    options: Options,
    *,
    batch_tokens: int,
) -> dict[str, DistanceBackground]:
    """The background of each view that has none, by its name; nothing where the documents are too short.

    Documents are kept apart in passes, so that the figures depend on nothing but them.
    """
    lacking = [view for view in views if view.background is None]
    if sum(len(document.word_starts) for document in documents) < FEWEST_WORDS:
        return {}
    laid = lay_out(model, documents, options)
    readers = [MatrixReader(model.transformer, view.relator) for view in lacking]
    parts: list[list[list[WindowWeights]]] = [[[] for _ in lacking] for _ in documents]
    for place, found in read_windows(model.transformer, laid, readers, batch_tokens=batch_tokens, apart=True):
        for own, weights in zip(parts[place.document], found, strict=True):
            own.append(weights)
    return {
        view.name: measure(
            [_weighted(document, own[k]) for document, own in zip(documents, parts, strict=True)]
        )
        for k, view in enumerate(lacking)
    }


def _weighted(document: ShardDocument, parts: list[WindowWeights]) -> WeightedText:
    parts.sort(key=lambda part: part.window.first_word)
    bands = Bands.over(np.array([(p.window.first_word, p.window.end_word) for p in parts], dtype=np.int64))
    return WeightedText(
        bands=bands,
        weight=bands.mean(parts),
        candidate=np.array([is_candidate(word) for word in document.words], dtype=np.bool_),
    )

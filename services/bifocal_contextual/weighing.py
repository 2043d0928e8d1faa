"""Documents' weights through views of a transformer, and nothing else: what backgrounds are measured on."""

from collections.abc import Iterator, Sequence

import numpy as np

from bifocal.contracts import Options, ShardDocument
from bifocal.text import is_candidate
from bifocal_contextual.background import WeightedText
from bifocal_contextual.bands import Bands
from bifocal_contextual.loaded import LoadedModel
from bifocal_contextual.methods import MatrixReader, WindowWeights
from bifocal_contextual.passes import lay_out
from bifocal_contextual.reading import read_windows
from bifocal_contextual.views import View


def weigh(
    model: LoadedModel,
    views: Sequence[View],
    documents: Sequence[ShardDocument],
    options: Options,
    *,
    batch_tokens: int,
    apart: bool = False,
) -> Iterator[tuple[int, list[WeightedText]]]:
    """Each document's weights by view, with its place among the documents; they come when they are done.

    `apart` keeps documents apart in passes, so that the figures of one depend on nothing but it. Documents
    must have words.

    Raises:
        InvalidOptions: the window asked for is longer than the model's.
    """
    laid = lay_out(model, documents, options)
    parts: list[list[list[WindowWeights]]] = [[] for _ in documents]
    readers = [MatrixReader(model.transformer, view.relator) for view in views]
    for place, found in read_windows(
        model.transformer, laid, readers, batch_tokens=batch_tokens, apart=apart
    ):
        own = parts[place.document]
        own.append(list(found))
        if len(own) == len(laid[place.document][1]):
            document = documents[place.document]
            yield place.document, [_weighted(document, of_view) for of_view in zip(*own, strict=True)]
            own.clear()


def _weighted(document: ShardDocument, parts: Sequence[WindowWeights]) -> WeightedText:
    # In the order of the text, as the lens has them.
    parts = sorted(parts, key=lambda part: part.window.first_word)
    bands = Bands.over(np.array([(p.window.first_word, p.window.end_word) for p in parts], dtype=np.int64))
    return WeightedText(
        bands=bands,
        weight=bands.mean(parts),
        candidate=np.array([is_candidate(word) for word in document.words], dtype=np.bool_),
    )

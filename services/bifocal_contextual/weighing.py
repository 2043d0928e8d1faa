"""Texts' weights by a method and nothing else: what backgrounds are measured on."""

from collections.abc import Iterator, Sequence

import numpy as np

from bifocal.contracts import Method
from bifocal.text import Segmentation, is_candidate
from bifocal_contextual.background import WeightedText
from bifocal_contextual.bands import Bands
from bifocal_contextual.loaded import LoadedModel
from bifocal_contextual.methods import MatrixReader, WindowWeights
from bifocal_contextual.pieces import cut
from bifocal_contextual.reading import read_windows
from bifocal_contextual.windows import windows


def weigh(
    model: LoadedModel, texts: Sequence[tuple[str, Segmentation]], method: Method, *, batch_tokens: int
) -> Iterator[tuple[int, WeightedText]]:
    """The weights of some texts, read in the model's own windows, each with its place among them.

    Texts come when they are done, the longest first. `method` is a resolved one; texts without words are
    left out.
    """
    transformer = model.transformer
    room = transformer.window_tokens - len(transformer.prefix) - len(transformer.suffix)
    laid = []
    for text, words in texts:
        pieces = cut(transformer.tokenizer, text, words.starts, words.ends)
        laid.append((pieces, windows(pieces, most_pieces=room, overlap=0.5)))
    parts: list[list[WindowWeights]] = [[] for _ in texts]
    reader = MatrixReader(transformer, lambda: model.relator(method))
    for place, (part,) in read_windows(transformer, laid, [reader], batch_tokens=batch_tokens):
        own = parts[place.document]
        own.append(part)
        if len(own) == len(laid[place.document][1]):
            # In the order of the text, as the lens has them.
            yield place.document, _weighted(*texts[place.document], sorted(own, key=_first_word))
            own.clear()


def _first_word(part: WindowWeights) -> int:
    return part.window.first_word


def _weighted(text: str, words: Segmentation, parts: Sequence[WindowWeights]) -> WeightedText:
    bands = Bands.over(np.array([(p.window.first_word, p.window.end_word) for p in parts]))
    spans = zip(words.starts, words.ends, strict=True)
    return WeightedText(
        bands=bands,
        weight=bands.mean(parts),
        candidate=np.array([is_candidate(text[start:end]) for start, end in spans], dtype=np.bool_),
    )

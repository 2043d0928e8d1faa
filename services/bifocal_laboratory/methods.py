"""Each method's quality beside its cost, on the same items: names for pronouns, heads for words."""

import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from bifocal.contracts import Method
from bifocal.errors import InvalidOptions
from bifocal.text import Segmenter
from bifocal_contextual.audit import can_audit, zeroed
from bifocal_contextual.batches import Place, in_batches, padded, places_of
from bifocal_contextual.loaded import LoadedModel
from bifocal_contextual.methods import MatrixReader
from bifocal_contextual.model import Transformer
from bifocal_contextual.pieces import Pieces, cut
from bifocal_contextual.reading import read_windows
from bifocal_contextual.windows import Window, windows
from bifocal_laboratory.corpora import AnnotatedDocument, GapItem

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]
Laid = tuple[Pieces, list[Window]]

#: Runs of the bare model that costs are held against; the median counts.
_RUNS = 3
_BATCH_TOKENS = 2048


def compare_methods(
    model: LoadedModel, items: Sequence[GapItem], documents: Sequence[AnnotatedDocument], most_sentences: int
) -> dict[str, Any]:
    """Accuracy and cost of every method that the model allows.

    A method chooses, of two names, the one with more weight to and from the pronoun, and as the head of a
    word the word of its sentence with which it shares most weight. Value zeroing is asked about the names
    only: it takes a pass for each word. The cost is in passes of the bare model over the same texts.

    Returns:
        ``{"n", "n_words", "methods": {name: {"accuracy", "uas", "passes"}}}``.
    """
    transformer = model.transformer
    asked = [item for item in items if item.a_coref or item.b_coref]
    names = [_names(item, transformer) for item in asked]
    right = np.array([item.a_coref for item in asked])
    trees, sentences = _trees(documents, transformer, most_sentences)
    laid = [laid for laid, _ in names]
    bare_s = _timed(lambda: _bare(transformer, laid))
    found: dict[str, Any] = {}
    for method in Method:
        try:
            if method is not model.resolved(method):
                continue
        except InvalidOptions:
            continue
        start_s = time.perf_counter()
        chosen = [
            _first_name(w, spans) for w, (_, spans) in zip(_weights(model, method, laid), names, strict=True)
        ]
        found[method.value] = {
            "accuracy": float((np.array(chosen) == right).mean()),
            "uas": _uas(model, method, trees, sentences),
            "passes": (time.perf_counter() - start_s) / bare_s,
        }
    if can_audit(transformer):
        start_s = time.perf_counter()
        chosen = [_loses_more_without_first(transformer, one, spans) for one, spans in names]
        found["value_zeroing"] = {
            "accuracy": float((np.array(chosen) == right).mean()),
            "uas": None,
            "passes": (time.perf_counter() - start_s) / bare_s,
        }
    n_words = sum(int((heads >= 0).sum()) for heads in sentences)
    return {"n": len(asked), "n_words": n_words, "methods": found}


def _names(item: GapItem, transformer: Transformer) -> tuple[Laid, tuple[Ints, Ints, Ints]]:
    """A text laid out, and the words of the pronoun and of both names."""
    words = Segmenter("en").segment(item.text)

    def touched(offset: int, text: str) -> Ints:
        return np.flatnonzero((words.starts < offset + len(text)) & (words.ends > offset))

    spans = (
        touched(item.pronoun_offset, item.pronoun),
        touched(item.a_offset, item.a),
        touched(item.b_offset, item.b),
    )
    return _laid(cut(transformer.tokenizer, item.text, words.starts, words.ends), transformer), spans


def _laid(pieces: Pieces, transformer: Transformer) -> Laid:
    room = transformer.window_tokens - len(transformer.prefix) - len(transformer.suffix)
    # One window: a text that is longer is read by its first words, for all methods alike.
    return pieces, windows(pieces, most_pieces=room, overlap=0.0)[:1]


def _weights(model: LoadedModel, method: Method, laid: Sequence[Laid]) -> list[Floats]:
    """Both directions' weights added up, text by text ``(words, words)``."""
    readers = [MatrixReader(model.transformer, lambda: model.relator(method))]
    found: list[Floats] = [np.zeros((0, 0), dtype=np.float32)] * len(laid)
    for place, (part,) in read_windows(model.transformer, laid, readers, batch_tokens=_BATCH_TOKENS):
        found[place.document] = part.weight + part.weight.T
    return found


def _first_name(weight: Floats, spans: tuple[Ints, Ints, Ints]) -> bool:
    pronoun, a, b = (span[span < len(weight)] for span in spans)
    return float(weight[np.ix_(pronoun, a)].sum()) >= float(weight[np.ix_(pronoun, b)].sum())


def _loses_more_without_first(transformer: Transformer, laid: Laid, spans: tuple[Ints, Ints, Ints]) -> bool:
    [place] = places_of([laid])
    pronoun, a, b = (span[span < place.n_words] for span in spans)
    without = np.concatenate([a, b])
    change = zeroed(transformer, place, np.repeat(pronoun[:1], len(without)), without)
    return float(change[: len(a)].sum()) >= float(change[len(a) :].sum())


def _trees(
    documents: Sequence[AnnotatedDocument], transformer: Transformer, most: int
) -> tuple[list[Laid], list[Ints]]:
    """Texts of one sentence each, and the head of every word, -1 for those not asked for."""
    laid: list[Laid] = []
    sentences: list[Ints] = []
    for document, (first, end) in _sentences(documents):
        if len(laid) == most:
            break
        text = document.text[document.starts[first] : document.ends[end - 1]]
        starts = np.array(document.starts[first:end]) - document.starts[first]
        ends = np.array(document.ends[first:end]) - document.starts[first]
        heads = np.array(document.heads[first:end] if document.heads else []) - first
        relations = document.relations[first:end] if document.relations else ()
        asked = np.array([relation != "punct" for relation in relations]) & (heads >= 0)
        laid.append(_laid(cut(transformer.tokenizer, text, starts, ends), transformer))
        sentences.append(np.where(asked, heads, -1))
    return laid, sentences


def _sentences(documents: Sequence[AnnotatedDocument]) -> Iterator[tuple[AnnotatedDocument, tuple[int, int]]]:
    for document in documents:
        if document.heads is not None:
            yield from ((document, sentence) for sentence in document.sentences)


def _uas(
    model: LoadedModel, method: Method, trees: Sequence[Laid], sentences: Sequence[Ints]
) -> float | None:
    right = asked = 0
    for weight, heads in zip(_weights(model, method, trees), sentences, strict=True):
        np.fill_diagonal(weight, -1)
        own = heads[: len(weight)]
        known = own >= 0
        right += int((weight.argmax(axis=1) == own)[known].sum())
        asked += int((heads >= 0).sum())
    return right / asked if asked else None


@torch.inference_mode()
def _bare(transformer: Transformer, laid: Sequence[Laid]) -> None:
    places: list[Place] = places_of(laid)
    for batch in (padded(own, transformer) for own in in_batches(places, transformer, _BATCH_TOKENS)):
        transformer.network(input_ids=batch.ids, attention_mask=batch.mask)


def _timed(run: Callable[[], None]) -> float:
    times_s = []
    for _ in range(_RUNS):
        start_s = time.perf_counter()
        run()
        times_s.append(time.perf_counter() - start_s)
    return float(np.median(times_s))

"""What every head says of pairs of spans: four places to look at, two directions, log weights.

That attention heads link mentions was found by Clark et al. (2019, "What Does BERT Look At?",
https://arxiv.org/abs/1906.04341), who took the head word for the mention; the words behind the heads
are looked at as well here, since heads often speak of a neighbour.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from bifocal_contextual.catalogue.references import BLOCKS, DIRECTIONS, Block, FeatureScale
from bifocal_contextual.heads import WindowHeads, read_heads
from bifocal_contextual.model import Transformer
from bifocal_contextual.pieces import cut
from bifocal_contextual.windows import windows

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]

#: Columns of a span: first word, end word, head word.
START, END, HEAD = 0, 1, 2

#: Pieces of a window, and between the beginnings of two; a pair is held by at least one window
#: if it lies no further apart than what windows share.
WINDOW_PIECES, STRIDE_PIECES = 400, 170
_BATCH_TOKENS = 2048


@dataclass(frozen=True, slots=True, kw_only=True)
class SpanPairs:
    """Spans of one text and the pairs of them to measure.

    Shapes: `spans` ``(n_spans, 3)``, first, end and head word; `pairs` ``(n_pairs, 2)``, rows of `spans`,
    the anaphor's and the antecedent's.
    """

    spans: Ints
    pairs: Ints
    blocks: tuple[Block, ...] = BLOCKS


def pair_features(
    transformer: Transformer,
    text: str,
    starts: Ints,
    ends: Ints,
    requests: Sequence[SpanPairs],
    *,
    scale: FeatureScale | None = None,
) -> list[Floats]:
    """Features of the pairs of one text, one reading for all requests.

    A feature is the mean over the windows that hold the heads of both spans; a pair that no window
    holds has that of a weight of zero.

    Args:
        transformer: the model to read with.
        text: the text.
        starts: offsets of its words, ``(n_words,)``.
        ends: offsets behind its words, ``(n_words,)``.
        requests: pairs to measure.
        scale: how weights become features.

    Returns:
        For each request ``(n_pairs, blocks, 2, heads)`` float32, the directions as in `DIRECTIONS`.

    Raises:
        ValueError: a span's head lies outside of it, or outside of the text.
    """
    for request in requests:
        _check(request, len(starts))
    pieces = cut(transformer.tokenizer, text, starts, ends)
    limit = min(WINDOW_PIECES, transformer.window_tokens - len(transformer.prefix) - len(transformer.suffix))
    found = windows(pieces, most_pieces=limit, overlap=1 - STRIDE_PIECES / WINDOW_PIECES)
    scale = scale or FeatureScale()
    sums: list[Floats | None] = [None] * len(requests)
    counts = [np.zeros(len(request.pairs), dtype=np.int64) for request in requests]
    n_heads = 0
    for heads in read_heads(transformer, [(pieces, found)], batch_tokens=_BATCH_TOKENS):
        n_heads = len(heads.weights)
        for number, request in enumerate(requests):
            rows, values = _in_window(heads, request, scale)
            total = sums[number]
            if total is None:
                total = np.zeros((len(request.pairs), *values.shape[1:]), dtype=np.float32)
                sums[number] = total
            total[rows] += values
            counts[number][rows] += 1
    return [
        _mean(total, count, request, n_heads, scale)
        for total, count, request in zip(sums, counts, requests, strict=True)
    ]


def _check(request: SpanPairs, n_words: int) -> None:
    start, end, head = request.spans[:, START], request.spans[:, END], request.spans[:, HEAD]
    if not bool(((start >= 0) & (start <= head) & (head < end) & (end <= n_words)).all()):
        raise ValueError(f"every span needs 0 <= start <= head < end <= {n_words}")


def _mean(total: Floats | None, count: Ints, request: SpanPairs, n_heads: int, scale: FeatureScale) -> Floats:
    if total is None:
        total = np.zeros((len(count), len(request.blocks), len(DIRECTIONS), n_heads), dtype=np.float32)
    total /= np.maximum(count, 1)[:, None, None, None]
    total[count == 0] = scale.of(np.zeros(1, dtype=np.float32))[0]
    return total


def _in_window(heads: WindowHeads, request: SpanPairs, scale: FeatureScale) -> tuple[Ints, Floats]:
    """Rows of the pairs that the window holds, and their features ``(rows, blocks, 2, heads)``."""
    first, end = heads.window.first_word, heads.window.end_word
    inside = (request.spans[:, HEAD] >= first) & (request.spans[:, HEAD] < end)
    rows = np.flatnonzero(inside[request.pairs].all(axis=1))
    anaphors, antecedents = request.pairs[rows].T
    weights: Floats = heads.weights.numpy()
    last = end - first - 1
    head = request.spans[:, HEAD] - first
    behind = np.minimum(head + 1, last)
    values = np.empty((len(rows), len(request.blocks), 2, len(weights)), dtype=np.float32)
    for block, name in enumerate(request.blocks):
        if name == "span":
            kept = np.flatnonzero(inside)
            number = np.full(len(inside), -1)
            number[kept] = np.arange(len(kept))
            between = _between_spans(weights, request.spans[kept] - first, last + 1, scale.span_words)
            a, b = number[anaphors], number[antecedents]
            values[:, block, 0], values[:, block, 1] = between[:, a, b].T, between[:, b, a].T
            continue
        a = (behind if name == "after_anaphor" else head)[anaphors]
        b = (behind if name == "after_antecedent" else head)[antecedents]
        values[:, block, 0], values[:, block, 1] = weights[:, a, b].T, weights[:, b, a].T
    return rows, scale.of(values)


def _between_spans(weights: Floats, spans: Ints, n_words: int, most: int) -> Floats:
    """What each span gives to each other one, ``(heads, spans, spans)``.

    Summed over the words attended to, of those attending the one that gives the most; of a long span
    the `most` words about its head.
    """
    start, end, head = spans.T
    start = np.maximum(start, np.maximum(0, np.minimum(head - most // 2, end - most)))
    end = np.minimum(np.minimum(end, start + most), n_words)
    words = np.arange(n_words)[:, None]
    members = ((words >= start) & (words < end)).astype(np.float32)
    given = weights[:, :n_words, :n_words] @ members
    between = np.empty((weights.shape[0], len(spans), len(spans)), dtype=np.float32)
    for row, (low, high) in enumerate(zip(start, end, strict=True)):
        between[:, row] = given[:, low:high].max(axis=1)
    return between

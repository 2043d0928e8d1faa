"""Where a tokenizer's pieces meet the document's words: by character offsets, nothing else."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pieces:
    """A document cut into a tokenizer's pieces, laid against its words.

    A piece belongs to the words it shares characters with, in proportion (a piece *don* of
    *do|n't* is two thirds *do*'s); one that shares none, as for white space, belongs to no word.

    Shapes: `ids` ``(n_pieces,)``; `piece`, `word` and `share` ``(n_links,)``, ordered by piece, the
    shares of a piece summing to one; `first` and `end` ``(n_words,)``, the run of pieces that a word
    touches, empty for a word the tokenizer dropped.
    """

    ids: Ints
    piece: Ints
    word: Ints
    share: npt.NDArray[np.float32]
    first: Ints
    end: Ints


def cut(tokenizer: Any, text: str, word_starts: Ints, word_ends: Ints) -> Pieces:
    """Cut a text with a tokenizer of the `tokenizers` library; word bounds ``(n_words,)``."""
    encoded = tokenizer.encode(text, add_special_tokens=False)
    offsets = np.array(encoded.offsets, dtype=np.int64).reshape(-1, 2)
    return align(np.array(encoded.ids, dtype=np.int64), offsets, word_starts, word_ends)


def align(ids: Ints, offsets: Ints, word_starts: Ints, word_ends: Ints) -> Pieces:
    """Lay pieces with character `offsets` ``(n_pieces, 2)`` against words."""
    n_words = len(word_starts)
    starts, ends = offsets[:, 0], offsets[:, 1]
    # Words are in order and do not overlap, so the words that a piece touches are one run.
    from_word = np.searchsorted(word_ends, starts, side="right")
    to_word = np.where(ends > starts, np.searchsorted(word_starts, ends, side="left"), from_word)
    touched = np.maximum(to_word - from_word, 0)
    piece = np.repeat(np.arange(len(ids)), touched)
    step = np.arange(len(piece)) - np.repeat(np.cumsum(touched) - touched, touched)
    word = from_word[piece] + step
    common = np.minimum(ends[piece], word_ends[word]) - np.maximum(starts[piece], word_starts[word])
    total = np.bincount(piece, weights=common, minlength=len(ids))
    first = np.full(n_words, len(ids), dtype=np.int64)
    end = np.zeros(n_words, dtype=np.int64)
    np.minimum.at(first, word, piece)
    np.maximum.at(end, word, piece + 1)
    return Pieces(
        ids=ids,
        piece=piece,
        word=word,
        share=(common / total[piece]).astype(np.float32),
        first=np.minimum(first, end),
        end=end,
    )

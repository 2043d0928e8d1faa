"""From pieces to words: summed over the pieces of the word attended to, averaged over those attending.

That keeps the sum of a row (Clark et al. 2019, "What Does BERT Look At?", section 4.1). The special
tokens before and after the text are pooled as two words more, behind the window's own.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from bifocal_contextual.batches import Place
from bifocal_contextual.model import Transformer

Floats = npt.NDArray[np.float32]

#: Special tokens before and after a text, as words counted from the window's last.
PREFIX, SUFFIX, N_SPECIALS = 0, 1, 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Pooling:
    """How the pieces of one window make up its words.

    Shapes: `piece`, `word`, `given` and `taken` ``(n_links,)``, one for each meeting of an input piece,
    specials included, with a word: `given` is the piece's share in the word, `taken` that share of the
    word's pieces, summing to one for a word.
    """

    n_pieces: int
    n_words: int
    piece: torch.Tensor
    word: torch.Tensor
    given: torch.Tensor
    taken: torch.Tensor

    @classmethod
    def of(cls, place: Place, transformer: Transformer) -> "Pooling":
        """Pooling of a window as `transformer` reads it, with its special tokens around."""
        n_prefix, n_suffix = len(transformer.prefix), len(transformer.suffix)
        n_pieces, n_words = n_prefix + place.n_pieces + n_suffix, place.n_words + N_SPECIALS
        piece, word, share = links_with_specials(place, n_prefix, n_suffix)
        mass = np.bincount(word, weights=share, minlength=n_words)
        return cls(
            n_pieces=n_pieces,
            n_words=n_words,
            piece=torch.from_numpy(piece),
            word=torch.from_numpy(word),
            given=torch.from_numpy(share),
            taken=torch.from_numpy((share / mass[word]).astype(np.float32)),
        )

    def __call__(self, weights: torch.Tensor) -> torch.Tensor:
        """Weights between pieces ``(…, n_pieces or more, n_pieces or more)`` as between words, in float32."""
        text = weights[..., : self.n_pieces, : self.n_pieces].float()
        # Adding rows to rows touches each number once, where a product with a matrix of shares would
        # multiply it by every word.
        attending = self._summed(text.movedim(-2, 0), self.taken)
        return self._summed(attending.movedim(-1, 0), self.given).movedim(1, -1).movedim(0, -1)

    def _summed(self, rows: torch.Tensor, shares: torch.Tensor) -> torch.Tensor:
        own = rows[self.piece.to(rows.device)]
        own *= shares.to(rows.device).reshape(-1, *[1] * (rows.ndim - 1))
        return own.new_zeros(self.n_words, *rows.shape[1:]).index_add_(0, self.word.to(rows.device), own)


def links(place: Place) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], Floats]:
    """Piece, word and share of every meeting inside a window, counted from its first piece and word."""
    pieces, window = place.pieces, place.window
    low, high = np.searchsorted(pieces.piece, [window.first_piece, window.end_piece])
    piece, word, share = pieces.piece[low:high], pieces.word[low:high], pieces.share[low:high]
    inside = (word >= window.first_word) & (word < window.end_word)
    return piece[inside] - window.first_piece, word[inside] - window.first_word, share[inside]


def links_with_specials(
    place: Place, n_prefix: int, n_suffix: int
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], Floats]:
    """The same for all input pieces, counted from the first special token, ordered by word."""
    piece, word, share = links(place)
    first_of_suffix = n_prefix + place.n_pieces
    specials = [np.arange(n_prefix), first_of_suffix + np.arange(n_suffix)]
    as_words = [np.full(n_prefix, place.n_words + PREFIX), np.full(n_suffix, place.n_words + SUFFIX)]
    whole = np.ones(n_prefix + n_suffix, dtype=np.float32)
    # The words that a piece touches rise with the piece, so links by piece are links by word.
    return (
        np.concatenate([piece + n_prefix, *specials]),
        np.concatenate([word, *as_words]),
        np.concatenate([share, whole]),
    )

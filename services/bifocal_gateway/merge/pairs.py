"""The candidate pairs of a document, block by block, so that memory does not grow with their number."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from bifocal.lenses import ContextualOutput

Ints = npt.NDArray[np.int64]

#: Pairs looked at together.
BLOCK_PAIRS = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """Some pairs of words that shared a window; `i` and `j` ``(k,)``, word positions, i < j."""

    i: Ints
    j: Ints


def count(n_candidates: int) -> int:
    """Candidate pairs of a document: every two of its candidate words."""
    return n_candidates * (n_candidates - 1) // 2


def seen_pairs(candidates: Ints, contextual: ContextualOutput) -> Iterator[Block]:
    """Pairs of candidate words ``(n_candidates,)`` that shared a window, in order of the text.

    The rest of the pairs, which grow with the square of a long document, are only counted.
    """
    reach = (contextual.first + contextual.width).astype(np.int64)[candidates]
    # Candidates after each one, up to the last that shared a window with it.
    place = np.arange(len(candidates))
    partners = np.searchsorted(candidates, reach, side="left") - place - 1
    done = 0
    while done < len(candidates):
        upto = done + 1 + int(np.searchsorted(np.cumsum(partners[done + 1 :]), BLOCK_PAIRS - partners[done]))
        rows = np.arange(done, min(upto, len(candidates)))
        own = partners[rows]
        i = np.repeat(rows, own)
        step = np.arange(len(i)) - np.repeat(np.cumsum(own) - own, own)
        if len(i):
            yield Block(i=candidates[i], j=candidates[i + 1 + step])
        done = int(rows[-1]) + 1

"""How far apart the pairs are that each lens marks."""

import numpy as np
import numpy.typing as npt

from bifocal.contracts import LongRange
from bifocal_gateway.merge.verdicts import MARKED_BY_CONTEXT, MARKED_BY_MEANING, Judged

Bools = npt.NDArray[np.bool_]

#: A pair farther apart is far: past the clause and mostly past the sentence.
BEYOND_WORDS = 25
_DIGITS = 6


class Reach:
    """Takes in blocks of judged pairs."""

    def __init__(self) -> None:
        # Rows: all comparable pairs, those marked by the static lens, by the contextual one.
        # Columns: pairs, far ones, those across sentences.
        self._n = np.zeros((3, 3), dtype=np.int64)

    def add(self, judged: Judged, distance: npt.NDArray[np.int64], same_sentence: Bools) -> None:
        """Take in a block; distances in words, shapes ``(k,)``."""
        marked = (
            judged.comparable,
            np.isin(judged.code, MARKED_BY_MEANING),
            np.isin(judged.code, MARKED_BY_CONTEXT),
        )
        for row, chosen in enumerate(marked):
            far = np.count_nonzero(chosen & (distance > BEYOND_WORDS))
            across = np.count_nonzero(chosen & ~same_sentence)
            self._n[row] += np.count_nonzero(chosen), far, across

    def result(self) -> LongRange:
        """Shares over all that was taken in."""
        share = [
            [round(far / n, _DIGITS) if n else None, round(across / n, _DIGITS) if n else None]
            for n, far, across in self._n.tolist()
        ]
        return LongRange(
            beyond_words=BEYOND_WORDS,
            all_pairs=share[0][0],
            static=share[1][0],
            contextual=share[2][0],
            across_sentences_all_pairs=share[0][1],
            across_sentences_static=share[1][1],
            across_sentences_contextual=share[2][1],
        )

"""Each pair under both lenses, and the verdict on it."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from bifocal.contracts import Options, Reason, Verdict
from bifocal.lenses import ContextualOutput, StaticOutput
from bifocal_gateway.merge.pairs import Block

Floats = npt.NDArray[np.float64]

#: Verdicts and, from there on, reasons, as codes in `Judged.code`.
CODES: tuple[Verdict | Reason, ...] = (
    Verdict.NEITHER,
    Verdict.MEANING_ONLY,
    Verdict.CONTEXT_ONLY,
    Verdict.BOTH,
    Reason.SAME_WORD,
    Reason.UNKNOWN_WORD,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A block of pairs with what the lenses say; every array ``(k,)``.

    `cosine` and `static_percentile` mean nothing where `code` says that a word is unknown.
    """

    block: Block
    cosine: npt.NDArray[np.float32]
    static_percentile: Floats
    forward: npt.NDArray[np.float32]
    backward: npt.NDArray[np.float32]
    lift: npt.NDArray[np.float32]
    contextual_percentile: Floats
    code: npt.NDArray[np.int8]

    @property
    def strength(self) -> Floats:
        """The higher of the two percentiles ``(k,)``, of those that mean something."""
        known = self.code != CODES.index(Reason.UNKNOWN_WORD)
        return np.maximum(np.where(known, self.static_percentile, 0.0), self.contextual_percentile)


def judge(block: Block, static: StaticOutput, contextual: ContextualOutput, options: Options) -> Judged:
    """Look at a block of pairs that shared a window through both lenses.

    A lens marks a pair from its threshold on. Percentiles are on one scale, shares of what is usual;
    raw cosine and raw attention are never set against each other.
    """
    i, j = block.i, block.j
    cosine, static_percentile = static.compare(i, j)
    forward, backward, lift, contextual_percentile = contextual.compare(i, j)
    meaning = static_percentile >= options.static_threshold
    context = contextual_percentile >= options.contextual_threshold
    code = (meaning.astype(np.int8) + 2 * context.astype(np.int8)).astype(np.int8)
    code[~static.comparable(i, j)] = CODES.index(Reason.UNKNOWN_WORD)
    code[static.same_type(i, j)] = CODES.index(Reason.SAME_WORD)
    return Judged(
        block=block,
        cosine=cosine,
        static_percentile=static_percentile,
        forward=forward,
        backward=backward,
        lift=lift,
        contextual_percentile=contextual_percentile,
        code=code,
    )

"""Each pair under both lenses, and the verdict on it."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from bifocal.contracts import Options, Reason, Verdict
from bifocal.lenses import StaticOutput
from bifocal_gateway.merge.kinds import JointScores, LikeliestKinds
from bifocal_gateway.merge.pairs import Block
from bifocal_gateway.units import UnitAttention

#: Probability from which a pair's kind is told.
LEAST_KIND = 0.5

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

#: Codes of the pairs that each lens marks.
MARKED_BY_MEANING = [CODES.index(Verdict.MEANING_ONLY), CODES.index(Verdict.BOTH)]
MARKED_BY_CONTEXT = [CODES.index(Verdict.CONTEXT_ONLY), CODES.index(Verdict.BOTH)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A block of pairs with what the lenses say; every array ``(k,)``.

    `cosine` and `static_percentile` mean something where both ends are `known` to the static lens. `kind` is
    a place among the document's kinds, -1 for none; `joint` is not a number where there is none.
    """

    block: Block
    known: npt.NDArray[np.bool_]
    cosine: npt.NDArray[np.float32]
    static_percentile: Floats
    forward: npt.NDArray[np.float32]
    backward: npt.NDArray[np.float32]
    lift: npt.NDArray[np.float32]
    contextual_percentile: Floats
    kind: npt.NDArray[np.int64]
    kind_probability: npt.NDArray[np.float32]
    joint: npt.NDArray[np.float32]
    code: npt.NDArray[np.int8]

    @property
    def has_kind(self) -> npt.NDArray[np.bool_]:
        """Whether a kind is more likely than not ``(k,)``."""
        return self.kind_probability >= LEAST_KIND

    @property
    def comparable(self) -> npt.NDArray[np.bool_]:
        """Whether the verdict is one, rather than a reason for none ``(k,)``."""
        return self.code < CODES.index(Reason.SAME_WORD)

    @property
    def strength(self) -> Floats:
        """The higher of the percentiles ``(k,)``, 1 for a pair with a kind; of pairs that cannot be compared
        the contextual one less 1, so that they come behind all others."""
        percentile = np.maximum(self.static_percentile, self.contextual_percentile)
        compared = np.where(self.has_kind, 1.0, percentile)
        return np.where(self.comparable, compared, self.contextual_percentile - 1.0)


def judge(
    block: Block,
    static: StaticOutput,
    contextual: UnitAttention,
    options: Options,
    kinds: LikeliestKinds | None = None,
    joint: JointScores | None = None,
) -> Judged:
    """Look at a block of pairs that shared a window through both lenses; `static` has units for words.

    A lens marks a pair from its threshold on, and the contextual one also where it tells the kind of the
    relation. Percentiles are on one scale, shares of what is usual; raw cosine and raw attention are never
    set against each other.
    """
    i, j = block.i, block.j
    cosine, static_percentile = static.compare(i, j)
    forward, backward, lift, contextual_percentile = contextual.compare(i, j)
    meaning = static_percentile >= options.static_threshold
    nothing = np.zeros(len(i), dtype=np.float32)
    kind, kind_probability = (np.full(len(i), -1), nothing) if kinds is None else kinds.find(i, j)
    told = kind_probability >= LEAST_KIND
    context = (contextual_percentile >= options.contextual_threshold) | told
    code = (meaning.astype(np.int8) + 2 * context.astype(np.int8)).astype(np.int8)
    known = static.comparable(i, j)
    code[~known] = CODES.index(Reason.UNKNOWN_WORD)
    code[static.same_type(i, j)] = CODES.index(Reason.SAME_WORD)
    return Judged(
        block=block,
        known=known,
        cosine=cosine,
        static_percentile=static_percentile,
        forward=forward,
        backward=backward,
        lift=lift,
        contextual_percentile=contextual_percentile,
        kind=kind,
        kind_probability=kind_probability,
        joint=nothing + np.nan if joint is None else joint.find(i, j),
        code=code,
    )

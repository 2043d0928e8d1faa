"""The models of a job behind the first ones: their figures of the listed pairs, and how far all agree."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from bifocal.contracts import ModelAgreement
from bifocal.lenses import StaticOutput
from bifocal_gateway.merge.figures import ContextualFigures, Row, StaticFigures, rank_among
from bifocal_gateway.merge.lenses import ContextualView, StaticView
from bifocal_gateway.merge.model_agreement import model_agreement
from bifocal_gateway.units import UnitAttention, Units

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


class Further:
    """All models of a job on one document; the first static and the first contextual one are told elsewhere.

    `i` and `j` ``(n,)`` are the comparable pairs of units that ranks are counted among.
    """

    def __init__(
        self,
        static: Sequence[StaticView],
        contextual: Sequence[ContextualView],
        units: Units,
        ranked: tuple[Ints, Ints, Floats, Floats],
    ) -> None:
        self._i, self._j, first_static, first_contextual = ranked
        self._static = [view.of_units(units) for view in static[1:]]
        self._contextual = [view.of_units(units) for view in contextual[1:]]
        self._static_sample = [self._static_percentiles(output) for output in self._static]
        self._contextual_sample = [self._contextual_percentiles(weights) for weights in self._contextual]
        names = [*(view.summary.model for view in static), *(view.summary.model for view in contextual)]
        samples = [first_static, *self._static_sample, first_contextual, *self._contextual_sample]
        self._percentiles = dict(zip(names, samples, strict=True))

    @property
    def any(self) -> bool:
        """Whether there is one."""
        return bool(self._static or self._contextual)

    def agreement(self) -> ModelAgreement | None:
        """Of every two models; None where there is no further one."""
        return model_agreement(self._percentiles) if self.any else None

    def rows(self, i: Ints, j: Ints) -> list[Row | None]:
        """Fields of `FurtherFigures` for each pair ``(k,)``; None where there is no further model."""
        if not self.any:
            return [None] * len(i)
        static, contextual = [], []
        for output, sample in zip(self._static, self._static_sample, strict=True):
            of_static = StaticFigures.of(output, i, j)
            static.append(of_static.rows(_rank(of_static.percentile, sample)))
        for weights, sample in zip(self._contextual, self._contextual_sample, strict=True):
            of_context = ContextualFigures.of(weights, i, j)
            contextual.append(of_context.rows(_rank(of_context.percentile, sample)))
        return [
            {"static": [row[k] for row in static], "contextual": [row[k] for row in contextual]}
            for k in range(len(i))
        ]

    def _static_percentiles(self, output: StaticOutput) -> Floats:
        figures = StaticFigures.of(output, self._i, self._j)
        same = output.same_type(self._i, self._j)
        return np.where(figures.known & ~same, figures.percentile, np.nan)

    def _contextual_percentiles(self, weights: UnitAttention) -> Floats:
        figures = ContextualFigures.of(weights, self._i, self._j)
        return np.where(figures.windows > 0, figures.percentile, np.nan)


def _rank(values: Floats, sample: Floats) -> Floats:
    return rank_among(values, sample[~np.isnan(sample)])

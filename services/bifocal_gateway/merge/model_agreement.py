"""How far any two models of a job put a document's pairs in the same order, whatever their tokenizers."""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from bifocal.contracts import ModelAgreement
from bifocal_gateway.merge.agreement import correlation
from bifocal_gateway.merge.ranks import ranks_of

Floats = npt.NDArray[np.float64]

_DIGITS = 6


def model_agreement(percentiles: Mapping[str, Floats]) -> ModelAgreement:
    """From each model's percentiles of the same pairs ``(n_pairs,)``, not a number where it has none."""
    values = np.stack(list(percentiles.values()))
    there = values[:, ~np.isnan(values).any(axis=0)]
    ranks = [ranks_of(row) for row in there]
    found = [[correlation(one, other) if len(one) > 1 else None for other in ranks] for one in ranks]
    return ModelAgreement(
        models=tuple(percentiles),
        spearman=tuple(
            tuple(None if value is None else round(value, _DIGITS) for value in row) for row in found
        ),
    )

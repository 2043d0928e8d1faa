"""How far the lenses agree on a job's documents, from each document's own agreement."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from bifocal.contracts import Report
from bifocal.contracts.batch import BatchAgreement
from bifocal_gateway.batch.database import Database
from bifocal_gateway.batch.term_pairs import MILLION

#: Probability of as much agreement by chance from which a document is not called beyond it.
_CHANCE = 0.05
_QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)

_SPEARMAN = """
select
    count(spearman),
    count(*) filter (p_value <= $chance),
    quantile_disc(spearman, [0.05, 0.25, 0.5, 0.75, 0.95])
from documents where spearman is not null
"""

#: The mean of each cell over the documents that have it.
_MODELS = """
select place, sum(value)::hugeint, count(value)
from (
    select unnest(model_spearman) as value, generate_subscripts(model_spearman, 1) as place
    from documents where model_spearman is not null
)
group by place order by place
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentAgreement:
    """A document's agreement in whole millionths; None where there is none.

    `models` ``(n_models * n_models,)``, row by row, where the job has more than two.
    """

    spearman: int | None
    p_value: int | None
    models: tuple[int | None, ...] | None

    @classmethod
    def of(cls, report: Report) -> "DocumentAgreement":
        """As a report tells it."""
        found, matrix = report.agreement, report.model_agreement
        return cls(
            spearman=_millionths(found.spearman),
            p_value=_millionths(None if found.null is None else found.null.p_value),
            models=None
            if matrix is None
            else tuple(_millionths(value) for row in matrix.spearman for value in row),
        )


def batch_agreement(database: Database, models: Sequence[str], n_permutations: int) -> BatchAgreement:
    """Over the documents in the table ``documents``; `models` are the job's, static ones first.

    `n_permutations` are behind each document's p, which is never below 1 in one more than them.
    """
    n, n_beyond, quantiles = database.row(_SPEARMAN, chance=round(_CHANCE * MILLION))
    cells = database.rows(_MODELS)
    matrix: npt.NDArray[np.object_] = np.full(len(models) ** 2, None, dtype=np.object_)
    for place, total, count in cells:
        matrix[place - 1] = round(total / count / MILLION, 6) if count else None
    rows = matrix.reshape(len(models), len(models)).tolist()
    return BatchAgreement(
        n_documents=n,
        spearman={str(q): v / MILLION for q, v in zip(_QUANTILES, quantiles or (), strict=False)},
        chance=_CHANCE,
        n_beyond_chance=n_beyond if 1 / (1 + n_permutations) <= _CHANCE else None,
        models=tuple(models) if cells else (),
        model_spearman=tuple(map(tuple, rows)) if cells else (),
    )


def _millionths(value: float | None) -> int | None:
    return None if value is None else round(value * MILLION)

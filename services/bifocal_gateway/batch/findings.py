"""Verdicts on the pairs of a batch, and the lists of a report."""

import math
from dataclasses import dataclass

from bifocal.contracts import Verdict
from bifocal.contracts.batch import (
    Absence,
    BatchPair,
    BatchStatic,
    BatchVerdicts,
    Constancy,
    Significance,
)
from bifocal_gateway.batch.chance import LEAST_DOCUMENTS, highest_finding
from bifocal_gateway.batch.database import Database
from bifocal_gateway.batch.term_pairs import MILLION

#: Documents that have to tie a pair, and the highest false discovery rate of a finding.
LEAST_TIED, LEVEL = 2, 0.05

#: Documents named as evidence.
MOST_EVIDENCE = 3

#: Documents from which on the spread of a pair's values is told, and its quantiles.
CONSTANCY_DOCUMENTS, CONSTANCY_QUANTILES = 20, (0.05, 0.25, 0.5, 0.75, 0.95)

#: The lists: which pairs of ``judged``, and in which order; of equals, by the terms.
_LISTS = {
    Verdict.CONTEXT_ONLY: ("is_tied and not near and static_percentile is not null", "log_p, tied desc"),
    Verdict.BOTH: ("is_tied and near", "log_p, tied desc"),
    Verdict.MEANING_ONLY: ("near and not is_tied", "near_log_p, documents desc"),
    Verdict.NOT_COMPARABLE: ("is_tied and static_percentile is null", "log_p, tied desc"),
}

_COUNTS = """
select
    count(*),
    count(*) filter (static_percentile >= $static_threshold),
    count(*) filter (static_percentile is null)
from counted
"""

_FINDINGS = """
select
    count(*),
    count(*) filter (near),
    count(*) filter (is_tied),
    count(*) filter (is_tied and near),
    count(*) filter (is_tied and static_percentile is null),
    count(*) filter (is_absent)
from judged
"""

_EVIDENCE = """
create table evidence as
select
    a, b,
    arg_min(
        documents.document,
        {{'value': -contextual, 'strongest': -strongest, 'document': number}},
        {most}
    ) as evidence
from held
join (select a, b from kept) using (a, b)
join documents on number = held.document
where held.tied
group by a, b
"""

_LISTED = """
select
    first.term, second.term, documents, tied, occurrences, contextual, contextual_squared, cosine,
    static_spread, static_percentile, expected, near_expected, kept.log_p, q.log_q, near_log_p, near_q.log_q,
    evidence
from kept
join vocabulary as first on first.number = a
join vocabulary as second on second.number = b
join q on q.log_p = kept.log_p
left join near_q on near_q.log_p = near_log_p
left join evidence using (a, b)
where verdict = $verdict
order by {order}, a, b
"""

_CONSTANCY = """
select count(*), max(static_spread), quantile_disc(spread, {quantiles})
from (
    select
        static_spread,
        sqrt((documents * contextual_squared - contextual::hugeint * contextual)::double) / documents
            as spread
    from counted
    where documents >= $least_documents
)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """What the pairs of a batch come to."""

    verdicts: BatchVerdicts
    significance: Significance
    lists: dict[Verdict, list[BatchPair]]
    constancy: Constancy


def find(database: Database, *, static_threshold: int, near_rate: float | None, most: int) -> Findings:
    """Judge the pairs that `hold_against_chance` tested; each list holds at most `most`.

    Makes the table ``kept`` of the pairs in the lists.
    """
    _judge(database)
    n_pairs, n_near, n_unknown = database.row(_COUNTS, static_threshold=static_threshold)
    n_tested, n_near_tested, n_tied, n_both, n_tied_unknown, n_absent = database.row(_FINDINGS)
    n_context_only = n_tied - n_both - n_tied_unknown
    return Findings(
        verdicts=BatchVerdicts(
            both=n_both,
            meaning_only=n_near - n_both,
            context_only=n_context_only,
            neither=n_pairs - n_near - n_unknown - n_context_only,
            not_comparable=n_unknown,
        ),
        significance=Significance(
            level=LEVEL,
            least_documents=LEAST_DOCUMENTS,
            least_tied=LEAST_TIED,
            n_tested=n_tested,
            n_tied=n_tied,
            near_rate=near_rate and significant(near_rate),
            n_near_tested=n_near_tested,
            n_absent=n_absent,
        ),
        lists=_lists(database, most),
        constancy=_constancy(database),
    )


def significant(figure: float) -> float:
    """A figure to six significant digits."""
    return float(f"{figure:.6g}")


def _judge(database: Database) -> None:
    """Make the view ``judged``: the tested pairs with what was found of them."""
    highest, near_highest = (highest_finding(database, table, LEVEL) for table in ("q", "near_q"))
    database.run(
        "create table highest as select $tied::double as tied, $absent::double as absent",
        tied=highest,
        absent=near_highest,
    )
    database.run(
        "create view judged as select tested.*, "
        f"tested.tied >= {LEAST_TIED} and log_p <= highest.tied as is_tied, "
        "coalesce(near_log_p <= highest.absent, false) as is_absent from tested, highest"
    )


def _lists(database: Database, most: int) -> dict[Verdict, list[BatchPair]]:
    selected = " union all ".join(
        f"(select *, '{verdict.value}' as verdict from judged where {which} "
        f"order by {order}, a, b limit {most})"
        for verdict, (which, order) in _LISTS.items()
    )
    database.run(f"create table kept as {selected}")
    database.run(_EVIDENCE.format(most=MOST_EVIDENCE))
    return {
        verdict: [
            _pair(verdict, *row) for row in database.rows(_LISTED.format(order=order), verdict=verdict.value)
        ]
        for verdict, (_, order) in _LISTS.items()
    }


def _pair(
    verdict: Verdict,
    a: str,
    b: str,
    documents: int,
    tied: int,
    occurrences: int,
    contextual: int,
    contextual_squared: int,
    cosine: int | None,
    static_spread: int | None,
    static_percentile: int | None,
    expected: float,
    near_expected: float,
    log_p: float,
    log_q: float,
    near_log_p: float | None,
    near_log_q: float | None,
    names: list[str] | None,
) -> BatchPair:
    static = absence = None
    if cosine is not None and static_percentile is not None:
        static = BatchStatic(cosine=cosine / MILLION, percentile=static_percentile / MILLION)
    if near_log_p is not None and near_log_q is not None:
        absence = Absence(
            expected=significant(near_expected),
            p=significant(math.exp(near_log_p)),
            q=significant(math.exp(near_log_q)),
        )
    variance = documents * contextual_squared - contextual**2
    return BatchPair(
        a=a,
        b=b,
        verdict=verdict,
        documents=documents,
        tied=tied,
        occurrences=occurrences,
        static=static,
        static_spread=None if static_spread is None else static_spread / MILLION,
        contextual=round(contextual / documents / MILLION, 6),
        contextual_spread=round(math.sqrt(variance) / documents / MILLION, 6),
        expected=significant(expected),
        lift=significant(tied / expected) if expected else None,
        p=significant(math.exp(log_p)),
        q=significant(math.exp(log_q)),
        absence=absence,
        evidence=names or [],
    )


def _constancy(database: Database) -> Constancy:
    query = _CONSTANCY.format(quantiles=list(CONSTANCY_QUANTILES))
    n_pairs, static_spread, spreads = database.row(query, least_documents=CONSTANCY_DOCUMENTS)
    quantiles = zip(CONSTANCY_QUANTILES, spreads or (), strict=False)
    return Constancy(
        least_documents=CONSTANCY_DOCUMENTS,
        n_pairs=n_pairs,
        static_spread=None if static_spread is None else static_spread / MILLION,
        contextual_spread={str(share): round(value / MILLION, 6) for share, value in quantiles},
    )

"""Pairs of terms over all documents, and what chance would have of each.

**What is expected.** Documents differ in how many of their pairs they tie, terms in how often they are
tied to anything. The ties expected of a pair are the sum of its documents' shares of tied pairs, times the
*tendencies* of its terms: the ties in a term's other pairs over the sum of their documents' shares. A
tendency below one counts as one, so that a term can explain ties but never lend weight to them. The number
of ties is held against the binomial distribution with the mean rate. Where rates differ, as they do, the
upper tail of that is too large above the mean, and the lower tail below it (Hoeffding 1956): p values err to
the safe side.

**What absence is.** Of a pair that the static lens marks, as many ties more are expected as such pairs have
over the batch; here a tendency above one counts as one.
"""

import math

from bifocal_gateway.batch.database import Database
from bifocal_gateway.batch.tails import corrected, log_lower_tail, log_upper_tail

#: Documents from which on a pair is tested: what a single one says is for its own report.
LEAST_DOCUMENTS = 2

_COUNTED = """
create table counted as
select
    a, b,
    count(*)::integer as documents,
    count(*) filter (tied)::integer as tied,
    sum(occurrences)::bigint as occurrences,
    sum(usual)::bigint as usual,
    sum(contextual)::bigint as contextual,
    sum(contextual::bigint * contextual) as contextual_squared,
    min(cosine) as cosine,
    max(cosine) - min(cosine) as static_spread,
    min(static_percentile) as static_percentile
from held
group by a, b
"""

_TIES = """
create table ties as
select term, sum(tied)::bigint as tied, sum(usual)::bigint as usual
from (select a as term, tied, usual from counted union all select b, tied, usual from counted)
group by term
"""

_TENDENCY = """
create macro tendency(term_tied, term_usual, pair_tied, pair_usual) as
case
    when term_usual > pair_usual then 1000000 * (term_tied - pair_tied) / (term_usual - pair_usual)
    else 1
end
"""

_NEAR = "select sum(tied), sum(usual) from counted where static_percentile >= $static_threshold"

_TESTED = """
create table tested as
select
    * exclude (first_tendency, second_tendency),
    usual / 1000000 * greatest(first_tendency, 1) * greatest(second_tendency, 1) as expected,
    usual / 1000000 * least(first_tendency, 1) * least(second_tendency, 1) * $near_rate as near_expected,
    log_upper_tail(tied, documents, least(expected / documents, 1)) as log_p,
    case when near then log_lower_tail(tied, documents, least(near_expected / documents, 1)) end as near_log_p
from (
    select
        counted.*,
        coalesce(static_percentile >= $static_threshold, false) as near,
        tendency(first.tied, first.usual, counted.tied, counted.usual) as first_tendency,
        tendency(second.tied, second.usual, counted.tied, counted.usual) as second_tendency
    from counted
    join ties as first on first.term = a
    join ties as second on second.term = b
    where documents >= $least_documents
)
"""

_FALLING = """
select {p} as log_p, count(*) as n from tested where {p} is not null group by {p} order by {p} desc
"""


def hold_against_chance(database: Database, *, static_threshold: int) -> float | None:
    """Make the tables ``counted``, a row a pair, and ``tested``, a row a pair of two documents and more.

    The static lens marks a pair from `static_threshold` on, in millionths. The tables ``q`` and ``near_q``
    hold the logarithm of the false discovery rate for each ``log_p`` and ``near_log_p``.

    Returns how much oftener pairs that the static lens marks are tied than is expected of them; None if
    nothing is.
    """
    database.add_tail("log_upper_tail", log_upper_tail)
    database.add_tail("log_lower_tail", log_lower_tail)
    database.run(_COUNTED)
    database.run(_TIES)
    database.run(_TENDENCY)
    tied, usual = database.row(_NEAR, static_threshold=static_threshold)
    near_rate = 1_000_000 * tied / usual if usual else None
    database.run(
        _TESTED,
        static_threshold=static_threshold,
        near_rate=near_rate or 0.0,
        least_documents=LEAST_DOCUMENTS,
    )
    _correct(database, p="log_p", q="q")
    _correct(database, p="near_log_p", q="near_q")
    return near_rate


def highest_finding(database: Database, table: str, level: float) -> float:
    """Logarithm of the highest p value whose false discovery rate, in `table`, is within `level`."""
    (highest,) = database.row(f"select max(log_p) from {table} where log_q <= $level", level=math.log(level))
    return -math.inf if highest is None else float(highest)


def _correct(database: Database, *, p: str, q: str) -> None:
    """Make the table `q` with the false discovery rate for each value of the column `p` of ``tested``."""
    database.run(f"create table {q} (log_p double, log_q double)")
    (n_tests,) = database.row(f"select count({p}) from tested")
    falling = (
        (part.column("log_p").to_numpy(), part.column("n").to_numpy())
        for part in database.batches(_FALLING.format(p=p))
    )
    rates = corrected(falling, n_tests)
    database.insert(q, ({"log_p": log_p, "log_q": log_q} for log_p, log_q in rates))

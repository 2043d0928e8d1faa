"""The terms whose company changes most from document to document."""

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from bifocal.contracts.batch import Companies, Companion, TermCompany
from bifocal_gateway.batch.company import LEAST_COMPANIONS, Changes, CompanySums
from bifocal_gateway.batch.database import Database
from bifocal_gateway.batch.term_pairs import MILLION

Longs = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

#: Documents with a company of a term from which on it is compared; and most terms that are, which a vector is
#: held of: of more, those in the most documents.
LEAST_DOCUMENTS, MOST_COMPARED = 5, 10_000

#: Terms told of, and companions of each.
MOST_TERMS, MOST_COMPANIONS = 100, 5

_COMPARED = f"""
create table compared as
select term, (row_number() over (order by count(*) desc, term) - 1)::bigint as place
from present where companions >= {LEAST_COMPANIONS}
group by term having count(*) >= {LEAST_DOCUMENTS}
order by place limit {MOST_COMPARED}
"""

_VARIANCE = f"""
select count(*), sum(within), sum(within_squared) from present where companions >= {LEAST_COMPANIONS}
"""

_COMPANIES = f"""
select place, document, companions, within, centre from present join {{of}} using (term)
where companions >= {LEAST_COMPANIONS}
"""

_COMPANIONS = f"""
select place, arg_min({{'term': vocabulary.term, 'documents': tied}}, (-tied, other), {MOST_COMPANIONS})
from (
    select a as term, b as other, tied from counted where tied > 0
    union all
    select b, a, tied from counted where tied > 0
)
join changed using (term)
join vocabulary on number = other
group by place
"""

_CHANGED = "select place, vocabulary.term from changed join vocabulary on number = changed.term"


def find_changes(database: Database, *, most: int = MOST_TERMS) -> Companies:
    """Compare the companies of terms; needs the tables of `gather` and ``counted``. Tells of `most` terms."""
    database.run(_COMPARED)
    n_terms, dimensions = database.row(
        "select (select count(*) from compared), (select coalesce(max(len(centre)), 0) from present)"
    )
    sums = CompanySums(n_terms, dimensions)
    for part in database.batches(_COMPANIES.format(of="compared")):
        place, size, within = (_longs(part, name) for name in ("place", "companions", "within"))
        sums.add(place, size, _centres(part), within)
    changes = sums.changes(_cosine_variance(database))
    # Places are in order of documents and then of terms, so equals come by these.
    strongest = np.argsort(-changes.at_least, kind="stable")[:most]
    database.run("create table changed (term integer, place bigint)")
    database.run(
        "insert into changed select term, list_position($places, place) - 1 from compared "
        "where list_contains($places, place)",
        places=strongest.tolist(),
    )
    return Companies(
        least_documents=LEAST_DOCUMENTS,
        n_terms=n_terms,
        within=_mean(changes.within),
        between=_mean(changes.between),
        change=_mean(changes.change),
        terms=_terms(database, changes, sums, strongest),
    )


def _terms(database: Database, changes: Changes, sums: CompanySums, strongest: Longs) -> list[TermCompany]:
    names = dict(database.rows(_CHANGED))
    companions = dict(database.rows(_COMPANIONS))
    evidence = _far_apart(database, sums.centre[strongest].astype(np.float64))
    return [
        TermCompany(
            term=names[place],
            documents=int(sums.documents[number]),
            within=round(float(changes.within[number]), 6),
            between=round(float(changes.between[number]), 6),
            change=round(float(changes.change[number]), 6),
            error=round(float(changes.error[number]), 6),
            companions=[Companion.model_validate(companion) for companion in companions[place]],
            evidence=evidence[place],
        )
        for place, number in enumerate(strongest.tolist())
    ]


def _cosine_variance(database: Database) -> float:
    """Variance of the cosine of two companions, over all companies."""
    n, within, squared = database.row(_VARIANCE)
    return squared / n / MILLION - (within / n / MILLION) ** 2 if n else 0.0


def _far_apart(database: Database, usual: Floats) -> list[list[str]]:
    """Two documents for each changed term: where its company points farthest from its usual one ``(n, d)``,
    and where farthest from that."""
    one, centre = _farthest(database, usual)
    other, _ = _farthest(database, centre)
    both = np.stack([one, other], axis=1).tolist()
    named = "select number, document from documents where list_contains($numbers, number)"
    names = dict(database.rows(named, numbers=sorted({number for pair in both for number in pair})))
    return [[names[number] for number in pair] for pair in both]


def _farthest(database: Database, origin: Floats) -> tuple[Longs, Floats]:
    """The document, by number, where each changed term's company points farthest from an origin ``(n, d)``,
    and its centre there."""
    least, document = np.full(len(origin), np.inf), np.full(len(origin), np.iinfo(np.int64).max)
    farthest = np.zeros_like(origin)
    for part in database.batches(_COMPANIES.format(of="changed")):
        place, number, centre = (
            _longs(part, "place"),
            _longs(part, "document"),
            _centres(part).astype(np.float64),
        )
        lengths = np.linalg.norm(centre, axis=1) * np.linalg.norm(origin[place], axis=1)
        cosine = (centre * origin[place]).sum(axis=1) / np.maximum(lengths, 1.0)
        # The first row of each term is the one farthest in this part; of equals the first document.
        order = np.lexsort((number, cosine, place))
        first = order[np.flatnonzero(np.diff(place[order], prepend=-1))]
        own = place[first]
        farther = cosine[first] < least[own]
        farther |= (cosine[first] == least[own]) & (number[first] < document[own])
        chosen = first[farther]
        own = place[chosen]
        least[own], document[own], farthest[own] = cosine[chosen], number[chosen], centre[chosen]
    return document, farthest


def _mean(values: Floats) -> float | None:
    return round(float(values.mean()), 6) if len(values) else None


def _longs(part: pa.RecordBatch, name: str) -> Longs:
    return np.asarray(part.column(name).to_numpy(), dtype=np.int64)


def _centres(part: pa.RecordBatch) -> Longs:
    return np.asarray(part.column("centre").flatten().to_numpy(), dtype=np.int64).reshape(part.num_rows, -1)

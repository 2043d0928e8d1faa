"""The partial of a shard: what its documents contribute, as three Parquet tables.

======================  =================================================================================
``documents``           a row a document: pairs of terms, how many are tied, how the lenses agree
``pairs``               a row a document and pair of terms
``terms``               a row a document and term, with the term's company there
======================  =================================================================================

Figures are whole millionths. Rows are in order of their keys, so a shard has one partial, byte by byte.
"""

import io
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from bifocal_gateway.batch.agreement import DocumentAgreement
from bifocal_gateway.batch.company import Companies, companies
from bifocal_gateway.batch.term_pairs import MILLION, DocumentTerms

Ints = npt.NDArray[np.int32] | npt.NDArray[np.int64]

#: Tables of a partial.
TABLES = ("documents", "pairs", "terms")

_TEXT, _NUMBER = pa.dictionary(pa.int32(), pa.string()), pa.int32()

_SCHEMAS = {
    "documents": pa.schema(
        [
            ("document", _TEXT),
            ("terms_left_out", _NUMBER),
            ("pairs", _NUMBER),
            ("tied", _NUMBER),
            ("spearman", _NUMBER),
            ("p_value", _NUMBER),
            ("model_spearman", pa.list_(_NUMBER)),
        ]
    ),
    "pairs": pa.schema(
        [
            ("term_a", _TEXT),
            ("term_b", _TEXT),
            ("document", _TEXT),
            ("occurrences", _NUMBER),
            ("strongest", _NUMBER),
            ("contextual", _NUMBER),
            ("tied", pa.bool_()),
            ("usual", _NUMBER),
            ("cosine", _NUMBER),
            ("static_percentile", _NUMBER),
        ]
    ),
    "terms": pa.schema(
        [
            ("term", _TEXT),
            ("document", _TEXT),
            ("companions", _NUMBER),
            ("within", _NUMBER),
            ("within_squared", _NUMBER),
            ("centre", pa.list_(_NUMBER)),
        ]
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Contribution:
    """A document with what depends on the job's threshold."""

    terms: DocumentTerms
    agreement: DocumentAgreement
    contextual: npt.NDArray[np.int32]
    tied: npt.NDArray[np.bool_]
    companies: Companies

    @property
    def usual(self) -> int:
        """Share of the document's pairs that it ties, in millionths, rounded up."""
        return math.ceil(int(self.tied.sum()) * MILLION / max(len(self.tied), 1))


class ShardPartial:
    """Takes in the documents of a shard and writes their partial.

    A document ties a pair whose contextual value reaches `threshold`.
    """

    def __init__(self, threshold: float) -> None:
        self._threshold = round(threshold * MILLION)
        self._contributions: list[_Contribution] = []

    def add(self, terms: DocumentTerms, agreement: DocumentAgreement) -> None:
        """Take in a document; the order does not matter."""
        contextual = terms.contextual
        tied = contextual >= self._threshold
        own = companies(terms.terms, terms.a[tied], terms.b[tied])
        self._contributions.append(
            _Contribution(terms=terms, agreement=agreement, contextual=contextual, tied=tied, companies=own)
        )

    def tables(self) -> dict[str, bytes]:
        """The tables as Parquet files, by name."""
        found = sorted(self._contributions, key=lambda contribution: contribution.terms.document)
        makers = {"documents": _documents, "pairs": _pairs, "terms": _terms}
        return {name: _parquet(makers[name](found)) for name in TABLES}


Columns = dict[str, npt.NDArray[np.generic]]


def _documents(found: Sequence[_Contribution]) -> pa.Table:
    agreements = [c.agreement for c in found]
    return pa.table(
        {
            "document": pa.array(_ids(found), pa.string()).dictionary_encode(),
            "terms_left_out": [c.terms.terms.n_left_out for c in found],
            "pairs": [len(c.tied) for c in found],
            "tied": [int(c.tied.sum()) for c in found],
            "spearman": [one.spearman for one in agreements],
            "p_value": [one.p_value for one in agreements],
            "model_spearman": [one.models for one in agreements],
        },
        schema=_SCHEMAS["documents"],
    )


def _pairs(found: Sequence[_Contribution]) -> pa.Table:
    names, places = _vocabulary(found)
    columns: Columns = {
        "term_a": _numbers(own[c.terms.a] for own, c in zip(places, found, strict=True)),
        "term_b": _numbers(own[c.terms.b] for own, c in zip(places, found, strict=True)),
        "document": np.repeat(np.arange(len(found)), [len(c.tied) for c in found]),
        "occurrences": _numbers(c.terms.occurrences for c in found),
        "strongest": _numbers(c.terms.strongest for c in found),
        "contextual": _numbers(c.contextual for c in found),
        "tied": _numbers(c.tied for c in found).astype(np.bool_),
        "usual": np.repeat([c.usual for c in found], [len(c.tied) for c in found]),
        "cosine": _numbers(c.terms.cosine for c in found),
        "static_percentile": _numbers(c.terms.static_percentile for c in found),
    }
    known = _numbers(c.terms.known for c in found).astype(np.bool_)
    order = np.lexsort((columns["document"], columns["term_b"], columns["term_a"]))
    return _table(
        "pairs",
        {name: values[order] for name, values in columns.items()},
        texts={"term_a": names, "term_b": names, "document": _ids(found)},
        absent=dict.fromkeys(("cosine", "static_percentile"), ~known[order]),
    )


def _terms(found: Sequence[_Contribution]) -> pa.Table:
    names, places = _vocabulary(found)
    n_terms = [len(own) for own in places]
    term, document = _numbers(places), np.repeat(np.arange(len(found)), n_terms)
    order = np.lexsort((document, term))
    # The company of each row, by its number among all of the shard; -1 for none.
    company = np.full(len(term), -1)
    starts = np.cumsum([0, *n_terms])[:-1]
    rows = _numbers(c.companies.term + start for c, start in zip(found, starts, strict=True))
    company[rows] = np.arange(len(rows))
    company = company[order]
    there = company >= 0

    def of_company(figures: Iterable[Ints]) -> npt.NDArray[np.int64]:
        spread = np.zeros(len(company), dtype=np.int64)
        spread[there] = _numbers(figures)[company[there]]
        return spread

    columns: Columns = {
        "term": term[order],
        "document": document[order],
        "companions": of_company(c.companies.size for c in found),
        "within": of_company(c.companies.within for c in found),
        "within_squared": of_company(c.companies.within_squared for c in found),
    }
    centres = np.concatenate([c.companies.centre for c in found]) if found else np.zeros((0, 0))
    return _table(
        "terms",
        columns,
        texts={"term": names, "document": _ids(found)},
        absent=dict.fromkeys(("within", "within_squared"), ~there),
        lists={"centre": (centres[company[there]], there)},
    )


def _ids(found: Sequence[_Contribution]) -> list[str]:
    return [c.terms.document for c in found]


def _vocabulary(found: Sequence[_Contribution]) -> tuple[list[str], list[npt.NDArray[np.int64]]]:
    """The shard's terms in order, and the place there of each of a document's terms."""
    names = sorted({name for c in found for name in c.terms.terms.names})
    place = {name: number for number, name in enumerate(names)}
    return names, [np.array([place[n] for n in c.terms.terms.names], dtype=np.int64) for c in found]


def _numbers(parts: Iterable[npt.ArrayLike]) -> npt.NDArray[np.int64]:
    return np.concatenate([np.empty(0, dtype=np.int64), *parts]).astype(np.int64)


def _table(
    name: str,
    columns: Columns,
    *,
    texts: Mapping[str, Sequence[str]],
    absent: Mapping[str, npt.NDArray[np.bool_]] = MappingProxyType({}),
    lists: Mapping[str, tuple[npt.NDArray[np.generic], npt.NDArray[np.bool_]]] = MappingProxyType({}),
) -> pa.Table:
    """A table of columns ``(rows,)``.

    Those in `texts` are places among texts; `absent` says where there is nothing; `lists` are columns of
    lists: those that are there ``(k, length)``, and where they are ``(rows,)``.
    """
    schema, arrays = _SCHEMAS[name], {}
    for column, values in columns.items():
        kind = schema.field(column).type
        if column in texts:
            places = pa.array(values, pa.int32())
            arrays[column] = pa.DictionaryArray.from_arrays(places, pa.array(texts[column], pa.string()))
        else:
            arrays[column] = pa.array(values, kind, mask=absent.get(column))
    for column, (rows, there) in lists.items():
        ends = np.append(0, np.cumsum(there)) * rows.shape[1]
        arrays[column] = pa.ListArray.from_arrays(
            pa.array(ends, pa.int32()), pa.array(rows.ravel(), _NUMBER), mask=pa.array(~there)
        )
    return pa.table(arrays, schema=schema)


def _parquet(table: pa.Table) -> bytes:
    # By default Parquet tries a dictionary for every column; of figures that takes half as much again.
    texts = [field.name for field in table.schema if field.type == _TEXT]
    numbers = [field.name for field in table.schema if field.type == _NUMBER]
    lists = [f"{field.name}.list.element" for field in table.schema if pa.types.is_list(field.type)]
    written = io.BytesIO()
    pq.write_table(
        table,
        written,
        compression="zstd",
        use_dictionary=texts,
        column_encoding=dict.fromkeys([*numbers, *lists], "DELTA_BINARY_PACKED"),
    )
    return written.getvalue()

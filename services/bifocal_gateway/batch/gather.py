"""Partials of all shards in one database, with numbers in place of terms and documents.

Numbers are given in the order of terms and ids by code points, so what is in order of one is in order of the
other, and no number depends on the order or the packing of documents.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

from bifocal_gateway.batch.database import Database

#: Files read together; what is known of a file is held while it is read.
FILES = 256

_TABLES = (
    """
    create table documents_found (
        document varchar, terms_left_out integer, pairs integer, tied integer, spearman integer,
        p_value integer, model_spearman integer[]
    )
    """,
    "create table terms_found (term varchar)",
    """
    create table held (
        a integer, b integer, document integer, occurrences integer, strongest integer, contextual integer,
        tied boolean, usual integer, cosine integer, static_percentile integer
    )
    """,
    """
    create table present (
        term integer, document integer, companions integer, within integer,
        within_squared integer, centre integer[]
    )
    """,
)

_DOCUMENTS = """
insert into documents_found by name
select document, terms_left_out, pairs, tied, spearman, p_value, model_spearman from read_parquet($files)
"""

_TERMS = "insert into terms_found select distinct term from read_parquet($files)"

_NUMBERS = (
    """
    create table documents as
    select (row_number() over (order by document) - 1)::integer as number, * from documents_found
    """,
    """
    create table vocabulary as
    select (row_number() over (order by term) - 1)::integer as number, term
    from (select distinct term from terms_found)
    """,
    "drop table documents_found",
    "drop table terms_found",
)

_HELD = """
insert into held by name
select
    first.number as a, second.number as b, documents.number as document, occurrences, strongest, contextual,
    found.tied, usual, cosine, static_percentile
from read_parquet($files) as found
join vocabulary as first on first.term = term_a
join vocabulary as second on second.term = term_b
join documents using (document)
"""

_PRESENT = """
insert into present by name
select
    vocabulary.number as term, documents.number as document, companions, within, within_squared, centre
from read_parquet($files) as found
join vocabulary on vocabulary.term = found.term
join documents on documents.document = found.document
"""


def gather(database: Database, files: Mapping[str, Sequence[Path]]) -> None:
    """Read the Parquet files of partials, by table.

    Makes the tables ``documents`` and ``vocabulary``, which name numbers; ``held``, a row a document and pair
    of terms; ``present``, a row a document and term.
    """
    for statement in _TABLES:
        database.run(statement)
    _read(database, _DOCUMENTS, files["documents"])
    _read(database, _TERMS, files["terms"])
    for statement in _NUMBERS:
        database.run(statement)
    _read(database, _HELD, files["pairs"])
    _read(database, _PRESENT, files["terms"])


def _read(database: Database, statement: str, files: Sequence[Path]) -> None:
    for start in range(0, len(files), FILES):
        database.run(statement, files=[str(path) for path in files[start : start + FILES]])

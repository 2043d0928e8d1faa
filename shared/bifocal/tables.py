"""Results as tables in memory, for pandas and Polars: the columns of `bifocal compare`'s tables."""

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from bifocal.contracts import BatchReport, Failure, Options, Report
from bifocal.errors import MissingExtra
from bifocal.output.documents import document_columns, document_row
from bifocal.output.relations import relation_columns, relation_rows
from bifocal.output.tables import Columns, Kind, Rows
from bifocal.output.term_pairs import term_pair_columns, term_pair_rows

if TYPE_CHECKING:
    import pandas
    import polars

#: Types that hold nothing, too, without becoming another one.
_PANDAS = {
    Kind.TEXT: "string",
    Kind.CATEGORY: "category",
    Kind.INT: "Int64",
    Kind.FLOAT: "float64",
    Kind.BOOL: "boolean",
}
_POLARS = {
    Kind.TEXT: "String",
    Kind.CATEGORY: "Categorical",
    Kind.INT: "Int64",
    Kind.FLOAT: "Float64",
    Kind.BOOL: "Boolean",
}


class Table:
    """Rows by column, which grow as they are added; `docs/reading-a-report.md` names the columns."""

    def __init__(self) -> None:
        self.columns: dict[str, Kind] = {}
        self.values: dict[str, list[Any]] = {}
        self.n_rows = 0

    def add(self, columns: Columns, rows: Rows) -> None:
        """Append rows. Of columns that they have not, or that there were not before, nothing is known."""
        n = len(next(iter(rows.values())))
        for name, kind in columns.items():
            if name not in self.columns:
                self.columns[name] = kind
                self.values[name] = [None] * self.n_rows
        for name, values in self.values.items():
            values.extend(rows.get(name, [None] * n))
        self.n_rows += n

    def to_pandas(self) -> "pandas.DataFrame":
        """A frame of pandas.

        Raises:
            MissingExtra: pandas is not installed.
        """
        try:
            import pandas
        except ImportError:
            raise MissingExtra("this needs pandas; install `bifocal[frames]`") from None
        types = {name: _PANDAS[kind] for name, kind in self.columns.items()}
        return pandas.DataFrame(
            {name: pandas.Series(self.values[name], dtype=one) for name, one in types.items()}
        )

    def to_polars(self) -> "polars.DataFrame":
        """A frame of Polars.

        Raises:
            MissingExtra: Polars is not installed.
        """
        try:
            import polars
        except ImportError:
            raise MissingExtra("this needs Polars; install `bifocal[frames]`") from None
        schema = {name: getattr(polars, _POLARS[kind]) for name, kind in self.columns.items()}
        return polars.DataFrame(self.values, schema=schema)


def relations(results: Iterable[Report | Failure]) -> Table:
    """A row for each relation that the reports list; failures are passed over."""
    return _table(results, relation_columns, relation_rows)


def documents(results: Iterable[Report | Failure]) -> Table:
    """A row for each report; failures are passed over."""
    return _table(results, lambda _: document_columns(), document_row)


def term_pairs(batch: BatchReport) -> Table:
    """A row for each pair of terms that a batch report lists."""
    table = Table()
    table.add(term_pair_columns(), term_pair_rows(batch))
    return table


def _table(
    results: Iterable[Report | Failure],
    columns: Callable[[Options], Columns],
    rows: Callable[[Report], Rows],
) -> Table:
    table = Table()
    # So that a table without a row has its columns.
    usual = columns(Options())
    table.add(usual, {name: [] for name in usual})
    for result in results:
        if isinstance(result, Report):
            table.add(columns(result.provenance.options), rows(result))
    return table

"""What a run amounts to, on a terminal or for a script."""

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from bifocal.contracts import Verdict
from bifocal.output.folder import BATCH, FAILURES, PAGE, REPORTS, TABLES
from bifocal.output.graph import GRAPHS
from bifocal.output.tables import TableFormat
from bifocal.output.totals import Totals


def totals_as_json(totals: Totals, output: Path, formats: Sequence[TableFormat]) -> dict[str, object]:
    """Totals and where the files lie, for scripts."""
    files = {"reports": REPORTS, "failures": FAILURES, "page": PAGE, "batch": BATCH, "graphs": GRAPHS}
    tables = {table: [str(output / f"{table}.{one}") for one in formats] for table in TABLES}
    return {
        "succeeded": totals.succeeded,
        "failed": totals.failed,
        "words": totals.words,
        "candidate_pairs": totals.candidate_pairs,
        "verdicts": totals.verdicts,
        "files": {kind: str(output / name) for kind, name in files.items()},
        "tables": tables,
    }


def print_totals(totals: Totals, output: Path) -> None:
    """Totals as a table, and the first failures."""
    console = Console(highlight=False)
    table = Table(
        title=f"{totals.succeeded:,} document{'s' * (totals.succeeded != 1)}, {totals.words:,} words, "
        f"{totals.candidate_pairs:,} pairs"
    )
    table.add_column("verdict")
    table.add_column("pairs", justify="right")
    table.add_column("share", justify="right")
    for name, number in totals.verdicts.items():
        share = number / totals.candidate_pairs if totals.candidate_pairs else 0.0
        table.add_row(Verdict(name).label, f"{number:,}", f"{share:.1%}")
    console.print(table)
    if totals.failed:
        console.print(
            f"[red]{totals.failed:,} failed[/red]; reasons in {escape(str(output / FAILURES))}",
            soft_wrap=True,
        )
        for failure in totals.first_failures:
            # A message about a file begins with its name already.
            message = failure.error.message.removeprefix(f"{failure.id}: ")
            console.print(f"  {_shown(failure.id)}: {_shown(message)}", soft_wrap=True)
        if totals.failed > len(totals.first_failures):
            console.print(f"  … and {totals.failed - len(totals.first_failures):,} more")
    console.print(f"Open {escape(str(output / PAGE))}; the data are beside it.", soft_wrap=True)


def _shown(text: str) -> str:
    """Users' words on a terminal: no markup, and nothing that the terminal would obey."""
    return escape("".join(c if c.isprintable() else "�" for c in text))

"""What a run amounts to, on a terminal or for a script."""

import json
from collections.abc import Sequence

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from bifocal.cli.console import shown
from bifocal.contracts import Verdict
from bifocal.output.folder import BATCH, FAILURES, PAGE, REPORTS, TABLES
from bifocal.output.graph import GRAPHS
from bifocal.output.place import Place
from bifocal.output.tables import TableFormat
from bifocal.output.totals import Totals


def tell_totals(
    totals: Totals,
    output: str,
    formats: Sequence[TableFormat],
    *,
    as_json: bool,
    quiet: bool,
    has_page: bool = True,
) -> None:
    """Tell what a run amounts to, in the form that was asked for."""
    place = Place(output)
    if as_json:
        typer.echo(json.dumps(_as_json(totals, place, formats, has_page=has_page)))
    elif not quiet:
        _print(totals, place, has_page=has_page)


def _as_json(
    totals: Totals, place: Place, formats: Sequence[TableFormat], *, has_page: bool
) -> dict[str, object]:
    """Totals and where the files lie."""
    files = {"reports": REPORTS, "failures": FAILURES, "page": PAGE, "batch": BATCH, "graphs": GRAPHS}
    if not has_page:
        del files["page"]
    return {
        "succeeded": totals.succeeded,
        "failed": totals.failed,
        "words": totals.words,
        "candidate_pairs": totals.candidate_pairs,
        "verdicts": totals.verdicts,
        "files": {kind: place.name(name) for kind, name in files.items()},
        "tables": {table: [place.name(f"{table}.{one}") for one in formats] for table in TABLES},
    }


def _print(totals: Totals, place: Place, *, has_page: bool) -> None:
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
            f"[red]{totals.failed:,} failed[/red]; reasons in {escape(place.name(FAILURES))}",
            soft_wrap=True,
        )
        for failure in totals.first_failures:
            # A message about a file begins with its name already.
            message = failure.error.message.removeprefix(f"{failure.id}: ")
            console.print(f"  {shown(failure.id)}: {shown(message)}", soft_wrap=True)
        if totals.failed > len(totals.first_failures):
            console.print(f"  … and {totals.failed - len(totals.first_failures):,} more")
    if has_page:
        console.print(f"Open {escape(place.name(PAGE))}; the data are beside it.", soft_wrap=True)
    else:
        console.print(f"The reports lie in {escape(str(place))}.", soft_wrap=True)

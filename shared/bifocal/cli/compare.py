"""`bifocal compare`: texts in, a folder of comparative reports out."""

from collections.abc import Iterator
from contextlib import nullcontext
from typing import Annotated

import typer

from bifocal.cli.comparison import Comparison, takes_comparison
from bifocal.cli.connection import connected
from bifocal.cli.console import AsJson, Quiet, told
from bifocal.cli.interruption import resumable
from bifocal.cli.progress import followed
from bifocal.cli.status import Exit
from bifocal.cli.totals import tell_totals
from bifocal.contracts import BatchReport, Failure, Report
from bifocal.inputs import STDIN, Inputs, read_inputs
from bifocal.output.folder import Job as FolderJob
from bifocal.output.folder import check_inputs, write_folder
from bifocal.output.tables import TableFormat

TableFormats = Annotated[
    list[TableFormat], typer.Option(help="Format of the tables; repeat for more than one.")
]
DEFAULT_OUTPUT = "bifocal-reports"


@takes_comparison
def compare(
    paths: Annotated[
        list[str],
        typer.Argument(
            help="Files (.txt .md .html .pdf .docx .odt .epub .csv .jsonl .parquet, or .gz or .zip of them), "
            "folders, URLs of these (s3://bucket/letters/*.txt), or - for standard input."
        ),
    ],
    comparison: Comparison,
    output: Annotated[
        str, typer.Option("--output", "-o", help="Folder for the reports, or its URL.")
    ] = DEFAULT_OUTPUT,
    table_format: TableFormats = [TableFormat.PARQUET],  # noqa: B006  (typer copies it)
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Compare the word relations of texts under both lenses.

    Writes reports.jsonl, failures.jsonl, batch.json, the tables relations, documents and pairs, graphs/
    and index.html. Ends with status 0 if every document has its report, 3 if some failed, 2 on wrong usage,
    1 if bifocal itself failed.
    """
    check_inputs(output, paths)
    inputs = read_inputs(paths, leave_out=output, reading=comparison.reading)
    again = (
        ["-o", output, *(path for path in paths if path != STDIN)] if STDIN not in paths else ["-o", output]
    )
    totals = write_folder(
        output,
        _results(inputs, comparison, again, quiet=quiet or as_json),
        FolderJob(
            options=comparison.options,
            texts={document.id: document.text for document in reversed(inputs.documents)},
            places=inputs.places,
            formats=table_format,
        ),
    )
    tell_totals(totals, output, table_format, as_json=as_json, quiet=quiet)
    if totals.failed:
        raise typer.Exit(Exit.SOME_FAILED)


def _results(
    inputs: Inputs, comparison: Comparison, again: list[str], *, quiet: bool
) -> Iterator[Report | Failure | BatchReport]:
    """Failures of reading first, then what the gateway makes of the documents, and last of all of them."""
    yield from inputs.failures
    if not inputs.documents:
        return
    with connected(quiet=quiet) as connection:
        job = connection.client.submit(inputs.documents, comparison.options, comparison.terms)
        with resumable(job.id, again) if connection.outlasts else nullcontext():
            told(quiet=quiet).print(f"job {job.id} accepted")
            yield from followed(connection.client, job.id, check=connection.check, quiet=quiet)

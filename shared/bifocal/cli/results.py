"""`bifocal results`: fetch a job's reports, or go on where a command was interrupted."""

import hashlib
from collections.abc import Iterator, Mapping
from typing import Annotated

import typer

from bifocal.cli.compare import TableFormats
from bifocal.cli.completion import job_ids
from bifocal.cli.console import AsJson, Quiet, told
from bifocal.cli.interruption import resumable
from bifocal.cli.progress import followed
from bifocal.cli.status import Exit
from bifocal.cli.totals import tell_totals
from bifocal.client import Client
from bifocal.contracts import BatchReport, Failure, Report
from bifocal.errors import InvalidOptions
from bifocal.inputs import Inputs, read_inputs
from bifocal.output.folder import Job as FolderJob
from bifocal.output.folder import check_inputs, write_folder
from bifocal.output.tables import TableFormat

JobId = Annotated[str, typer.Argument(help="The job's id.", metavar="JOB", autocompletion=job_ids)]


def results(
    job: JobId,
    paths: Annotated[
        list[str] | None,
        typer.Argument(help="What was compared; the page, which shows the texts, is made of it."),
    ] = None,
    output: Annotated[
        str | None,
        typer.Option("--output", "-o", help="Folder for the reports, or its URL; without, they are printed."),
    ] = None,
    table_format: TableFormats = [TableFormat.PARQUET],  # noqa: B006  (typer copies it)
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Fetch the reports and failures of a job, waiting for those that are still to come.

    With --output they are written as `bifocal compare` writes them; index.html only where the documents are
    named again. Without, they are printed as JSON, a line each. Ends with the statuses of `bifocal compare`.
    """
    with Client() as client:
        failed = (
            _write(client, job, paths, output, table_format, as_json=as_json, quiet=quiet)
            if output is not None
            else _print(client, job, quiet=quiet or as_json)
        )
    if failed:
        raise typer.Exit(Exit.SOME_FAILED)


def _print(client: Client, job: str, *, quiet: bool) -> int:
    """Print a line for each document; how many failed."""
    failed = 0
    with resumable(job, []):
        for result in client.follow(job):
            typer.echo(result.model_dump_json())
            failed += isinstance(result, Failure)
    told(quiet=quiet or not failed).print(f"{failed:,} failed")
    return failed


def _write(
    client: Client,
    job: str,
    paths: list[str] | None,
    output: str,
    table_format: list[TableFormat],
    *,
    as_json: bool,
    quiet: bool,
) -> int:
    """Write the folder; how many documents failed."""
    named = paths or []
    check_inputs(output, named)
    inputs = read_inputs(named, leave_out=output) if named else Inputs()
    texts = {document.id: document.text for document in reversed(inputs.documents)} if named else None
    options = client.job(job).options
    with resumable(job, ["-o", output, *named]):
        totals = write_folder(
            output,
            _results(client, job, inputs, texts, quiet=quiet or as_json),
            FolderJob(options=options, texts=texts, places=inputs.places, formats=table_format),
        )
    tell_totals(totals, output, table_format, as_json=as_json, quiet=quiet, has_page=texts is not None)
    return totals.failed


def _results(
    client: Client, job: str, inputs: Inputs, texts: Mapping[str, str] | None, *, quiet: bool
) -> Iterator[Report | Failure | BatchReport]:
    yield from inputs.failures
    for result in followed(client, job, quiet=quiet):
        if isinstance(result, Report) and texts is not None:
            _check_text(result, texts)
        yield result


def _check_text(report: Report, texts: Mapping[str, str]) -> None:
    """Refuse to show a report beside another text than it was made of."""
    text = texts.get(report.id)
    of_text = text is not None and f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"
    if of_text != report.provenance.text:
        raise InvalidOptions(
            f"the job's document {report.id!r} is not among the paths as it was; "
            "name what was compared, or no paths, to have all but the page"
        )

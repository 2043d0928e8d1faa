"""`bifocal jobs`, `status` and `cancel`: what a deployment is doing."""

import json
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from bifocal.cli.completion import job_ids
from bifocal.cli.console import AsJson, Quiet
from bifocal.cli.results import JobId
from bifocal.cli.status import Exit
from bifocal.client import Client
from bifocal.contracts import Job, JobState

#: Somebody waits for the answer, and can ask again.
_PATIENCE_S = 3.0


def jobs(
    state: Annotated[JobState | None, typer.Option(help="Only jobs of this state.")] = None,
    as_json: AsJson = False,
) -> None:
    """List the jobs of a deployment."""
    with Client(retry_for_s=_PATIENCE_S) as client:
        found = list(client.jobs(state=state))
    if as_json:
        typer.echo(json.dumps({"jobs": [job.model_dump(mode="json") for job in found]}))
    else:
        _print(found)


def status(
    job: Annotated[
        str | None,
        typer.Argument(help="A job's id; without, the deployment.", metavar="JOB", autocompletion=job_ids),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Say how far a job is, or whether the deployment is ready.

    Ends with status 1 if the deployment is not ready to work on a job.
    """
    with Client(retry_for_s=_PATIENCE_S) as client:
        if job is not None:
            _tell(client.job(job), as_json=as_json)
            return
        found = client.readiness()
    if as_json:
        typer.echo(json.dumps(found))
    else:
        console = Console(highlight=False)
        console.print(f"{client.url} is {'ready' if found['ready'] else 'not ready'}", soft_wrap=True)
        for name, value in found.items():
            if name != "ready":
                console.print(f"  {name}: {_words(value)}", markup=False)
    if not found["ready"]:
        raise typer.Exit(Exit.BROKEN)


def cancel(job: JobId, as_json: AsJson = False, quiet: Quiet = False) -> None:
    """Cancel a job: documents that have a report keep it, the others end without."""
    with Client(retry_for_s=_PATIENCE_S) as client:
        canceled = client.cancel(job)
    if as_json or not quiet:
        _tell(canceled, as_json=as_json)


def _tell(job: Job, *, as_json: bool) -> None:
    if as_json:
        typer.echo(job.model_dump_json())
    else:
        _print([job])


def _print(found: list[Job]) -> None:
    table = Table("job", "state", "accepted", box=None)
    for heading in ("documents", "done", "without a report"):
        table.add_column(heading, justify="right")
    for job in found:
        counts = job.counts
        figures = (counts.total, counts.done, counts.done - counts.succeeded)
        accepted = f"{job.created_at:%Y-%m-%d %H:%M:%S}"
        table.add_row(job.id, job.state, accepted, *(f"{number:,}" for number in figures))
    Console(highlight=False).print(table)


def _words(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {one}" for name, one in value.items())
    return {True: "yes", False: "no"}.get(value, str(value)) if isinstance(value, bool) else str(value)

"""A job followed to its end, with a bar on standard error."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TextColumn,
    TimeElapsedColumn,
)
from rich.text import Text

from bifocal.cli.console import told
from bifocal.client import Client
from bifocal.contracts import BatchReport, Failure, Job, Report
from bifocal.errors import BifocalError


def followed(
    client: Client, job_id: str, *, check: Callable[[], None] = lambda: None, quiet: bool
) -> Iterator[Report | Failure | BatchReport]:
    """What becomes of a job's documents, as it comes, and last what all of them say together.

    `check` is called at every look at the job.
    """
    with progress_bar(quiet) as show:

        def look(job: Job) -> None:
            check()
            show(job)

        yield from client.follow(job_id, progress=look)
    try:
        yield client.summary(job_id)
    except BifocalError as error:
        # The reports are there, and worth keeping.
        told().print(f"there is no batch report: {error.message}", markup=False)


@contextmanager
def progress_bar(quiet: bool) -> Iterator[Callable[[Job], None]]:
    """A bar on standard error, with documents per second; nothing where that is no terminal."""
    console = told(quiet=quiet)
    bar = Progress(
        TextColumn("comparing"), BarColumn(), MofNCompleteColumn(), _Rate(), TimeElapsedColumn(),
        console=console, disable=quiet or not console.is_terminal,
    )  # fmt: skip
    with bar:
        task = bar.add_task("comparing", total=None)
        yield lambda job: bar.update(task, completed=job.counts.done, total=job.counts.total)


class _Rate(ProgressColumn):
    """Documents per second since the first."""

    def render(self, task: Task) -> Text:
        elapsed_s = task.finished_time or task.elapsed
        rate = task.completed / elapsed_s if elapsed_s else 0.0
        return Text(f"{rate:.1f} documents/s")

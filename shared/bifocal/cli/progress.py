"""A bar on standard error while a job runs."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
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

from bifocal.contracts import Job


@contextmanager
def progress_bar(total: int, quiet: bool) -> Iterator[Callable[[Job], None]]:
    """A bar on standard error, with documents per second."""
    bar = Progress(
        TextColumn("comparing"), BarColumn(), MofNCompleteColumn(), _Rate(), TimeElapsedColumn(),
        console=Console(stderr=True), disable=quiet,
    )  # fmt: skip
    with bar:
        task = bar.add_task("comparing", total=total)
        yield lambda job: bar.update(task, completed=job.counts.done)


class _Rate(ProgressColumn):
    """Documents per second since the first."""

    def render(self, task: Task) -> Text:
        elapsed_s = task.finished_time or task.elapsed
        rate = task.completed / elapsed_s if elapsed_s else 0.0
        return Text(f"{rate:.1f} documents/s")

"""Ctrl-C while a deployment works: the job is not this command's to lose."""

import os
import shlex
import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import FrameType

from bifocal.errors import ServiceError


@contextmanager
def resumable(job: str, arguments: Sequence[str]) -> Iterator[None]:
    """Let the first Ctrl-C only tell how to fetch or cancel the job; the second ends the command.

    `arguments` are those of `bifocal results` that go on where this command is. The same is told where the
    deployment can no longer be reached.
    """
    resume = shlex.join(["bifocal", "results", job, *arguments])
    hint = f"the job goes on without this command; to fetch its reports: {resume}"

    def tell(_: int, __: FrameType | None) -> None:
        # Not by rich, which may be in the middle of a line.
        _tell(
            f"\nbifocal: {hint}\nbifocal: to cancel it: bifocal cancel {job}; Ctrl-C again ends this command"
        )
        signal.signal(signal.SIGINT, before)

    before = signal.signal(signal.SIGINT, tell)
    try:
        yield
    except ServiceError:
        _tell(f"bifocal: {hint}")
        raise
    finally:
        signal.signal(signal.SIGINT, before)


def _tell(lines: str) -> None:
    os.write(2, f"{lines}\n".encode())

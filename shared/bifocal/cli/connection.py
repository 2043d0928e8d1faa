"""A client of what does the work: the deployment at `BIFOCAL_URL`, or a stack started for this command."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from bifocal.cli.console import told
from bifocal.client import Client
from bifocal.embedded import EmbeddedStack
from bifocal.settings import settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """A client, and what is to be called now and then: it raises when the stack has lost a process."""

    client: Client
    check: Callable[[], None]
    outlasts: bool
    """Whether a job goes on when this command ends."""


@contextmanager
def connected(*, quiet: bool) -> Iterator[Connection]:
    """Connect for as long as it is entered."""
    if settings().url is not None:
        with Client() as client:
            yield Connection(client=client, check=lambda: None, outlasts=True)
        return
    with ExitStack() as running:
        with told(quiet=quiet).status("starting Redis, the gateway and the lenses …"):
            stack = running.enter_context(EmbeddedStack())
        client = running.enter_context(stack.client())
        yield Connection(client=client, check=stack.check, outlasts=False)

"""bifocal: word relations through two lenses, a static embedding and self-attention, pair by pair.

from bifocal import Client, Document

with Client() as client:
    for result in client.compare([Document(id="1", text="France is a country, it is in Europe.")]):
        ...

`AsyncClient` is the same for code that awaits.
"""

__version__ = "0.1.0"

from typing import TYPE_CHECKING, Any

from bifocal.contracts import BatchReport, Document, Failure, Job, Options, Relation, Report, Verdict
from bifocal.errors import BifocalError

if TYPE_CHECKING:
    from bifocal.client import AsyncClient, Client
    from bifocal.embedded import EmbeddedStack

__all__ = [
    "AsyncClient",
    "BatchReport",
    "BifocalError",
    "Client",
    "Document",
    "EmbeddedStack",
    "Failure",
    "Job",
    "Options",
    "Relation",
    "Report",
    "Verdict",
    "__version__",
]


def __getattr__(name: str) -> Any:
    """Clients are imported when asked for: workers import this package too, and have no use for HTTP."""
    if name in {"AsyncClient", "Client"}:
        from bifocal import client

        return getattr(client, name)
    if name == "EmbeddedStack":
        from bifocal.embedded import EmbeddedStack

        return EmbeddedStack
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

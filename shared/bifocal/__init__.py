"""bifocal: word relations through two lenses, a static embedding and self-attention, pair by pair.

    from bifocal import Client, Document

    with Client() as client:
        for result in client.compare([Document(id="1", text="France is a country, it is in Europe.")]):
            ...
"""

__version__ = "0.1.0"

from bifocal.client import Client
from bifocal.contracts import Document, Failure, Job, Options, Relation, Report, Verdict
from bifocal.embedded import EmbeddedStack
from bifocal.errors import BifocalError

__all__ = [
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

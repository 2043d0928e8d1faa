"""What a shell may complete. Nothing here fails: a shell has no use for an error."""

from collections.abc import Callable
from itertools import islice

from bifocal.errors import BifocalError
from bifocal.models import contextual_models, static_models
from bifocal.settings import settings

_MOST_JOBS = 100


def static_names(incomplete: str) -> list[str]:
    """Static models, and the embedding layers of transformers."""
    return _beginning(
        incomplete,
        lambda: [
            *static_models(settings()),
            *(f"{name}:embeddings" for name in contextual_models(settings())),
        ],
    )


def contextual_names(incomplete: str) -> list[str]:
    """Transformers, and how their layers begin."""
    return _beginning(
        incomplete,
        lambda: [
            *contextual_models(settings()),
            *(f"{name}:layer-" for name in contextual_models(settings())),
        ],
    )


def job_ids(incomplete: str) -> list[str]:
    """Jobs of the deployment, if it answers at once."""
    from bifocal.client import Client

    def known() -> list[str]:
        with Client(timeout_s=1.0, retry_for_s=0) as client:
            return [job.id for job in islice(client.jobs(), _MOST_JOBS)]

    return _beginning(incomplete, known)


def _beginning(incomplete: str, names: Callable[[], list[str]]) -> list[str]:
    try:
        return [name for name in names() if name.startswith(incomplete)]
    except BifocalError:
        return []

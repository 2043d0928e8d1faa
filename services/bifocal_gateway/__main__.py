"""`python -m bifocal_gateway`: the HTTP gateway; `python -m bifocal_gateway merge`: a merge worker."""

import importlib
import sys
from contextlib import suppress

import redis

from bifocal.errors import BifocalError
from bifocal.ledger import Ledger
from bifocal.lenses import LENSES
from bifocal.observe.logs import set_up_logging
from bifocal.observe.tracing import set_up_tracing
from bifocal.process import collect_rarely, end_with_parent
from bifocal.settings import settings
from bifocal.worker import run_worker


def _import_spacy() -> None:
    """Import spaCy as if torch were not installed.

    spaCy's thinc imports torch wherever it finds it: a second and 200 MB, for tokenizing rules
    that never use it.
    """
    sys.modules["torch"] = None  # type: ignore[assignment]
    try:
        importlib.import_module("spacy")
    finally:
        del sys.modules["torch"]


def _serve() -> None:
    _import_spacy()
    import uvicorn

    from bifocal.api_keys import ApiKeys
    from bifocal_gateway.app import create_app
    from bifocal_gateway.exposure import check_exposure

    chosen = settings()
    set_up_logging(chosen, "gateway")
    set_up_tracing(chosen, "gateway")
    check_exposure(chosen, ApiKeys.connect(chosen.redis_url))
    _check_ledger(chosen.redis_url)
    end_with_parent(chosen.redis_url)
    collect_rarely()
    uvicorn.run(
        create_app(chosen),
        host=chosen.host,
        port=chosen.port,
        log_level="info",
        log_config=None,  # its loggers speak as all others
        access_log=False,
        server_header=False,
    )


def _check_ledger(redis_url: str) -> None:
    """Refuse a ledger of another version before anything is accepted; without Redis, the dispatcher does."""
    ledger = Ledger.connect(redis_url, LENSES)
    with suppress(redis.RedisError):
        ledger.version.check()
    ledger.close()


def _merge() -> None:
    from bifocal_gateway.worker import app

    run_worker(app, "merge")


if __name__ == "__main__":
    try:
        _merge() if sys.argv[1:] == ["merge"] else _serve()
    except BifocalError as error:
        sys.exit(f"bifocal gateway: {error.message}")

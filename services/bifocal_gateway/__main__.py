"""`python -m bifocal_gateway`: the HTTP gateway; `python -m bifocal_gateway merge`: a merge worker."""

import sys

from bifocal.errors import BifocalError
from bifocal.process import end_with_parent
from bifocal.settings import settings
from bifocal.worker import run_worker


def _serve() -> None:
    import uvicorn

    from bifocal_gateway.app import create_app
    from bifocal_gateway.keys import check_exposure

    chosen = settings()
    check_exposure(chosen)
    end_with_parent()
    uvicorn.run(create_app(chosen), host=chosen.host, port=chosen.port, log_level="info", access_log=False)


def _merge() -> None:
    from bifocal_gateway.worker import app

    run_worker(app, "merge")


if __name__ == "__main__":
    try:
        _merge() if sys.argv[1:] == ["merge"] else _serve()
    except BifocalError as error:
        sys.exit(f"bifocal gateway: {error.message}")

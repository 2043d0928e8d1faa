"""The HTTP application."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

from fastapi import FastAPI

from bifocal import __version__
from bifocal.contracts import Options
from bifocal.settings import Settings
from bifocal.text import Segmenter
from bifocal_gateway.authentication import Authentication
from bifocal_gateway.callers import Callers
from bifocal_gateway.description import described
from bifocal_gateway.gateway import Gateway
from bifocal_gateway.headers import SafeHeaders
from bifocal_gateway.problems import handle_problems
from bifocal_gateway.routes import (
    compare,
    documents,
    events,
    export,
    health,
    jobs,
    metrics,
    models,
    reference,
    results,
    summary,
)
from bifocal_gateway.watched import Watched


def create_app(settings: Settings) -> FastAPI:
    """The application; its dispatcher runs while the application does."""
    gateway = Gateway.of(settings)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        Segmenter(Options().language)  # so that the first job does not wait for spaCy
        gateway.dispatcher.start()
        gateway.expiry.start()
        if gateway.webhooks is not None:
            gateway.webhooks.start()
        yield
        if gateway.webhooks is not None:
            gateway.webhooks.stop()
        gateway.expiry.stop()
        gateway.dispatcher.stop()

    # FastAPI's own pages load their scripts from elsewhere; `routes.reference` has one that does not.
    app = FastAPI(title="bifocal", version=__version__, lifespan=lifespan, docs_url=None, redoc_url=None)
    app.state.gateway = gateway
    handle_problems(app)
    for routes in (
        jobs,
        events,
        documents,
        results,
        summary,
        export,
        compare,
        models,
        health,
        metrics,
        reference,
    ):
        app.include_router(routes.router)

    app.openapi = partial(described, app)  # type: ignore[method-assign]
    callers = Callers(settings, gateway.keys)
    app.add_middleware(Authentication, callers=callers, keys=gateway.keys)
    # The last one added is the outermost.
    app.add_middleware(Watched)
    # Around the handler of faults too, which stands outside of what is added.
    app.middleware_stack = SafeHeaders(app.build_middleware_stack())
    return app

"""The HTTP application."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from fastapi import FastAPI, Request, Response

from bifocal import __version__
from bifocal.authorization import bears_key
from bifocal.contracts import Options
from bifocal.errors import Unauthorized
from bifocal.settings import Settings
from bifocal.text import Segmenter
from bifocal_gateway.gateway import Gateway
from bifocal_gateway.problems import handle_problems, problem
from bifocal_gateway.routes import documents, health, jobs, metrics, summary
from bifocal_gateway.watched import Watched


def create_app(settings: Settings) -> FastAPI:
    """The application; its dispatcher runs while the application does."""
    gateway = Gateway.of(settings)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        Segmenter(Options().language)  # so that the first job does not wait for spaCy
        gateway.dispatcher.start()
        gateway.expiry.start()
        yield
        gateway.expiry.stop()
        gateway.dispatcher.stop()

    # The interactive pages load their scripts from elsewhere, so there are none.
    app = FastAPI(title="bifocal", version=__version__, lifespan=lifespan, docs_url=None, redoc_url=None)
    app.state.gateway = gateway
    handle_problems(app)
    app.include_router(jobs.router)
    app.include_router(summary.router)
    app.include_router(documents.router)
    app.include_router(health.router)
    app.include_router(metrics.router)

    @app.middleware("http")
    async def require_key(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
        guarded = request.url.path.startswith("/v1/") or request.url.path == "/metrics"
        if guarded and not bears_key(request.headers.get("authorization", ""), settings.api_key):
            error = Unauthorized("send the key as `Authorization: Bearer KEY`")
            return problem(status=error.status, code=error.code, message=error.message, retryable=False)
        return await call_next(request)

    # The last one added is the outermost.
    app.add_middleware(Watched)
    return app

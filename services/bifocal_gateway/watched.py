"""What is seen of each request: its duration, a span, and what log lines say they are about."""

import time

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bifocal.observe import context, tracing
from bifocal.observe.metrics import HTTP_DURATION

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class Watched:
    """Around the whole application, so that refused requests and the last byte of long answers count too."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand a request on and watch it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        method = scope["method"] if scope["method"] in _METHODS else "other"
        status = 500  # what the server makes of an exception that comes through
        began = time.monotonic()

        async def watch(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        parent = _header(scope, b"traceparent")
        with context.about(), tracing.span(method, tracing.Kind.SERVER, parent=parent):
            try:
                await self._app(scope, receive, watch)
            finally:
                route = _route(scope)
                HTTP_DURATION.labels(method, route, str(status)).observe(time.monotonic() - began)
                tracing.describe(f"{method} {route}", failed=status >= 500, status=status)


def _route(scope: Scope) -> str:
    """The route's pattern; never the path, which has the ids of jobs and whatever else somebody asks for."""
    return getattr(scope.get("route"), "path", "unmatched")


def _header(scope: Scope, name: bytes) -> str | None:
    return next((value.decode("latin-1") for key, value in scope["headers"] if key == name), None)

"""Every request is asked who sends it, before anything else is done with it."""

import math

import redis
from anyio import CapacityLimiter
from anyio.to_thread import run_sync
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from bifocal.api_keys import ApiKeys
from bifocal.errors import BifocalError, Forbidden, RateLimited
from bifocal.observe.context import about
from bifocal_gateway.caller import Caller
from bifocal_gateway.callers import Callers
from bifocal_gateway.problems import problem_of, without_redis
from bifocal_gateway.routes import reference

#: What is answered to everybody. Whatever is added to the gateway asks for a key unless it stands here.
OPEN = frozenset(
    {"/healthz", "/readyz", "/openapi.json", "/docs"} | {f"/docs/{name}" for name in reference.NAMES}
)
METRICS = "/metrics"

#: Threads that ask Redis who somebody is; requests that hold the others for long keep none of these.
_LOOKUPS = CapacityLimiter(16)


class Authentication:
    """Sets `request.state.caller`, and answers 401, 403 or 429 in place of the application."""

    def __init__(self, app: ASGIApp, *, callers: Callers, keys: ApiKeys) -> None:
        self._app = app
        self._callers = callers
        self._keys = keys

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand a request on, if whoever sends it may."""
        if scope["type"] != "http" or scope["path"] in OPEN:
            await self._app(scope, receive, send)
            return
        try:
            caller = await run_sync(self._let_in, Headers(scope=scope), scope["path"], limiter=_LOOKUPS)
        except BifocalError as error:
            await problem_of(error)(scope, receive, send)
            return
        except redis.RedisError as error:
            await without_redis(error)(scope, receive, send)
            return
        scope.setdefault("state", {})["caller"] = caller
        with about(caller=caller.id or None):
            await self._app(scope, receive, send)

    def _let_in(self, headers: Headers, path: str) -> Caller:
        try:
            caller = self._callers.of(headers)
        except redis.RedisError:
            # What this process counted has to be told just when Redis is gone.
            someone = self._callers.without_redis(headers) if path == METRICS else None
            if someone is None:
                raise
            return someone
        if path == METRICS and not caller.is_operator:
            raise Forbidden("metrics tell of everybody's jobs, so they take an operator's key")
        self._take(caller)
        return caller

    def _take(self, caller: Caller) -> None:
        most = caller.limits.requests_per_minute
        if most is None:
            return
        wait_s = self._keys.take(caller.id, most)
        if wait_s:
            raise RateLimited(
                f"this key may send {most:,} requests a minute; wait, or ask less often",
                retry_after_s=max(1, math.ceil(wait_s)),
            )

"""Errors as problem responses (RFC 9457), with the codes of the error tree."""

import logging
from contextlib import AbstractContextManager
from http import HTTPStatus
from typing import Any

import redis
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.routing import compile_path

from bifocal.errors import BifocalError, InternalError, InvalidRequest, RateLimited, ServiceError
from bifocal.observe.context import about
from bifocal.observe.metrics import REDIS_ERRORS

log = logging.getLogger(__name__)


class Problem(BaseModel):
    """An error (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str
    """What happened and what can be done, for people."""
    code: str
    """Stable name from the error tree, for programs."""
    retryable: bool
    """Whether the same request may succeed later."""


#: For the description of the routes.
PROBLEMS: dict[int | str, dict[str, Any]] = {
    statuses: {
        "content": {"application/problem+json": {"schema": Problem.model_json_schema()}},
        "description": description,
    }
    for statuses, description in (("4XX", "The request is at fault."), ("5XX", "The service is at fault."))
}

#: Seconds after which what failed for now may be tried again, where the error does not say.
_RETRY_AFTER_S = 2


def problem(
    *, status: int, code: str, message: str, retryable: bool, retry_after_s: int = _RETRY_AFTER_S
) -> JSONResponse:
    """A problem response."""
    body = {
        "type": f"urn:bifocal:{code}",
        "title": code.replace("_", " "),
        "status": status,
        "detail": message,
        "code": code,
        "retryable": retryable,
    }
    headers = {}
    if retryable and status in {409, 429, 503}:
        headers["Retry-After"] = str(retry_after_s)
    if status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    return JSONResponse(body, status, headers, media_type="application/problem+json")


def problem_of(error: BifocalError) -> JSONResponse:
    """The problem response of an error."""
    retry_after_s = error.retry_after_s if isinstance(error, RateLimited) else _RETRY_AFTER_S
    return problem(
        status=error.status,
        code=error.code,
        message=error.message,
        retryable=error.retryable,
        retry_after_s=retry_after_s,
    )


def without_redis(error: redis.RedisError) -> JSONResponse:
    """The problem response to what Redis was needed for; counted and logged."""
    REDIS_ERRORS.labels("request").inc()
    log.warning("Redis is at fault: %s", error)
    return problem(status=503, code=ServiceError.code, message="Redis does not answer", retryable=True)


def handle_problems(app: FastAPI) -> None:
    """Answer every error of `app` with a problem."""

    @app.exception_handler(BifocalError)
    async def known(_: Request, error: BifocalError) -> JSONResponse:
        return problem_of(error)

    @app.exception_handler(HTTPException)
    async def refused(request: Request, error: HTTPException) -> JSONResponse:
        answer = problem(
            status=error.status_code, code="http_error", message=str(error.detail), retryable=False
        )
        answer.headers.update(error.headers or {})
        if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
            answer.headers["Allow"] = ", ".join(_methods(app, request.url.path))
        return answer

    @app.exception_handler(RequestValidationError)
    async def invalid(_: Request, error: RequestValidationError) -> JSONResponse:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        message = f"{place}: {first['msg']}"
        return problem(status=422, code=InvalidRequest.code, message=message, retryable=False)

    @app.exception_handler(ClientDisconnect)
    async def gone(_: Request, error: ClientDisconnect) -> JSONResponse:
        return problem(status=400, code=InvalidRequest.code, message="the upload broke off", retryable=True)

    @app.exception_handler(redis.RedisError)
    async def no_redis(request: Request, error: redis.RedisError) -> JSONResponse:
        with _of(request):
            return without_redis(error)

    @app.exception_handler(Exception)
    async def unknown(request: Request, error: Exception) -> JSONResponse:
        with _of(request):
            log.error("unexpected", exc_info=error)
        return problem(
            status=500,
            code=InternalError.code,
            message="a fault in the gateway; its log has the details",
            retryable=True,
        )


def _methods(app: FastAPI, path: str) -> list[str]:
    """All that a path answers to; a router stops at the first of its routes that fits."""
    found = {
        method.upper()
        for pattern, methods in app.openapi()["paths"].items()
        if compile_path(pattern)[0].match(path)
        for method in methods
    }
    return sorted(found or {"GET"})


def _of(request: Request) -> AbstractContextManager[None]:
    route = getattr(request.scope.get("route"), "path", None)
    return about(route=route, job=request.path_params.get("job_id"))

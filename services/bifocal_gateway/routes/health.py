"""`/healthz` and `/readyz`."""

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from redis import RedisError

from bifocal.queue import STAGES
from bifocal_gateway.gateway import Gateway

router = APIRouter(tags=["health"])


@router.get("/healthz")
def alive() -> dict[str, str]:
    """Whether this process answers; says nothing of what it stands on."""
    return {"status": "alive"}


@router.get("/readyz")
def ready(request: Request) -> JSONResponse:
    """Whether a job submitted now would be worked on: Redis, the store, the dispatcher, every stage."""
    gateway: Gateway = request.app.state.gateway
    checks: dict[str, object] = {"dispatcher": gateway.dispatcher.alive}
    try:
        gateway.ledger.ping()
        workers = {stage: gateway.ledger.workers(stage) for stage in STAGES}
        checks["redis"] = True
    except RedisError:
        workers = dict.fromkeys(STAGES, 0)
        checks["redis"] = False
    try:
        gateway.store.check()
        checks["store"] = True
    except OSError:
        checks["store"] = False
    is_ready = all(checks.values()) and all(workers.values())
    return JSONResponse({"ready": is_ready, **checks, "workers": workers}, 200 if is_ready else 503)

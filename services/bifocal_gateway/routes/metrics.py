"""`/metrics`, in Prometheus's text format."""

from fastapi import APIRouter, Request, Response
from prometheus_client import CollectorRegistry

from bifocal.observe.exposition import CONTENT_TYPE, text_of
from bifocal_gateway.gateway import Gateway
from bifocal_gateway.ledger_metrics import LedgerCollector

router = APIRouter(tags=["health"])


@router.get("/metrics", response_class=Response)
def metrics(request: Request) -> Response:
    """What this process counted, and how full the ledger is: for operators."""
    gateway: Gateway = request.app.state.gateway
    ledger = CollectorRegistry()
    ledger.register(LedgerCollector(gateway.ledger, gateway.dispatcher))
    return Response(text_of(ledger), media_type=CONTENT_TYPE)

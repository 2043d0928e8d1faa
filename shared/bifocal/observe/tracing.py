"""Spans by OpenTelemetry, from the request to the merge; nothing at all where it is off.

Between processes a span travels as a W3C `traceparent`.
"""

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from typing import TYPE_CHECKING

from bifocal.settings import Settings

if TYPE_CHECKING:
    from opentelemetry.context import Context
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.trace import Tracer

log = logging.getLogger(__name__)

_tracer: "Tracer | None" = None


class Kind(StrEnum):
    """What a span stands for, in OpenTelemetry's terms."""

    SERVER = "SERVER"
    PRODUCER = "PRODUCER"
    CONSUMER = "CONSUMER"
    INTERNAL = "INTERNAL"


def set_up_tracing(settings: Settings, service: str) -> None:
    """Send spans by OTLP, as OpenTelemetry's own variables say where to, if `BIFOCAL_OTEL` asks for it.

    Without the packages there is a warning and there are no spans.
    """
    if not settings.otel or _tracer is not None:
        return
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError as error:
        log.warning("BIFOCAL_OTEL is set, but there are no spans without `bifocal[otel]`: %s", error)
        return
    name = os.environ.get("OTEL_SERVICE_NAME", f"bifocal-{service}")
    provider = TracerProvider(resource=Resource.create({"service.name": name}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    trace_with(provider)


def trace_with(provider: "TracerProvider | None") -> None:
    """Make spans by a provider, or none any more."""
    global _tracer
    _tracer = None if provider is None else provider.get_tracer("bifocal")


def is_on() -> bool:
    """Whether spans are made."""
    return _tracer is not None


@contextmanager
def span(
    name: str, kind: Kind = Kind.INTERNAL, *, parent: str | None = None, **attributes: str | int
) -> Iterator[None]:
    """A span around a piece of work; `parent` is the traceparent that it continues where none is open."""
    if _tracer is None:
        yield
        return
    from opentelemetry import trace

    above = None if trace.get_current_span().get_span_context().is_valid else _context(parent)
    with _tracer.start_as_current_span(
        name,
        context=above,
        kind=trace.SpanKind[kind.value],
        attributes={f"bifocal.{key}": value for key, value in attributes.items()},
        # The message of an exception may quote a document.
        record_exception=False,
        set_status_on_exception=False,
    ) as made:
        try:
            yield
        except BaseException as error:
            made.set_status(trace.Status(trace.StatusCode.ERROR, type(error).__name__))
            raise


def describe(name: str | None = None, *, failed: bool = False, **attributes: str | int) -> None:
    """Say more of the span that is open: its name, whether it failed, and attributes."""
    if _tracer is None:
        return
    from opentelemetry import trace

    current = trace.get_current_span()
    if name is not None:
        current.update_name(name)
    if failed:
        current.set_status(trace.StatusCode.ERROR)
    for key, value in attributes.items():
        current.set_attribute(f"bifocal.{key}", value)


def traceparent() -> str | None:
    """That of the span that is open."""
    if _tracer is None:
        return None
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    carrier: dict[str, str] = {}
    TraceContextTextMapPropagator().inject(carrier)
    return carrier.get("traceparent")


def trace_id() -> str | None:
    """Name of the trace that is open, for log lines."""
    found = traceparent()
    return None if found is None else found.split("-")[1]


def _context(parent: str | None) -> "Context | None":
    if parent is None:
        return None
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    return TraceContextTextMapPropagator().extract({"traceparent": parent})

"""What a piece of work is about: fields that go with every log line and into spans."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

#: Fields that a log line can have, in this order.
FIELDS = ("service", "stage", "job", "shard", "attempt", "documents", "route", "caller")

_fields: ContextVar[Mapping[str, Any]] = ContextVar("bifocal_fields", default={})  # noqa: B039


def fields() -> Mapping[str, Any]:
    """The fields of the work in hand."""
    return _fields.get()


def bind(**more: Any) -> None:
    """Add fields until the context that is open now ends, or for good where none is; None removes one."""
    _fields.set({name: value for name, value in {**_fields.get(), **more}.items() if value is not None})


def clear() -> None:
    """Forget all fields."""
    _fields.set({})


@contextmanager
def about(**more: Any) -> Iterator[None]:
    """Add fields for a while; those bound inside go with them."""
    token = _fields.set(_fields.get())
    try:
        bind(**more)
        yield
    finally:
        _fields.reset(token)

"""Log lines of a service: one JSON object each, or readable ones, with what they are about."""

import json
import logging
import re
import sys
import threading
from collections.abc import Mapping
from datetime import UTC, datetime
from types import TracebackType
from typing import Any

from bifocal.observe import context, tracing
from bifocal.observe.redaction import Redactor, told, told_in_full
from bifocal.settings import LogFormat, Settings

#: Libraries that bring handlers of their own; their lines go the way of all others.
_LIBRARIES = ("uvicorn", "uvicorn.error", "uvicorn.access", "celery", "celery.task", "transformers")

_PLAIN = re.compile(r"[\w./{}-]+", re.ASCII)

log = logging.getLogger("bifocal")


def set_up_logging(settings: Settings, service: str) -> None:
    """Let every logger of this process speak in one form, on standard error."""
    handler = logging.StreamHandler(sys.stderr)
    form = JsonLines if settings.log_format is LogFormat.JSON else ReadableLines
    handler.setFormatter(form(Redactor.of(settings), service))
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.INFO)
    for name in _LIBRARIES:
        library = logging.getLogger(name)
        library.handlers, library.propagate = [], True
    # "Task … received" says no shard; a worker says itself what it begins.
    logging.getLogger("celery.worker.strategy").setLevel(logging.WARNING)
    logging.captureWarnings(capture=True)
    sys.excepthook = _ended
    threading.excepthook = lambda args: _thread_ended(args)


class _Lines(logging.Formatter):
    """What both forms have in common: a message, an error and fields that hold no secret."""

    def __init__(self, redact: Redactor, service: str) -> None:
        super().__init__()
        self._redact = redact
        self._service = service

    def _message(self, record: logging.LogRecord) -> str:
        # The message of an exception among the arguments may quote a document.
        message = str(_safe(record.msg))
        if record.args:
            try:
                message %= _safe_arguments(record.args)
            except (TypeError, ValueError, KeyError):
                message += " (its arguments do not fit)"
        return self._redact(message)

    def _error(self, record: logging.LogRecord) -> str | None:
        error = record.exc_info[1] if record.exc_info else None
        return None if error is None else self._redact(told_in_full(error))

    def _fields(self) -> dict[str, Any]:
        known = {"service": self._service, **context.fields()}
        found = {name: self._redacted(known[name]) for name in context.FIELDS if name in known}
        trace = tracing.trace_id()
        return found if trace is None else {**found, "trace": trace}

    def _redacted(self, value: object) -> object:
        """A field; those who name documents may name one by what they should not have."""
        if isinstance(value, str):
            return self._redact(value)
        return [self._redacted(one) for one in value] if isinstance(value, list | tuple) else value

    @staticmethod
    def _time(record: logging.LogRecord) -> str:
        moment = datetime.fromtimestamp(record.created, UTC)
        return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


class JsonLines(_Lines):
    """A JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as such a line."""
        line = {
            "time": self._time(record),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": self._message(record),
            **self._fields(),
        }
        error = self._error(record)
        if error is not None:
            line["error"] = error
        # As ASCII: an id may hold half a character, or one that some take for the end of a line.
        return json.dumps(line, default=str)


class ReadableLines(_Lines):
    """A line for people; the places of an error follow it."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as such a line."""
        fields = self._fields()
        del fields["service"]  # each has a log of its own
        about = " ".join(f"{name}={_shown(value)}" for name, value in fields.items())
        line = f"{self._time(record)} {record.levelname} {record.name}: {self._message(record)}"
        error = self._error(record)
        return line + (f" [{about}]" if about else "") + (f"\n{error}" if error is not None else "")


class _Told:
    """An exception as an argument of a message."""

    def __init__(self, error: BaseException) -> None:
        self._told = told(error)

    def __repr__(self) -> str:
        return self._told


def _safe(value: object) -> object:
    return _Told(value) if isinstance(value, BaseException) else value


def _safe_arguments(args: tuple[object, ...] | Mapping[str, object]) -> object:
    if isinstance(args, tuple):
        return tuple(map(_safe, args))
    return {name: _safe(value) for name, value in args.items()}


def _shown(value: object) -> str:
    """A value that cannot be taken for the rest of the line or for another one."""
    return str(value) if _PLAIN.fullmatch(str(value)) else json.dumps(value, default=str)


def _ended(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        return
    log.critical("the process ended", exc_info=(kind, error, trace))


def _thread_ended(args: threading.ExceptHookArgs) -> None:
    if args.exc_value is None or isinstance(args.exc_value, SystemExit):
        return
    name = args.thread.name if args.thread else "?"
    log.critical("the thread %s ended", name, exc_info=args.exc_value)

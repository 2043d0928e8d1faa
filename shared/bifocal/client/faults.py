"""What can go wrong between a client and a gateway, and whether it may pass."""

from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import httpx

from bifocal import errors
from bifocal.errors import BifocalError, GatewayUnreachable, InternalError

#: Too many requests, no room, or a proxy that has lost the gateway: later it may be otherwise.
_MAY_PASS = frozenset({429, 502, 503, 504})

#: Our own request is at fault, or the address.
_WILL_NOT_PASS = (httpx.LocalProtocolError, httpx.UnsupportedProtocol)

#: A first request of the same key is still being worked on.
_IN_FLIGHT = "idempotency_in_flight"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """A request that came to nothing."""

    error: BifocalError
    may_pass: bool
    """Whether the same request may succeed later."""
    retry_after_s: float | None = None
    """How long the gateway asks to be left alone."""


def of_transport(url: str, error: httpx.RequestError) -> Fault:
    """No answer, or not the whole of one."""
    name = type(error).__name__
    if isinstance(error, httpx.ConnectError | httpx.ConnectTimeout | httpx.UnsupportedProtocol):
        told = GatewayUnreachable(f"no gateway answers at {url} ({name}); start one with `bifocal serve`")
    else:
        told = GatewayUnreachable(f"the connection to the gateway at {url} broke off ({name})")
    told.__cause__ = error
    return Fault(error=told, may_pass=not isinstance(error, _WILL_NOT_PASS))


def of_answer(response: httpx.Response) -> Fault:
    """An answer, read to its end, that says no."""
    status = response.status_code
    try:
        problem = response.json()
        code, message = str(problem["code"]), str(problem["detail"])
    except (ValueError, KeyError, TypeError):
        error: BifocalError = InternalError(f"the gateway answered {status}: {response.text[:200]}")
        return Fault(error=error, may_pass=status in _MAY_PASS, retry_after_s=_retry_after_s(response))
    # What lacks an extra answers 503 too, and will do so for ever.
    may_pass = code == _IN_FLIGHT or (status in _MAY_PASS and problem.get("retryable") is not False)
    return Fault(
        error=errors.by_code(code)(message), may_pass=may_pass, retry_after_s=_retry_after_s(response)
    )


def misread(error: Exception) -> InternalError:
    """An answer that is not what this version knows."""
    return InternalError(f"the answer is not that of a gateway of this version: {str(error)[:200]}")


def _retry_after_s(response: httpx.Response) -> float | None:
    """Seconds from now, of a header that holds seconds or a date; None where there is none to be read."""
    asked = response.headers.get("retry-after", "").strip()
    with suppress(ValueError):
        return max(0.0, float(asked))
    with suppress(ValueError):
        # By the gateway's own clock, where it tells: ours may be wrong.
        date = response.headers.get("date")
        now = parsedate_to_datetime(date) if date else datetime.now(UTC)
        return max(0.0, (parsedate_to_datetime(asked) - now).total_seconds())
    return None

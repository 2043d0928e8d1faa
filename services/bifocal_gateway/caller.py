"""Who sends a request, and which jobs are theirs."""

from dataclasses import dataclass

from fastapi import Request

from bifocal.contracts import Job
from bifocal_gateway.gateway import Gateway


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """A sender of requests. The operator's `id` is empty, and all jobs are theirs."""

    id: str = ""
    is_operator: bool = True

    @property
    def sees(self) -> str | None:
        """Whose jobs they see; None for all."""
        return None if self.is_operator else self.id


def caller_of(request: Request) -> Caller:
    """Who sent a request; it was let in by then."""
    found: Caller = request.state.caller
    return found


def job_of(request: Request, job_id: str) -> Job:
    """A job of the caller's.

    Raises:
        UnknownJob: there is none of that id, or it is somebody else's.
        ExpiredJob: there was one.
    """
    gateway: Gateway = request.app.state.gateway
    return gateway.ledger.job(job_id, owner=caller_of(request).sees)

"""Who sends a request, and which jobs are theirs."""

from dataclasses import dataclass, field

from fastapi import Request

from bifocal.api_keys import Limits
from bifocal.contracts import Job
from bifocal_gateway.gateway import Gateway


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """A sender of requests."""

    id: str
    """Id of the key; empty for the deployment's own key, and where none is asked for."""
    is_operator: bool
    """Whether all jobs are theirs, and the metrics are for them."""
    limits: Limits = field(default_factory=Limits)

    @property
    def sees(self) -> str | None:
        """Whose jobs they see; None for all."""
        return None if self.is_operator else self.id


#: Whoever has the deployment's own key, or calls a gateway that asks for none.
OPERATOR = Caller(id="", is_operator=True)


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

"""When a request is tried again."""

import logging
import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from bifocal.client.faults import Fault

log = logging.getLogger("bifocal.client")


@dataclass(frozen=True, slots=True, kw_only=True)
class Retries:
    """Exponential back-off with full jitter, so that many clients do not come back all at once."""

    for_s: float = 60.0
    """How long after a first failure it may be tried again; 0 for never."""
    first_s: float = 0.25
    """Longest pause after the first failure; it doubles with each further one."""
    longest_s: float = 10.0
    clock: Callable[[], float] = time.monotonic
    draw: Callable[[], float] = random.random
    """A number from 0 to 1."""

    def attempts(self) -> "Attempts":
        """For one request."""
        return Attempts(self)


@dataclass(slots=True)
class Attempts:
    """What has been tried of one request."""

    policy: Retries
    n_failed: int = 0
    _failed_at: float = field(default=0.0, init=False)

    def pause_s(self, fault: Fault) -> float:
        """How long to wait before the next attempt.

        Raises:
            BifocalError: that of the fault, if there is to be none.
        """
        policy, now = self.policy, self.policy.clock()
        if not self.n_failed:
            self._failed_at = now
        left_s = self._failed_at + policy.for_s - now
        least_s = fault.retry_after_s or 0.0
        if not (fault.may_pass and left_s > 0 and least_s <= left_s):
            raise fault.error
        bound_s = min(policy.longest_s, policy.first_s * 2.0 ** min(self.n_failed, 60))
        # Jitter comes on top of what the gateway asks for: everybody was asked for the same.
        pause_s = min(least_s + policy.draw() * bound_s, left_s)
        self.n_failed += 1
        log.warning("%s; trying again in %.1f s", fault.error.message, pause_s)
        return pause_s

    def progressed(self) -> None:
        """Something was achieved, so what failed before counts no more."""
        self.n_failed = 0

"""How often a client looks at a job until it has ended."""

from collections.abc import Callable

from bifocal.client import requests
from bifocal.client.requests import Request
from bifocal.contracts import Job

#: For which the gateway is asked to hold its answer back: of a job that somebody watches, and of one that
#: only its end is waited for.
_WATCHED_S, _UNWATCHED_S = 2, 30

#: An answer that took as long was held back.
_HELD_S = 1.0

#: Pauses between answers that came at once: from the first to the longest.
_FIRST_S, _LONGEST_S = 0.02, 0.5


class Looks:
    """The looks at one job.

    A gateway that holds its answers back is asked again at once, one that does not more and more seldom.
    """

    def __init__(self, job_id: str, clock: Callable[[], float], *, watched: bool, timeout_s: float) -> None:
        wait_s = _WATCHED_S if watched else _UNWATCHED_S
        self._clock = clock
        self._request = requests.job(job_id, wait_s=min(wait_s, int(timeout_s / 2)))
        self._pause_s = _FIRST_S
        self._asked_at = 0.0

    def request(self) -> Request[Job]:
        """To be sent now."""
        self._asked_at = self._clock()
        return self._request

    def pause_s(self) -> float:
        """After the answer: how long to wait before the next look."""
        if self._clock() - self._asked_at >= _HELD_S:
            self._pause_s = _FIRST_S
        pause_s = self._pause_s
        self._pause_s = min(pause_s * 1.3, _LONGEST_S)
        return pause_s

"""Waiting for something, with an end to it."""

import time
from collections.abc import Callable


class TookTooLong(AssertionError):
    """What was waited for did not come about."""


def until(what: str, holds: Callable[[], object], *, within_s: float = 30.0) -> None:
    """Look every few milliseconds until it holds.

    Raises:
        TookTooLong: it does not, within the time.
    """
    deadline = time.monotonic() + within_s
    while not holds():
        if time.monotonic() > deadline:
            raise TookTooLong(f"waited {within_s:g} s until {what}")
        time.sleep(0.01)

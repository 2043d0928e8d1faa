"""What a process of the stack does besides its work."""

import contextlib
import gc
import os
import signal
import threading

import redis


def collect_rarely() -> None:
    """Let the cycle collector look seldom.

    Reports are trees of thousands of small objects and hold no cycles; looking through them at
    every seven hundredth allocation doubles the time to make or read one.
    """
    gc.set_threshold(200_000, 20, 50)


def end_with_parent(redis_url: str) -> None:
    """Stop the stack's Redis and then this process when standard input closes.

    The embedded stack keeps the other end of a pipe open for as long as it lives, so nothing it
    started outlives it, however it ends. Does nothing in a process that no embedded stack started.
    """

    def wait() -> None:
        # Read without a buffer, whose lock would be held when the interpreter ends.
        while os.read(0, 1):
            pass
        with contextlib.suppress(redis.RedisError), redis.Redis.from_url(redis_url) as client:
            client.shutdown(nosave=True)
        os.kill(os.getpid(), signal.SIGTERM)

    if os.environ.get("BIFOCAL_END_WITH_PARENT") == "1":
        threading.Thread(target=wait, name="end-with-parent", daemon=True).start()

"""A server that speaks S3, on this machine."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from bifocal.embedded import _free_port
from chaos.until import until


@contextmanager
def s3_server(log: Path) -> Iterator[dict[str, str]]:
    """Serve S3 for as long as it is entered; gives the variables by which clients find it."""
    port = _free_port()
    url = f"http://127.0.0.1:{port}"
    credentials = {"AWS_ACCESS_KEY_ID": "of-the-test", "AWS_SECRET_ACCESS_KEY": "of-the-test"}
    with log.open("wb") as lines:
        serving = subprocess.Popen(
            [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)],
            stdout=lines,
            stderr=lines,
            env={**os.environ, **credentials},
        )
    try:
        until("the S3 server answers", lambda: _answers(url), within_s=60)
        # `AWS_EC2_METADATA_DISABLED`: nobody is to ask the network for credentials.
        yield {
            **credentials,
            "AWS_ENDPOINT_URL": url,
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_EC2_METADATA_DISABLED": "true",
        }
    finally:
        serving.kill()
        serving.wait()


def _answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/moto-api/", timeout=5).status_code == 200
    except httpx.TransportError:
        return False

"""One deployment for all of these tests, which run in the order in which they stand."""

import json
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bifocal import Document, EmbeddedStack
from bifocal.embedded import _free_port
from compose.deployment import Deployment


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the copy of the project, its logs and the figures go."""
    return Path(os.environ.get("COMPOSE_TEST_FOLDER") or tmp_path_factory.mktemp("compose"))


@pytest.fixture(scope="session")
def figures(folder: Path) -> Iterator[dict[str, Any]]:
    """What was measured; written to `figures.json`."""
    found: dict[str, Any] = {}
    yield found
    (folder / "figures.json").write_text(json.dumps(found, indent=2) + "\n")


@pytest.fixture(scope="session")
def deployment(folder: Path, figures: dict[str, Any]) -> Iterator[Deployment]:
    """Built and up, one worker a stage."""
    wheels = os.environ.get("WHEELS")
    made = Deployment(
        folder / "project",
        wheels=Path(wheels) if wheels else None,
        port=_free_port(),
        prometheus_port=_free_port(),
    )
    began = time.monotonic()
    # One after the other: the classic builder shares nothing between builds that run at once.
    for service in ("gateway", "static", "contextual", "merge"):
        made.compose("build", service)
    figures["built_s"] = round(time.monotonic() - began)
    try:
        figures["all_healthy_s"] = round(made.up(), 1)
        yield made
    finally:
        made.http.close()
        logs = made.compose("logs", "--no-color", "--timestamps", check=False)
        (folder / "logs.txt").write_text(logs)
        made.compose("--profile", "monitoring", "down", "--volumes", "--timeout", "5", check=False)


@pytest.fixture(scope="session")
def documents(lee: list[Document]) -> list[Document]:
    """500 of them: the 300 of the Lee corpus, and the first halves of 200."""
    halves = [Document(id=f"{one.id}-half", text=one.text[: len(one.text) // 2]) for one in lee[:200]]
    return [*lee, *halves]


@pytest.fixture(scope="session")
def expected(documents: list[Document]) -> dict[str, str]:
    """What the embedded stack says of each document, with as many threads as a container."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("OMP_NUM_THREADS", "1")
        with EmbeddedStack() as stack, stack.client() as client:
            job = client.submit(documents)
            client.wait(job.id)
            lines = client._request("GET", f"/v1/jobs/{job.id}/results").content.decode().split("\n")
    return {json.loads(line)["id"]: line for line in lines if line}

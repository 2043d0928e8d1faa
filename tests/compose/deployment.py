"""A deployment by docker compose, brought up for real from a copy of the project."""

import json
import os
import shutil
import subprocess
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import httpx

from bifocal import Document, Options

ROOT = Path(__file__).parents[2]

#: Services that work on shards, and that can be scaled.
WORKERS = ("static", "contextual", "merge")

#: Where a worker's container serves its metrics, asked from inside, with the key.
_METRICS = """
import urllib.request
key = open("/run/secrets/bifocal_api_key").read()
asked = urllib.request.Request("http://127.0.0.1:9420/metrics", headers={"Authorization": f"Bearer {key}"})
print(urllib.request.urlopen(asked, timeout=20).read().decode())
"""

#: Processor time of a container, by version 1 or 2 of control groups.
_USAGE_NS = (
    "cat /sys/fs/cgroup/cpuacct/cpuacct.usage 2>/dev/null "
    "|| sed -n 's/usage_usec \\(.*\\)/\\1000/p' /sys/fs/cgroup/cpu.stat"
)


class Deployment:
    """The project's compose file at work; the copy has secrets of its own."""

    def __init__(self, folder: Path, *, wheels: Path | None, port: int, prometheus_port: int) -> None:
        self.folder = folder
        self.url = f"http://127.0.0.1:{port}"
        self.prometheus_url = f"http://127.0.0.1:{prometheus_port}"
        self.env = {
            **os.environ,
            "BIFOCAL_PORT": str(port),
            "PROMETHEUS_PORT": str(prometheus_port),
            "COMPOSE_PROJECT_NAME": "bifocal-test",
        }
        self._copy(wheels)
        self.key = (folder / "secrets" / "api_key").read_text()
        self.http = httpx.Client(
            base_url=self.url, timeout=600, headers={"Authorization": f"Bearer {self.key}"}
        )

    def _copy(self, wheels: Path | None) -> None:
        """What git has of the project, so that nothing of a checkout gets into an image."""
        shutil.rmtree(self.folder, ignore_errors=True)
        listed = subprocess.run(
            ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
            cwd=ROOT, check=True, capture_output=True, text=True,
        ).stdout  # fmt: skip
        for name in listed.split("\0"):
            if name and (ROOT / name).is_file():
                target = self.folder / name
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(ROOT / name, target)
        if wheels is not None:
            shutil.copytree(wheels, self.folder / "wheels", copy_function=os.link)
        subprocess.run(["sh", "deploy/secrets.sh"], cwd=self.folder, check=True)
        # Small, so that a short job is cut into shards enough for several workers.
        (self.folder / ".env").write_text("BIFOCAL_SHARD_DOCUMENTS=8\n")

    # --- containers ---------------------------------------------------------------------------

    def compose(self, *arguments: str, check: bool = True) -> str:
        """Run docker compose; returns what it printed."""
        command = shutil.which("docker-compose")
        return self._run([*([command] if command else ["docker", "compose"]), *arguments], check=check)

    def docker(self, *arguments: str, check: bool = True) -> str:
        """Run docker; returns what it printed."""
        return self._run(["docker", *arguments], check=check)

    def _run(self, command: Sequence[str], *, check: bool) -> str:
        done = subprocess.run(
            command, cwd=self.folder, env=self.env, check=False, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
        )  # fmt: skip
        if check and done.returncode:
            raise AssertionError(f"{' '.join(command)} ended with {done.returncode}:\n{done.stdout[-6000:]}")
        return done.stdout

    def up(self, *arguments: str) -> float:
        """Bring it up and wait until all of it is healthy; returns how many seconds that took."""
        began = time.monotonic()
        self.compose("up", "--detach", "--no-build", "--wait", "--wait-timeout", "240", *arguments)
        return time.monotonic() - began

    def containers(self, service: str) -> list[str]:
        """Ids of the running containers of a service."""
        return self.compose("ps", "--quiet", service).split()

    def inside(self, container: str, *command: str, check: bool = True) -> str:
        """What a command prints in a container."""
        return self.docker("exec", container, *command, check=check)

    def attempts(self, container: str, stage: str) -> int:
        """How often a worker has begun a shard and come to its end."""
        text = self.inside(container, "python", "-c", _METRICS)
        wanted = f'bifocal_stage_duration_seconds_count{{result="done",stage="{stage}"}}'
        values = [line.split()[-1] for line in text.splitlines() if line.startswith(wanted)]
        return int(float(values[0])) if values else 0

    def processor_s(self) -> dict[str, float]:
        """Processor time that the containers of each service have had."""
        return {
            service: sum(
                int(self.inside(container, "sh", "-c", _USAGE_NS)) / 1e9
                for container in self.containers(service)
            )
            for service in ("redis", "gateway", *WORKERS)
        }

    def renew(self, image: str) -> None:
        """Make another image of the same content, as a build after an update does."""
        container = self.docker("create", image).strip()
        self.docker("commit", "--change", "LABEL renewed=yes", container, image)
        self.docker("rm", container)

    def size_mb(self, image: str) -> float:
        """Size of an image, as docker tells it."""
        return int(self.docker("image", "inspect", image, "--format", "{{.Size}}")) / 1e6

    # --- work ---------------------------------------------------------------------------------

    def submit(self, documents: Sequence[Document]) -> str:
        """Submit a job through the published port; returns its id."""
        body = {
            "documents": [one.model_dump() for one in documents],
            "options": Options().model_dump(mode="json"),
        }
        answer = self.http.post("/v1/jobs", json=body)
        assert answer.status_code == 202, answer.text
        return str(answer.json()["id"])

    def job(self, job: str) -> dict[str, Any]:
        """State of a job; empty while the gateway does not answer."""
        try:
            answer = self.http.get(f"/v1/jobs/{job}")
        except httpx.TransportError:
            return {}
        return answer.json() if answer.status_code == 200 else {}

    def progress(self, job: str) -> Iterator[int]:
        """Documents of a job that have ended, look by look, until it has."""
        while True:
            found = self.job(job)
            if found:
                counts = found["counts"]
                yield sum(counts[name] for name in counts if name != "total")
                if found["state"] == "ended":
                    return
            time.sleep(0.2)

    def wait_for(self, job: str, documents: int) -> None:
        """Wait until so many documents of a job have ended."""
        for ended in self.progress(job):
            if ended >= documents:
                return

    def wait(self, job: str) -> None:
        """Wait until a job has ended."""
        for _ in self.progress(job):
            pass

    def results(self, job: str) -> list[str]:
        """The lines of a job's results."""
        answer = self.http.get(f"/v1/jobs/{job}/results")
        assert answer.status_code == 200, answer.text
        return [line for line in answer.content.decode().split("\n") if line]


def by_id(lines: Sequence[str]) -> dict[str, str]:
    """Lines of results by the id of their document, of which there is one each."""
    found = {json.loads(line)["id"]: line for line in lines}
    assert len(found) == len(lines), "a document has more than one result"
    return found

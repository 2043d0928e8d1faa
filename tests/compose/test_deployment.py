"""`make compose-test`: the images built, the deployment up, and what docs/deployment.md promises of it."""

import json
import re
import socket
import time
from typing import Any

import httpx
import pytest

from bifocal import Document
from chaos.until import until
from compose.deployment import ROOT, WORKERS, Deployment, by_id

pytestmark = pytest.mark.compose

SERVICES = ("redis", "gateway", *WORKERS)

IMAGES = ("bifocal-gateway", "bifocal-static", "bifocal-contextual")

#: Documents of a job that is disturbed, in eight shards.
DISTURBED = 64

#: Largest images, megabytes. The contextual one has torch and a transformer in it.
MOST_MB = {"bifocal-gateway": 400, "bifocal-static": 400}


#: Kills the worker of a container from inside; its first process only waits for it.
KILL = """
import os, pathlib
for found in pathlib.Path("/proc").glob("[0-9]*"):
    if b"bifocal_" in (found / "cmdline").read_bytes() and int(found.name) not in (1, os.getpid()):
        os.kill(int(found.name), 9)
"""


@pytest.fixture
def few(documents: list[Document]) -> list[Document]:
    return documents[-DISTURBED:]


def whole(deployment: Deployment, job: str, documents: list[Document], expected: dict[str, str]) -> None:
    """Every document of a job has one result, and it is the one that it has without disturbance."""
    deployment.wait(job)
    found = by_id(deployment.results(job))
    assert set(found) == {one.id for one in documents}
    assert [name for name in found if alike(found[name]) != alike(expected[name])] == []


def measured(deployment: Deployment, documents: list[Document], expected: dict[str, str]) -> dict[str, float]:
    """Documents a second of a job, each held against what it should say, and processor time of each."""
    before, began = deployment.processor_s(), time.monotonic()
    job = deployment.submit(documents)
    deployment.wait(job)
    seconds = time.monotonic() - began
    spent = {name: after - before[name] for name, after in deployment.processor_s().items()}
    whole(deployment, job, documents, expected)
    each = {f"{name}_ms_each": round(1000 * one / len(documents), 1) for name, one in spent.items()}
    return {"documents_per_s": round(len(documents) / seconds, 2), "seconds": round(seconds, 1), **each}


def alike(line: str) -> str:
    """A line of results apart from the document's place in its job."""
    fields = json.loads(line)
    fields.pop("index", None)
    return json.dumps(fields)


@pytest.mark.parametrize("image", IMAGES)
def test_images_are_no_larger_than_need_be(
    deployment: Deployment, figures: dict[str, Any], image: str
) -> None:
    figures.setdefault("image_mb", {})[image] = round(deployment.size_mb(image))
    assert deployment.size_mb(image) <= MOST_MB.get(image, 1_000)


@pytest.mark.parametrize("service", SERVICES)
def test_a_container_is_confined(deployment: Deployment, service: str) -> None:
    (container,) = deployment.containers(service)
    assert deployment.inside(container, "id", "-u").strip() != "0"
    assert "Read-only file system" in deployment.inside(container, "sh", "-c", "echo > /usr/x", check=False)
    status = deployment.inside(container, "cat", "/proc/1/status")
    assert "CapEff:\t0000000000000000" in status
    assert "NoNewPrivs:\t1" in status
    # The image of Redis is not ours.
    for tool in ("cc", "gcc", "pip", "apt-get") if service != "redis" else ():
        assert not deployment.inside(container, "sh", "-c", f"command -v {tool} || true").strip()


def test_only_the_contextual_image_has_torch(deployment: Deployment) -> None:
    find = "import importlib.util; print(importlib.util.find_spec('torch') is not None)"
    has = {
        one: deployment.inside(deployment.containers(one)[0], "python", "-c", find).strip() for one in WORKERS
    }
    assert has == {"static": "False", "merge": "False", "contextual": "True"}


def test_redis_cannot_be_reached_from_the_host_and_refuses_who_has_no_password(
    deployment: Deployment,
) -> None:
    (container,) = deployment.containers("redis")
    assert deployment.docker("port", container).strip() == ""
    with pytest.raises(ConnectionRefusedError), socket.create_connection(("127.0.0.1", 6379), timeout=5):
        pass
    assert "NOAUTH" in deployment.inside(container, "redis-cli", "get", "bifocal:totals", check=False)
    for process in deployment.docker("top", container, "-eo", "pid,args").splitlines():
        assert (deployment.folder / "secrets" / "redis_password").read_text() not in process


def test_the_gateway_asks_for_the_key(deployment: Deployment) -> None:
    answer = deployment.http.get("/v1/jobs/none", headers={"Authorization": "Bearer wrong"})
    assert answer.status_code == 401


def test_a_job_of_500_documents_ends_with_the_reports_of_the_embedded_stack(
    deployment: Deployment, documents: list[Document], expected: dict[str, str], figures: dict[str, Any]
) -> None:
    figures["one_contextual"] = measured(deployment, documents, expected)


def test_two_contextual_workers_share_the_work_by_nothing_but_a_number(
    deployment: Deployment, documents: list[Document], expected: dict[str, str], figures: dict[str, Any]
) -> None:
    figures["scaled_s"] = round(deployment.up("--scale", "contextual=2", "--no-recreate"), 1)
    containers = deployment.containers("contextual")
    assert len(containers) == 2
    before = [deployment.attempts(one, "contextual") for one in containers]
    figures["two_contextual"] = measured(deployment, documents, expected)
    done = [deployment.attempts(one, "contextual") - b for one, b in zip(containers, before, strict=True)]
    figures["shards_of_each"] = done
    assert min(done) > 0.2 * sum(done)


def test_prometheus_scrapes_every_container_and_the_dashboard_has_data(
    deployment: Deployment, figures: dict[str, Any]
) -> None:
    deployment.compose("--profile", "monitoring", "up", "--detach", "--no-build", "--wait", "prometheus")

    def asked(path: str, **parameters: str) -> Any:
        url = f"{deployment.prometheus_url}/api/v1/{path}"
        return httpx.get(url, params=parameters, timeout=30).json()["data"]

    def scraped() -> list[str]:
        targets = asked("targets")["activeTargets"]
        return sorted(one["labels"].get("service", "gateway") for one in targets if one["health"] == "up")

    all_of_them = sorted(["gateway", "merge", "static", "contextual", "contextual"])
    until("every container is scraped", lambda: scraped() == all_of_them, within_s=120)
    (prometheus,) = deployment.containers("prometheus")
    reach = "exec 3<>/dev/tcp/redis/6379 && echo reached"
    assert "reached" not in deployment.inside(prometheus, "bash", "-c", reach, check=False)
    panels = json.loads((ROOT / "deploy/grafana/dashboards/bifocal.json").read_text("utf-8"))["panels"]
    queries = {target["expr"] for panel in panels for target in panel["targets"]}

    def empty() -> list[str]:
        found = {
            query: asked("query", query=query.replace("$__rate_interval", "1m"))["result"]
            for query in queries
        }
        return sorted(query for query, result in found.items() if not result)

    # A rate takes two scrapes.
    until("every query of the dashboard has data", lambda: empty() == [], within_s=120)
    rules = asked("rules")["groups"][0]["rules"]
    assert [rule["name"] for rule in rules if rule["health"] == "err"] == []
    figures["dashboard_queries"] = len(queries)
    figures["alerts"] = len(rules)


def test_a_killed_worker_costs_nothing_and_is_started_again(
    deployment: Deployment, few: list[Document], expected: dict[str, str]
) -> None:
    job = deployment.submit(few)
    deployment.wait_for(job, 1)
    for service in WORKERS:
        deployment.inside(deployment.containers(service)[0], "python", "-c", KILL)
    whole(deployment, job, few, expected)
    deployment.up("--no-recreate", "--scale", "contextual=2")


def test_a_worker_that_docker_kills_costs_nothing(
    deployment: Deployment, few: list[Document], expected: dict[str, str]
) -> None:
    job = deployment.submit(few)
    deployment.wait_for(job, 1)
    deployment.docker("kill", deployment.containers("contextual")[0])
    whole(deployment, job, few, expected)
    deployment.up("--no-recreate", "--scale", "contextual=2")


def test_a_killed_redis_costs_nothing(
    deployment: Deployment, few: list[Document], expected: dict[str, str]
) -> None:
    job = deployment.submit(few)
    deployment.wait_for(job, 1)
    (container,) = deployment.containers("redis")
    deployment.docker("kill", container)
    deployment.docker("start", container)
    whole(deployment, job, few, expected)


def test_new_images_rolled_out_while_a_job_runs_lose_and_double_nothing(
    deployment: Deployment, few: list[Document], expected: dict[str, str], figures: dict[str, Any]
) -> None:
    before = {service: deployment.containers(service) for service in ("gateway", *WORKERS)}
    job = deployment.submit(few)
    deployment.wait_for(job, 1)
    for image in IMAGES:
        deployment.renew(image)
    deployment.up("--scale", "contextual=2")
    assert not any(set(old) & set(deployment.containers(service)) for service, old in before.items())
    whole(deployment, job, few, expected)
    lost = re.findall(
        r'bifocal_stage_attempts_lost_total\{stage="(\w+)"\} (\d+)', deployment.http.get("/metrics").text
    )
    figures["attempts_lost_in_all"] = dict(lost)


def test_a_deployment_that_goes_down_and_comes_up_goes_on_with_its_jobs(
    deployment: Deployment, few: list[Document], expected: dict[str, str]
) -> None:
    job = deployment.submit(few)
    deployment.wait_for(job, 1)
    deployment.compose("down")
    assert not deployment.job(job)
    deployment.up()
    whole(deployment, job, few, expected)

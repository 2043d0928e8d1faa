"""A whole stack as an operator sees it: every log line of every service, and the metrics of each."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from bifocal import Document, EmbeddedStack, Options
from bifocal.contracts import JobCounts
from bifocal.errors import StackFailed
from chaos.until import until
from exposed import Exposed

pytestmark = pytest.mark.stack

SERVICES = ("gateway", "static", "contextual", "merge")
KEY = "the-key-of-the-gateway"
MADE = f"bf_abcdefghij_{'k' * 43}"
#: A word that is in every document and nowhere else.
WORD = "Queequeg"


@dataclass
class Seen:
    """What a stack showed while it took documents that went well, failed, and lost a worker."""

    jobs: list[str] = field(default_factory=list)
    counts: JobCounts | None = None
    password: str = ""
    logs: dict[str, str] = field(default_factory=dict)
    metrics: dict[str, Exposed] = field(default_factory=dict)

    def lines(self, service: str) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.logs[service].splitlines()]


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Seen:
    environment = {
        "BIFOCAL_LOG_FORMAT": "json",
        "BIFOCAL_METRICS_PORT": "0",
        "BIFOCAL_API_KEY": KEY,
        "BIFOCAL_LEASE_S": "1.5",
        "BIFOCAL_PRECISION": "float32",
        # Once, with the second shard in hands.
        "BIFOCAL_FAILPOINTS": "contextual.leased=kill:2",
        "BIFOCAL_FAILPOINT_FOLDER": str(tmp_path_factory.mktemp("failpoints")),
    }
    found = Seen()
    with EmbeddedStack(env=environment) as stack, stack.client() as client:
        stack.wait_ready()
        found.password = str(re.search(r":([^:@/]+)@", stack.redis_url)[1])  # type: ignore[index]
        documents = [Document(id=f"d{n}", text=f"{WORD} met Ishmael, and he slept.") for n in range(3)]

        def submit(options: Options, during: Callable[[], None] = lambda: None) -> None:
            job = client.submit([*documents, Document(id="empty", text="")], options)
            during()
            found.counts = client.wait(job.id).counts
            found.jobs.append(job.id)

        def see_it_die() -> None:
            until("a worker has died", lambda: has_died(stack))
            stack.start("contextual")

        submit(Options(window_tokens=600))  # which the model refuses
        submit(Options(), see_it_die)
        for wrong in ("wrong-key", MADE):
            httpx.get(f"{stack.url}/v1/jobs/{wrong}", headers={"Authorization": f"Bearer {wrong}"})
        found.logs = {name: (stack.folder / "logs" / f"{name}.log").read_text() for name in SERVICES}
        found.metrics["gateway"] = scraped(f"{stack.url}/metrics")
        for name in ("static", "contextual", "merge"):
            told = re.findall(r"metrics at (http://[^\"]+)", found.logs[name])
            found.metrics[name] = scraped(told[-1])
    return found


def has_died(stack: EmbeddedStack) -> bool:
    try:
        stack.check()
    except StackFailed:
        return True
    return False


def scraped(url: str) -> Exposed:
    answer = httpx.get(url, headers={"Authorization": f"Bearer {KEY}"}, timeout=10)
    assert answer.status_code == 200
    return Exposed(answer.text)


@pytest.mark.parametrize("service", SERVICES)
def test_every_line_of_a_service_is_an_object_that_says_when_and_who(seen: Seen, service: str) -> None:
    lines = seen.lines(service)
    assert lines
    for line in lines:
        assert {"time", "level", "logger", "message"} <= line.keys()
        assert line["service"] == service


@pytest.mark.parametrize("service", SERVICES)
def test_no_line_holds_a_text_a_key_or_a_password(seen: Seen, service: str) -> None:
    for secret in (WORD, "Ishmael", KEY, "wrong-key", MADE, seen.password):
        assert secret not in seen.logs[service]


def test_lines_of_a_job_can_be_followed_through_all_services(seen: Seen) -> None:
    for service in SERVICES:
        about = [line for line in seen.lines(service) if line.get("job") == seen.jobs[-1]]
        assert about, service
        for line in about:
            if service != "gateway" and line["message"] != "the job has ended":
                assert (line["stage"], line["shard"]) == (service, 0)


def test_celery_says_which_shard_its_lines_are_about(seen: Seen) -> None:
    done = [line for line in seen.lines("merge") if "succeeded in" in line["message"]]
    assert all(line["logger"].startswith("celery") for line in done)
    assert [line["job"] for line in done] == seen.jobs


def test_every_attempt_says_that_it_begins(seen: Seen) -> None:
    begun = [line for line in seen.lines("contextual") if line["message"] == "begun"]
    assert [(line["job"], line["attempt"]) for line in begun] == [
        (seen.jobs[0], 1), (seen.jobs[1], 1), (seen.jobs[1], 2),
    ]  # fmt: skip


def test_a_document_that_could_not_be_read_is_named_with_the_places_of_its_error(seen: Seen) -> None:
    failed = [line for line in seen.lines("contextual") if "could not read" in line["message"]]
    assert [line["documents"] for line in failed] == [["d0"], ["d1"], ["d2"]]
    assert all(line["job"] == seen.jobs[0] and line["attempt"] == 1 for line in failed)
    assert all("at most 512" in line["error"] for line in failed)


def test_the_gateway_has_counted_every_document(seen: Seen) -> None:
    found = seen.metrics["gateway"]
    assert found("bifocal_jobs_accepted_total") == found("bifocal_jobs_ended_total") == 2
    assert found("bifocal_documents_accepted_total") == 6
    assert found("bifocal_documents_refused_total") == 2
    assert found("bifocal_documents_ended_total", outcome="succeeded") == 3
    assert found("bifocal_documents_ended_total", outcome="errored") == 3
    assert found("bifocal_document_failures_total", code="empty_document") == 2
    assert found("bifocal_shards_in_flight") == found("bifocal_shards_pending") == 0
    assert found("bifocal_workers", stage="merge") == 1
    assert found("bifocal_stage_attempts_total", stage="merge") == 2
    assert found("bifocal_stage_attempts_total", stage="contextual") == 3
    assert found("bifocal_stage_attempts_lost_total", stage="contextual") == 1
    assert found("bifocal_stage_sent_again_total", stage="contextual", cause="worker_lost") >= 1
    assert found("bifocal_http_request_duration_seconds_count", route="/v1/jobs", status="202") == 2


def test_each_worker_has_counted_its_stage(seen: Seen) -> None:
    for stage in ("static", "merge"):
        found = seen.metrics[stage]
        assert found("bifocal_stage_documents_total", stage=stage) == 6
        assert found("bifocal_stage_words_total", stage=stage) == 6 * 8
        assert found("bifocal_stage_duration_seconds_count", stage=stage, result="done") == 2
        assert found("bifocal_lease_losses_total") == 0
    assert seen.metrics["contextual"]("bifocal_stage_documents_total", stage="contextual") == 3
    assert seen.metrics["merge"]("bifocal_document_failures_total", code="invalid_options") == 3


def test_no_label_has_a_value_for_each_job_or_document(seen: Seen) -> None:
    for found in seen.metrics.values():
        assert not found.labels() & {*seen.jobs, "d0", "d1", "d2", "empty"}


def test_a_stack_that_nothing_is_asked_of_serves_no_port_and_speaks_in_lines(stack: EmbeddedStack) -> None:
    log = Path(stack.folder / "logs" / "static.log").read_text()
    assert "metrics at" not in log
    assert re.search(r"^\S+Z INFO bifocal\.worker\.stage: static worker ready", log, re.MULTILINE)

"""A key opens its own jobs and nobody else's, whatever the route."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from fastapi.testclient import TestClient
from pydantic import SecretStr

from bifocal.api_keys import ApiKeys
from bifocal.contracts import Options
from bifocal.ledger import Ledger
from bifocal.lenses import LENSES
from bifocal.settings import Settings
from bifocal.store import JobFiles, Store
from bifocal_gateway.app import create_app
from own_redis import own_redis

pytestmark = pytest.mark.stack

JOB = "0" * 32
OPERATOR = "the-deployment's-own-key"


def routes_of_a_job() -> list[tuple[str, str]]:
    """Every route that names a job, as method and path; one that is added is here by itself."""
    described = create_app(Settings()).openapi()["paths"]
    return [
        (method.upper(), re.sub(r"\{\w+\}", "doc", path.replace("{job_id}", JOB)))
        for path, methods in described.items()
        if "{job_id}" in path
        for method in methods
    ]


ROUTES = routes_of_a_job()


@pytest.fixture(scope="module")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with own_redis(tmp_path_factory.mktemp("redis")) as url:
        yield url


@pytest.fixture
def gateway(redis_url: str, tmp_path: Path) -> Iterator["Gateway"]:
    ledger, keys = Ledger.connect(redis_url, LENSES), ApiKeys.connect(redis_url)
    ledger._redis.flushall()
    settings = Settings(redis_url=redis_url, store_url=str(tmp_path), api_key=SecretStr(OPERATOR))
    yield Gateway(settings, ledger, keys)
    keys.close()
    ledger.close()


class Gateway:
    """One with a job that `hers` has, which has ended."""

    def __init__(self, settings: Settings, ledger: Ledger, keys: ApiKeys) -> None:
        self.http = TestClient(create_app(settings), base_url="http://localhost")
        self.keys = {name: keys.create(name)[1] for name in ("hers", "his")}
        ledger.create_job(
            JOB, options=Options(), n_documents=1, n_refused=1, n_shards=0, owner=self.keys["hers"].id
        )
        files = JobFiles(Store(settings.store_url), JOB)
        line = {"id": "doc", "error": {"code": "empty_document", "message": "no word", "retryable": False}}
        files.put_refused(json.dumps({"outcome": "errored", **line}).encode() + b"\n")
        files.put_index(b"")

    def ask(self, method: str, path: str, who: str) -> httpx.Response:
        key = OPERATOR if who == "operator" else self.keys[who].token
        return self.http.request(method, path, headers={"Authorization": f"Bearer {key}"}, params=_PARAMS)


_PARAMS = {"format": "jsonl"}


def test_there_are_routes_to_try() -> None:
    assert len(ROUTES) >= 10


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_no_route_tells_of_a_job_of_somebody_else(method: str, path: str, gateway: Gateway) -> None:
    his = gateway.ask(method, path, "his")
    nobodys = gateway.ask(method, path.replace(JOB, "f" * 32), "his")
    assert (his.status_code, his.json()["code"]) == (404, "unknown_job")
    # To the letter what is said of a job that never was, but for its id.
    assert his.text.replace(JOB, "") == nobodys.text.replace("f" * 32, "")
    assert gateway.ask("GET", f"/v1/jobs/{JOB}", "hers").status_code == 200


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_every_route_opens_to_whose_job_it_is_and_to_the_operator(
    method: str, path: str, gateway: Gateway
) -> None:
    for who in ("operator", "hers"):
        answer = gateway.ask(method, path, who)
        gone_by_the_first = who == "hers" and method == "DELETE" and answer.status_code == 410
        known = answer.status_code < 400 or answer.json()["code"] in {"nothing_to_retry", "unknown_document"}
        assert known or gone_by_the_first, (who, answer.text)


def test_a_list_has_ones_own_jobs_and_the_operators_all_of_them(gateway: Gateway) -> None:
    listed = {who: gateway.ask("GET", "/v1/jobs", who).json()["jobs"] for who in ("hers", "his", "operator")}
    assert {who: [job["id"] for job in jobs] for who, jobs in listed.items()} == {
        "hers": [JOB],
        "his": [],
        "operator": [JOB],
    }


def test_a_job_that_is_no_longer_kept_is_so_to_its_owner_alone(gateway: Gateway) -> None:
    assert gateway.ask("DELETE", f"/v1/jobs/{JOB}", "hers").status_code == 204
    codes = {who: gateway.ask("GET", f"/v1/jobs/{JOB}", who).json()["code"] for who in ("hers", "his")}
    assert codes == {"hers": "expired_job", "his": "unknown_job"}

"""Made keys: what is kept of them, what they open, for how long and how often."""

import hashlib
import hmac
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import redis
from fastapi import FastAPI, Request
from fastapi.testclient import TestClient
from pydantic import SecretStr
from typer.testing import CliRunner, Result

from bifocal import EmbeddedStack, authorization
from bifocal.api_keys import ApiKeys, KeyState, Limits, MadeKey, read_key
from bifocal.cli.app import app as commands
from bifocal.embedded import redis_url_of
from bifocal.errors import InvalidOptions, Unauthorized
from bifocal.observe.context import fields
from bifocal.settings import Settings
from bifocal.settings import settings as configured
from bifocal_gateway.app import create_app
from bifocal_gateway.authentication import OPEN
from bifocal_gateway.exposure import check_exposure
from own_redis import own_redis

pytestmark = pytest.mark.stack

OWN = "the-deployment's-own-key"
NOBODY = "redis://127.0.0.1:9/0"
ANY_ADDRESS = "0.0.0.0"  # noqa: S104


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("redis")


@pytest.fixture(scope="module")
def redis_url(folder: Path) -> Iterator[str]:
    with own_redis(folder) as url:
        yield url


@pytest.fixture
def keys(redis_url: str) -> Iterator[ApiKeys]:
    """On an empty Redis."""
    with redis.Redis.from_url(redis_url) as connection:
        connection.flushall()
    found = ApiKeys.connect(redis_url)
    yield found
    found.close()


def gateway(redis_url: str, folder: Path, **settings: Any) -> TestClient:
    """A gateway whose dispatcher does not run, with a route that says who calls."""
    app = create_app(Settings(redis_url=redis_url, store_url=str(folder / "store"), **settings))
    _add_routes(app)
    return TestClient(app, "http://localhost", raise_server_exceptions=False)


def _add_routes(app: FastAPI) -> None:
    @app.get("/v1/whoami")
    def whoami(request: Request) -> dict[str, object]:
        caller = request.state.caller
        return {"id": caller.id, "is_operator": caller.is_operator, "limits": caller.limits}


@pytest.fixture
def own(redis_url: str, tmp_path: Path) -> TestClient:
    """A gateway with a key of its own."""
    return gateway(redis_url, tmp_path, api_key=SecretStr(OWN))


@pytest.fixture
def plain(redis_url: str, tmp_path: Path) -> TestClient:
    """A gateway on loopback without a key of its own."""
    return gateway(redis_url, tmp_path)


def ask(client: TestClient, token: str | None = None, path: str = "/v1/whoami") -> httpx.Response:
    return client.get(path, headers={} if token is None else {"Authorization": f"Bearer {token}"})


# --- what a key is, and what is kept of it ------------------------------------------------------


def test_a_key_has_a_public_id_and_256_secret_bits() -> None:
    made = [MadeKey.random() for _ in range(50)]
    assert len({key.id for key in made}) == len({key.secret for key in made}) == 50
    for key in made:
        assert read_key(key.token) == key
        assert len(key.secret) * 6 >= 256
        assert key.secret not in repr(key)


@pytest.mark.parametrize(
    "text", ["", "bf_", "bf_abc_def", "secret", "bf_abcdefghij_" + "a" * 42, "bf_ABCDEFGHIJ_" + "a" * 43]
)
def test_what_is_not_of_a_keys_form_is_none(text: str) -> None:
    assert read_key(text) is None


def test_no_secret_is_anywhere_in_redis_or_in_its_file(
    keys: ApiKeys, redis_url: str, folder: Path, own: TestClient
) -> None:
    made = [keys.create(name, limits=Limits(requests_per_minute=9))[1] for name in ("a", "b")]
    for key in made:
        assert ask(own, key.token).status_code == 200
    assert keys.revoke(made[0].id)
    with redis.Redis.from_url(redis_url) as connection:
        connection.bgrewriteaof()
        held = [connection.dump(name) or b"" for name in connection.keys("*")]
    written = [path.read_bytes() for path in folder.rglob("*") if path.is_file()]
    everything = b"".join([*held, *written])
    for key in made:
        assert key.id.encode() in everything
        assert hashlib.sha256(key.secret.encode()).hexdigest().encode() in everything
        assert key.secret.encode() not in everything


def test_keys_outlive_a_redis_that_is_killed(tmp_path: Path) -> None:
    with own_redis(tmp_path) as url:
        keys = ApiKeys.connect(url)
        key, made = keys.create("ci", limits=Limits(requests_per_minute=9))
        gone, revoked = keys.create("gone")
        keys.revoke(gone.id)
        keys.close()
    with own_redis(tmp_path) as url:
        own = gateway(url, tmp_path, api_key=SecretStr(OWN))
        assert ask(own, made.token).json()["id"] == key.id
        assert ask(own, revoked.token).status_code == 401


# --- what a key opens ---------------------------------------------------------------------------


def test_a_made_key_opens_and_says_whose_request_it_is(keys: ApiKeys, own: TestClient) -> None:
    limits = Limits(requests_per_minute=100, most_waiting_shards=7)
    key, made = keys.create("ci", limits=limits)
    assert ask(own, made.token).json() == {
        "id": key.id,
        "is_operator": False,
        "limits": {"requests_per_minute": 100, "most_waiting_shards": 7},
    }
    _, operators = keys.create("op", is_operator=True)
    assert ask(own, operators.token).json()["is_operator"] is True
    found = ask(own, OWN).json()
    assert (found["id"], found["is_operator"]) == ("", True)


def test_a_revoked_key_opens_nothing_from_the_next_request_on(keys: ApiKeys, own: TestClient) -> None:
    key, made = keys.create("ci")
    _, other = keys.create("other")
    assert ask(own, made.token).status_code == 200
    assert keys.revoke(key.id)
    answer = ask(own, made.token)
    assert (answer.status_code, answer.json()["code"]) == (401, "unauthorized")
    assert "revoked" in answer.json()["detail"]
    assert ask(own, other.token).status_code == 200


def test_an_expired_key_opens_nothing(keys: ApiKeys, own: TestClient) -> None:
    _, lasting = keys.create("ci", lasts_s=3600)
    key, past = keys.create("ci", lasts_s=0)
    assert ask(own, lasting.token).status_code == 200
    answer = ask(own, past.token)
    assert answer.status_code == 401
    assert "expired" in answer.json()["detail"]
    assert [one.state(keys.now()) for one in keys.all()] == [KeyState.ACTIVE, KeyState.EXPIRED]
    assert keys.revoke(key.id)
    assert keys.all()[1].state(keys.now()) is KeyState.REVOKED


def test_every_wrong_key_gets_the_same_answer(keys: ApiKeys, own: TestClient) -> None:
    key, made = keys.create("ci")
    gone, revoked = keys.create("gone")
    keys.revoke(gone.id)
    other = MadeKey.random()
    wrong = [
        None,
        "",
        "wrong",
        OWN[:-1],
        f"{OWN}x",
        made.token[:-1],
        f"{made.token}a",
        other.token,
        MadeKey(id=key.id, secret=other.secret).token,
        MadeKey(id=other.id, secret=made.secret).token,
        MadeKey(id=revoked.id, secret=other.secret).token,
    ]
    answers = [ask(own, token) for token in wrong]
    assert {answer.status_code for answer in answers} == {401}
    assert len({answer.text for answer in answers}) == 1
    assert {answer.headers["www-authenticate"] for answer in answers} == {"Bearer"}
    basic = own.get("/v1/whoami", headers={"Authorization": f"Basic {made.token}"})
    assert basic.text == answers[0].text


def test_metrics_take_an_operators_key(keys: ApiKeys, own: TestClient) -> None:
    _, made = keys.create("ci")
    _, operators = keys.create("op", is_operator=True)
    assert ask(own, path="/metrics").status_code == 401
    answer = ask(own, made.token, "/metrics")
    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
    assert ask(own, operators.token, "/metrics").status_code == 200
    assert ask(own, OWN, "/metrics").status_code == 200


def test_all_but_the_health_and_the_description_asks_for_a_key(keys: ApiKeys, own: TestClient) -> None:
    paths = {path.replace("{job_id}", "x") for path in own.get("/openapi.json").json()["paths"]}
    assert {"/healthz", "/readyz", "/metrics", "/v1/jobs/x"} <= paths
    for path in [
        *paths,
        "/",
        "/v1",
        "/v1/jobs/",
        "/docs",
        "//healthz",
        "/healthz/",
        "/healthz%2f..%2fv1/jobs/x",
    ]:
        for method in ("GET", "POST", "DELETE", "OPTIONS", "HEAD"):
            status = own.request(method, path).status_code
            assert (status == 401) == (path not in OPEN), (method, path, status)


# --- gateways that have no key of their own ------------------------------------------------------


def test_a_gateway_on_loopback_is_open_until_a_key_is_made(keys: ApiKeys, plain: TestClient) -> None:
    assert ask(plain).json() == {
        "id": "",
        "is_operator": True,
        "limits": {"requests_per_minute": None, "most_waiting_shards": None},
    }
    assert ask(plain, "whatever-a-client-has-set").status_code == 200
    assert ask(plain, path="/metrics").status_code == 200
    key, made = keys.create("ci")
    assert ask(plain).status_code == 401
    assert ask(plain, "whatever-a-client-has-set").status_code == 401
    assert ask(plain, path="/metrics").status_code == 401
    assert ask(plain, made.token).json()["id"] == key.id


def test_it_does_not_open_again_when_the_last_key_is_revoked_but_when_it_is_forgotten(
    keys: ApiKeys, plain: TestClient
) -> None:
    key, made = keys.create("ci")
    keys.revoke(key.id)
    assert ask(plain).status_code == 401
    assert keys.forget(key.id)
    assert not keys.forget(key.id)
    assert ask(plain).status_code == 200
    assert ask(plain, made.token).status_code == 401, "a key that Redis lost opens nothing"


def test_a_gateway_that_others_can_reach_asks_for_a_key_even_if_there_is_none(
    keys: ApiKeys, redis_url: str, tmp_path: Path
) -> None:
    exposed = gateway(redis_url, tmp_path, host=ANY_ADDRESS)
    assert ask(exposed).status_code == 401
    assert ask(exposed, path="/metrics").status_code == 401
    assert ask(exposed, keys.create("ci")[1].token).status_code == 200


def test_it_starts_once_there_is_a_key_of_either_sort(
    keys: ApiKeys, caplog: pytest.LogCaptureFixture
) -> None:
    exposed = Settings(host=ANY_ADDRESS)
    with pytest.raises(Unauthorized, match="bifocal keys create"):
        check_exposure(exposed, keys)
    check_exposure(Settings(host="127.0.0.1"), keys)
    key, _ = keys.create("ci")
    check_exposure(exposed, keys)
    keys.revoke(key.id)
    check_exposure(exposed, keys)
    assert not caplog.records
    check_exposure(exposed, ApiKeys.connect(NOBODY))
    assert "is not known" in caplog.text
    check_exposure(Settings(host=ANY_ADDRESS, api_key=SecretStr("short")), keys)
    assert "short enough to be guessed" in caplog.text


def test_without_redis_no_made_key_opens_and_the_deployments_own_does(tmp_path: Path) -> None:
    own = gateway(NOBODY, tmp_path, api_key=SecretStr(OWN))
    assert ask(own, OWN).status_code == 200
    assert ask(own, OWN, "/metrics").status_code == 200
    assert ask(own, "wrong").status_code == 401
    answer = ask(own, MadeKey.random().token)
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")
    plain = gateway(NOBODY, tmp_path)
    assert ask(plain).status_code == 503
    assert ask(plain, path="/metrics").status_code == 200, "nothing of jobs is in it then"
    assert ask(gateway(NOBODY, tmp_path, host=ANY_ADDRESS), path="/metrics").status_code == 503


# --- limits -------------------------------------------------------------------------------------


def test_a_key_may_send_so_many_requests_a_minute_and_is_told_when_the_next(
    keys: ApiKeys, own: TestClient
) -> None:
    _, made = keys.create("ci", limits=Limits(requests_per_minute=3))
    _, other = keys.create("other", limits=Limits(requests_per_minute=3))
    wrong = MadeKey(id=made.id, secret=MadeKey.random().secret)
    assert [ask(own, wrong.token).status_code for _ in range(5)] == [401] * 5
    assert [ask(own, made.token).status_code for _ in range(3)] == [200] * 3
    answer = ask(own, made.token)
    assert (answer.status_code, answer.json()["code"]) == (429, "rate_limited")
    assert answer.json()["retryable"] is True
    assert 1 <= int(answer.headers["retry-after"]) <= 20
    assert ask(own, other.token).status_code == 200
    assert ask(own, OWN).status_code == 200


@pytest.mark.parametrize("per_minute", [1, 7, 60, 1000])
def test_a_bucket_holds_a_minutes_worth_and_fills_evenly(
    per_minute: int, keys: ApiKeys, redis_url: str
) -> None:
    each_us = 60_000_000 // per_minute
    with redis.Redis.from_url(redis_url) as connection:

        def full_in(microseconds: int) -> None:
            seconds, rest = connection.time()
            connection.set("bifocal:rate:a", seconds * 1_000_000 + rest + microseconds)

        assert keys.take("a", per_minute) == 0
        assert 0 < connection.pttl("bifocal:rate:a") <= each_us // 1000 + 1
        full_in(60_000_000)
        assert 0 < keys.take("a", per_minute) <= each_us / 1e6
        full_in(60_000_000 - each_us)
        assert keys.take("a", per_minute) == 0
        assert keys.take("a", per_minute) > 0
        full_in(3_600_000_000)  # the clock went back an hour
        assert 0 < keys.take("a", per_minute) <= each_us / 1e6


def test_a_keys_jobs_may_have_so_many_shards_waiting(keys: ApiKeys, redis_url: str, tmp_path: Path) -> None:
    _, made = keys.create("ci", limits=Limits(most_waiting_shards=2))
    _, other = keys.create("other", limits=Limits(most_waiting_shards=2))
    client = gateway(redis_url, tmp_path, api_key=SecretStr(OWN), shard_documents=1)
    body = {"documents": [{"id": name, "text": "A cat sat."} for name in "ab"]}

    def submit(token: str) -> httpx.Response:
        return client.post("/v1/jobs", json=body, headers={"Authorization": f"Bearer {token}"})

    accepted = submit(made.token)
    assert accepted.status_code == 202
    refused = submit(made.token)
    assert (refused.status_code, refused.json()["code"]) == (429, "too_many_waiting")
    assert "retry-after" in refused.headers
    assert [submit(token).status_code for token in (other.token, OWN, OWN)] == [202, 202, 202]
    job = f"/v1/jobs/{accepted.json()['id']}"
    statuses = [ask(client, token, job).status_code for token in (made.token, OWN, other.token)]
    assert statuses == [200, 200, 404], "a job is its owner's, and operators'"


# --- what the time of an answer tells -------------------------------------------------------------


@pytest.mark.parametrize("api_key", [None, SecretStr(OWN)])
def test_every_key_of_a_keys_form_is_looked_up_hashed_and_compared_alike(
    api_key: SecretStr | None,
    keys: ApiKeys,
    redis_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    key, made = keys.create("ci", limits=Limits(requests_per_minute=100_000))
    gone, revoked = keys.create("gone")
    keys.revoke(gone.id)
    client = gateway(redis_url, tmp_path, api_key=api_key)
    compared: list[tuple[int, int]] = []
    looked_up: list[str] = []
    compare, find = hmac.compare_digest, ApiKeys.find

    def watched(one: bytes, other: bytes) -> bool:
        compared.append((len(one), len(other)))
        return compare(one, other)

    def listed(self: ApiKeys, name: str) -> Any:
        looked_up.append(name)
        return find(self, name)

    monkeypatch.setattr(authorization.hmac, "compare_digest", watched)
    monkeypatch.setattr(ApiKeys, "find", listed)
    nearly = made.secret[:-1] + ("a" if made.secret[-1] != "a" else "b")
    far = ("a" if made.secret[0] != "a" else "b") + made.secret[1:]
    sent = [
        made,
        MadeKey(id=key.id, secret=nearly),
        MadeKey(id=key.id, secret=far),
        MadeKey(id=MadeKey.random().id, secret=made.secret),
        revoked,
    ]
    seen = []
    for one in sent:
        compared.clear()
        looked_up.clear()
        ask(client, one.token)
        seen.append(([*compared], len(looked_up)))
        assert looked_up == [one.id]
    assert seen == [([(32, 32)] * (1 if api_key is None else 2), 1)] * len(sent)


def test_of_an_unknown_id_as_much_is_read_as_of_a_known_one(keys: ApiKeys, redis_url: str) -> None:
    made = keys.create("ci")[1]
    with redis.Redis.from_url(redis_url, decode_responses=True) as connection:
        script = connection.register_script(keys._find.script)
        known, unknown = (
            script(keys=[f"bifocal:key:{name}", "bifocal:keys"]) for name in (made.id, MadeKey.random().id)
        )
    assert [type(part) for part in known] == [type(part) for part in unknown] == [str] * 6
    assert len(known[0]) == len(unknown[0]) == 64
    assert keys.find(MadeKey.random().id).state is KeyState.UNKNOWN


# --- where a key must not turn up ---------------------------------------------------------------


def test_no_answer_holds_the_key_that_was_sent(keys: ApiKeys, own: TestClient) -> None:
    _, made = keys.create("ci")
    for token in (made.token, OWN, MadeKey.random().token):
        secret = token.split("_", 2)[-1]
        for path in ("/v1/jobs/x", "/v1/jobs/x/results?from_part=no", "/nowhere", "/metrics"):
            assert secret not in ask(own, token, path).text
        posted = own.post("/v1/jobs", content=b"{", headers={"Authorization": f"Bearer {token}"})
        assert secret not in posted.text
        assert secret not in str(posted.headers)


def test_lines_of_a_request_say_by_which_key_it_came(keys: ApiKeys, own: TestClient) -> None:
    seen: list[object] = []

    def note() -> None:
        seen.append(fields().get("caller"))

    assert isinstance(own.app, FastAPI)
    own.app.get("/v1/noted")(note)
    key, made = keys.create("ci")
    for token in (made.token, OWN):
        assert ask(own, token, "/v1/noted").status_code == 200
    assert seen == [key.id, None]


# --- the command --------------------------------------------------------------------------------


@pytest.fixture
def command(
    keys: ApiKeys, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., Result]]:
    """Runs `bifocal keys` in this process."""
    monkeypatch.setenv("BIFOCAL_REDIS_URL", redis_url)
    monkeypatch.setenv("COLUMNS", "100")
    configured.cache_clear()
    yield lambda *arguments: CliRunner().invoke(commands, ["keys", *arguments])
    configured.cache_clear()


def test_the_command_makes_lists_and_revokes(
    command: Callable[..., Result], keys: ApiKeys, own: TestClient
) -> None:
    done = command("create", "ci", "--rate-per-minute", "60", "--expires-days", "2")
    assert done.exit_code == 0, done.stderr
    made = read_key(done.stdout.removesuffix("\n"))
    assert made is not None, "the key alone is on standard output"
    assert made.secret not in done.stderr
    assert "it does from now on" in done.stderr
    assert ask(own, made.token).json()["limits"]["requests_per_minute"] == 60
    second = json.loads(command("create", "op", "--operator", "--most-waiting-shards", "5", "--json").stdout)
    assert ask(own, second["key"]).json()["is_operator"] is True
    listed = command("list", "--json").stdout
    first, other = json.loads(listed)
    assert (first["id"], first["name"], first["state"]) == (made.id, "ci", "active")
    assert datetime.fromisoformat(first["expires_at"]) - keys.now() > timedelta(days=1.9)
    assert (other["id"], other["is_operator"], other["most_waiting_shards"]) == (second["id"], True, 5)
    table = command("list").stdout
    assert made.id in table
    assert "operator, 5 shards" in table
    for secret in (made.secret, second["key"].split("_", 2)[-1], made.digest):
        assert secret not in listed + table
    assert command("revoke", made.token).stdout == f"{made.id} opens nothing any more\n"
    assert ask(own, made.token).status_code == 401
    assert "revoked" in command("list").stdout
    assert command("revoke", made.id, "--forget").exit_code == 0
    assert [key.id for key in keys.all()] == [second["id"]]


@pytest.mark.parametrize(
    "arguments",
    [
        ["create", "two\nlines"],
        ["create", " "],
        ["create", "a" * 101],
        ["create", "ci", "--rate-per-minute", "0"],
        ["revoke", "abcdefghij"],
        ["revoke", "no id"],
        ["list", "--data", "/nowhere"],
    ],
)
def test_what_makes_no_sense_is_wrong_usage(
    arguments: list[str], command: Callable[..., Result], keys: ApiKeys
) -> None:
    done = command(*arguments)
    assert done.exit_code == 2 or isinstance(done.exception, InvalidOptions)
    assert keys.all() == []


def test_a_redis_that_is_not_there_is_said_so_without_its_password() -> None:
    done = subprocess.run(
        [sys.executable, "-c", "from bifocal.cli import main; main()", "keys", "list"],
        env={**os.environ, "BIFOCAL_REDIS_URL": "redis://:its-password@127.0.0.1:9/0", "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1
    assert "BIFOCAL_REDIS_URL" in done.stderr
    assert "its-password" not in done.stderr


def test_the_redis_of_a_running_stack_is_found_by_its_folder(stack: EmbeddedStack) -> None:
    assert redis_url_of(stack.folder) == stack.redis_url

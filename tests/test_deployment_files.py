"""The files of a deployment hold together: settings, compose, images, monitoring, scaling."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from bifocal.env_example import DEPLOYMENT, env_example
from bifocal.errors import InvalidOptions
from bifocal.models import contextual_models, static_models
from bifocal.settings import Settings, settings
from bifocal_static.vectors import load_vectors

ROOT = Path(__file__).parents[1]
COMPOSE = sorted(ROOT.glob("docker-compose*.yml"))
OPERATIONS = (ROOT / "docs" / "operations.md").read_text("utf-8")

#: Services that bifocal is made of, as against those that watch it.
SERVICES = ("redis", "gateway", "merge", "static", "contextual")


def compose() -> dict[str, Any]:
    return yaml.safe_load((ROOT / "docker-compose.yml").read_text("utf-8"))


def tool(name: str) -> str:
    """A tool that is beside this Python, or on the path."""
    beside = Path(sys.executable).parent / name
    found = str(beside) if beside.exists() else shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is not installed")
    return found


def passes(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


# --- settings -------------------------------------------------------------------------------------


def test_the_example_of_an_environment_is_that_of_the_code() -> None:
    assert (ROOT / ".env.example").read_text("utf-8") == env_example(), "run `make generated`"


def test_the_example_names_every_setting_and_changes_none() -> None:
    lines = [line.removeprefix("#") for line in env_example().splitlines() if re.match(r"#[A-Z]", line)]
    told = dict(line.split("=", 1) for line in lines)
    assert set(told) - set(DEPLOYMENT) == {f"BIFOCAL_{name.upper()}" for name in Settings.model_fields}
    given = {name.removeprefix("BIFOCAL_").lower(): value for name, value in told.items() if value}
    for name in Settings.model_fields.keys() & given.keys():
        field = Settings.model_fields[name]
        value = json.loads(given[name]) if given[name][0] in "{[" else given[name]
        assert getattr(Settings.model_validate({name: value}), name) == field.default, name


def test_every_variable_of_the_compose_files_is_in_the_example_with_its_default() -> None:
    named = {f"{name}": default for name, (default, _) in DEPLOYMENT.items()} | {"BIFOCAL_PORT": "8420"}
    text = (ROOT / "docker-compose.yml").read_text("utf-8")
    used = dict(re.findall(r"(?<!\$)\$\{([A-Z_]+):-([^}]*)\}", text))
    assert used == named


def test_a_secret_comes_from_a_file_and_goes_into_the_url_of_redis(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "bifocal_redis_password").write_text("a/b@c:#?\n")
    (tmp_path / "bifocal_api_key").write_text("key\n")
    monkeypatch.setenv("BIFOCAL_SECRETS_FOLDER", str(tmp_path))
    monkeypatch.setenv("BIFOCAL_REDIS_URL", "redis://redis:6379/0")
    read = settings.__wrapped__()
    assert read.redis_url == "redis://:a%2Fb%40c%3A%23%3F@redis:6379/0"
    assert read.api_key is not None
    assert read.api_key.get_secret_value() == "key"
    assert "a/b" not in repr(read.redis_password)


def test_two_passwords_of_redis_are_one_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BIFOCAL_REDIS_URL", "redis://:one@redis:6379/0")
    monkeypatch.setenv("BIFOCAL_REDIS_PASSWORD", "two")
    with pytest.raises(InvalidOptions, match="redis_password is set too"):
        settings.__wrapped__()


# --- models ---------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The packaged models, as the images have them."""
    folder = tmp_path_factory.mktemp("models")
    subprocess.run([sys.executable, ROOT / "services" / "unpack_models.py", folder], check=True)
    return folder


def test_unpacked_models_are_the_packaged_ones(unpacked: Path) -> None:
    chosen = Settings(model_folder=unpacked)
    packaged = load_vectors(static_models(Settings())["glove-6b-50d"])
    found = load_vectors(static_models(chosen)["glove-6b-50d"])
    assert found.content_hash == packaged.content_hash
    assert found.keyed.index_to_key == packaged.keyed.index_to_key
    assert contextual_models(chosen)["minilm-l6"].location == str(unpacked / "minilm-l6")
    assert (unpacked / "minilm-l6" / "model.safetensors").stat().st_size > 1e6


def test_a_folder_without_a_model_leaves_the_package(tmp_path: Path) -> None:
    chosen = Settings(model_folder=tmp_path)
    assert static_models(chosen) == static_models(Settings())
    assert contextual_models(chosen) == contextual_models(Settings())


# --- compose --------------------------------------------------------------------------------------


def test_the_compose_files_follow_the_specification() -> None:
    passes(tool("check-jsonschema"), "--builtin-schema", "vendor.compose-spec", *map(str, COMPOSE))


@pytest.mark.parametrize("extra", [[], ["docker-compose.gpu.yml"], ["docker-compose.models.yml"]])
def test_docker_compose_can_read_the_compose_files(extra: list[str], tmp_path: Path) -> None:
    files = [part for name in ("docker-compose.yml", *extra) for part in ("--file", str(ROOT / name))]
    at = ["--project-directory", str(tmp_path)]
    passes(tool("docker-compose"), *at, *files, "--profile", "monitoring", "config", "--quiet")


def test_the_dockerfile_has_no_known_faults() -> None:
    passes(tool("hadolint"), str(ROOT / "services" / "Dockerfile"))
    passes(tool("hadolint"), str(ROOT / "tests" / "compose" / "redis" / "Dockerfile"), "--ignore", "DL3008")


def test_any_builder_can_read_the_dockerfile() -> None:
    text = (ROOT / "services" / "Dockerfile").read_text("utf-8")
    assert not re.search(r"^(RUN --mount|COPY --(chmod|link)|RUN <<|COPY <<|# syntax)", text, re.MULTILINE)


@pytest.mark.parametrize("name", SERVICES)
def test_every_container_is_confined_checked_and_limited(name: str) -> None:
    service = compose()["services"][name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["restart"] == "unless-stopped"
    assert service["healthcheck"]["test"]
    assert service["stop_grace_period"]
    assert set(service["deploy"]["resources"]["limits"]) == {"cpus", "memory"}
    published = [port for port in service.get("ports", []) if not port.startswith("127.0.0.1:")]
    assert published == []
    assert ("ports" in service) == (name == "gateway")


def test_a_worker_has_as_many_threads_as_processors() -> None:
    services = compose()["services"]
    for name in ("merge", "static", "gateway"):
        environment = services[name]["environment"]
        assert (environment["OMP_NUM_THREADS"], environment["OPENBLAS_NUM_THREADS"]) == ("1", "1")
    contextual = services["contextual"]
    assert contextual["environment"]["OMP_NUM_THREADS"] == contextual["deploy"]["resources"]["limits"]["cpus"]


def test_the_secrets_of_a_deployment_are_made_once_and_for_their_owner_alone(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "deploy", tmp_path / "deploy")
    made = []
    for _ in range(2):
        subprocess.run(["sh", "deploy/secrets.sh"], cwd=tmp_path, check=True)
        made.append({path.name: path.read_text() for path in (tmp_path / "secrets").iterdir()})
    assert made[0] == made[1]
    assert all(re.fullmatch("[0-9a-f]{64}", secret) for secret in made[0].values())
    assert len(set(made[0].values())) == 2
    assert (tmp_path / "secrets").stat().st_mode & 0o077 == 0


# --- monitoring -----------------------------------------------------------------------------------

DASHBOARD = ROOT / "deploy" / "grafana" / "dashboards" / "bifocal.json"
ALERTS = ROOT / "deploy" / "prometheus" / "alerts.yml"
KEDA = ROOT / "deploy" / "keda" / "contextual.yml"


def queries() -> list[str]:
    panels = json.loads(DASHBOARD.read_text("utf-8"))["panels"]
    rules = yaml.safe_load(ALERTS.read_text("utf-8"))["groups"][0]["rules"]
    _, scaled = yaml.safe_load_all(KEDA.read_text("utf-8"))
    return [
        *(target["expr"] for panel in panels for target in panel["targets"]),
        *(rule["expr"] for rule in rules),
        *(trigger["metadata"]["query"] for trigger in scaled["spec"]["triggers"]),
    ]


@pytest.mark.parametrize("query", queries())
def test_a_query_asks_for_metrics_that_operations_tell_of(query: str) -> None:
    asked = re.findall(r"\b(?:bifocal|process)_[a-z_]+", query)
    assert asked or "up{" in query
    for name in asked:
        metric = re.sub(r"(?<=_seconds)_(bucket|sum|count)$", "", name)
        assert f"`{metric}`" in OPERATIONS, metric


def test_prometheus_takes_its_configuration_and_alerts(tmp_path: Path) -> None:
    promtool = tool("promtool")
    shutil.copytree(ALERTS.parent, tmp_path / "prometheus")
    configuration = tmp_path / "prometheus" / "prometheus.yml"
    (tmp_path / "key").write_text("key")
    text = configuration.read_text().replace("/run/secrets/bifocal_api_key", str(tmp_path / "key"))
    configuration.write_text(text)
    passes(promtool, "check", "config", str(configuration))

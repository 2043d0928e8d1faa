"""`.env.example`, from the settings: `python -m bifocal.env_example .env.example` writes it."""

import json
import sys
import textwrap
from enum import Enum
from pathlib import Path
from typing import Any

from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from bifocal.settings import Settings

_HEAD = """\
# What a deployment may choose. Copy it to .env, which docker compose reads and git ignores, and take the
# sign away from what you change. All values here are the defaults; .env may be left out.
# Made from the code by `make generated`.
#
# The key that clients send and the password of Redis are no settings of this file: they are in
# secrets/api_key and secrets/redis_password, which deploy/secrets.sh makes (`make up` does).
"""

#: Variables of docker-compose.yml that are no settings of a service, with their defaults there.
DEPLOYMENT = {
    "CONTEXTUAL_WORKERS": ("1", "Contextual workers; `--scale contextual=4` comes before it."),
    "MERGE_WORKERS": ("1", "Merge workers; two for three contextual ones."),
    "STATIC_WORKERS": ("1", "Static workers; one does for dozens of contextual ones."),
    "CONTEXTUAL_CPUS": ("1", "Processors of each contextual worker, a whole number: it is its threads too."),
    "CONTEXTUAL_MEMORY": ("2g", "Memory of each contextual worker; a document of 20,000 words takes 0.7 GB."),
    "MERGE_CPUS": ("1", "Processors of each merge worker; it uses one."),
    "MERGE_MEMORY": ("1g", "Memory of each merge worker."),
    "STATIC_CPUS": ("1", "Processors of each static worker; it uses one."),
    "STATIC_MEMORY": ("1g", "Memory of each static worker."),
    "GATEWAY_CPUS": ("1", "Processors of the gateway; one process uses about one."),
    "GATEWAY_MEMORY": ("1g", "Memory of the gateway."),
    "REDIS_CPUS": ("1", "Processors of Redis; it uses one, and another while it writes its file anew."),
    "REDIS_MAXMEMORY": ("768mb", "What Redis may hold; then it refuses writes, and the gateway new jobs."),
    "REDIS_MEMORY": ("1536m", "Memory of Redis's container, twice the above."),
    "MODELS": ("baked", "`mounted` for images without models (docker-compose.models.yml)."),
    "PROMETHEUS_PORT": ("9090", "Port of Prometheus on the loopback address, with --profile monitoring."),
    "GRAFANA_PORT": ("3000", "Port of Grafana on the loopback address, with --profile monitoring."),
}

#: Settings that docker-compose.yml fixes, or that stand in files of secrets.
_FIXED = {
    "BIFOCAL_HOST",
    "BIFOCAL_REDIS_URL",
    "BIFOCAL_REDIS_PASSWORD",
    "BIFOCAL_STORE_URL",
    "BIFOCAL_API_KEY",
    "BIFOCAL_READY_FILE",
    "BIFOCAL_MODEL_FOLDER",
    "BIFOCAL_METRICS_HOST",
    "BIFOCAL_METRICS_PORT",
}

_WIDTH = 108


def env_example() -> str:
    """The file."""
    parts = [_HEAD, "# --- the containers\n"]
    parts += [_entry(name, says, default) for name, (default, says) in DEPLOYMENT.items()]
    settings = {f"BIFOCAL_{name.upper()}": field for name, field in Settings.model_fields.items()}
    parts.append("# --- the services\n")
    parts += [_setting(name, field) for name, field in settings.items() if name not in _FIXED]
    parts.append("# --- what docker-compose.yml fixes; of use where services run without it\n")
    parts += [_setting(name, field) for name, field in settings.items() if name in _FIXED]
    return "\n".join(parts)


def _setting(name: str, field: FieldInfo) -> str:
    return _entry(name, " ".join((field.description or "").split()), _default(field))


def _entry(name: str, says: str, default: str) -> str:
    return "\n".join(f"# {line}" for line in textwrap.wrap(says, _WIDTH)) + f"\n#{name}={default}\n"


def _default(field: FieldInfo) -> str:
    value: Any = field.default
    if value is None or value is PydanticUndefined:
        return ""
    if isinstance(value, Enum):
        return str(value.value)
    return json.dumps(value) if isinstance(value, bool | dict | list) else str(value)


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(env_example(), "utf-8")

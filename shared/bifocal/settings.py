"""Every setting, read from the environment as ``BIFOCAL_<NAME>`` or from a file of secrets."""

import os
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from pydantic import Field, SecretStr, ValidationError, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict, SettingsError

from bifocal.errors import InvalidOptions


class Precision(StrEnum):
    """Number format of a transformer."""

    AUTO = "auto"
    """bfloat16 where the processor or GPU multiplies it, else float32."""
    FLOAT32 = "float32"
    BFLOAT16 = "bfloat16"


class LogFormat(StrEnum):
    """Form of log lines."""

    TEXT = "text"
    """A readable line each."""
    JSON = "json"
    """A JSON object a line."""


class Settings(BaseSettings):
    """What an operator can choose; units are in the names."""

    model_config = SettingsConfigDict(env_prefix="BIFOCAL_", frozen=True, use_attribute_docstrings=True)

    url: str | None = None
    """Gateway the command line and the client talk to; unset, they start a stack of their own."""
    client_retry_for_s: float = Field(default=60.0, ge=0)
    """How long the command line and the client go on trying after something failed that may pass."""
    api_key: SecretStr | None = None
    """The operator's key; requests carry it, or one made by `bifocal keys`, as a bearer token. Without it and
    made ones the gateway serves loopback only, and asks for none."""
    host: str = "127.0.0.1"
    """Address the gateway listens on."""
    port: int = Field(default=8420, ge=0, le=65535)
    """Port the gateway listens on."""
    redis_url: str = "redis://127.0.0.1:6379/0"
    """Redis of the ledger and the queues. unix:// works for the ledger and the queues alike."""
    redis_password: SecretStr | None = None
    """Password of Redis, if it is not to stand in the URL; any characters."""
    store_url: str = "bifocal-store"
    """Where bodies and reports lie: a folder, or any fsspec URL that every service can reach."""

    static_models: dict[str, str] = {}
    """Further static models: name to `word2vec:PATH`, `glove:PATH`, `fasttext:PATH` or `folder:PATH`."""
    contextual_models: dict[str, str] = {}
    """Further transformers: name to a folder or a hub name."""
    model_folder: Path | None = None
    """Folder with the packaged models unpacked, as the images have it; without it they are read from their
    packages."""

    max_request_bytes: int = Field(default=256 * 1024 * 1024, gt=0)
    """Largest request body."""
    max_compare_bytes: int = Field(default=64 * 1024, gt=0)
    """Largest text of a request that is answered with its report."""
    max_job_bytes: int = Field(default=64 * 1024**3, gt=0)
    """Largest body of a job in lines (NDJSON), which goes to the disk as it comes."""
    most_waiting_shards: int = Field(default=100_000, gt=0)
    """Shards that may be accepted and not merged, over all jobs; then new jobs are refused (429)."""
    least_free_bytes: int = Field(default=1024**3, ge=0)
    """Room on the store's disk below which new jobs are refused (503)."""
    keep_results_s: float = Field(default=30 * 24 * 3600.0, gt=0)
    """Time after its end for which a job and its results are kept."""
    max_document_bytes: int = Field(default=4 * 1024 * 1024, gt=0)
    """Largest document, as UTF-8."""
    max_document_words: int = Field(default=50_000, gt=0)
    """Most words, punctuation included, in a document."""
    max_upload_files: int = Field(default=10_000, gt=0)
    """Most files in an upload."""
    max_file_bytes: int = Field(default=2 * 1024**3, gt=0)
    """Largest file that is read; one that is larger is a failure, and the others are read."""
    max_expanded_bytes: int = Field(default=1024**3, gt=0)
    """Most bytes that a compressed file or an archive may expand to."""
    extraction_s: int = Field(default=120, gt=0)
    """Processor time in which the texts of a file must be found; by the clock half as long again."""
    extraction_memory_mb: int = Field(default=1024, ge=256)
    """Address space of a process that reads files, its libraries included."""
    extraction_processes: int = Field(default=2, gt=0)
    """Files of an upload that are read at once; of uploads, two are."""
    shard_documents: int = Field(default=32, gt=0)
    """Most documents in a shard."""
    shard_words: int = Field(default=2_500, gt=0)
    """Words at which a shard is closed; a single longer document is a shard of its own."""
    shards_in_flight: int = Field(default=64, gt=0)
    """Shards dispatched and not yet merged, over all jobs."""

    webhook_secret: SecretStr | None = None
    """Key that webhooks are signed with: `whsec_` and base64 of 24 to 64 bytes. Without one jobs that ask
    for a webhook are refused. Of
    several, with spaces between, each signs, so that one can replace another."""
    webhook_private: bool = False
    """Whether webhooks may go to addresses of private networks and of this machine, and over http."""
    webhook_tries: int = Field(default=10, ge=1, le=10)
    """Tries at a webhook; ten are spread over about a day."""
    webhook_timeout_s: float = Field(default=10.0, gt=0, le=30)
    """Time that a receiver is given for all of a try, from the connection to the status."""

    batch_memory_mb: int = Field(default=128, ge=64)
    """Memory in which the gateway makes a job's batch report; what does not fit goes to the disk, in the
    system's folder for temporary files."""

    batch_tokens: int = Field(default=4_096, gt=0)
    """Pieces, padding included, in one forward pass."""
    reproducible: bool = True
    """Whether each document goes through the transformer by itself, so that its report is the same to the
    byte in whatever company it was submitted. Without, short documents share passes: twice as fast at 20
    words, nearly the same at 300, and figures may differ in their last digits."""
    device: str | None = None
    """Torch device; by default a GPU if there is one."""
    precision: Precision = Precision.AUTO
    """Number format of transformers: `auto`, `float32` or `bfloat16`."""
    catalogue_folder: Path | None = None
    """Folder of head catalogues and probes made by `bifocal calibrate`."""
    lease_s: float = Field(default=4.0, gt=0)
    """A stage whose worker has not renewed its lease for this long is handed out again."""
    attempt_s: float = Field(default=3600.0, gt=0)
    """A stage is handed out again after this long, even if its worker renews its lease."""
    look_s: float = Field(default=1.0, gt=0)
    """How often the shards in flight are looked at for stages whose message or worker was lost."""
    message_s: float = Field(default=3.0, gt=0)
    """A message that was taken from its queue must have become a lease after this long."""
    acceptance_s: float = Field(default=600.0, gt=0)
    """What an acceptance wrote is removed when it has written nothing more for this long."""
    retry_s: float = Field(default=2.0, gt=0)
    """A worker waits this long before it hands back a shard because the store or Redis is at fault."""
    max_attempts: int = Field(default=3, gt=0)
    """Workers that may die over one document alone, or over a shard before they come to a document, until
    these end as failures."""
    worker_memory_mb: int | None = Field(default=None, gt=0)
    """A worker that holds more memory after a shard ends, for whatever runs it to start a fresh one."""
    ready_file: Path | None = None
    """File a worker touches once its model is loaded, and again at every heartbeat."""

    log_format: LogFormat = LogFormat.TEXT
    """Form of the services' log lines: `text`, or `json`, one object a line."""
    metrics_port: int | None = Field(default=None, ge=0, le=65535)
    """Port at which a worker serves its metrics; 0 for any that is free, which the log then tells. Unset,
    it serves none. The gateway has its own at `/metrics`."""
    metrics_host: str = "127.0.0.1"
    """Address a worker serves its metrics on. They ask for the key where one is set."""
    otel: bool = False
    """Whether spans are sent by OpenTelemetry, from the request to the merge; takes `bifocal[otel]`, and
    the standard variables, such as OTEL_EXPORTER_OTLP_ENDPOINT, for where to."""

    @model_validator(mode="before")
    @classmethod
    def _put_the_password_into_the_url(cls, given: dict[str, Any]) -> dict[str, Any]:
        """So that whatever takes the URL needs nothing else."""
        password = given.get("redis_password")
        if not password:
            return given
        revealed = password.get_secret_value() if isinstance(password, SecretStr) else str(password)
        url = urlsplit(given.get("redis_url") or cls.model_fields["redis_url"].default)
        if url.password is not None:
            raise ValueError("redis_url has a password, and redis_password is set too")
        user_and_host = f"{url.username or ''}:{quote(revealed, safe='')}@{url.netloc.rpartition('@')[2]}"
        return {**given, "redis_url": url._replace(netloc=user_and_host).geturl()}


@cache
def settings() -> Settings:
    """The settings of this process, read once.

    With `BIFOCAL_SECRETS_FOLDER`, a setting that no variable has may stand in a file there, by the variable's
    name in small letters: that is where an orchestrator mounts secrets.

    Raises:
        InvalidOptions: a variable of the environment cannot be read.
    """
    try:
        return Settings(_secrets_dir=os.environ.get("BIFOCAL_SECRETS_FOLDER"))
    except (ValidationError, SettingsError) as error:
        raise InvalidOptions(f"in the environment: {error}") from None

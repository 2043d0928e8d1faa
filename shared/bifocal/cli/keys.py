"""`bifocal keys`: make, list and revoke the keys of a deployment."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import redis
import typer
from rich.console import Console
from rich.table import Table

from bifocal.api_keys import ApiKey, ApiKeys, Limits
from bifocal.api_keys.form import read_id
from bifocal.embedded import redis_url_of
from bifocal.errors import InvalidOptions, ServiceError
from bifocal.observe.redaction import Redactor
from bifocal.settings import settings

app = typer.Typer(
    name="keys",
    help="Make, list and revoke the keys that open a deployment. Talks to its Redis, at BIFOCAL_REDIS_URL.",
    no_args_is_help=True,
)

_DAY_S = 24 * 3600
_MOST_NAME = 100

_Data = Annotated[Path | None, typer.Option(help="Folder of a running `bifocal serve`, in place of the URL.")]
_AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@app.command()
def create(
    name: Annotated[str, typer.Argument(help="Who or what will use it; for lists.")],
    rate_per_minute: Annotated[
        int | None, typer.Option(min=1, help="Requests a minute, of which as many may come at once.")
    ] = None,
    most_waiting_shards: Annotated[
        int | None, typer.Option(min=1, help="Shards of its jobs that may wait; then new jobs get 429.")
    ] = None,
    operator: Annotated[
        bool, typer.Option("--operator", help="It may read the metrics and see everybody's jobs.")
    ] = False,
    expires_days: Annotated[int | None, typer.Option(min=1, help="Days for which it opens anything.")] = None,
    data: _Data = None,
    as_json: _AsJson = False,
) -> None:
    """Make a key and print it. It cannot be printed again: only a digest of it is kept."""
    if not name.strip() or len(name) > _MOST_NAME or not name.isprintable():
        raise InvalidOptions(f"a key's name has up to {_MOST_NAME} characters that can be printed")
    with _keys(data) as keys:
        first = not keys.any_made()
        key, made = keys.create(
            name,
            limits=Limits(requests_per_minute=rate_per_minute, most_waiting_shards=most_waiting_shards),
            is_operator=operator,
            lasts_s=None if expires_days is None else expires_days * _DAY_S,
        )
        now = keys.now()
    if as_json:
        typer.echo(json.dumps({**_told(key, now), "key": made.token}))
        return
    typer.echo(made.token)
    said = Console(stderr=True, highlight=False, markup=False)
    said.print(f"Key {key.id}. Keep what is printed: it cannot be shown again.", soft_wrap=True)
    if first:
        said.print(
            "If the gateway asked for no key until now, it does from now on, on this machine too.",
            soft_wrap=True,
        )


@app.command(name="list")
def list_keys(data: _Data = None, as_json: _AsJson = False) -> None:
    """Say which keys there are, the oldest first, those that open nothing any more too."""
    with _keys(data) as keys:
        found, now = keys.all(), keys.now()
    if as_json:
        typer.echo(json.dumps([_told(key, now) for key in found]))
        return
    table = Table(box=None, pad_edge=False)
    for heading in ("id", "name", "state", "created", "expires", "may"):
        table.add_column(heading, no_wrap=heading in ("id", "state", "created", "expires"), overflow="fold")
    for key in found:
        days = _day(key.created_at), _day(key.expires_at)
        table.add_row(key.id, key.name, key.state(now), *days, _may(key))
    Console(highlight=False, markup=False).print(table)


@app.command()
def revoke(
    key: Annotated[str, typer.Argument(help="Id of a key, or a whole key.")],
    forget: Annotated[
        bool, typer.Option("--forget", help="Keep no record of it; after the last, none is asked for.")
    ] = False,
    data: _Data = None,
    as_json: _AsJson = False,
) -> None:
    """Let a key open nothing any more, from the next request on."""
    name = read_id(key)
    with _keys(data) as keys:
        there_is_one = name is not None and (keys.forget(name) if forget else keys.revoke(name))
    if name is None or not there_is_one:
        raise InvalidOptions("there is no such key; `bifocal keys list` says which there are")
    if as_json:
        typer.echo(json.dumps({"id": name, "state": "forgotten" if forget else "revoked"}))
    else:
        typer.echo(f"{name} opens nothing any more")


@contextmanager
def _keys(data: Path | None) -> Iterator[ApiKeys]:
    url = redis_url_of(data) if data is not None else settings().redis_url
    keys = ApiKeys.connect(url)
    try:
        yield keys
    except redis.RedisError as error:
        shown = Redactor.of(settings())(url)
        raise ServiceError(
            f"Redis at {shown} is at fault ({error}); BIFOCAL_REDIS_URL or --data must name the deployment's"
        ) from error
    finally:
        keys.close()


def _told(key: ApiKey, now: datetime) -> dict[str, Any]:
    return {
        "id": key.id,
        "name": key.name,
        "state": key.state(now),
        "is_operator": key.is_operator,
        "requests_per_minute": key.limits.requests_per_minute,
        "most_waiting_shards": key.limits.most_waiting_shards,
        "created_at": key.created_at.isoformat(),
        "expires_at": key.expires_at and key.expires_at.isoformat(),
        "revoked_at": key.revoked_at and key.revoked_at.isoformat(),
    }


def _day(moment: datetime | None) -> str:
    return "" if moment is None else f"{moment:%Y-%m-%d}"


def _may(key: ApiKey) -> str:
    """What a key may do beyond what every key may, and how much of it."""
    limits = key.limits
    said = ["operator"] if key.is_operator else []
    if limits.requests_per_minute is not None:
        said.append(f"{limits.requests_per_minute:,} requests/min")
    if limits.most_waiting_shards is not None:
        said.append(f"{limits.most_waiting_shards:,} shards")
    return ", ".join(said)

"""Every figure in plain words: the legend of the page, in the sentences of `docs/reading-a-report.md`."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One figure, or several that are read alike."""

    name: str
    """As the page calls it."""
    fields: tuple[str, ...]
    """Where it stands: in a relation, in a report or in a batch report, by the group."""
    says: str
    """What it says, in one sentence."""
    shown: tuple[str, ...]
    """What the page marks with it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Figures that belong together."""

    name: str
    lead: str
    """What has to be known of all of them; may be empty."""
    verdict: str | None
    """The verdict whose colour they have."""
    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Legend:
    """All there is to say."""

    caveat_title: str
    caveat: str
    groups: tuple[Group, ...]


def read_legend() -> Legend:
    """The legend as it stands in `legend.toml`, with its lines joined."""
    with Path(__file__).with_name("legend.toml").open("rb") as file:
        found = tomllib.load(file)
    return Legend(
        caveat_title=found["caveat"]["title"],
        caveat=_joined(found["caveat"]["says"]),
        groups=tuple(map(_group, found["group"])),
    )


def _group(found: Mapping[str, Any]) -> Group:
    return Group(
        name=found["name"],
        lead=_joined(found.get("lead", "")),
        verdict=found.get("verdict"),
        entries=tuple(
            Entry(
                name=entry["name"],
                fields=tuple(entry["fields"]),
                says=_joined(entry["says"]),
                shown=tuple(entry.get("shown", ())),
            )
            for entry in found["entry"]
        ),
    )


def _joined(text: str) -> str:
    return " ".join(text.split())

"""The legend: every score of the contracts has a sentence, and the docs have the same ones."""

import re
import types
import typing
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from bifocal.contracts import Relation, Report
from bifocal.output.documents import document_columns
from bifocal.output.legend import Entry, read_legend
from bifocal.output.relations import relation_columns

READING = (Path(__file__).parents[1] / "docs" / "reading-a-report.md").read_text("utf-8")
PROSE = " ".join(re.sub(r"[`*]", "", READING).split())
ENTRIES = [entry for group in read_legend().groups for entry in group.entries]

#: Numbers that are no scores: places in the text, versions of the format.
_PLACES = re.compile(r"(^|\.)(word|n_words|start|end|sentence_start|schema_version|layer|head)$")


def numbers_in(model: type[BaseModel], prefix: str = "") -> Iterator[str]:
    """Paths of all numbers in a model; `[]` after what is a list, nothing after what is named by a key."""
    for name, field in model.model_fields.items():
        yield from _numbers_at(field.annotation, f"{prefix}{name}")


def _numbers_at(kind: Any, path: str) -> Iterator[str]:
    origin = typing.get_origin(kind)
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        yield from numbers_in(kind, f"{path}.")
    elif kind in (int, float):
        yield path
    elif origin in (types.UnionType, typing.Union, typing.Annotated):
        for part in typing.get_args(kind):
            yield from _numbers_at(part, path)
    elif origin in (list, tuple):
        for part in set(typing.get_args(kind)) - {Ellipsis}:
            nested = isinstance(part, type) and issubclass(part, BaseModel)
            yield from _numbers_at(part, f"{path}[]" if nested else path)
    elif origin is dict:
        yield from _numbers_at(typing.get_args(kind)[1], path)


def explained(path: str) -> bool:
    """Whether an entry is of this figure, or of all that it stands among."""
    fields = [field for entry in ENTRIES for field in entry.fields]
    return any(path == field or path.startswith((f"{field}.", f"{field}[")) for field in fields)


def test_every_score_of_a_relation_has_a_sentence() -> None:
    # Figures of further models are read as those of the first.
    scores = {path for path in numbers_in(Relation) if not path.startswith("further.")}
    assert "contextual.without.a" in scores
    assert "kind.heads[].added" in scores
    assert {path for path in scores if not explained(path) and not _PLACES.search(path)} == set()


def test_every_score_of_a_document_has_a_sentence() -> None:
    scores = {path for path in numbers_in(Report) if not path.startswith(("relations[]", "provenance"))}
    assert "agreement.null.interval.low" in scores
    assert "model_agreement.spearman" in scores
    assert {path for path in scores if not explained(path) and not _PLACES.search(path)} == set()


@pytest.mark.skipif(find_spec("bifocal.contracts.batch") is None, reason="there is no batch report yet")
def test_every_score_of_a_batch_has_a_sentence() -> None:
    from bifocal.contracts.batch import BatchPair, BatchReport

    lists = ("context_only[]", "both[]", "meaning_only[]", "not_comparable[]", "options")
    scores = {path for path in numbers_in(BatchReport) if not path.startswith(lists)}
    scores |= set(numbers_in(BatchPair))
    assert {path for path in scores if not explained(path) and not _PLACES.search(path)} == set()


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.name)
def test_docs_say_the_same_as_the_page(entry: Entry) -> None:
    assert entry.says in PROSE
    for field in entry.fields:
        assert f"`{field}`" in READING


def test_docs_have_the_same_caveat() -> None:
    legend = read_legend()
    assert legend.caveat in PROSE
    assert legend.caveat_title in PROSE


def test_sentences_are_one_sentence_each() -> None:
    for entry in ENTRIES:
        assert entry.says.endswith(".")
        assert not re.search(r"[.!?] [A-Z]", entry.says), entry.says


def test_docs_name_every_column_of_the_tables() -> None:
    from bifocal.contracts import Options

    named = set(re.findall(r"`([a-z_]+)`", READING))
    assert {*relation_columns(Options()), *document_columns()} - named == set()

"""The examples for schedulers: their steps on a real gateway, and that what schedules them is whole."""

import ast
import importlib.util
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from types import ModuleType

import pytest

from bifocal import Client, EmbeddedStack
from bifocal.errors import InvalidRequest
from bifocal.settings import settings

WORKFLOWS = Path(__file__).parents[1] / "examples" / "workflows"


@pytest.fixture
def steps() -> ModuleType:
    specification = importlib.util.spec_from_file_location("steps", WORKFLOWS / "steps.py")
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


@pytest.fixture
def deployed(stack: EmbeddedStack, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("BIFOCAL_URL", stack.url)
    settings.cache_clear()
    yield
    monkeypatch.undo()
    settings.cache_clear()


@pytest.mark.stack
def test_the_steps_carry_a_folder_to_the_tables_and_may_be_repeated(
    steps: ModuleType, deployed: None, client: Client, tmp_path: Path
) -> None:
    (tmp_path / "a.txt").write_text("France is a country, it is in Europe.")
    (tmp_path / "b.txt").write_text("")
    database = str(tmp_path / "reports.sqlite")
    job = steps.submit(steps.find(str(tmp_path)))
    client.wait(job)
    assert steps.is_done(job)
    assert steps.load(job, database) == steps.load(job, database) == 2
    (report,) = (one for one in client.results(job) if one.outcome == "succeeded")
    with closing(sqlite3.connect(database)) as tables:
        documents = tables.execute("SELECT document, words, both FROM documents ORDER BY document").fetchall()
        (n_relations,) = tables.execute("SELECT count(*) FROM relations").fetchone()
    assert documents == [
        (str(tmp_path / "a.txt"), report.n_words, report.verdicts.both),
        (str(tmp_path / "b.txt"), None, None),
    ]
    assert n_relations == len(report.relations) > 0


def test_a_folder_without_texts_is_submitted_by_nobody(steps: ModuleType, tmp_path: Path) -> None:
    assert steps.find(str(tmp_path)) == []
    with pytest.raises(InvalidRequest):
        steps.submit([])


@pytest.mark.parametrize("name", ["airflow_dag.py", "prefect_flow.py"])
def test_what_schedules_the_steps_calls_steps_that_there_are(name: str, steps: ModuleType) -> None:
    tree = ast.parse((WORKFLOWS / name).read_text("utf-8"))
    called = {
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "steps"
    }
    assert called == {"find", "submit", "is_done", "load"}
    assert all(callable(getattr(steps, one)) for one in called)

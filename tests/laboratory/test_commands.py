"""`bifocal calibrate` and `bifocal evaluate`, from files to files, on a few made-up texts."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from bifocal.cli.app import app
from bifocal.contracts import Profile
from bifocal.settings import settings
from bifocal_contextual.catalogue import read_catalogue
from bifocal_gateway.merge.joint import JointProbe

NAMES = ("Mary", "Alice", "Jane", "Laura", "Susan", "Emma", "Helen", "Clara")
HEADS = "4-9 3-5 3-2 4-2 3-1 4-3 5-10 6-11 6-2 2-6 5-6 2-11"


def gap_file(folder: Path) -> Path:
    header = "ID\tText\tPronoun\tPronoun-offset\tA\tA-offset\tA-coref\tB\tB-offset\tB-coref\tURL"
    rows = [header]
    for number, first in enumerate(NAMES):
        second = NAMES[(number + 3) % len(NAMES)]
        text = f"{first} told {second} that she had lost the keys of the house."
        truth = ("TRUE", "FALSE") if number % 2 else ("FALSE", "TRUE")
        cells = [
            f"item-{number}", text, "she", text.index("she"), first, text.index(first), truth[0],
            second, text.index(second), truth[1], "none",
        ]  # fmt: skip
        rows.append("\t".join(map(str, cells)))
    path = folder / "names.tsv"
    path.write_text("\n".join(rows) + "\n")
    return path


def trees_file(folder: Path) -> Path:
    """Documents of two sentences, with trees and with mentions."""
    lines = []
    for number, name in enumerate(NAMES):
        dog, colour = ("dog", "old") if number % 2 else ("cat", "young")
        lines += [
            f"# newdoc id = made-{number}", "# global.Entity = eid-etype-head-other",
            f"1\t{name}\t_\tPROPN\t_\t_\t2\tnsubj\t_\tEntity=(e1-person-1-x)",
            "2\tsaw\t_\tVERB\t_\t_\t0\troot\t_\t_",
            "3\tthe\t_\tDET\t_\t_\t5\tdet\t_\tEntity=(e2-animal-3-x",
            f"4\t{colour}\t_\tADJ\t_\t_\t5\tamod\t_\t_",
            f"5\t{dog}\t_\tNOUN\t_\t_\t2\tobj\t_\tEntity=e2)",
            "6\t.\t_\tPUNCT\t_\t_\t2\tpunct\t_\t_", "",
            "1\tIt\t_\tPRON\t_\t_\t2\tnsubj\t_\tEntity=(e2-animal-1-x)",
            "2\tran\t_\tVERB\t_\t_\t0\troot\t_\t_",
            "3\tto\t_\tADP\t_\t_\t4\tcase\t_\t_",
            "4\ther\t_\tPRON\t_\t_\t2\tobl\t_\tEntity=(e1-person-1-x)",
            "5\t.\t_\tPUNCT\t_\t_\t2\tpunct\t_\t_", "",
        ]  # fmt: skip
    path = folder / "trees.conllu"
    path.write_text("\n".join(lines) + "\n")
    return path


def run(*arguments: str) -> dict[str, Any]:
    result = CliRunner().invoke(app, [*arguments, "--json"], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    found: dict[str, Any] = json.loads(result.stdout)
    return found


@pytest.fixture(scope="module")
def calibrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("calibrated")
    names, trees = gap_file(folder), trees_file(folder)
    figures = run(
        "calibrate", "--model", "minilm-l6", "--coreference", str(names), str(trees),
        "--dependencies", str(trees), "--heads", HEADS, "--name", "made/1",
        "--licence", "names.tsv=none", "-o", str(folder / "made"),
    )  # fmt: skip
    assert set(figures) == {"full", "fast"}
    return folder


def test_a_catalogue_says_what_it_was_fitted_on_and_how_well_it_does(calibrated: Path) -> None:
    catalogue = read_catalogue(calibrated / "made" / "minilm-l6.json")
    assert catalogue.name == "made/1"
    assert len(catalogue.heads) == 12
    assert {source.name: source.licence for source in catalogue.fitted_on}["names.tsv"] == "none"
    assert all(source.hash.startswith("sha256:") for source in catalogue.fitted_on)
    kinds = {kind.name for kind in catalogue.kinds} | {one.name for one in catalogue.left_out}
    assert {"subject", "determiner", "punctuation"} <= kinds
    assert "punctuation" not in catalogue.told
    fast = catalogue.profiles[Profile.FAST]
    assert fast.arcs is not None
    assert fast.references is not None
    assert set(fast.arcs.heads) == set(fast.references.heads) == set(catalogue.heads)
    joint = JointProbe.load(calibrated / "made" / "minilm-l6+glove-6b-50d.fast.safetensors")
    assert joint.source.catalogue == "made/1 fast"


KEYS = {"n", "chance", "nearest", "static", "contextual", "both"}


def test_every_evaluation_sets_both_lenses_beside_chance_and_the_nearest(
    calibrated: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BIFOCAL_CATALOGUE_FOLDER", str(calibrated / "made"))
    settings.cache_clear()
    try:
        coreference = run("evaluate", "coreference", str(calibrated / "names.tsv"))
        references = run("evaluate", "references", str(calibrated / "trees.conllu"))
        dependencies = run("evaluate", "dependencies", str(calibrated / "trees.conllu"), "--profile", "fast")
    finally:
        settings.cache_clear()
    assert coreference.keys() >= KEYS
    assert references.keys() >= KEYS
    assert dependencies.keys() >= KEYS
    assert coreference["n"] == 8
    assert {"accuracy", "f1", "interval"} <= coreference["contextual"].keys()
    assert "third_person_pronoun" in references["by_type"]
    assert dependencies["n"] == 8 * 9
    for lens in ("static", "contextual", "both"):
        assert 0 <= dependencies[lens]["uas"] <= dependencies[lens]["undirected"] <= 1


def test_similarity_tells_the_raw_and_the_processed_figure(tmp_path: Path) -> None:
    pairs = tmp_path / "pairs.txt"
    pairs.write_text("king\tqueen\t9\nking\tapple\t1\ncar\ttruck\t8\ncar\tmoon\t2\ndog\tcat\t8.5\n")
    found = run("evaluate", "similarity", str(pairs))
    assert found.keys() >= KEYS
    assert found["n"] == 5
    assert found["static"]["as_trained"]["spearman"] > 0
    assert found["contextual"] is None


def test_methods_are_set_beside_what_they_cost(tmp_path: Path) -> None:
    names, trees = str(gap_file(tmp_path)), str(trees_file(tmp_path))
    found = run("evaluate", "methods", names, "--trees", trees, "--precision", "float32")
    assert {"heads", "alti", "norm", "mean", "rollout", "value_zeroing"} == found["methods"].keys()
    for one in found["methods"].values():
        assert 0 <= one["accuracy"] <= 1
        assert one["passes"] > 0


def test_a_head_that_the_model_does_not_have_is_refused(tmp_path: Path) -> None:
    arguments = ["calibrate", "--model", "minilm-l6", "--coreference", str(gap_file(tmp_path))]
    result = CliRunner().invoke(app, [*arguments, "--heads", "7-1"])
    assert result.exit_code != 0
    assert "there is no head 7-1" in str(result.exception)

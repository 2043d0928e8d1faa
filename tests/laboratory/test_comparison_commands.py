"""`bifocal evaluate kinds`, `verdicts` and `senses`, from files to figures, on a few made-up texts."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from bifocal.errors import InvalidOptions
from bifocal_laboratory.commands.evaluate import app

ANIMALS = ("dog", "cat", "horse", "cow", "sheep")
HEADER = "ID\tText\tPronoun\tPronoun-offset\tA\tA-offset\tA-coref\tB\tB-offset\tB-coref\tURL"


def corpus(folder: Path) -> Path:
    """Documents of two sentences, in a file each."""
    folder.mkdir()
    for number, animal in enumerate(ANIMALS):
        other = ANIMALS[(number + 1) % len(ANIMALS)]
        lines = [
            f"# newdoc id = MADE_farm_{number}", "# global.Entity = eid-etype-head-other",
            f"1\tThe\tthe\tDET\t_\t_\t2\tdet\t_\tEntity=(e{number}-animal-2-x",
            f"2\t{animal}\t{animal}\tNOUN\t_\t_\t3\tnsubj\t_\tEntity=e{number})",
            "3\tsaw\tsee\tVERB\t_\t_\t0\troot\t_\t_",
            "4\ta\ta\tDET\t_\t_\t5\tdet\t_\t_",
            f"5\t{other}s\t{other}\tNOUN\t_\t_\t3\tobj\t_\tSpaceAfter=No",
            "6\t.\t.\tPUNCT\t_\t_\t3\tpunct\t_\t_", "",
            f"1\tIt\tit\tPRON\t_\t_\t2\tnsubj\t_\tEntity=(e{number}-animal-1-x)",
            "2\tran\trun\tVERB\t_\t_\t0\troot\t_\t_",
            "3\taway\taway\tADV\t_\t_\t2\tadvmod\t_\tSpaceAfter=No",
            "4\t.\t.\tPUNCT\t_\t_\t2\tpunct\t_\t_", "",
        ]  # fmt: skip
        (folder / f"MADE_farm_{number}.conllu").write_text("\n".join(lines) + "\n")
    return folder


def lists(folder: Path) -> Path:
    path = folder / "lists.tsv"
    rows = [f"{a}\t{b}\tCOORD" for a in ANIMALS for b in ANIMALS if a != b]
    path.write_text("\n".join([*rows, "dog\taway\tRANDOM"]) + "\n")
    return path


def names(folder: Path) -> Path:
    rows = [HEADER]
    for number, (first, second) in enumerate((("Mary", "Alice"), ("Emma", "Helen"))):
        text = f"{first} told {second} that she had lost the keys of the house."
        cells = [
            f"item-{number}", text, "she", text.index("she"), first, text.index(first), "TRUE",
            second, text.index(second), "FALSE", "none",
        ]  # fmt: skip
        rows.append("\t".join(map(str, cells)))
    path = folder / "names.tsv"
    path.write_text("\n".join(rows) + "\n")
    return path


def contexts(folder: Path) -> Path:
    rows = [
        "bank\tN\t4-1\tShe sat on the bank .\tThe bank raised its rate .",
        "bank\tN\t1-1\tThe bank lends money .\tThe bank raised its rate .",
    ]
    for name in ("train", "dev"):
        (folder / f"{name}.data.txt").write_text("\n".join(rows) + "\n")
        (folder / f"{name}.gold.txt").write_text("F\nT\n")
    return folder


def run(*arguments: str) -> dict[str, Any]:
    result = CliRunner().invoke(app, [*arguments, "--json"], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    found: dict[str, Any] = json.loads(result.stdout)
    return found


def test_kinds_sets_both_lenses_beside_each_alone(tmp_path: Path) -> None:
    arguments = [
        "kinds",
        str(corpus(tmp_path / "made")),
        "--lexical",
        str(lists(tmp_path)),
        "--set-aside",
        "2",
    ]
    found = run(*arguments)
    assert found["documents"] == {"fitted": 3, "set_aside": 2}
    # Of each document: eight words that differ, a reference, six dependencies, and two animals.
    assert found["n"] == 2 * 28
    counts = {label: found["pairs"][label] for label in ("reference", "dependency", "lexical", "none")}
    assert counts == {"reference": 2, "dependency": 12, "lexical": 2, "none": 40}
    for system in ("static", "contextual", "both"):
        assert found[system].keys() == found["margins"]["static"].keys()
        assert 0 <= found[system]["macro_f1"]["value"] <= 1
    assert found["margins"].keys() == {"static", "contextual"}
    assert 0 < found["margins"]["static"]["macro_f1"]["p"] <= 1
    assert found == run(*arguments), "the same files give the same figures"
    shown = CliRunner().invoke(app, arguments)
    assert shown.exit_code == 0
    assert "ap reference" in shown.stdout


def test_kinds_refuses_what_it_cannot_measure(tmp_path: Path) -> None:
    folder = str(corpus(tmp_path / "made"))
    for aside in ("0", "4"):
        result = CliRunner().invoke(app, ["kinds", folder, "--set-aside", aside])
        assert isinstance(result.exception, InvalidOptions)
        assert "two are fitted on" in str(result.exception)
    bare = tmp_path / "bare.conllu"
    bare.write_text("1\tdogs\tdog\tNOUN\t_\t_\t0\troot\t_\t_\n\n")
    result = CliRunner().invoke(app, ["kinds", str(bare)])
    assert "no trees, or no mentions" in str(result.exception)


def test_verdicts_tell_what_is_marked_of_right_and_of_wrong_names(tmp_path: Path) -> None:
    found = run(
        "verdicts", str(names(tmp_path)), "--labelled", str(corpus(tmp_path / "made")),
        "--lexical", str(lists(tmp_path)), "--most", "4",
    )  # fmt: skip
    told = found["names"]
    assert (told["n"], told["right"], told["wrong"]) == (2, 2, 2)
    for way in ("as_shipped", "percentile_alone", "mean_attention"):
        assert told[way]["marked"] <= told["as_shipped"]["marked"]
        assert 0 <= told[way]["right"]["value"] <= 1
    assert told["margins"].keys() == {"percentile_alone", "mean_attention"}
    chosen = found["thresholds"]
    assert chosen["documents"] == 4
    assert chosen["n"] == sum(chosen["pairs"].values()) == 4 * 28
    for one in chosen["lenses"].values():
        marked = [row["marked"] for row in one["rows"]]
        assert marked == sorted(marked, reverse=True)
        assert {one["proposed"], one["best_f1"]} <= {row["threshold"] for row in one["rows"]}
    shown = CliRunner().invoke(app, ["verdicts", str(names(tmp_path))])
    assert "as shipped less the others" in shown.stdout


def test_senses_are_told_from_a_folder_or_from_files(tmp_path: Path) -> None:
    folder = contexts(tmp_path)
    found = run("senses", str(folder))
    assert (found["n"], found["n_fitted"], found["chance"]) == (2, 2, 0.5)
    assert found["static"]["accuracy"] == 0.5
    data, fitted = str(folder / "dev.data.txt"), str(folder / "train.data.txt")
    assert run("senses", data, "--fitted", fitted) == found
    assert "contextual, layer" in CliRunner().invoke(app, ["senses", str(folder)]).stdout


@pytest.mark.parametrize("command", ["kinds", "verdicts", "senses"])
def test_a_file_that_is_not_there_is_wrong_usage(command: str) -> None:
    assert CliRunner().invoke(app, [command, "nowhere"]).exit_code == 2

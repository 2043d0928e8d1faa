"""Documents beside the null of their agreement."""

import json

import pytest
from gensim.test.utils import datapath
from typer.testing import CliRunner

from bifocal.cli.app import app


def test_news_agree_beyond_chance_and_shuffled_words_do_not() -> None:
    command = [
        "evaluate",
        "agreement",
        datapath("lee_background.cor"),
        "--most",
        "12",
        "--permutations",
        "39",
    ]
    ended = CliRunner().invoke(app, [*command, "--json"])
    assert ended.exit_code == 0, ended.output
    found = json.loads(ended.stdout)
    real, shuffled, anew = (found[name]["spearman"] for name in ("real", "shuffled", "read_anew"))
    assert found["real"]["n"] == found["read_anew"]["n"] == 12
    assert real["above"] > 0.8
    assert real["half_widths"] > 2
    assert shuffled["inside"] >= 0.75
    for one in (real, shuffled, anew):
        assert one["below"] + one["inside"] + one["above"] == pytest.approx(1, abs=1e-3)
    assert abs(shuffled["median"] - shuffled["null"]) < shuffled["half_width"]


def test_a_table_sets_the_texts_beside_one_another() -> None:
    command = ["evaluate", "agreement", datapath("lee_background.cor"), "--most", "2", "--permutations", "39"]
    ended = CliRunner().invoke(app, command)
    assert ended.exit_code == 0, ended.output
    assert ended.stdout.count("top") == 3

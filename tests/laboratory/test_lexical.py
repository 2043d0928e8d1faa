"""Lexical relations fitted on made-up lists whose vectors hold some kinds and not others."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from gensim.models import KeyedVectors
from typer.testing import CliRunner

from bifocal.cli.app import app
from bifocal.errors import InvalidOptions
from bifocal.lenses.pair_background import band_of, pair_background
from bifocal.settings import settings
from bifocal_gateway.merge.lexical import LexicalProbe
from bifocal_gateway.merge.probes import find_lexical
from bifocal_laboratory.commands.models import load_static
from bifocal_laboratory.corpora import LexicalKind, LexicalPair, read_lexical_relations
from bifocal_laboratory.lexical import FitOptions, LexicalList, RunningText, evaluate_lexical, fit_lexical
from bifocal_laboratory.lexical.calibration import Calibration, reliability
from bifocal_laboratory.lexical.figures import average_precision_interval, kind_figures, softmax
from bifocal_laboratory.lexical.fit import MARGIN, OPTIONS
from bifocal_laboratory.lexical.material import Listed
from bifocal_laboratory.lexical.network import PairNetwork, arrays_of, fit_network, scores_of
from bifocal_laboratory.lexical.outcomes import KINDS, Outcomes, own_relations, present_kinds
from bifocal_laboratory.lexical.pairs import (
    FOLDS,
    LabelledPairs,
    pair_folds,
    unseen_first_words,
    unseen_words,
    word_folds,
)
from bifocal_laboratory.lexical.running_text import marked_pairs
from bifocal_static.vectors import Vectors

SIZE, CLASSES, MEMBERS = 16, 30, 12
QUICK = FitOptions(hidden=16, dropout=0.1, pairs=60_000, fewest_passes=2, most_passes=12)
Pairs = list[tuple[str, str, str]]


def letters(number: int) -> str:
    return "".join(chr(ord("a") + int(digit)) for digit in f"{number:03d}")


@pytest.fixture(scope="module")
def vectors() -> Vectors:
    """Classes of words about a centre; the name of a class lies off it in one direction for all."""
    random = np.random.default_rng(1)
    shift = 8 * np.eye(SIZE)[0]
    words, rows = [], []
    for number in range(CLASSES):
        centre = np.concatenate([[0], 2 * random.normal(size=SIZE - 1)])
        words += [f"class{letters(number)}", *(f"w{letters(number)}x{letters(k)}" for k in range(MEMBERS))]
        rows += [centre + shift, *(centre + random.normal(size=(MEMBERS, SIZE)) * 0.5)]
    keyed = KeyedVectors(vector_size=SIZE)
    keyed.add_vectors(words, np.array(rows, dtype=np.float32))
    return Vectors("made", keyed)


def members(number: int) -> list[str]:
    return [f"w{letters(number)}x{letters(k)}" for k in range(MEMBERS)]


def made_pairs() -> Pairs:
    """Hypernyms and co-hyponyms, which the vectors hold; synonyms and random pairs, drawn alike."""
    random = np.random.default_rng(2)
    words = [word for number in range(CLASSES) for word in members(number)]
    pairs: Pairs = []
    for number in range(CLASSES):
        own = members(number)
        pairs += [(word, f"class{letters(number)}", "hyper") for word in own]
        pairs += [(a, b, "coord") for a, b in zip(own, own[1:] + own[:1], strict=True)]
        pairs += [(a, b, "coord") for a, b in zip(own, own[5:] + own[:5], strict=True)]
    for relation, n in (("synonym", 300), ("random", 900)):
        pairs += [
            (words[a], words[b], relation) for a, b in random.integers(len(words), size=(n, 2)) if a != b
        ]
    return pairs


def lexical_pairs() -> list[LexicalPair]:
    kinds = {"hyper": LexicalKind.HYPERNYM, "coord": LexicalKind.CO_HYPONYM, "synonym": LexicalKind.SYNONYM}
    return [LexicalPair(a, b, r, kinds.get(r, LexicalKind.RANDOM)) for a, b, r in made_pairs()]


def documents() -> list[list[str]]:
    """Some of the classes in each, members and names."""
    random = np.random.default_rng(3)
    found = []
    for _ in range(12):
        chosen = random.choice(CLASSES, size=6, replace=False).tolist()
        found.append([w for k in chosen for w in (f"class{letters(k)}", *members(k))])
    return found


def write_list(path: Path, pairs: Pairs) -> Path:
    path.write_text("".join(f"{a}\t{b}\t{r}\n" for a, b, r in pairs))
    return path


@pytest.fixture(scope="module")
def probe(vectors: Vectors) -> LexicalProbe:
    return fit_lexical(
        vectors,
        lexical_pairs(),
        RunningText(name="made", licence="none", documents=documents()),
        name="made/1",
        sets=(),
        licence="none",
        static_threshold=0.8,
        options=QUICK,
        say=lambda _: None,
    )


def test_outcomes_are_numbered_as_a_probe_numbers_them() -> None:
    outcomes = Outcomes(("hypernym", "meronym"), ("synonym",))
    assert [outcomes.number(name) for name in (*outcomes.names, "random")] == [0, 1, 4, 5]
    assert outcomes.number("meronym", forward=False) == 3
    assert [outcomes.swapped(k) for k in range(6)] == [2, 3, 0, 1, 4, 5]
    assert outcomes.columns("hypernym") == [0, 2]
    assert outcomes.columns("synonym") == [4]
    pairs = lexical_pairs()
    assert present_kinds(pairs) == Outcomes(("hypernym",), ("co_hyponym", "synonym"))
    assert own_relations(pairs) == Outcomes(("hyper",), ("coord", "synonym"))
    assert len(KINDS.names) == 7


def test_no_word_of_a_measured_pair_was_seen(vectors: Vectors) -> None:
    pairs = LabelledPairs.of(vectors, ((a, b, 0) for a, b, _ in made_pairs()))
    n = 0
    for fitted, measured in unseen_words(pairs):
        seen = {*pairs.i[fitted].tolist(), *pairs.j[fitted].tolist()}
        assert not seen & {*pairs.i[measured].tolist(), *pairs.j[measured].tolist()}
        n += int(measured.sum())
    assert n
    for fitted, measured in unseen_first_words(pairs):
        assert not set(pairs.i[fitted].tolist()) & set(pairs.i[measured].tolist())
    covered = np.sum([measured for _, measured in unseen_first_words(pairs)], axis=0)
    assert (covered == 1).all()


def test_a_part_is_the_same_in_any_company_and_order(vectors: Vectors) -> None:
    rows = [(a, b, 0) for a, b, _ in made_pairs()[:200]]
    assert word_folds(["dog", "cat", "dog"]).tolist()[0] == word_folds(["dog"]).tolist()[0]
    folds = pair_folds(LabelledPairs.of(vectors, rows))
    assert set(folds.tolist()) == set(range(FOLDS))
    assert np.array_equal(pair_folds(LabelledPairs.of(vectors, ((b, a, 0) for a, b, _ in rows))), folds)
    assert np.array_equal(pair_folds(LabelledPairs.of(vectors, rows[50:])), folds[50:])


def network(n: int = 200) -> tuple[PairNetwork, tuple[np.typing.NDArray[np.float32], ...], Outcomes]:
    random = np.random.default_rng(4)
    outcomes = Outcomes(("hypernym", "meronym"), ("synonym",))
    left, right = (
        (v / np.linalg.norm(v, axis=1, keepdims=True)).astype(np.float32)
        for v in random.normal(size=(2, n, 6))
    )
    outcome = random.integers(6, size=n)
    return fit_network(left, right, outcome, outcomes, QUICK), (left, right), outcomes


def test_what_is_saved_gives_the_networks_calibrated_probabilities(probe: LexicalProbe) -> None:
    fitted, (left, right), outcomes = network()
    weight, bias = np.array([0.5, 1.5, 0.8, 1.2]), np.array([-1.0, 0.3, 0.7, 0.0])
    calibration = Calibration(outcomes=outcomes, weight=weight, bias=bias)
    arrays = arrays_of(fitted, weight=weight, bias=bias)
    described = {name: getattr(probe, name) for name in ("source", "told", "left_out", "calibration")}
    saved = LexicalProbe(**described, directed=outcomes.directed, undirected=outcomes.undirected, **arrays)
    every = np.arange(len(left))
    found = saved.probabilities(np.concatenate([left, right]), every, every + len(left))
    np.testing.assert_allclose(found, calibration.probabilities(scores_of(fitted, left, right)), atol=1e-5)


def test_the_same_pairs_give_the_same_network_on_any_number_of_threads() -> None:
    import torch

    before = torch.get_num_threads()
    first, sides, _ = network()
    torch.set_num_threads(2 if before == 1 else 1)
    try:
        second, _, _ = network()
    finally:
        torch.set_num_threads(before)
    assert np.array_equal(scores_of(first, *sides), scores_of(second, *sides))


def test_a_calibration_finds_the_shares_of_the_text() -> None:
    random = np.random.default_rng(5)
    outcomes = Outcomes(("hypernym",), ("synonym",))
    n = 20_000
    truth = random.choice(4, size=n, p=[0.02, 0.02, 0.01, 0.95])
    # As scores that were fitted where all outcomes were as frequent, and three times too sure.
    scores = 3 * (2.0 * np.eye(4)[truth] + random.normal(size=(n, 4))).astype(np.float32)
    calibration = Calibration.fit(scores, truth, outcomes)
    probability = calibration.probabilities(scores)
    for name in outcomes.names:
        columns = outcomes.columns(name)
        assert probability[:, columns].sum() == pytest.approx(np.isin(truth, columns).sum(), rel=0.05)
    told = reliability(probability, truth, outcomes, frozenset(outcomes.names))
    assert told.error < 0.01
    for level in told.levels:
        assert level.right == pytest.approx(level.probability, abs=0.08)
    shares = [level.told for level in told.levels]
    assert shares == sorted(shares)
    assert not any(level.told for level in reliability(probability, truth, outcomes, frozenset()).levels)
    with pytest.raises(ValueError, match="no pairs to calibrate on"):
        Calibration.fit(scores[:0], truth[:0], outcomes)


def test_the_interval_of_an_average_precision_holds_it() -> None:
    random = np.random.default_rng(6)
    outcomes = Outcomes(("hypernym",), ("synonym",))
    outcome = random.integers(4, size=600)
    probability = softmax(np.eye(4)[outcome] + random.normal(size=(600, 4)))
    for name in outcomes.names:
        low, high = average_precision_interval(probability, outcome, outcomes, name)
        assert low < kind_figures(probability, outcome, outcomes, name)["ap"] < high
    blind = np.full((600, 4), 0.25) + random.normal(size=(600, 4)) * 1e-3
    low, high = average_precision_interval(blind, outcome, outcomes, "hypernym")
    assert low < 0.25 + MARGIN


def test_pairs_of_a_text_are_those_that_the_lens_marks(vectors: Vectors) -> None:
    texts = [["Classaaa", "waaaxaaa", ",", "unheard-of", "waaaxaaa", "waabxaaa"], ["waaaxaaa", "waaaxaab"]]
    known = [*members(0), *members(1), "classaaa"]
    every = marked_pairs(vectors, texts, known, 0.0)
    found = {
        (every.words[i], every.words[j], d)
        for i, j, d in zip(every.i.tolist(), every.j.tolist(), every.document.tolist(), strict=True)
    }
    assert found == {
        ("classaaa", "waaaxaaa", 0), ("classaaa", "waabxaaa", 0), ("waaaxaaa", "waabxaaa", 0),
        ("waaaxaaa", "waaaxaab", 1),
    }  # fmt: skip
    some = marked_pairs(vectors, documents(), [w for d in documents() for w in d], 0.8)
    unit = vectors.unit(some.words)
    band = band_of(np.array([vectors.rank(word) for word in some.words])).astype(np.int64)
    cosine = np.einsum("nd,nd->n", unit[some.i], unit[some.j])
    percentile = pair_background(vectors).percentile(cosine, band[some.i], band[some.j])
    assert (percentile >= 0.8).all()


def test_of_several_lists_the_first_that_names_a_pair_counts(vectors: Vectors) -> None:
    one = LexicalPair("waaaxaab", "waaaxaaa", "hyper", LexicalKind.HYPERNYM)
    two = LexicalPair("waaaxaaa", "waaaxaab", "coord", LexicalKind.CO_HYPONYM)
    part = LexicalPair("waaaxaac", "waaaxaad", "PartOf", LexicalKind.MERONYM, forward=False)
    listed = Listed(vectors, [one, two, part])
    assert listed.find("waaaxaab", "waaaxaaa") == listed.outcomes.number("hypernym")
    assert listed.find("waaaxaaa", "waaaxaab") == listed.outcomes.number("hypernym", forward=False)
    assert listed.find("waaaxaad", "waaaxaac") == listed.outcomes.number("meronym")
    assert listed.find("waaaxaaa", "waabxaaa") == listed.outcomes.none


def test_kinds_that_vectors_hold_are_told_and_others_are_left_out_by_rule(
    vectors: Vectors, probe: LexicalProbe
) -> None:
    assert [one.name for one in probe.told] == ["hypernym", "co_hyponym"]
    for one in probe.told:
        assert one.unseen_ap_interval[0] >= one.chance + MARGIN
        assert one.unseen_ap_interval[0] <= one.unseen_ap <= one.unseen_ap_interval[1]
    (left_out,) = probe.left_out
    assert left_out.name == "synonym"
    assert "is not surely 0.1 above chance" in left_out.reason
    assert set(probe.calibration.base_rates) == set(probe.kinds)
    assert probe.calibration.documents == 12
    words = ["waaaxaaa", "classaaa", "waaaxaag", "wabaxaaa"]
    kinds = probe.tell(
        vectors.unit(words), np.array([0, 1, 0, 0]), np.array([1, 0, 2, 3]), least_probability=0.5
    )
    names = [probe.kinds[k] if k >= 0 else None for k in kinds.kind]
    assert names[:2] == ["hypernym", "hypernym"]
    assert kinds.direction.tolist()[:2] == [1, -1]
    assert names[3] is None


def test_unlisted_relations_make_probabilities_small(vectors: Vectors, probe: LexicalProbe) -> None:
    """What is told in the text adds up to about as many pairs as the lists name there."""
    known = {word for pair in lexical_pairs() for word in (pair.first, pair.second)}
    marked = marked_pairs(vectors, documents(), known, 0.8)
    found = probe.probabilities(vectors.unit(marked.words), marked.i, marked.j)
    for name, rate in probe.calibration.base_rates.items():
        columns = Outcomes(probe.directed, probe.undirected).columns(name)
        assert found[:, columns].sum(axis=1).mean() == pytest.approx(rate, abs=0.05)


def test_both_divisions_are_measured_beside_the_majority_and_the_cosine(
    vectors: Vectors, tmp_path: Path
) -> None:
    given = LexicalList.read(
        write_list(tmp_path / "list.tsv", [*made_pairs(), ("gone", "waaaxaaa", "hyper")])
    )
    found = evaluate_lexical(vectors, given, options=QUICK)
    assert found["left_out"] == 1
    assert found["n"] == len(made_pairs())
    for division in ("random", "unseen_first_word", "unseen_words"):
        row = found[division]
        assert row["weighted_f1"] > row["majority"] + 0.2
        assert row["direction"] > 0.95
        assert row["per_kind"]["hyper"]["ap"] > row["per_kind"]["hyper"]["chance"] + 0.4
        assert row["per_kind"]["synonym"]["ap"] < 0.6
        assert 0.5 < row["related"]["classifier"] < 1
        assert {"cosine", "percentile"} < row["related"].keys()
    assert found["unseen_words"]["n"] < found["unseen_first_word"]["n"] == found["n"]


def test_a_set_that_says_what_it_sets_aside_is_heeded(vectors: Vectors, tmp_path: Path) -> None:
    pairs = made_pairs()
    folder = tmp_path / "set"
    folder.mkdir()
    write_list(folder / "train.tsv", pairs[::2])
    write_list(folder / "val.tsv", pairs[1::2])
    given = LexicalList.read(folder)
    assert given.aside is not None
    assert sum(given.aside) == len(pairs[1::2])
    assert evaluate_lexical(vectors, given, options=QUICK)["random"]["n"] == len(pairs[1::2])
    assert LexicalList.read(folder / "val.tsv").aside is None


def test_too_little_to_fit_on_is_said(vectors: Vectors) -> None:
    nothing = LexicalList(pairs=[LexicalPair("gone", "too", "hyper", LexicalKind.HYPERNYM)], aside=None)
    with pytest.raises(ValueError, match="too few pairs"):
        evaluate_lexical(vectors, nothing, options=QUICK)


def run(*arguments: str) -> dict[str, Any]:
    result = CliRunner().invoke(app, [*arguments, "--json"], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    found: dict[str, Any] = json.loads(result.stdout)
    return found


@pytest.fixture
def made_model(vectors: Vectors, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    path = tmp_path / "vectors.txt"
    vectors.keyed.save_word2vec_format(str(path))
    monkeypatch.setenv("BIFOCAL_STATIC_MODELS", json.dumps({"made": f"word2vec:{path}"}))
    monkeypatch.setenv("BIFOCAL_CATALOGUE_FOLDER", str(tmp_path / "catalogues"))
    settings.cache_clear()
    yield tmp_path
    settings.cache_clear()


def test_a_probe_is_made_from_lists_and_a_text_and_found_again(made_model: Path) -> None:
    made = write_list(made_model / "made.tsv", made_pairs()[:300])
    text = made_model / "text.jsonl"
    text.write_text("".join(json.dumps({"text": " ".join(words)}) + "\n" for words in documents()))
    arguments = [
        "calibrate", "--lexical", str(made), "--text", str(text), "--static-model", "made",
        "--name", "made/7", "--licence", "made.tsv=CC0", "--licence", "text.jsonl=CC BY 4.0",
        "--attribution", "made.tsv=us", "--released-under", "CC0", "-o", str(made_model / "catalogues"),
    ]  # fmt: skip
    figures = run(*arguments)
    assert figures["licence"] == "CC0"
    (recorded,) = figures["sets"]
    assert recorded["name"] == "made.tsv"
    assert (recorded["licence"], recorded["attribution"]) == ("CC0", "us")
    assert recorded["pairs"] == 300
    assert figures["calibration"]["licence"] == "CC BY 4.0"
    vectors = load_static("made")
    found = find_lexical(vectors.content_hash)
    assert found is not None
    assert found.probe.source.name == "made/7"
    assert {one.name for one in found.probe.told} == {one["name"] for one in figures["told"]}


def test_lists_are_evaluated_from_the_command_line(made_model: Path) -> None:
    made = write_list(made_model / "made.tsv", made_pairs()[:120])
    arguments = ["evaluate", "lexical", str(made), "--static-model", "made"]
    result = CliRunner().invoke(app, arguments, catch_exceptions=False, env={"COLUMNS": "200"})
    assert result.exit_code == 0
    for shown in ("both words unseen", "percentile", "coord"):
        assert shown in result.output
    assert run(*arguments).keys() > {"random", "unseen_first_word", "unseen_words"}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--output", "x"], "name a transformer with --model, or word lists with --lexical"),
        (["--lexical", "LIST", "--coreference", "LIST"], "--lexical goes without"),
        (["--lexical", "LIST", "--text", "gone.txt"], "gone.txt is not there"),
        (["--lexical", "LIST", "--licence", "LIST"], "--licence takes NAME="),
    ],
)
def test_what_cannot_be_calibrated_together_is_refused(
    tmp_path: Path, arguments: Sequence[str], message: str
) -> None:
    path = str(write_list(tmp_path / "made.tsv", made_pairs()[:5]))
    chosen = [path if one == "LIST" else one for one in arguments]
    result = CliRunner().invoke(app, ["calibrate", *chosen])
    assert isinstance(result.exception, InvalidOptions)
    assert message in str(result.exception)


def test_the_sets_reach_what_stands_in_the_decision(evaluation_data: Path) -> None:
    """One set, one division, with the packaged vectors; the command measures the rest."""
    pairs = read_lexical_relations(evaluation_data / "lexical_relations" / "ROOT09" / "val.tsv")
    vectors = load_static("glove-6b-50d")
    found = evaluate_lexical(vectors, LexicalList(pairs=pairs, aside=None), options=QUICK)
    assert found["random"]["weighted_f1"] > found["random"]["majority"] + 0.15
    assert OPTIONS.hidden == 64

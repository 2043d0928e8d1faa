"""Percentiles as shares of random pairs: of texts they were measured on, and of news they never saw."""

import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

import small_models
from bifocal.cli.app import app
from bifocal.contracts import Document, Method
from bifocal.errors import UnreadableCorpus
from bifocal.lenses import DistanceBackground
from bifocal.models import ContextualModel
from bifocal.settings import Precision, settings
from bifocal.text import Segmenter, shard_document
from bifocal_contextual import measure_background
from bifocal_contextual.background import Backgrounds
from bifocal_contextual.loaded import LoadedModel
from bifocal_contextual.model import load_transformer
from bifocal_contextual.views import View
from bifocal_laboratory.commands.models import Models
from bifocal_laboratory.scales import Spread, contextual_spreads, evaluate_scales, read_texts

#: Largest distance from the diagonal that percentiles may have on texts that are new to them.
MOST = 0.02


def test_an_even_spread_has_no_distance_from_the_diagonal() -> None:
    spread = Spread(texts=1)
    spread.add((np.arange(100_000) + 0.5) / 100_000)
    figures = spread.figures()
    assert figures["ks"] == pytest.approx(0, abs=1e-4)
    assert figures["above"] == pytest.approx({"0.5": 0.5, "0.9": 0.1, "0.97": 0.03, "0.99": 0.01}, abs=1e-4)


def test_the_distance_of_a_spread_is_kolmogorovs() -> None:
    spread = Spread(texts=1)
    spread.add(((np.arange(100_000) + 0.5) / 100_000) ** 2)
    # Of squares, the share below p is its root, which is furthest from p at a quarter
    assert spread.figures()["ks"] == pytest.approx(0.25, abs=1e-3)
    assert (spread + spread).figures()["ks"] == spread.figures()["ks"]
    assert Spread().figures()["ks"] is None


def test_percentiles_of_news_are_shares_of_random_pairs_under_both_lenses(lee: list[Document]) -> None:
    models = Models.load("minilm-l6", "glove-6b-50d", precision=Precision.FLOAT32)
    # A sixth of the documents, for time; all of them give 0.011 and 0.005
    view = View.of("minilm-l6", models.contextual, Method.AUTO)
    found = evaluate_scales(view, models.vectors, [document.text for document in lee[::6]])
    for one in (found["contextual"], found["static"], found["static"]["vocabulary"]):
        assert one["texts"] == 50
        assert one["n"] > 100_000
        assert one["ks"] <= MOST
        for share, above in one["above"].items():
            assert above == pytest.approx(1 - float(share), abs=MOST)
    # Whole, not by one length making up for another
    for words in ("120-249", "250-499"):
        assert found["contextual"]["by_words"][words]["ks"] <= 1.5 * MOST


@pytest.fixture(scope="module")
def own_model(tmp_path_factory: pytest.TempPathFactory) -> ContextualModel:
    return ContextualModel(
        name="mine", location=str(small_models.build("bert", tmp_path_factory.mktemp("mine")))
    )


def made_up(n_texts: int, n_sentences: int, seed: int) -> list[str]:
    random = np.random.default_rng(seed)
    return [" ".join(random.choice(small_models.SENTENCES, n_sentences).tolist()) for _ in range(n_texts)]


@pytest.fixture(scope="module")
def measured(own_model: ContextualModel, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The command's file for a small model, made twice."""
    folder = tmp_path_factory.mktemp("texts")
    for kind, seed in (("letters", 1), ("news", 2)):
        (folder / kind).mkdir()
        for number, text in enumerate(made_up(12, 60, seed)):
            (folder / kind / f"{number}.txt").write_text(text)
    texts = [str(path) for path in folder.rglob("*.txt")]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BIFOCAL_CONTEXTUAL_MODELS", json.dumps({"mine": own_model.location}))
        patch.setattr(measure_background, "_WORDS_OF_A_KIND", 2_000)
        settings.cache_clear()
        for name, order in (("one", texts), ("two", texts[::-1])):
            command = ["measure", "--model", "mine", "--method", "mean", "--source", "made up"]
            patch.setattr("sys.argv", [*command, "-o", str(folder / name), *order])
            measure_background.main()
    settings.cache_clear()
    return folder / "one", folder / "two"


def test_the_same_texts_give_the_same_background_to_the_byte(measured: tuple[Path, Path]) -> None:
    one, two = measured
    assert one.read_bytes() == two.read_bytes()
    stored = json.loads(one.read_text())
    assert stored["schema_version"] == 2
    assert (stored["texts"], stored["source"]) == (24, "made up")
    words = [length["window_words"] for length in stored["lengths"]]
    assert words[:2] == [pytest.approx(16, rel=0.25), pytest.approx(32, rel=0.25)]
    assert words == sorted(words)
    assert len(words) == 4


def test_percentiles_are_even_on_the_texts_their_background_was_measured_on(
    measured: tuple[Path, Path], own_model: ContextualModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = LoadedModel(load_transformer(own_model, precision=Precision.FLOAT32))
    view = View.of("mine", model, Method.MEAN)
    monkeypatch.setattr("bifocal_contextual.background.files", lambda _: _Folder(measured[0]))
    background = view.background
    assert isinstance(background, Backgrounds)
    assert all(isinstance(one, DistanceBackground) for one in background.by_length)
    segmenter = Segmenter("en")
    documents = [
        shard_document(text, segmenter, index=index, name=str(index))
        for index, text in enumerate((*made_up(12, 60, 1), *made_up(12, 60, 2)))
    ]
    (spread,) = contextual_spreads(view, documents).values()
    assert spread.figures()["ks"] < MOST


class _Folder:
    """Stands for the package's folder, with one background in it."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def joinpath(self, *parts: str) -> Path:
        return self._path


def test_texts_come_from_files_lines_and_folders(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "a.txt").write_text("One.")
    (tmp_path / "lines.cor").write_text("Two.\n\nThree.\n")
    (tmp_path / "lines.jsonl").write_text('{"text": "Four."}\n')
    paths = [tmp_path / name for name in ("folder", "lines.cor", "lines.jsonl")]
    assert read_texts(paths) == ["One.", "Two.", "Three.", "Four."]
    (tmp_path / "folder" / "b.txt").write_bytes(b"\xff")
    with pytest.raises(UnreadableCorpus, match=r"b\.txt: not UTF-8"):
        read_texts(paths)
    (tmp_path / "empty.cor").write_text("\n")
    with pytest.raises(UnreadableCorpus, match="no text"):
        read_texts([tmp_path / "empty.cor"])


def test_the_command_tells_both_lenses_by_length(tmp_path: Path) -> None:
    (tmp_path / "texts.cor").write_text("\n".join([*made_up(3, 2, 3), *made_up(2, 20, 4), "Alone."]))
    arguments = ["evaluate", "scales", str(tmp_path / "texts.cor"), "--precision", "float32"]
    told = CliRunner().invoke(app, [*arguments, "--json"], catch_exceptions=False)
    found = json.loads(told.stdout)
    assert found["contextual"]["method"] == "heads"
    assert found["contextual"]["texts"] == 6
    assert list(found["contextual"]["by_words"]) == list(found["static"]["by_words"])
    for lens in ("contextual", "static"):
        assert sum(one["texts"] for one in found[lens]["by_words"].values()) == 6
        assert 0 < found[lens]["ks"] < 1
    assert sum(one["n"] for one in found["contextual"]["by_words"].values()) == found["contextual"]["n"]
    shown = CliRunner().invoke(app, arguments, catch_exceptions=False)
    assert "vocabulary" in shown.stdout

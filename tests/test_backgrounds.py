"""What is usual: shares of a window, percentiles of what was measured, lengths between those measured."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bifocal.contracts import Method
from bifocal.lenses import DistanceBackground
from bifocal.lenses.contextual import DISTANCE_CLASSES
from bifocal.lenses.quantiles import PROBABILITIES
from bifocal.text import Segmenter
from bifocal_contextual.background import Backgrounds, WeightedText, measure, shipped
from bifocal_contextual.bands import Bands
from bifocal_contextual.passages import SegmentedText, passages

CATALOGUE = "sha256:34d3779ab908bbcb254916bd48b759b6cf23fe3f92cb356508d6a0bc36a4a556"
MINILM = "sha256:6fceb34132ad726946adc26b588445bcb11811d1a28d8a42a03a6dccf63c1369"


def weighted(windows: np.ndarray, random: np.random.Generator) -> WeightedText:
    """Random weights that fall with distance; every fifth word is punctuation."""
    bands = Bands.over(windows)
    i, j = bands.pairs()
    weight = (random.exponential(size=len(i)) / (1 + np.abs(i - j))).astype(np.float32)
    return WeightedText(bands=bands, weight=weight, candidate=np.arange(len(bands.width)) % 5 != 4)


def background(random: np.random.Generator) -> DistanceBackground:
    n = len(DISTANCE_CLASSES)
    return DistanceBackground(
        usual_before=random.uniform(0.1, 1, n).astype(np.float32),
        usual_after=random.uniform(0.1, 1, n).astype(np.float32),
        lift_quantiles=np.cumsum(random.exponential(size=(n, len(PROBABILITIES))), axis=1).astype(np.float32),
    )


def percentiles(text: WeightedText, held_against: DistanceBackground) -> np.ndarray:
    i, j = text.bands.pairs()
    kept = (i < j) & text.candidate[i] & text.candidate[j]
    return text.bands.output(text.weight, text.candidate, held_against).compare(i[kept], j[kept])[3]


@st.composite
def read_windows(draw: st.DrawFn) -> np.ndarray:
    """Windows of words whose beginnings and ends rise, and that overlap or touch."""
    ends = np.cumsum(draw(st.lists(st.integers(1, 20), min_size=1, max_size=5)))
    starts = [0]
    for k in range(1, len(ends)):
        starts.append(draw(st.integers(starts[-1] + 1, max(int(ends[k - 1]), starts[-1] + 1))))
    return np.array([(s, e) for s, e in zip(starts, ends, strict=True) if s < e])


@settings(deadline=None, max_examples=50)
@given(read_windows(), st.integers(0, 1000))
def test_usual_is_the_mean_over_windows_of_what_a_word_shares_out(windows: np.ndarray, seed: int) -> None:
    random = np.random.default_rng(seed)
    text, held_against = weighted(windows, random), background(random)
    n_words = int(windows[-1, 1])
    total, seen = np.zeros((n_words, n_words)), np.zeros((n_words, n_words))
    for start, end in windows.tolist():
        words = np.arange(start, end)
        profile = held_against.usual((words[None, :] - words[:, None]).ravel()).reshape(len(words), -1)
        total[start:end, start:end] += profile / profile.sum(axis=1, keepdims=True)
        seen[start:end, start:end] += 1
    i, j = text.bands.pairs()
    assert text.bands.usual(held_against) == pytest.approx((total / np.maximum(seen, 1))[i, j], rel=1e-5)


@settings(deadline=None, max_examples=50)
@given(read_windows(), st.integers(0, 1000))
def test_a_lift_is_the_weight_over_the_usual_weight_whatever_pairs_are_asked_for(
    windows: np.ndarray, seed: int
) -> None:
    random = np.random.default_rng(seed)
    text = weighted(windows, random)
    output = text.bands.output(text.weight, text.candidate, background(random))
    i, j = text.bands.pairs()
    some = random.permutation(len(i))[: 1 + len(i) // 2]
    # To the last bit: the merge sums usual weights of phrases and holds them beside stored lifts
    assert np.array_equal(text.weight[some] / output.usual(i[some], j[some]), output.lift[some])


def test_usual_weights_of_a_long_text_are_found_in_blocks_that_leave_no_trace(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    random = np.random.default_rng(3)
    text, held_against = weighted(np.array([(0, 50), (25, 75), (50, 90)]), random), background(random)
    whole = text.bands.usual(held_against)
    monkeypatch.setattr("bifocal_contextual.bands._CELLS", 130)
    assert np.array_equal(text.bands.usual(held_against), whole)


def test_percentiles_are_uniform_over_what_they_were_measured_on() -> None:
    random = np.random.default_rng(4)
    windows = np.array([(0, 80), (40, 120)])
    texts = [weighted(windows, random) for _ in range(20)]
    measured = measure(texts)
    found = np.sort(np.concatenate([percentiles(text, measured) for text in texts]))
    assert np.abs(found - np.arange(1, len(found) + 1) / len(found)).max() < 0.005
    # And over others of the same sort
    found = np.sort(np.concatenate([percentiles(weighted(windows, random), measured) for _ in range(20)]))
    assert np.abs(found - np.arange(1, len(found) + 1) / len(found)).max() < 0.015


def test_distances_that_short_texts_do_not_have_are_those_of_longer_ones() -> None:
    random = np.random.default_rng(5)
    longer = measure([weighted(np.array([(0, 120)]), random) for _ in range(30)])
    short = measure([weighted(np.array([(0, 12)]), random) for _ in range(30)], longer)
    near, far = 1, len(DISTANCE_CLASSES) - 3
    assert short.usual_after[far] == longer.usual_after[far]
    assert np.array_equal(short.lift_quantiles[far], longer.lift_quantiles[far])
    assert not np.array_equal(short.lift_quantiles[near], longer.lift_quantiles[near])


def test_between_two_lengths_figures_lie_between_by_the_logarithm() -> None:
    random = np.random.default_rng(6)
    short, long = background(random), background(random)
    both = Backgrounds(window_words=(16.0, 64.0), by_length=(short, long))
    assert both.at(16) is short
    assert both.at(64) is long
    # There is nothing to go by beyond what was measured
    assert both.at(3) is short
    assert both.at(5000) is long
    for name in ("usual_before", "usual_after", "lift_quantiles"):
        mean = (getattr(short, name) + getattr(long, name)) / 2
        assert getattr(both.at(32), name) == pytest.approx(mean)
    alone = Backgrounds(window_words=(16.0,), by_length=(short,))
    assert alone.at(7) is alone.at(70) is short


@pytest.mark.parametrize("method", ["alti", "heads", "mean", "norm", "rollout"])
def test_backgrounds_of_the_packaged_model_are_shipped_for_every_method(method: str) -> None:
    found = shipped("minilm-l6", Method(method), MINILM, CATALOGUE)
    assert found is not None
    # Heads of another catalogue are others
    assert (shipped("minilm-l6", Method(method), MINILM, "sha256:other") is None) is (method == "heads")
    assert 10 < found.window_words[0] < 20
    assert 400 < found.window_words[-1] < 512
    assert all(a < b for a, b in pairwise(found.window_words))
    for one in found.by_length:
        assert one.usual_before.shape == one.usual_after.shape == DISTANCE_CLASSES.shape
        assert one.lift_quantiles.shape == (len(DISTANCE_CLASSES), len(PROBABILITIES))
        assert (np.diff(one.lift_quantiles) >= 0).all()
    near = [one.usual_after[1] for one in found.by_length]
    far = [one.usual_after[7] for one in found.by_length]
    # The fewer words there are, the more each of them gets, and the far ones more so
    assert far[0] / far[-1] > near[0] / near[-1] > 1


@pytest.mark.parametrize("layer", range(1, 7))
def test_each_layer_of_the_packaged_model_has_its_own_background(layer: int) -> None:
    found = shipped(f"minilm-l6:layer-{layer}", Method.NORM, MINILM)
    whole = shipped("minilm-l6", Method.NORM, MINILM)
    assert found is not None
    assert whole is not None
    assert found.window_words == whole.window_words
    assert not np.array_equal(found.by_length[0].usual_after, whole.by_length[0].usual_after)


def texts(n: int, sentences: int) -> list[SegmentedText]:
    segmenter = Segmenter("en")
    return [
        SegmentedText.of(
            " ".join(f"Text {number} says its sentence {k}, which is a bit long." for k in range(sentences)),
            segmenter,
        )
        for number in range(n)
    ]


@pytest.mark.parametrize(("n_words", "whole"), [(12, True), (19, False), (65, True), (100, True)])
def test_passages_begin_with_a_sentence_and_end_with_one_if_it_is_near(n_words: int, whole: bool) -> None:
    segmenter = Segmenter("en")
    # Sentences have 13 words
    found = list(passages([texts(3, 12)], n_words, words_of_a_kind=600))
    lengths = [len(segmenter.segment(text).starts) for text in found]
    assert len(set(found)) == len(found) > 3
    assert all(text.startswith("Text ") for text in found)
    assert all(text.endswith("long.") is whole for text in found)
    assert all(length % 13 == 0 if whole else length == n_words for length in lengths)


def test_every_kind_of_text_gives_as_many_passages_as_it_has_up_to_a_number() -> None:
    few, many, short = texts(1, 3), texts(9, 30), texts(5, 1)
    found = list(passages([few, many, short], 24, words_of_a_kind=240))
    assert found == list(passages([few, many, short], 24, words_of_a_kind=240))
    assert len(found) == 2 + 10
    # In turn: no text gives a second one before all have given one
    assert len({text.split()[1] for text in found[2:11]}) == 9

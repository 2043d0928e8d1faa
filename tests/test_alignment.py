"""Pieces against words, windows over pieces, bands over windows."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bifocal.lenses import DistanceBackground
from bifocal.lenses.contextual import DISTANCE_CLASSES
from bifocal.lenses.quantiles import PROBABILITIES
from bifocal_contextual.bands import Bands
from bifocal_contextual.pieces import Pieces, align
from bifocal_contextual.windows import coverage, windows


@st.composite
def cuts(draw: st.DrawFn, most: int = 40) -> np.ndarray:
    """Spans in order that do not overlap, some of them touching."""
    lengths = draw(st.lists(st.tuples(st.integers(0, 3), st.integers(1, 5)), min_size=1, max_size=most))
    position, spans = 0, []
    for gap, length in lengths:
        spans.append((position + gap, position + gap + length))
        position += gap + length
    return np.array(spans)


@st.composite
def laid_out(draw: st.DrawFn, most: int = 40) -> tuple[Pieces, np.ndarray, np.ndarray]:
    words, offsets = draw(cuts(most)), draw(cuts(most))
    return align(np.arange(len(offsets)), offsets, words[:, 0], words[:, 1]), words, offsets


@settings(deadline=None, max_examples=300)
@given(laid_out())
def test_a_piece_is_shared_out_by_the_characters_it_has_in_common_with_each_word(
    laid: tuple[Pieces, np.ndarray, np.ndarray],
) -> None:
    pieces, words, offsets = laid
    expected = {}
    for p, (ps, pe) in enumerate(offsets.tolist()):
        common = {w: min(pe, we) - max(ps, ws) for w, (ws, we) in enumerate(words.tolist())}
        common = {w: c for w, c in common.items() if c > 0}
        expected.update({(p, w): c / sum(common.values()) for w, c in common.items()})
    links = zip(pieces.piece.tolist(), pieces.word.tolist(), strict=True)
    found = dict(zip(links, pieces.share.tolist(), strict=True))
    assert found == pytest.approx(expected)


@settings(deadline=None, max_examples=300)
@given(laid_out())
def test_a_words_run_of_pieces_is_the_pieces_that_touch_it(
    laid: tuple[Pieces, np.ndarray, np.ndarray],
) -> None:
    pieces, words, _ = laid
    for word in range(len(words)):
        own = pieces.piece[pieces.word == word]
        run = list(range(pieces.first[word], pieces.end[word]))
        assert run == own.tolist()


@settings(deadline=None, max_examples=300)
@given(laid_out(), st.integers(1, 30), st.floats(0, 0.9))
def test_windows_hold_every_word_within_the_bound_and_rise(
    laid: tuple[Pieces, np.ndarray, np.ndarray], most: int, overlap: float
) -> None:
    pieces, words, _ = laid
    found = windows(pieces, most_pieces=most, overlap=overlap)
    assert {w for window in found for w in range(window.first_word, window.end_word)} == set(
        range(len(words))
    )
    for window in found:
        assert window.end_piece - window.first_piece <= most
    for one, other in pairwise(found):
        assert one.first_word < other.first_word <= one.end_word < other.end_word


@settings(deadline=None, max_examples=200)
@given(laid_out(), st.integers(1, 30), st.floats(0, 0.9))
def test_coverage_is_whole_unless_a_single_word_is_longer_than_a_window(
    laid: tuple[Pieces, np.ndarray, np.ndarray], most: int, overlap: float
) -> None:
    pieces, _, offsets = laid
    found = windows(pieces, most_pieces=most, overlap=overlap)
    read = {p for window in found for p in range(window.first_piece, window.end_piece)}
    assert coverage(pieces, found) == pytest.approx(len(read) / len(offsets))
    if all(window.end_word - window.first_word > 1 for window in found):
        assert coverage(pieces, found) == 1.0


def test_a_text_that_fits_is_one_window() -> None:
    spans = np.array([(k, k + 1) for k in range(10)])
    pieces = align(np.arange(10), spans, spans[:, 0], spans[:, 1])
    assert len(windows(pieces, most_pieces=10, overlap=0.5)) == 1


@st.composite
def read_windows(draw: st.DrawFn) -> np.ndarray:
    """Windows of words whose ends rise and that leave no gap."""
    ends = np.cumsum(draw(st.lists(st.integers(1, 6), min_size=1, max_size=8)))
    starts = [0]
    for k in range(1, len(ends)):
        starts.append(draw(st.integers(starts[-1] + 1, max(int(ends[k - 1]), starts[-1] + 1))))
    return np.array([(s, e) for s, e in zip(starts, ends, strict=True) if s < e and s <= e])


def flat_background() -> DistanceBackground:
    n = len(DISTANCE_CLASSES)
    return DistanceBackground(
        usual_before=np.ones(n, np.float32),
        usual_after=np.ones(n, np.float32),
        lift_quantiles=np.tile(np.linspace(0, 2, len(PROBABILITIES), dtype=np.float32), (n, 1)),
    )


@settings(deadline=None, max_examples=200)
@given(read_windows())
def test_bands_hold_exactly_the_pairs_that_shared_a_window(spans: np.ndarray) -> None:
    bands = Bands.over(spans)
    together = {(i, j) for start, end in spans.tolist() for i in range(start, end) for j in range(start, end)}
    i, j = bands.pairs()
    # A word's partners are one run; with windows that rise, that run holds nothing else.
    assert set(zip(i.tolist(), j.tolist(), strict=True)) == together


@settings(deadline=None, max_examples=200)
@given(read_windows())
def test_times_seen_counts_the_windows_that_held_both(spans: np.ndarray) -> None:
    bands = Bands.over(spans)
    everyone = np.ones(len(bands.width), dtype=np.bool_)
    output = bands.output(np.zeros(int(bands.width.sum()), np.float32), everyone, flat_background())
    i, j = bands.pairs()
    expected = [
        sum(start <= min(a, b) and max(a, b) < end for start, end in spans.tolist())
        for a, b in zip(i.tolist(), j.tolist(), strict=True)
    ]
    assert output.times_seen(i, j).tolist() == expected


def test_the_usual_weight_of_a_row_shares_out_one() -> None:
    bands = Bands.over(np.array([(0, 7)]))
    usual = bands.usual(flat_background()).reshape(7, 7)
    assert usual.sum(axis=1) == pytest.approx(np.ones(7))

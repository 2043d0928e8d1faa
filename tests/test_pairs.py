"""Weights of single pairs are those of the whole matrix, and memory that runs out halves a batch."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from bifocal.errors import DocumentTooLarge
from bifocal.models import contextual_models
from bifocal.settings import Precision, Settings
from bifocal_contextual.batches import Place, halving, in_batches, padded, places_of
from bifocal_contextual.model import Transformer, load_transformer
from bifocal_contextual.pairs import BatchShape, PairLayout, WordPairs, sentence_pairs
from bifocal_contextual.pairs.references import reference_pairs
from bifocal_contextual.pieces import align
from bifocal_contextual.pooling import Pooling
from bifocal_contextual.windows import windows


@pytest.fixture(scope="module")
def minilm() -> Transformer:
    return load_transformer(contextual_models(Settings())["minilm-l6"], precision=Precision.FLOAT32)


@st.composite
def texts(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Characters cut into pieces and, apart from that, into words; some characters belong to neither."""
    n = draw(st.integers(4, 40))
    cuts = sorted({0, n, *draw(st.lists(st.integers(0, n), max_size=20))})
    offsets = np.array(list(pairwise(cuts)))
    bounds = sorted({0, n, *draw(st.lists(st.integers(0, n), max_size=14))})
    words = [(a, b) for a, b in pairwise(bounds) if draw(st.booleans())] or [(0, n)]
    return offsets, np.array([a for a, _ in words]), np.array([b for _, b in words])


@settings(deadline=None)
@given(st.lists(texts(), min_size=1, max_size=3), st.integers(0, 2**32 - 1), st.booleans())
def test_the_weight_of_a_pair_is_that_of_the_pooled_matrix(
    minilm: Transformer,
    given_texts: list[tuple[np.ndarray, np.ndarray, np.ndarray]],
    seed: int,
    rows_only: bool,
) -> None:
    random = np.random.default_rng(seed)
    laid = [align(np.arange(len(o)), o, starts, ends) for o, starts, ends in given_texts]
    places = places_of([(pieces, windows(pieces, most_pieces=50, overlap=0.5)) for pieces in laid])
    batch = padded(places, minilm)
    length = batch.ids.shape[1]
    weights = torch.from_numpy(random.random((len(places), 3, length, length), dtype=np.float32))
    pairs = [
        WordPairs(*random.integers(0, place.n_words + 2, (2, int(random.integers(0, 30)))))
        for place in places
    ]
    layout = PairLayout(places, pairs, BatchShape.of(batch, minilm), rows_only=rows_only)
    if rows_only:
        chosen = [weights[k][:, torch.from_numpy(rows)] for k, rows in enumerate(layout.rows)]
        found = layout.pooled(torch.cat(chosen, dim=1)[None])
    else:
        found = layout.pooled(weights)
    whole = [Pooling.of(place, minilm)(weights[k]).numpy() for k, place in enumerate(places)]
    expected = np.concatenate([m[:, p.i, p.j] for m, p in zip(whole, pairs, strict=True)], axis=1)
    assert found.numpy() == pytest.approx(expected, abs=1e-5)


@given(st.lists(st.integers(1, 80), min_size=1, max_size=6))
def test_sentence_pairs_are_all_within_a_sentence_and_reach(lengths: list[int]) -> None:
    starts = np.cumsum([0, *lengths])[:-1]
    n = sum(lengths)
    i, j = sentence_pairs(starts, n)
    sentence = np.repeat(np.arange(len(lengths)), lengths)
    expected = [(a, b) for a in range(n) for b in range(a + 1, min(n, a + 61)) if sentence[a] == sentence[b]]
    assert list(zip(i.tolist(), j.tolist(), strict=True)) == expected


@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=40), st.integers(1, 20))
def test_a_pronouns_candidates_are_the_words_before_it_within_reach(
    words: list[tuple[bool, bool]], reach: int
) -> None:
    pronoun, candidate = (np.array(mask) for mask in zip(*words, strict=True))
    i, j = reference_pairs(pronoun, candidate, reach)
    expected = [
        (a, b) for a in range(len(words)) if pronoun[a] for b in range(max(0, a - reach), a) if candidate[b]
    ]
    assert list(zip(i.tolist(), j.tolist(), strict=True)) == expected


def ten_places() -> list[Place]:
    offsets = np.array([(k, k + 1) for k in range(30)])
    pieces = align(np.arange(30), offsets, offsets[:, 0], offsets[:, 1])
    return places_of([(pieces, windows(pieces, most_pieces=20, overlap=0.5)) for _ in range(5)])


def test_a_batch_that_does_not_fit_in_memory_is_halved_until_it_does() -> None:
    sizes: list[int] = []

    def run(places: Sequence[Place]) -> list[int]:
        sizes.append(len(places))
        if len(places) > 3:
            raise RuntimeError("[enforce fail at alloc_cpu.cpp] DefaultCPUAllocator: can't allocate memory")
        return [place.document for place in places]

    places = ten_places()
    assert halving(places, run) == [place.document for place in places]
    assert sizes == [10, 5, 2, 3, 5, 2, 3]


def test_a_window_that_alone_does_not_fit_is_said_to_be_too_large() -> None:
    def run(places: Sequence[Place]) -> list[int]:
        raise torch.OutOfMemoryError("CUDA out of memory")

    with pytest.raises(DocumentTooLarge, match="fewer --window-tokens"):
        halving(ten_places(), run)


def test_a_fault_that_is_not_about_memory_is_not_retried() -> None:
    calls = []

    def run(places: Sequence[Place]) -> list[int]:
        calls.append(len(places))
        raise RuntimeError("shapes do not match")

    with pytest.raises(RuntimeError, match="shapes"):
        halving(ten_places(), run)
    assert calls == [10]


def test_batches_keep_to_their_budget_and_lose_nothing(minilm: Transformer) -> None:
    places = ten_places()
    batches = list(in_batches(places, minilm, 70))
    assert sorted(id(p) for batch in batches for p in batch) == sorted(id(p) for p in places)
    assert all(len(batch) * (batch[0].n_pieces + 2) <= 70 for batch in batches)
    lengths = [p.n_pieces for batch in batches for p in batch]
    assert lengths == sorted(lengths, reverse=True)

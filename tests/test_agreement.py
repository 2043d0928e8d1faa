"""Rank agreement of the lenses, and what it comes to by chance."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import spearmanr

from bifocal.contracts import ShardDocument
from bifocal.lenses import PairBackground, StaticOutput
from bifocal.lenses.quantiles import PROBABILITIES
from bifocal_gateway.merge.agreement import PlacedPairs, agreement_of, sampled_units
from bifocal_gateway.merge.model_agreement import model_agreement
from bifocal_gateway.merge.ranks import midranks, ranks_of

#: A null under which a percentile equals the cosine itself, between 0 and 1.
IDENTITY = PairBackground(cosine_quantiles=PROBABILITIES.astype(np.float32)[None], n_bands=1)


def document(text: str) -> ShardDocument:
    return ShardDocument(index=0, id="d", text=text, word_starts=[0], word_ends=[1], sentence_starts=[0])


def static_lens(n_units: int, n_types: int, random: np.random.Generator) -> StaticOutput:
    vectors = np.abs(random.normal(size=(n_types, 8))).astype(np.float32)
    return StaticOutput(
        type_of_word=(np.arange(n_units) % n_types).astype(np.int32),
        vectors=vectors / np.linalg.norm(vectors, axis=1, keepdims=True),
        known=np.ones(n_types, np.bool_),
        band=np.zeros(n_types, np.int32),
        background=IDENTITY,
    )


def placed(static: StaticOutput, contextual: np.ndarray) -> PlacedPairs:
    """Every pair of units; `contextual` has a figure for each two of them."""
    n = len(static.type_of_word)
    i, j = np.triu_indices(n, 1)
    return PlacedPairs(
        i=i, j=j, static=static.compare(i, j)[1], contextual=contextual[i, j], differ=~static.same_type(i, j)
    )


@settings(deadline=None, max_examples=50)
@given(st.integers(4, 40), st.integers(3, 40), st.integers(0, 2**16))
def test_agreement_is_spearmans_over_the_pairs_of_different_words(
    n_units: int, n_types: int, seed: int
) -> None:
    random = np.random.default_rng(seed)
    static = static_lens(n_units, min(n_types, n_units), random)
    pairs = placed(static, random.random((n_units, n_units)).round(1))
    found = agreement_of(pairs, static, document("x"), 0)
    expected = spearmanr(pairs.static[pairs.differ], pairs.contextual[pairs.differ]).statistic
    assert found.n_pairs == pairs.differ.sum()
    assert found.spearman == pytest.approx(expected, abs=1e-6)


def test_a_context_that_follows_meaning_agrees_far_beyond_chance() -> None:
    random = np.random.default_rng(1)
    static = static_lens(60, 50, random)
    i, j = np.meshgrid(np.arange(60), np.arange(60), indexing="ij")
    meaning = static.compare(i.ravel(), j.ravel())[1].reshape(60, 60)
    found = agreement_of(placed(static, meaning), static, document("x"), 199)
    assert found.spearman == pytest.approx(1)
    assert found.top_overlap == 1
    assert found.null is not None
    assert found.top_null is not None
    assert found.null.interval.high < 0.3
    assert found.null.p_value == found.top_null.p_value == 1 / 200


def test_of_documents_without_a_relation_the_null_holds_nineteen_in_twenty() -> None:
    inside = 0
    for number in range(300):
        random = np.random.default_rng(number)
        static = static_lens(30, 24, random)
        # What context says hangs on the places, as attention does: near ones and some places get more.
        places = random.random(30)
        near = np.exp(-np.abs(np.arange(30)[:, None] - np.arange(30)) / 5)
        contextual = near + places[:, None] + places + random.random((30, 30))
        found = agreement_of(placed(static, contextual), static, document(str(number)), 199)
        assert found.null is not None
        assert found.spearman is not None
        inside += found.null.interval.low <= found.spearman <= found.null.interval.high
    assert 0.93 <= inside / 300 <= 0.97


def test_a_document_has_one_null_and_another_text_another() -> None:
    random = np.random.default_rng(2)
    static = static_lens(30, 20, random)
    pairs = placed(static, random.random((30, 30)))
    one, again, other = (agreement_of(pairs, static, document(text), 19) for text in ("a", "a", "b"))
    assert one == again
    assert one.null != other.null
    assert one.spearman == other.spearman


def test_the_interval_narrows_with_the_number_of_words() -> None:
    widths = []
    for n in (20, 80, 300):
        random = np.random.default_rng(3)
        static = static_lens(n, n, random)
        found = agreement_of(placed(static, random.random((n, n))), static, document("x"), 0)
        assert found.interval is not None
        widths.append(found.interval.high - found.interval.low)
    assert widths[0] > 2 * widths[1] > 4 * widths[2] / 2


@pytest.mark.parametrize("n", [0, 1])
def test_too_few_pairs_have_no_agreement(n: int) -> None:
    static = static_lens(n + 1, n + 1, np.random.default_rng(0))
    found = agreement_of(placed(static, np.ones((n + 1, n + 1))), static, document("x"), 9)
    assert (found.n_pairs, found.spearman, found.null) == (n, None, None)


def test_a_lens_that_puts_all_pairs_alike_has_no_order_to_agree_with() -> None:
    static = static_lens(9, 9, np.random.default_rng(0))
    assert agreement_of(placed(static, np.ones((9, 9))), static, document("x"), 9).spearman is None


@given(st.integers(0, 3000))
def test_a_long_document_is_looked_at_in_stretches_from_its_beginning_to_its_end(n: int) -> None:
    chosen = sampled_units(n)
    assert chosen.sum() == min(n, 400)
    if n > 0:
        assert chosen[0]
        assert chosen[-1]


@given(st.lists(st.integers(0, 5), min_size=1, max_size=30))
def test_ranks_count_what_lies_below_and_half_of_what_is_equal(values: list[int]) -> None:
    row = np.array(values, dtype=np.float64)
    expected = [sum(v < x for v in values) + sum(v == x for v in values) / 2 for x in values]
    assert midranks(row, row).tolist() == ranks_of(row).tolist() == expected


def test_models_are_set_against_each_other_over_the_pairs_that_all_of_them_compare() -> None:
    one = np.array([0.1, 0.2, 0.3, 0.4, np.nan])
    found = model_agreement({"a": one, "b": -one, "c": np.array([0.2, 0.1, 0.4, np.nan, 0.3])})
    assert found.models == ("a", "b", "c")
    assert found.spearman[0] == (1.0, -1.0, 0.5)
    assert found.spearman[2] == (0.5, -0.5, 1.0)

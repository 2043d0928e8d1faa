"""What one document contributes to its batch: terms, pairs of them, companies."""

import io
import random
import tracemalloc
from collections.abc import Callable
from itertools import combinations
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from batch_builder import Batch, Text, Vocabulary, document_terms, unit_vectors
from batch_reference import held_pairs
from bifocal.contracts import LensHeader, Options, ShardDocument, Space
from bifocal.lenses import PairBackground, StaticOutput, read_outputs, write_outputs
from bifocal.models import static_models
from bifocal.settings import Settings
from bifocal_gateway.batch.agreement import DocumentAgreement
from bifocal_gateway.batch.company import CompanySums, companies
from bifocal_gateway.batch.partial import TABLES, ShardPartial
from bifocal_gateway.batch.term_pairs import TermPairs, Terms
from bifocal_gateway.units import static_of_units, units_of
from bifocal_static.lens import StaticLens

NAMES = ["a", "b", "c", "d"]
VOCABULARY = Vocabulary(unit_vectors(NAMES, seed=0), frozenset("d"))

observations = st.lists(
    st.tuples(
        st.sampled_from(NAMES), st.sampled_from(NAMES), st.integers(0, 1_000_000).map(lambda m: m / 1e6)
    ),
    max_size=25,
)


def static_output(words: list[str], *, cased: list[bool] | None = None) -> StaticOutput:
    """Words with vectors of their own; a type for each form in lower case, or as they stand if `cased`."""
    forms = [w if cased is not None and cased[k] else w.lower() for k, w in enumerate(words)]
    types = list(dict.fromkeys(forms))
    return StaticOutput(
        type_of_word=np.array([types.index(form) for form in forms], dtype=np.int32),
        vectors=np.eye(len(types), dtype=np.float32),
        known=np.ones(len(types), dtype=np.bool_),
        band=np.zeros(len(types), dtype=np.int32),
        background=PairBackground(cosine_quantiles=np.zeros((1, 2), np.float32), n_bands=1),
        cased=None if cased is None else np.array([form != form.lower() for form in types]),
    )


def terms_of(document: ShardDocument, static: StaticOutput, **most: int) -> Terms:
    """Terms among the words of a document."""
    units = units_of(document, Options(), None, ())
    return Terms.of(document, units, static, static_of_units(static, units), **most)


def test_terms_are_content_words_in_lower_case(segmented: Callable[..., ShardDocument]) -> None:
    document = segmented("The Old dog saw an old DOG, and 3 cats in 1999.")
    terms = terms_of(document, static_output(document.words))
    assert terms.names == ["cats", "dog", "old", "saw"]
    units = units_of(document, Options(), None, ())
    named = [
        None if n < 0 else terms.names[n] for n in [terms.of_unit[u] if u >= 0 else -1 for u in units.of_word]
    ]
    assert named[:7] == [None, "old", "dog", "saw", None, "old", "dog"]


def test_a_term_keeps_its_capitals_where_the_vocabulary_has_them(
    segmented: Callable[..., ShardDocument],
) -> None:
    document = segmented("Apple sells apple pie; Turkey eats turkey.")
    cased = [word in ("Apple", "Turkey") for word in document.words]
    terms = terms_of(document, static_output(document.words, cased=cased))
    assert {"Apple", "apple", "Turkey", "turkey"} <= set(terms.names)


def test_the_static_lens_says_which_words_its_vocabulary_has_with_capitals(
    segmented: Callable[..., ShardDocument], tmp_path: Path
) -> None:
    # Given a vocabulary that knows the country apart from the bird, and a word in lower case only
    vectors = tmp_path / "vectors.txt"
    vectors.write_text("3 3\nTurkey 1 0 0\nturkey 0 1 0\nfrance 0 0 1\n")
    models = static_models(Settings(static_models={"mine": f"word2vec:{vectors}"}))
    options = Options(static_models=("mine",), static_space=Space.AS_TRAINED)
    document = segmented("Turkey eats turkey in France.")
    # When the lens reads a text and its blob is read again
    work = StaticLens(models, warm=[]).read([document], options)
    header = LensHeader(models=dict(work.models), readings=tuple(work.readings))
    _, outputs = read_outputs(write_outputs(header, work.outputs))
    # Then each is a term of its own
    terms = terms_of(document, outputs[0].static[0])
    assert terms.names == ["Turkey", "eats", "france", "turkey"]
    assert terms.vectors.tolist() == [[1, 0, 0], [0, 0, 0], [0, 0, 1], [0, 1, 0]]
    assert terms.known.tolist() == [True, False, True, True]


def test_of_too_many_terms_the_most_frequent_are_followed(segmented: Callable[..., ShardDocument]) -> None:
    document = segmented("cat cat cat dog dog dog mouse mouse bird")
    terms = terms_of(document, static_output(document.words), most=2)
    assert (terms.names, terms.n_left_out) == (["cat", "dog"], 2)


@settings(max_examples=200)
@given(observations, st.integers(1, 9))
def test_pairs_are_gathered_alike_whatever_the_blocks(
    found: list[tuple[str, str, float]], block: int
) -> None:
    terms = document_terms(Text("d", found, block=block), VOCABULARY)
    expected = held_pairs(Text("d", found), 0.97)
    names = terms.terms.names
    pairs = [(names[a], names[b]) for a, b in zip(terms.a.tolist(), terms.b.tolist(), strict=True)]
    assert sorted(pairs) == pairs == sorted(expected)
    for number, pair in enumerate(pairs):
        held = expected[pair]
        assert terms.strongest[number] == held.strongest
        assert terms.contextual[number] == held.contextual
        assert terms.known[number] == ("d" not in pair)
        assert terms.cosine[number] == round(VOCABULARY.cosine(*pair) * 1e6)


def test_if_nothing_is_special_the_contextual_value_is_uniform_however_often_words_meet() -> None:
    chance = np.random.default_rng(0)
    for m in (1, 3, 20):
        values = [
            document_terms(
                Text("d", [("a", "b", float(p)) for p in chance.random(m)]), VOCABULARY
            ).contextual[0]
            for _ in range(2_000)
        ]
        shares = np.quantile(np.array(values) / 1e6, [0.1, 0.5, 0.9, 0.97])
        assert shares == pytest.approx([0.1, 0.5, 0.9, 0.97], abs=0.04)


def test_memory_is_that_of_the_terms_not_of_the_pairs_of_words() -> None:
    n_terms = 300
    terms = Terms(
        names=[f"t{n:03d}" for n in range(n_terms)],
        of_unit=np.arange(n_terms, dtype=np.int32),
        vectors=np.zeros((n_terms, 2), dtype=np.float32),
        known=np.ones(n_terms, dtype=np.bool_),
    )
    i, j = np.triu_indices(n_terms, 1)
    figures = np.full(len(i), 0.5)

    def held_after(blocks: int) -> int:
        pairs = TermPairs(terms)
        for _ in range(blocks):
            pairs.add(i, j, contextual_percentile=figures, cosine=figures, static_percentile=figures)
        held, _ = tracemalloc.get_traced_memory()
        assert pairs.result("d").occurrences.max() == blocks
        return held

    tracemalloc.start()
    try:
        few, many = held_after(2), held_after(40)
    finally:
        tracemalloc.stop()
    assert many < 1.05 * few + 10_000


def test_companies_are_told_by_the_vectors_of_those_in_them() -> None:
    vocabulary = Vocabulary({**unit_vectors(list("abcde"), seed=4), "z": [0.0] * 8}, frozenset("z"))
    tied = [("a", "b"), ("a", "c"), ("a", "d"), ("a", "z"), ("b", "c"), ("e", "z")]
    terms = document_terms(Text("d", [(*pair, 1.0) for pair in tied]), vocabulary)
    found = companies(terms.terms, terms.a, terms.b)
    assert [terms.terms.names[term] for term in found.term.tolist()] == ["a", "b", "c", "z"]
    assert found.size.tolist() == [3, 2, 2, 2]  # z has no vector, and e no company but z
    cosines = [vocabulary.cosine(x, y) for x, y in combinations("bcd", 2)]
    assert found.within[0] == pytest.approx(1e6 * np.mean(cosines), abs=2)
    assert found.within_squared[0] == pytest.approx(1e6 * np.mean(np.square(cosines)), abs=2)
    centre = np.mean([vocabulary.vector(name) for name in "bcd"], axis=0)
    assert found.centre[0].tolist() == pytest.approx((1e6 * centre).tolist(), abs=2)


def company_sums(drawn: list[np.ndarray], parts: int = 1) -> CompanySums:
    """Sums over companies of one term, each given by its vectors ``(size, dimensions)``."""
    sums = CompanySums(1, drawn[0].shape[1])
    for part in np.array_split(np.arange(len(drawn)), parts):
        some = [drawn[n] for n in part]
        within = [((v.sum(0) ** 2).sum() - len(v)) / (len(v) * (len(v) - 1)) for v in some]
        sums.add(
            np.zeros(len(some), dtype=np.int64),
            np.array([len(v) for v in some]),
            np.rint(1e6 * np.stack([v.mean(0) for v in some])).astype(np.int64),
            np.rint(1e6 * np.array(within)).astype(np.int64),
        )
    return sums


def stock(seed: int, size: int = 200) -> np.ndarray:
    """Vectors that share a direction, as the companions of one term do."""
    vectors = np.random.default_rng(seed).normal(size=(size, 20)) + np.eye(20)[seed % 20] * 2
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True))


def test_company_of_one_stock_does_not_change_whatever_its_sizes() -> None:
    """The change is centred on zero, and its error is what it is said to be."""
    chance, one = np.random.default_rng(0), stock(3)
    cosines = (one @ one.T)[np.triu_indices(len(one), 1)]
    for sizes in ((2,), (2, 3, 30), (12,)):
        scores = []
        for _ in range(400):
            drawn = [one[chance.integers(0, len(one), chance.choice(sizes))] for _ in range(8)]
            changes = company_sums(drawn).changes(float(cosines.var()))
            scores.append(float(changes.change[0] / changes.error[0]))
        assert abs(np.mean(scores)) < 0.25
        assert 0.7 < np.std(scores) < 1.2


def test_company_of_two_stocks_changes_and_by_more_than_its_error() -> None:
    chance, stocks = np.random.default_rng(1), (stock(3), stock(8))
    cosines = np.concatenate([(s @ s.T)[np.triu_indices(len(s), 1)] for s in stocks])
    drawn = [stocks[n % 2][chance.integers(0, 200, 4)] for n in range(12)]
    changes = company_sums(drawn).changes(float(cosines.var()))
    assert changes.at_least[0] > 0.02


def test_sums_over_companies_do_not_show_their_order_or_parts() -> None:
    chance, one = np.random.default_rng(2), stock(1)
    drawn = [one[chance.integers(0, 200, size)] for size in (2, 5, 9, 3, 2, 4)]
    whole = company_sums(drawn).changes(0.05)
    random.Random(0).shuffle(drawn)  # noqa: S311
    other = company_sums(drawn, parts=3).changes(0.05)
    assert (whole.change, whole.error) == (other.change, other.error)


def test_a_shard_has_one_partial_whatever_the_order_of_its_documents() -> None:
    chance = np.random.default_rng(3)
    texts = [
        Text(f"d{n}", [(a, b, float(chance.random())) for a, b in combinations(NAMES, 2)]) for n in range(4)
    ]
    batch = Batch(VOCABULARY, [texts], Options(contextual_threshold=0.5))
    tables = batch.partial(texts).tables()
    assert batch.partial(reversed(texts)).tables() == tables
    assert set(tables) == set(TABLES)


def test_a_partial_is_a_table_that_others_can_read() -> None:
    text = Text("x", [("a", "b", 0.99), ("a", "b", 0.5), ("a", "d", 0.2), ("a", "c", 0.98)])
    partial = ShardPartial(0.97)
    agreement = DocumentAgreement(spearman=123_456, p_value=5_000, models=(1_000_000, None, None, 1_000_000))
    partial.add(document_terms(text, VOCABULARY), agreement)
    read = {name: pq.read_table(io.BytesIO(body)).to_pylist() for name, body in partial.tables().items()}
    own = {"document": "x", "terms_left_out": 0, "pairs": 3, "tied": 2}
    agrees = {"spearman": 123_456, "p_value": 5_000, "model_spearman": [1_000_000, None, None, 1_000_000]}
    assert read["documents"] == [own | agrees]
    first, _, unknown = read["pairs"]
    assert (first["term_a"], first["term_b"], first["occurrences"]) == ("a", "b", 2)
    assert (first["strongest"], first["contextual"], first["tied"]) == (990_000, 980_100, True)
    assert first["usual"] == 666_667
    assert (unknown["term_b"], unknown["cosine"], unknown["static_percentile"]) == ("d", None, None)
    assert [(row["term"], row["companions"]) for row in read["terms"]] == [
        ("a", 2),
        ("b", 0),
        ("c", 0),
        ("d", 0),
    ]
    assert read["terms"][1]["centre"] is None

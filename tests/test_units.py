"""Runs of words as ends of pairs: what the lenses say of them is made of what they say of the words."""

from collections.abc import Callable, Sequence
from itertools import combinations, pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bifocal.contracts import Candidates, Options, ShardDocument
from bifocal.errors import InvalidOptions
from bifocal.lenses import ContextualOutput, DistanceBackground, PairBackground, StaticOutput
from bifocal.lenses.contextual import DISTANCE_CLASSES
from bifocal.lenses.quantiles import PROBABILITIES
from bifocal.models import contextual_models
from bifocal.settings import Precision, Settings
from bifocal.text import is_candidate
from bifocal_contextual.bands import Bands
from bifocal_contextual.lens import ContextualLens
from bifocal_gateway.units import UnitAttention, Units, static_of_units, units_of
from bifocal_gateway.units.noun_phrases import noun_phrases
from bifocal_laboratory.comparison.reading import shard_of
from bifocal_laboratory.corpora import AnnotatedDocument, read_documents

Segmented = Callable[..., ShardDocument]
Spans = list[tuple[int, int]]


@st.composite
def spans_of(draw: st.DrawFn, n_words: int) -> Spans:
    """Runs of words in order, none overlapping another."""
    cuts = sorted(draw(st.sets(st.integers(0, n_words), min_size=2, max_size=n_words + 1)))
    spans = [(a, b) for a, b in pairwise(cuts) if draw(st.booleans())]
    return spans or [(cuts[0], cuts[1])]


def attention(windows: np.ndarray, seed: int) -> ContextualOutput:
    random = np.random.default_rng(seed)
    bands = Bands.over(windows)
    n, n_classes = int(bands.width.sum()), len(DISTANCE_CLASSES)
    background = DistanceBackground(
        usual_before=random.uniform(0.1, 1, n_classes).astype(np.float32),
        usual_after=random.uniform(0.1, 1, n_classes).astype(np.float32),
        lift_quantiles=np.tile(10 * PROBABILITIES.astype(np.float32), (n_classes, 1)),
    )
    return bands.output(random.random(n).astype(np.float32), np.ones(len(bands.width), np.bool_), background)


@settings(deadline=None, max_examples=60)
@given(st.data(), st.integers(0, 2**16))
def test_to_several_words_goes_the_sum_of_weights_and_from_them_comes_the_mean(
    data: st.DataObject, seed: int
) -> None:
    windows = np.array([(0, 9), (5, 14)])
    output, spans = attention(windows, seed), data.draw(spans_of(14))
    units = Units.of(spans, 14)
    whole = UnitAttention(output=output, units=units)

    def pooled(here: range, there: range) -> tuple[float, float]:
        cells = [(np.array([a]), np.array([b])) for a in here for b in there]
        weight = sum(float(output.weights(*cell)[0]) for cell in cells) / len(here)
        usual = sum(float(output.usual(*cell)[0]) for cell in cells) / len(here)
        return weight, weight / usual

    for i, j in combinations(range(len(spans)), 2):
        one, other = (range(*spans[k]) for k in (i, j))
        held = [all(start <= word < end for word in (*one, *other)) for start, end in windows.tolist()]
        seen = whole.times_seen(np.array([i]), np.array([j]))[0]
        assert seen == sum(held)
        if not seen:
            continue
        forward, backward, lift, percentile = (
            column[0] for column in whole.compare(np.array([i]), np.array([j]))
        )
        there, back = pooled(one, other), pooled(other, one)
        assert (forward, backward) == pytest.approx((there[0], back[0]), rel=1e-5)
        assert lift == pytest.approx(max(there[1], back[1]), rel=1e-5)
        assert percentile == pytest.approx(min(lift / 10, 1), abs=0.02)


@settings(deadline=None, max_examples=60)
@given(st.data(), st.integers(0, 2**16))
def test_all_that_a_unit_gives_to_units_that_share_out_a_window_is_one(
    data: st.DataObject, seed: int
) -> None:
    output = attention(np.array([(0, 12)]), seed)
    rows = output.weight.reshape(12, 12)
    rows /= rows.sum(axis=1, keepdims=True)
    cuts = sorted({0, 12, *data.draw(st.sets(st.integers(1, 11), min_size=1))})
    units = Units.of(list(pairwise(cuts)), 12)
    whole = UnitAttention(output=output, units=units)
    i, j = np.triu_indices(len(units), 1)
    given_to = np.zeros((len(units), len(units)))
    given_to[i, j], given_to[j, i], _, _ = whole.compare(i, j)
    kept = [rows[a:b, a:b].sum() / (b - a) for a, b in pairwise(cuts)]
    assert given_to.sum(axis=1) + kept == pytest.approx(np.ones(len(units)), abs=1e-5)


def test_many_pairs_are_pooled_in_parts_that_leave_no_trace(monkeypatch: pytest.MonkeyPatch) -> None:
    output = attention(np.array([(0, 40)]), 3)
    units = Units.of([(k, k + 1 + k % 3) for k in range(0, 39, 3)], 40)
    whole, (i, j) = UnitAttention(output=output, units=units), np.triu_indices(len(units), 1)
    together = whole.compare(i, j)
    monkeypatch.setattr("bifocal_gateway.units.contextual._CELLS", 7)
    for one, other in zip(together, whole.compare(i, j), strict=True):
        assert np.array_equal(one, other)


def static(words: Sequence[str], unknown: str = "xx") -> StaticOutput:
    forms = list(dict.fromkeys(words))
    vectors = np.random.default_rng(5).normal(size=(len(forms), 4)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    vectors[[form == unknown for form in forms]] = 0
    return StaticOutput(
        type_of_word=np.array([forms.index(word) for word in words], dtype=np.int32),
        vectors=vectors,
        known=np.array([form != unknown for form in forms], dtype=np.bool_),
        band=np.arange(len(forms), dtype=np.int32) % 4,
        background=PairBackground(
            cosine_quantiles=np.tile(PROBABILITIES.astype(np.float32), (36, 1)), n_bands=6
        ),
    )


@given(st.lists(st.sampled_from(["aa", "bb", "cc", "xx"]), min_size=2, max_size=10), st.data())
def test_the_vector_of_several_words_is_the_sum_of_those_that_are_known(
    words: list[str], data: st.DataObject
) -> None:
    output, spans = static(words), data.draw(spans_of(len(words)))
    whole = static_of_units(output, Units.of(spans, len(words)))
    assert len(whole.type_of_word) == len(spans)
    for number, (first, end) in enumerate(spans):
        own = whole.type_of_word[number]
        there = [k for k in range(first, end) if words[k] != "xx"]
        assert whole.known[own] == bool(there)
        if len(there) == 1:
            assert np.array_equal(whole.vectors[own], output.vectors[output.type_of_word[there[0]]])
            assert whole.band[own] == output.band[output.type_of_word[there[0]]]
        elif there:
            total = output.vectors[output.type_of_word[there]].sum(axis=0)
            assert whole.vectors[own] == pytest.approx(total / np.linalg.norm(total), abs=1e-6)
            assert whole.band[own] == (4 if len(there) == 2 else 5)
        for other, (a, b) in enumerate(spans):
            same = words[first:end] == words[a:b]
            assert same == (whole.type_of_word[number] == whole.type_of_word[other])


@pytest.fixture(scope="module")
def lens() -> ContextualLens:
    return ContextualLens(
        contextual_models(Settings()), warm=["minilm-l6"], batch_tokens=8192, precision=Precision.FLOAT32
    )


def phrases(lens: ContextualLens, document: ShardDocument) -> list[str]:
    options = Options(candidates=Candidates.NOUN_PHRASES)
    work = lens.read([document], options)
    kinds, names = work.outputs[0].contextual[0].kinds, work.readings[0].contextual[0].kinds
    units = units_of(document, options, kinds, names)
    return [" ".join(document.words[a:b]) for a, b in zip(units.first, units.end, strict=True)]


def test_noun_phrases_are_nouns_with_what_belongs_to_them_and_without_articles(
    lens: ContextualLens, segmented: Segmented
) -> None:
    text = "The old dog chased the black cats. She lives in a big red house by the river."
    assert phrases(lens, segmented(text)) == [
        "old dog", "black cats", "She", "big red house", "river",
    ]  # fmt: skip


def test_without_kinds_there_are_no_noun_phrases_and_the_error_says_why(segmented: Segmented) -> None:
    with pytest.raises(InvalidOptions, match="head catalogue"):
        units_of(segmented("A dog."), Options(candidates=Candidates.NOUN_PHRASES), None, ())


def base_phrases(document: AnnotatedDocument) -> set[tuple[int, int]]:
    """Phrases by a document's own trees: nouns, names and pronouns with what depends on them beside them."""
    assert document.heads is not None
    assert document.relations is not None
    assert document.tags is not None
    inside = {
        word: head
        for word, (head, relation) in enumerate(zip(document.heads, document.relations, strict=True))
        if head >= 0
        and (
            relation.split(":")[0] in {"det", "compound", "flat"}
            or relation in {"amod", "nummod", "nmod:poss"}
        )
    }
    candidate = [is_candidate(word) for word in document.words]
    nominal = {word for word, tag in enumerate(document.tags) if tag in {"NOUN", "PROPN", "PRON"}}

    def leads(word: int, head: int) -> bool:
        for _ in range(len(document.words)):
            if word == head or word not in inside:
                break
            word = inside[word]
        return word == head

    found: Spans = []
    for head in sorted(word for word in nominal if inside.get(word) not in nominal and candidate[word]):
        first, end = head, head + 1
        while first > 0 and candidate[first - 1] and leads(first - 1, head):
            first -= 1
        while end < len(candidate) and candidate[end] and leads(end, head):
            end += 1
        if not found or first >= found[-1][1]:
            found.append((first, end))
    return set(found)


def test_noun_phrases_of_web_text_are_those_of_its_trees_in_seven_of_ten(
    lens: ContextualLens, evaluation_data: Path
) -> None:
    right = told = there = 0
    documents = list(read_documents(evaluation_data / "ud_english_ewt/en_ewt-ud-dev.conllu"))[:60]
    for document in documents:
        shard = shard_of(document)
        work = lens.read([shard], Options())
        kinds, names = work.outputs[0].contextual[0].kinds, work.readings[0].contextual[0].kinds
        assert kinds is not None
        candidate = np.array([is_candidate(word) for word in shard.words])
        found, expected = set(noun_phrases(candidate, kinds, names)), base_phrases(document)
        right, told, there = right + len(found & expected), told + len(found), there + len(expected)
    assert 2 * right / (told + there) > 0.66

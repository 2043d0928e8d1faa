"""The comparison: labels by hand, no leak from one lens to the other, figures with known answers."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.metrics import average_precision_score

from bifocal.contracts import Options
from bifocal.lenses import StaticOutput
from bifocal_gateway.merge.pairs import Block
from bifocal_gateway.merge.verdicts import Judged
from bifocal_gateway.units import UnitAttention
from bifocal_laboratory.comparison import Benchmark, BothLenses, FitOptions, Labeller, RelatedWords
from bifocal_laboratory.comparison.classifier import Labelled, best_factors, f1_by_label, fit
from bifocal_laboratory.comparison.features import SYSTEMS, features_of
from bifocal_laboratory.comparison.figures import Scored, average_precision, compared, margin
from bifocal_laboratory.comparison.labels import LABELS, NONE, Label
from bifocal_laboratory.comparison.names import threshold_for
from bifocal_laboratory.comparison.reading import ReadDocument, shard_of
from bifocal_laboratory.comparison.split import drawn, folds_of, genre_of, set_aside
from bifocal_laboratory.comparison.thresholds import CONTEXTUAL, STATIC, THRESHOLDS, MarkedPairs
from bifocal_laboratory.corpora import (
    AnnotatedDocument,
    LexicalKind,
    LexicalPair,
    lexical_files,
    read_documents,
    read_lexical_relations,
)

ROWS = [
    # number, form, lemma, tag, head, relation, mention
    (1, "My", "my", "PRON", 2, "nmod:poss", "(e1-person-1-x)"),
    (2, "dogs", "dog", "NOUN", 3, "nsubj", "(e2-animal-1-x)"),
    (3, "love", "love", "VERB", 0, "root", "_"),
    (4, "hot", "hot", "ADJ", 5, "amod", "_"),
    (5, "Tea", "tea", "NOUN", 3, "obj", "(e3-thing-1-x)"),
    (6, ".", ".", "PUNCT", 3, "punct", "_"),
    None,
    (1, "They", "they", "PRON", 2, "nsubj", "(e2-animal-1-x)"),
    (2, "are", "be", "AUX", 3, "cop", "_"),
    (3, "animals", "animal", "NOUN", 0, "root", "(e2-animal-1-x)"),
    (4, "like", "like", "ADP", 6, "case", "_"),
    (5, "tea", "tea", "NOUN", 6, "compound", "(e3-thing-1-x)"),
    (6, "cats", "cat", "NOUN", 3, "nmod", "_"),
    (7, ".", ".", "PUNCT", 3, "punct", "_"),
    None,
]
WORDS = [row[1] for row in ROWS if row is not None]
(MY, DOGS, LOVE, HOT, TEA, STOP, THEY, ARE, ANIMALS, LIKE, TEA_AGAIN, CATS, _) = range(13)


def pair(first: str, second: str, kind: LexicalKind = LexicalKind.CO_HYPONYM) -> LexicalPair:
    return LexicalPair(first, second, kind.value, kind)


RELATED = RelatedWords(
    [
        pair("Dog", "cat"),
        pair("animal", "dog", LexicalKind.HYPERNYM),
        pair("tea", "hot", LexicalKind.ATTRIBUTE),
        pair("my", "they", LexicalKind.ANTONYM),
        pair("dog", "tea", LexicalKind.RANDOM),
    ]
)


def conllu(name: str = "made") -> str:
    lines = [f"# newdoc id = {name}", "# global.Entity = eid-etype-head-other"]
    for row in ROWS:
        if row is None:
            lines.append("")
            continue
        number, form, lemma, tag, head, relation, mention = row
        misc = "_" if mention == "_" else f"Entity={mention}"
        lines.append(f"{number}\t{form}\t{lemma}\t{tag}\t_\t_\t{head}\t{relation}\t_\t{misc}")
    return "\n".join(lines) + "\n"


@pytest.fixture(scope="module")
def document(tmp_path_factory: pytest.TempPathFactory) -> AnnotatedDocument:
    path = tmp_path_factory.mktemp("made") / "made.conllu"
    path.write_text(conllu())
    (found,) = read_documents(path)
    return found


@pytest.fixture(scope="module")
def labeller(document: AnnotatedDocument) -> Labeller:
    return Labeller(document, RELATED)


@pytest.fixture(scope="module")
def lenses() -> BothLenses:
    return BothLenses(Options())


@pytest.fixture(scope="module")
def read(lenses: BothLenses, document: AnnotatedDocument) -> ReadDocument:
    return lenses.read(shard_of(document))


def label(labeller: Labeller, i: int, j: int) -> Label:
    (code,) = labeller.codes(np.array([i]), np.array([j]))
    return LABELS[code]


def test_lemmas_are_read_where_a_corpus_has_them(document: AnnotatedDocument, tmp_path: Path) -> None:
    assert document.lemmas is not None
    assert document.lemmas[DOGS] == "dog"
    path = tmp_path / "bare.conllu"
    path.write_text("1\tdogs\t_\tNOUN\t_\t_\t0\troot\t_\t_\n\n")
    (bare,) = read_documents(path)
    assert bare.lemmas is None


def test_heads_of_mentions_of_one_entity_are_a_reference(labeller: Labeller) -> None:
    assert label(labeller, DOGS, THEY) is Label.REFERENCE
    assert label(labeller, TEA, TEA_AGAIN) is Label.REFERENCE
    assert label(labeller, MY, THEY) is Label.NONE


def test_a_word_and_its_head_are_a_dependency_but_for_punctuation(labeller: Labeller) -> None:
    assert label(labeller, MY, DOGS) is Label.DEPENDENCY
    assert label(labeller, LOVE, TEA) is Label.DEPENDENCY
    assert label(labeller, LOVE, STOP) is Label.NONE


def test_lists_are_asked_by_lemma_and_for_related_content_words_only(labeller: Labeller) -> None:
    assert label(labeller, DOGS, CATS) is Label.LEXICAL
    assert labeller.listed(DOGS, CATS) == ("cat", "dog")
    assert label(labeller, HOT, TEA_AGAIN) is Label.LEXICAL
    assert label(labeller, DOGS, TEA) is Label.NONE, "random pairs of a list are none"
    assert label(labeller, MY, THEY) is Label.NONE, "pronouns are on lists, and are no content words"


def test_what_is_annotated_precedes_what_lists_say_and_reference_precedes_dependency(
    labeller: Labeller,
) -> None:
    assert labeller.listed(DOGS, ANIMALS) == ("animal", "dog")
    assert label(labeller, DOGS, ANIMALS) is Label.REFERENCE
    assert labeller.listed(HOT, TEA) == ("hot", "tea")
    assert label(labeller, HOT, TEA) is Label.DEPENDENCY
    # Its subject is its head's, and both are heads of mentions of one entity.
    assert label(labeller, THEY, ANIMALS) is Label.REFERENCE


def test_forms_that_differ_in_case_only_are_the_same(labeller: Labeller) -> None:
    differ = labeller.differ(np.array([TEA, DOGS]), np.array([TEA_AGAIN, CATS]))
    assert differ.tolist() == [False, True]


def test_a_benchmark_holds_every_pair_of_words_in_reach(
    lenses: BothLenses, document: AnnotatedDocument
) -> None:
    every = Benchmark(lenses=lenses, related=RELATED).pairs(document)
    # Eleven words that are not punctuation, and tea twice.
    assert len(every.codes) == 11 * 10 // 2 - 1
    assert np.count_nonzero(every.codes == LABELS.index(Label.REFERENCE)) == 3
    near = Benchmark(lenses=lenses, related=RELATED, reach_words=1).pairs(document)
    assert sorted(set(near.features.place[:, 0])) == [1.0]


def changed_vectors(output: StaticOutput) -> StaticOutput:
    order = np.random.default_rng(1).permutation(len(output.vectors))
    return replace(output, vectors=output.vectors[order], known=output.known[order], band=output.band[order])


def by_lens(read: ReadDocument) -> dict[str, np.ndarray]:
    (judged,) = read.judged()
    features = features_of(read, judged)
    return {system: features.of(system) for system in SYSTEMS}


def test_the_contextual_system_does_not_see_the_vectors(read: ReadDocument) -> None:
    other = replace(
        read,
        meaning=changed_vectors(read.meaning),
        meaning_of_words=changed_vectors(read.meaning_of_words),
        joint=None,
    )
    before, after = by_lens(read), by_lens(other)
    np.testing.assert_array_equal(before["contextual"], after["contextual"])
    assert not np.array_equal(before["static"], after["static"])


def test_the_static_system_does_not_see_the_attention(read: ReadDocument) -> None:
    output = read.attention.output
    assert read.kinds is not None
    assert read.channels is not None
    random = np.random.default_rng(2)
    other = replace(
        read,
        attention=UnitAttention(
            output=replace(
                output, weight=random.permutation(output.weight), lift=random.permutation(output.lift)
            ),
            units=read.units,
        ),
        kinds=replace(read.kinds, probability=1 - read.kinds.probability),
        channels=replace(read.channels, channels=-read.channels.channels, words=-read.channels.words),
        joint=None,
    )
    before, after = by_lens(read), by_lens(other)
    np.testing.assert_array_equal(before["static"], after["static"])
    assert not np.array_equal(before["contextual"], after["contextual"])


def test_features_are_finite_and_both_sees_all_of_them(read: ReadDocument) -> None:
    (judged,) = read.judged()
    features = features_of(read, judged)
    sizes = {system: features.of(system).shape[1] for system in SYSTEMS}
    place, joint = features.place.shape[1], features.joint.shape[1]
    assert sizes["both"] == sizes["static"] + sizes["contextual"] - place + joint
    assert all(np.isfinite(features.of(system)).all() for system in SYSTEMS)


class Probe:
    """Says the same of every pair."""

    def probabilities(self, vectors: np.ndarray, i: np.ndarray, j: np.ndarray) -> np.ndarray:
        return np.full((len(i), 3), 0.25, dtype=np.float32)


def test_a_lexical_probe_joins_the_static_side_and_pairs_that_it_has_seen_are_left_out(
    lenses: BothLenses, document: AnnotatedDocument
) -> None:
    plain = Benchmark(lenses=lenses, related=RELATED).pairs(document)
    probed = Benchmark(lenses=lenses, related=RELATED, lexical=Probe(), probe_words=frozenset({"cat"})).pairs(
        document
    )
    assert plain.names == {("cat", "dog"), ("hot", "tea")}
    assert probed.names == {("hot", "tea")}
    assert len(probed.codes) == len(plain.codes) - 1
    for system, added in (("static", 3), ("contextual", 0), ("both", 3)):
        columns = probed.features.of(system).shape[1] - plain.features.of(system).shape[1]
        assert columns == added


NAMES = [
    f"GUM_{genre}_{number}" for genre, n in (("news", 9), ("bio", 6), ("vlog", 2)) for number in range(n)
]


def test_of_each_genre_its_share_is_set_aside_whatever_the_order() -> None:
    aside = set_aside(NAMES, 6)
    assert aside == set_aside(NAMES[::-1], 6)
    counts = {genre: sum(genre_of(name) == genre for name in aside) for genre in ("news", "bio", "vlog")}
    assert counts == {"news": 3, "bio": 2, "vlog": 1}
    with pytest.raises(ValueError, match="cannot be set aside"):
        set_aside(NAMES, len(NAMES))


@given(st.sets(st.text(max_size=8), min_size=2, max_size=30), st.data())
def test_as_many_documents_as_asked_are_set_aside_and_folds_are_even(
    names: set[str], data: st.DataObject
) -> None:
    n = data.draw(st.integers(1, len(names) - 1))
    aside = set_aside(sorted(names), n)
    assert len(aside) == n
    assert aside <= names
    sizes = np.bincount(list(folds_of(sorted(names), 3).values()), minlength=3)
    assert sizes.max() - sizes.min() <= 1


def test_the_pairs_drawn_of_a_document_are_always_the_same() -> None:
    assert np.array_equal(drawn("a", 1000, 0.1), drawn("a", 1000, 0.1))
    assert not np.array_equal(drawn("a", 1000, 0.1), drawn("b", 1000, 0.1))
    assert 50 < np.count_nonzero(drawn("a", 1000, 0.1)) < 150


@settings(max_examples=50)
@given(st.data())
def test_average_precision_is_that_of_scikit_learn_in_every_resample(data: st.DataObject) -> None:
    sizes = data.draw(st.lists(st.integers(1, 8), min_size=1, max_size=4))
    # Few values, so that there are ties.
    scores = [
        data.draw(arrays(np.float32, n, elements=st.sampled_from([0.0, 0.25, 0.5, 1.0]))) for n in sizes
    ]
    right = [data.draw(arrays(np.bool_, n)) for n in sizes]
    times = data.draw(arrays(np.float64, (3, len(sizes)), elements=st.sampled_from([0.0, 1.0, 2.0])))
    found = average_precision(scores, right, times)
    for row, value in zip(times, found, strict=True):
        weight = np.repeat(row, sizes)
        truth = np.concatenate(right)
        if weight[truth].sum() == 0:
            assert np.isnan(value)
        else:
            expected = average_precision_score(truth, np.concatenate(scores), sample_weight=weight)
            assert value == pytest.approx(expected)


def scored(random: np.random.Generator, strengths: dict[str, float]) -> Scored:
    """A document whose systems know the labels more or less well."""
    codes = random.choice(len(LABELS), size=200, p=[0.1, 0.1, 0.1, 0.7]).astype(np.int8)
    probabilities, decided = {}, {}
    for system, strength in strengths.items():
        scores = random.normal(size=(200, len(LABELS))) + strength * np.eye(len(LABELS))[codes]
        raised = np.exp(scores)
        probabilities[system] = raised / raised.sum(axis=1, keepdims=True)
        decided[system] = scores.argmax(axis=1).astype(np.int8)
    known = (codes == LABELS.index(Label.LEXICAL)) & (random.random(200) < 0.5)
    return Scored(codes=codes, known=known, probabilities=probabilities, decided=decided)


def test_a_better_system_has_a_sure_margin_and_an_equal_one_has_none() -> None:
    random = np.random.default_rng(3)
    documents = [scored(random, {"static": 2.0, "contextual": 1.0, "both": 2.0}) for _ in range(20)]
    found = compared(documents, ["static", "contextual", "both"], "both")
    over = found["margins"]["contextual"]["macro_f1"]
    assert over["value"] > 0.05
    assert over["p"] == 0.002
    assert over["interval"][0] > 0
    assert over["value"] == pytest.approx(
        found["both"]["macro_f1"]["value"] - found["contextual"]["macro_f1"]["value"], abs=2e-4
    )
    equal = found["margins"]["static"]["macro_f1"]
    assert equal["p"] > 0.05
    assert equal["interval"][0] < 0 < equal["interval"][1]
    assert found["both"]["ap reference"]["value"] > found["contextual"]["ap reference"]["value"]


def test_pairs_known_from_fitting_do_not_count_as_new() -> None:
    random = np.random.default_rng(4)
    document = scored(random, {"both": 1.0, "static": 1.0})
    # What is known is found, what is new is not.
    lexical = LABELS.index(Label.LEXICAL)
    decided = np.full_like(document.codes, NONE)
    decided[document.known] = lexical
    document = replace(document, decided={"both": decided, "static": decided})
    found = compared([document], ["static", "both"], "both")["both"]
    assert found["f1 lexical"]["value"] > 0.3
    assert found["f1 lexical, new"]["value"] == 0


def test_a_margin_of_nothing_is_no_margin() -> None:
    values = np.random.default_rng(5).normal(size=1001)
    assert margin(values, values) == {"value": 0.0, "interval": [0.0, 0.0], "p": 1.0}


def test_factors_lift_a_rare_label_over_a_frequent_one() -> None:
    codes = np.array([0] * 10 + [1] * 10 + [2] * 10 + [NONE] * 970, dtype=np.int8)
    probabilities = np.full((1000, 4), 0.02)
    probabilities[np.arange(30), codes[:30]] = 0.2
    probabilities[:, NONE] = 1 - probabilities[:, :NONE].sum(axis=1)
    plain = (probabilities).argmax(axis=1)
    assert (plain == NONE).all()
    found = (probabilities * best_factors(probabilities, codes, np.ones(1000))).argmax(axis=1)
    np.testing.assert_array_equal(found, codes)


def test_f1_is_counted_by_label() -> None:
    confusion = np.zeros((4, 4))
    confusion[0, 0], confusion[0, 3], confusion[3, 3], confusion[1, 0] = 2, 1, 5, 1
    np.testing.assert_allclose(f1_by_label(confusion), [4 / 6, 0, 0, 10 / 11])


def labelled(n: int) -> Labelled:
    random = np.random.default_rng(6)
    codes = random.integers(4, size=n).astype(np.int8)
    columns = random.normal(size=(n, 6)).astype(np.float32)
    columns[:, :4] += 4 * np.eye(4, dtype=np.float32)[codes]
    return Labelled(columns=columns, codes=codes, weight=np.ones(n, dtype=np.float32), fold=np.arange(n) % 2)


def test_the_classifier_learns_what_is_there_and_the_same_every_time() -> None:
    options = FitOptions(hidden=32, epochs=20, batch_pairs=32, rate=2e-2, folds=2)
    data = labelled(400)
    silent: Callable[[str], None] = lambda step: None  # noqa: E731
    one, other = (fit(data, options, say=silent) for _ in range(2))
    probabilities = one.probabilities(data.columns)
    np.testing.assert_array_equal(probabilities, other.probabilities(data.columns))
    np.testing.assert_allclose(probabilities.sum(axis=1), 1)
    assert (one.decided(probabilities) == data.codes).mean() > 0.95
    with pytest.raises(ValueError, match="one fold"):
        fit(replace(data, fold=np.zeros(400, dtype=np.int64)), options, say=silent)


@given(
    arrays(np.float64, st.integers(1, 40), elements=st.sampled_from([0.1, 0.5, 0.9, 1.0])), st.floats(0, 1)
)
def test_a_threshold_marks_no_more_than_the_share_and_the_next_lower_would(
    values: np.ndarray, share: float
) -> None:
    least = threshold_for([values], share)
    assert (values >= least).mean() <= share + 1e-6
    lower = values[values < least]
    if len(lower):
        assert (values >= lower.max()).mean() > share


def test_pairs_are_counted_as_marked_from_their_percentile_on_and_those_with_a_kind_at_any() -> None:
    nothing = np.zeros(3, dtype=np.float32)
    judged = Judged(
        block=Block(i=np.array([0, 0, 1]), j=np.array([1, 2, 2])),
        known=np.ones(3, dtype=np.bool_),
        cosine=nothing,
        static_percentile=np.array([0.97, 0.2, 0.999]),
        forward=nothing,
        backward=nothing,
        lift=nothing,
        contextual_percentile=np.array([0.1, 0.985, 0.1]),
        kind=np.array([-1, -1, 0]),
        kind_probability=np.array([0, 0, 0.8], dtype=np.float32),
        joint=nothing,
        code=np.zeros(3, dtype=np.int8),
    )
    counted = MarkedPairs()
    codes = [LABELS.index(one) for one in (Label.LEXICAL, Label.NONE, Label.DEPENDENCY)]
    counted.add(judged, np.array(codes, dtype=np.int8))
    at = THRESHOLDS.index(0.97)
    assert counted.n() == 3
    assert counted.marked(STATIC, [Label.LEXICAL])[[at, at + 1]].tolist() == [1, 0]
    assert counted.marked(STATIC)[at] == 2
    assert counted.marked(CONTEXTUAL, [Label.DEPENDENCY]).tolist() == [1] * len(THRESHOLDS)
    figures = counted.figures(STATIC, budget=0.66)
    assert figures["proposed"] in THRESHOLDS
    row = figures["rows"][at]
    assert row["marked"] == pytest.approx(0.6667)
    assert (row["lexical"], row["reference"], row["none"]) == (1.0, None, 0.0)
    assert row["f1"] == pytest.approx(2 / 3, abs=1e-4)


def test_real_documents_have_pairs_of_every_label(evaluation_data: Path) -> None:
    files = sorted((evaluation_data / "gum_coreference").rglob("*.conllu"))
    lists = evaluation_data / "lexical_relations"
    if not files or not lists.is_dir():
        pytest.skip("GUM and the lists of related words are not on this machine")
    related = RelatedWords(p for file in lexical_files(lists) for p in read_lexical_relations(file))
    assert ("cat", "dog") in related
    assert len(related.words) > 4_000
    (document,) = read_documents(files[0])
    labeller = Labeller(document, related)
    i, j = np.triu_indices(len(document.words), 1)
    counts = np.bincount(labeller.codes(i, j), minlength=len(LABELS))
    assert (counts > 0).all()
    assert document.heads is not None
    assert counts[LABELS.index(Label.DEPENDENCY)] <= len(document.words)

"""References: planted cases, the official score by hand, and the packaged model on a few sentences."""

from pathlib import Path

import numpy as np
import pytest
from pydantic import ValidationError

from bifocal.models import contextual_models, static_models
from bifocal.settings import Precision, Settings
from bifocal.text import Segmenter
from bifocal_contextual.catalogue.references import (
    FeatureScale,
    HeadWeights,
    MentionRanker,
    ReferenceWeights,
    WordsRanker,
)
from bifocal_contextual.heads import read_heads
from bifocal_contextual.model import Transformer, load_transformer
from bifocal_contextual.pieces import cut
from bifocal_contextual.windows import windows
from bifocal_laboratory.corpora import AnnotatedDocument, GapItem, Mention, MentionKind, read_gap
from bifocal_laboratory.references import evaluate_coreference, evaluate_references, name_pairs
from bifocal_laboratory.references.calibrate import expected_calibration_error, platt, scaled, temperature
from bifocal_laboratory.references.features import SpanPairs, pair_features
from bifocal_laboratory.references.fit import Candidates, Schedule, fit_weights, stacked
from bifocal_laboratory.references.gap import decided, f1_score, gap_figures
from bifocal_laboratory.references.names import OTHER, PRONOUN, A, B, aligned
from bifocal_laboratory.references.pairs import measured, reachable
from bifocal_laboratory.references.rankers import chained, hits, mention_ranker, ranker_columns
from bifocal_laboratory.references.strings import STRING_FEATURES, string_features
from bifocal_laboratory.references.training import Profile, cross_validated, fit_mentions, fit_names
from bifocal_laboratory.references.word_training import HeldOut, calibrated_ranker, fit_words
from bifocal_laboratory.references.words import document_truth, measured_words, word_pairs
from bifocal_static.vectors import Vectors, load_vectors

THIRD, PROPER = MentionKind.THIRD_PERSON_PRONOUN, MentionKind.PROPER


@pytest.fixture(scope="module")
def minilm() -> Transformer:
    return load_transformer(contextual_models(Settings())["minilm-l6"], precision=Precision.FLOAT32)


@pytest.fixture(scope="module")
def glove() -> Vectors:
    return load_vectors(static_models(Settings())["glove-6b-50d"])


def document(text: str, mentions: list[tuple[str, str, MentionKind]]) -> AnnotatedDocument:
    """A text of words between spaces; mentions in order, each looked for behind the last one's start."""
    words = text.split()
    starts = [sum(len(word) + 1 for word in words[:number]) for number in range(len(words))]
    found: list[Mention] = []
    at = 0
    for phrase, entity, kind in mentions:
        parts = phrase.split()
        while words[at : at + len(parts)] != parts:
            at += 1
        found.append(Mention(at, at + len(parts), at + len(parts) - 1, entity, kind))
        at += 1
    return AnnotatedDocument(
        name="made up",
        text=text,
        words=tuple(words),
        starts=tuple(starts),
        ends=tuple(start + len(word) for start, word in zip(starts, words, strict=True)),
        sentences=((0, len(words)),),
        mentions=tuple(found),
        heads=None,
        relations=None,
        tags=None,
    )


def gap_item(text: str, pronoun: str, a: str, b: str, answer: str) -> GapItem:
    return GapItem(
        id=text[:8],
        text=text,
        pronoun=pronoun,
        pronoun_offset=text.index(f" {pronoun} ") + 1,
        a=a,
        a_offset=text.index(a),
        a_coref=answer == a,
        b=b,
        b_offset=text.index(b),
        b_coref=answer == b,
        gender="feminine" if pronoun.lower() in {"she", "her"} else "masculine",
    )


THREE = [
    gap_item(
        "Maria called John before dinner , and she told him the news .", "she", "Maria", "John", "Maria"
    ),
    gap_item(
        "Alice thanked Robert . Then he left the house with a friend .", "he", "Alice", "Robert", "Robert"
    ),
    gap_item("George wrote to Emma last week . Yesterday she wrote back .", "she", "George", "Emma", "Emma"),
]


def test_a_planted_antecedent_is_found_and_survives_the_catalogue() -> None:
    rng = np.random.default_rng(1)
    n_items, n_candidates, n_heads = 150, 6, 3
    used = Profile(name="p", n_heads=n_heads, heads=(0, 1, 2)).columns(pronoun=False)
    features = rng.normal(size=(n_items * n_candidates, len(used))).astype(np.float32)
    correct = rng.permuted(np.tile([True] + [False] * (n_candidates - 1), (n_items, 1)), axis=1).reshape(-1)
    # Head 1, block `after_anaphor`, backward.
    planted = 2 * 2 * n_heads + n_heads + 1
    features[correct, planted] += 4
    item = np.repeat(np.arange(n_items), n_candidates)
    weights = fit_weights([(Candidates(features=features, item=item, correct=correct), 1.0)], used)
    assert np.abs(weights).argmax() == planted
    ranker = mention_ranker(weights, used, n_heads)
    again = ranker_columns(MentionRanker.model_validate_json(ranker.model_dump_json()), n_heads)
    np.testing.assert_allclose(again, weights, rtol=5.1e-4, atol=1e-30)
    items, hit = hits((features @ again).astype(np.float64), item, correct)
    assert len(items) == n_items
    assert hit.mean() > 0.97


def test_of_several_right_candidates_any_will_do() -> None:
    features = np.array([[1, 0], [0, 1], [0, 0]] * 2, dtype=np.float32)
    item = np.array([0, 0, 0, 1, 1, 1])
    correct = np.array([True, True, False, True, False, False])
    weights = fit_weights(
        [(Candidates(features=features, item=item, correct=correct), 1.0)],
        np.array([True, True]),
        Schedule(l2=0),
    )
    assert weights[0] > weights[1]


def test_an_anaphor_without_a_right_candidate_has_to_be_left_out() -> None:
    lost = Candidates(
        features=np.ones((3, 1), dtype=np.float32),
        item=np.array([0, 0, 1]),
        correct=np.array([True, False, False]),
    )
    with pytest.raises(ValueError, match="right candidate"):
        fit_weights([(lost, 1.0)], np.array([True]))
    kept = lost.only(np.array([True, True, True]))
    assert kept.item.tolist() == [0, 0]
    assert stacked([kept, kept]).item.tolist() == [0, 0, 1, 1]


def test_the_official_f1_by_hand() -> None:
    truth = np.array([[1, 0], [0, 1], [0, 0], [1, 0], [0, 1], [0, 0]], dtype=bool)
    probabilities = np.array([[0.9, 0.1], [0.6, 0.3], [0.1, 0.05], [0.1, 0.1], [0.2, 0.7], [0.3, 0.4]])
    said = decided(probabilities, 0.13)
    assert said.astype(int).tolist() == [[1, 0], [1, 0], [0, 0], [0, 0], [0, 1], [0, 1]]
    # Right: items 1 and 5. Wrongly named: items 2 and 6. Missed: items 2 and 4.
    assert f1_score(truth, said)[0] == pytest.approx(2 * 2 / (4 + 4))
    items = [
        GapItem(str(n), "x", "she", 0, "A", 0, bool(a), "B", 0, bool(b), "feminine" if n < 3 else "masculine")
        for n, (a, b) in enumerate(truth)
    ]
    figures = gap_figures(items, probabilities, 0.13)
    assert figures["f1"] == 0.5
    assert figures["by_gender"]["feminine"]["f1"] == 0.5
    assert figures["accuracy"] == 0.5
    assert figures["interval"][0] <= figures["accuracy"] <= figures["interval"][1]


def test_candidates_stand_before_and_within_reach() -> None:
    text = "Ann " + "saw it and " * 3 + "she left"
    made = document(
        text,
        [
            ("Ann", "a", PROPER),
            ("it", "i", THIRD),
            ("it", "i", THIRD),
            ("it", "i", THIRD),
            ("she", "a", THIRD),
        ],
    )
    heads = [m.head for m in made.mentions]
    for reach in (3, 6, 120):
        pairs = reachable(made, reach)
        assert {tuple(p) for p in pairs.tolist()} == {
            (i, j) for i in range(5) for j in range(i) if 0 < heads[i] - heads[j] <= reach
        }
    assert 0 not in reachable(made)[:, 0], "nothing stands before the first mention"


def test_a_text_with_one_mention_asks_nothing(minilm: Transformer, glove: Vectors) -> None:
    found = evaluate_references(minilm, glove, [document("Ann slept", [("Ann", "a", PROPER)])], tiny(minilm))
    assert found["n"] == 0
    assert found["contextual"] == {"accuracy": None, "interval": None}


def test_a_pronoun_passes_on_its_own_antecedents() -> None:
    # 0 and 1 are names, 2 and 3 pronouns: 3 goes to 2 with 0.8, 2 to 0 with 0.9.
    pairs = np.array([[2, 0], [2, 1], [3, 0], [3, 1], [3, 2]])
    shares = np.array([0.9, 0.1, 0.05, 0.15, 0.8])
    passes_on = pairs[:, 1] == 2
    found = chained(shares, pairs, passes_on, 4, 2)
    np.testing.assert_allclose(found, [0.9, 0.1, 0.05 + 0.8 * 0.9, 0.15 + 0.8 * 0.1, 0])
    np.testing.assert_allclose(chained(shares, pairs, passes_on, 4, 0), [0.9, 0.1, 0.05, 0.15, 0])


def test_what_the_words_say() -> None:
    made = document(
        "the old house and his house , which he left",
        [("the old house", "h", MentionKind.NOMINAL), ("his", "x", THIRD),
         ("house", "g", MentionKind.NOMINAL), ("he", "x", THIRD)],
    )  # fmt: skip
    values = string_features(made.words, made.mentions, np.array([[2, 0], [3, 1]]))
    said = [dict(zip(STRING_FEATURES, row.tolist(), strict=True)) for row in values]
    assert said[0]["same_head"] == 1
    assert said[0]["same_string"] == said[0]["new_modifier"] == 0
    assert said[1]["same_pronoun"] == said[1]["antecedent_third_person"] == 1
    assert said[0]["log_distance"] == pytest.approx(np.log(4) / 2, abs=1e-6)


def test_features_are_the_heads_own_weights(minilm: Transformer) -> None:
    text = "The old man saw Alice Brown near the station and he greeted her ."
    words = text.split()
    starts = np.array([sum(len(w) + 1 for w in words[:n]) for n in range(len(words))])
    ends = starts + np.array([len(w) for w in words])
    spans = np.array([(0, 3, 2), (4, 6, 5), (10, 11, 10), (12, 13, 12)])
    pairs = np.array([(2, 0), (3, 1), (3, 0)])
    (found,) = pair_features(minilm, text, starts, ends, [SpanPairs(spans=spans, pairs=pairs)])
    assert found.shape == (3, 4, 2, 72)
    pieces = cut(minilm.tokenizer, text, starts, ends)
    laid = [(pieces, windows(pieces, most_pieces=400, overlap=0.5))]
    weights = next(iter(read_heads(minilm, laid, batch_tokens=512))).weights.numpy()
    scale = FeatureScale()
    for row, (i, j) in enumerate(pairs):
        (s, e, h), (t, f, g) = spans[i], spans[j]
        expected = np.array([
            [weights[:, h, g], weights[:, g, h]],
            [weights[:, s:e, t:f].sum(2).max(1), weights[:, t:f, s:e].sum(2).max(1)],
            [weights[:, h + 1, g], weights[:, g, h + 1]],
            [weights[:, h, g + 1], weights[:, g + 1, h]],
        ])  # fmt: skip
        np.testing.assert_allclose(found[row], scale.of(expected), atol=2e-4)


def test_a_pair_that_no_window_holds_has_the_feature_of_nothing(minilm: Transformer) -> None:
    words = ["Ann", *["river"] * 450, "she"]
    text = " ".join(words)
    starts = np.array([sum(len(w) + 1 for w in words[:n]) for n in range(len(words))])
    ends = starts + np.array([len(w) for w in words])
    spans = np.array([(0, 1, 0), (5, 6, 5), (451, 452, 451)])
    pairs = np.array([(2, 0), (1, 0)])
    (found,) = pair_features(
        minilm, text, starts, ends, [SpanPairs(spans=spans, pairs=pairs, blocks=("head",))]
    )
    nothing = FeatureScale().of(np.zeros(1, dtype=np.float32))[0]
    assert (found[0] == nothing).all()
    assert (found[1] > nothing).any()
    with pytest.raises(ValueError, match="head"):
        pair_features(minilm, text, starts, ends, [SpanPairs(spans=np.array([(0, 1, 1)]), pairs=pairs)])


def words_ranker() -> WordsRanker:
    forward = HeadWeights(block="head", direction="forward", heads=(53,), weights=(1.0,))
    return WordsRanker(
        attention=(forward,),
        reach_words=150,
        distance_edges=(1, 8),
        distance_bias=(0.0, 0.1),
        null=0.0,
        temperature=1.0,
    )


def tiny(transformer: Transformer, names: MentionRanker | None = None) -> ReferenceWeights:
    """A catalogue out of one head of the fifth layer, in which names look at their pronouns."""
    backward = HeadWeights(block="span", direction="backward", heads=(53,), weights=(1.0,))
    ranker = MentionRanker(attention=(backward,), null=-2.0)
    return ReferenceWeights(
        model="minilm-l6",
        language="en",
        profile="tiny",
        n_heads=sum(transformer.n_heads),
        heads=tuple(range(72)),
        row_heads=(),
        pronouns=("he", "she"),
        reach_words=120,
        names=names or ranker,
        mentions={kind.value: ranker for kind in MentionKind},
        words=words_ranker(),
    )


def test_three_sentences_are_read_and_a_ranker_learns_them(minilm: Transformer, glove: Vectors) -> None:
    segmenter = Segmenter("en")
    pairs = [name_pairs(minilm, glove, item, segmenter) for item in THREE]
    for p, item in zip(pairs, THREE, strict=True):
        assert p.roles[:3].tolist() == [PRONOUN, A, B]
        assert [p.words[p.spans[k, 2]] for k in range(3)] == [item.pronoun, item.a, item.b]
    profile = Profile(name="fast", n_heads=72, heads=(44, 53), row_heads=tuple(range(72)))
    ranker = fit_names(pairs, profile)
    found = evaluate_coreference(minilm, glove, THREE, tiny(minilm, ranker), segmenter=segmenter)
    assert found["n"] == found["n_answered"] == 3
    assert found["contextual"]["accuracy"] == 1
    assert found["contextual"]["by_gender"]["feminine"]["n"] == 2
    assert set(found) >= {"chance", "nearest", "static", "contextual", "both"}
    unseen = cross_validated(pairs, lambda rest: fit_names(rest, profile), 72, folds=3)
    np.testing.assert_allclose(unseen.sum(axis=1), 1)


def test_documents_are_read_and_rankers_learn_them(minilm: Transformer, glove: Vectors) -> None:
    made = document(
        "Maria met John . She liked John and he liked Maria .",
        [("Maria", "m", PROPER), ("John", "j", PROPER), ("She", "m", THIRD), ("John", "j", PROPER),
         ("he", "j", THIRD), ("Maria", "m", PROPER)],
    )  # fmt: skip
    starts, ends = np.array(made.starts), np.array(made.ends)
    spans = np.array([(m.start, m.end, m.head) for m in made.mentions])
    asked, among = reachable(made), word_pairs(made.words)
    each = np.arange(len(made.words))
    of_words = SpanPairs(spans=np.stack([each, each + 1, each], axis=1), pairs=among, blocks=("head",))
    mentions, words = pair_features(
        minilm, made.text, starts, ends, [SpanPairs(spans=spans, pairs=asked), of_words]
    )
    profile = Profile(name="full", n_heads=72, heads=tuple(range(72)))
    rankers = fit_mentions([measured(made, asked, mentions, glove)], profile)
    assert set(rankers) == {THIRD, PROPER, "third_person_pronoun_to_non_pronoun"}
    weights = tiny(minilm).model_copy(update={"mentions": rankers})
    found = evaluate_references(minilm, glove, [made], weights)
    assert found["n"] == 4
    assert found["contextual"]["accuracy"] == 1
    assert found["by_type"][THIRD.value]["n"] == 2
    assert found["by_type"]["nominal"]["n"] == 0
    with pytest.raises(ValueError, match="heads"):
        evaluate_references(minilm, glove, [made], weights.model_copy(update={"n_heads": 12}))

    marked, right = document_truth(made, among)
    assert marked.all()
    assert [(made.words[i], made.words[j]) for i, j in among[right]] == [
        ("She", "Maria"),
        ("he", "John"),
        ("he", "John"),
    ]
    part = measured_words(made.words, among, words, right, glove)
    ranker = fit_words([part], [], profile)
    scores = part.features[:, :-1].astype(np.float64) @ np.append(
        [w for group in ranker.attention for w in group.weights], ranker.distance_bias
    )
    assert hits(scores, part.pairs[:, 0], part.correct)[1].all()
    held = HeldOut(pairs=part, ranker=ranker, known=np.ones(len(among), dtype=bool))
    calibrated = calibrated_ranker(ranker, [[held]], 72)
    assert calibrated.temperature > 0


def test_calibration_finds_what_was_done_to_the_scores() -> None:
    rng = np.random.default_rng(3)
    scores = rng.normal(size=(4000, 4)) * 2
    shares = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    drawn = (rng.random((4000, 1)) > shares.cumsum(axis=1)).sum(axis=1).clip(max=3)
    correct = (np.arange(4) == drawn[:, None]).reshape(-1)
    item = np.repeat(np.arange(4000), 4)
    assert temperature(3 * scores.reshape(-1), item, correct) == pytest.approx(3, rel=0.1)
    bold = scaled(shares.reshape(-1), 2.0, 0.3)
    slope, intercept = platt(bold, correct)
    assert slope == pytest.approx(0.5, abs=0.05)
    assert expected_calibration_error(scaled(bold, slope, intercept), correct) < 0.02
    assert expected_calibration_error(np.array([0.9, 0.9]), np.array([True, False])) == pytest.approx(0.4)


def test_a_catalogue_refuses_what_does_not_fit(minilm: Transformer) -> None:
    with pytest.raises(ValidationError, match="one weight for each head"):
        HeadWeights(block="head", direction="forward", heads=(1, 2), weights=(0.5,))
    with pytest.raises(ValidationError, match="one bias"):
        WordsRanker.model_validate({**words_ranker().model_dump(), "distance_bias": (0.0,)})
    with pytest.raises(ValidationError, match="not measured"):
        ReferenceWeights.model_validate({**tiny(minilm).model_dump(), "heads": (1,)})
    ranker = words_ranker().model_copy(update={"slope": 2.0, "intercept": 0.5})
    assert ranker.calibrated(0.5) == pytest.approx(1 / (1 + np.exp(-0.5)))


def test_names_stand_for_their_other_places() -> None:
    text = "Alice Hamilton met Bob Stone . Hamilton smiled , and she waved as Bob Stone left her ."
    item = gap_item(text, "she", "Alice Hamilton", "Bob Stone", "Alice Hamilton")
    words, _, _, spans, roles = aligned(item, Segmenter("en"))
    assert [(role, words[start:end]) for role, (start, end, _) in zip(roles, spans, strict=True)] == [
        (PRONOUN, ("she",)), (A, ("Alice", "Hamilton")), (B, ("Bob", "Stone")), (B, ("Bob", "Stone")),
        (A, ("Hamilton",)), (OTHER, ("her",)),
    ]  # fmt: skip


def test_every_pronoun_and_name_of_gap_meets_whole_words(evaluation_data: Path) -> None:
    segmenter = Segmenter("en")
    items = list(read_gap(evaluation_data / "gap" / "gap-validation.tsv"))
    assert len(items) == 454
    cut_names = 0
    for item in items:
        words, starts, ends, spans, roles = aligned(item, segmenter)
        assert roles[:3].tolist() == [PRONOUN, A, B]
        assert words[spans[0, 2]].lower() == item.pronoun.lower()
        for (start, end, _), name, offset in zip(
            spans[1:3], (item.a, item.b), (item.a_offset, item.b_offset), strict=True
        ):
            assert starts[start] <= offset
            assert ends[end - 1] >= offset + len(name)
            cut_names += item.text[starts[start] : ends[end - 1]] != name
    assert cut_names / (2 * len(items)) < 0.02

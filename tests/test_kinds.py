"""Kinds of relations: the quick way over sparse pairs says what the plain formula says."""

from collections.abc import Callable
from itertools import combinations, pairwise

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from bifocal.contracts import Profile, ShardDocument
from bifocal.lenses import JointChannels, PairKinds
from bifocal.models import contextual_models
from bifocal.settings import Precision, Settings
from bifocal.text import is_candidate
from bifocal_contextual.catalogue import (
    REFERS_TO,
    HeadCatalogue,
    KindFigures,
    ProfileWeights,
)
from bifocal_contextual.catalogue.arcs import N_BUCKETS, ArcWeights, special_features
from bifocal_contextual.catalogue.references import (
    HeadWeights,
    MentionRanker,
    ReferenceWeights,
    WordsRanker,
)
from bifocal_contextual.heads import read_heads
from bifocal_contextual.kinds import FoundKinds, KindFinder
from bifocal_contextual.kinds.labels import LEAST_PROBABILITY
from bifocal_contextual.model import Transformer, load_transformer
from bifocal_contextual.pieces import cut
from bifocal_contextual.reading import read_windows
from bifocal_contextual.windows import windows
from bifocal_gateway.merge.kinds import LikeliestKinds, PairTable
from bifocal_gateway.units import Units

Segmented = Callable[..., ShardDocument]
KINDS = ("subject", "object", "other")
TEXT = (
    "France is a country, it is in Europe. Unbelievably, she doesn't like the band's music. "
    "Her brother told him that they had played it twice before the rain came."
)


@pytest.fixture(scope="module")
def minilm() -> Transformer:
    return load_transformer(contextual_models(Settings())["minilm-l6"], precision=Precision.FLOAT32)


def head_weights(direction: str, heads: tuple[int, ...], random: np.random.Generator) -> HeadWeights:
    weights = tuple(random.normal(size=len(heads)))
    return HeadWeights(block="head", direction=direction, heads=heads, weights=weights)


def catalogue(heads: tuple[int, ...], row_heads: tuple[int, ...] = (), seed: int = 0) -> HeadCatalogue:
    """Random weights that no zero hides behind."""
    random = np.random.default_rng(seed)
    h, channels = len(heads), len(KINDS) + 3
    arcs = ArcWeights(
        heads=heads,
        kinds=KINDS,
        n_mixed=1,
        n_gated=2,
        pair=random.normal(size=(2 * h, 2 * channels)) / 3,
        special=random.normal(size=(4 * h, 4)) / 3,
        distance=random.normal(size=(N_BUCKETS, len(KINDS))),
        temperature=1.7,
    )
    forward = tuple(sorted({*heads, *row_heads}))
    words = WordsRanker(
        attention=(
            head_weights("forward", forward, random),
            head_weights("backward", heads, random),
        ),
        reach_words=25,
        distance_edges=(1, 4, 9),
        distance_bias=(0.5, -0.2, 0.1),
        null=0.3,
        temperature=1.4,
        slope=0.9,
        intercept=-0.1,
    )  # fmt: skip
    references = ReferenceWeights(
        model="minilm-l6",
        language="en",
        profile="fast",
        n_heads=72,
        heads=heads,
        row_heads=row_heads,
        pronouns=("it", "she", "her", "him", "they"),
        reach_words=25,
        names=MentionRanker(attention=()),
        mentions={},
        words=words,
    )
    profile = ProfileWeights(arcs=arcs, references=references)
    told = ("subject", "object", REFERS_TO)
    figures = tuple(
        KindFigures(name=name, n=1, chance=0, position=0, static=0, contextual=1) for name in told
    )
    return HeadCatalogue(
        name="test/1", model="minilm-l6", model_hash="", language="en", fitted_on=(), heads=heads,
        kinds=figures, left_out=(), profiles={Profile.FAST: profile, Profile.FULL: profile},
    )  # fmt: skip


def found_in(
    transformer: Transformer, weights: HeadCatalogue, document: ShardDocument, room: int = 510, named: int = 0
) -> FoundKinds:
    candidate = np.array([is_candidate(word) for word in document.words])
    search = KindFinder(transformer, weights, Profile.FAST).open([document], [candidate], heads_named=named)
    pieces = cut(
        transformer.tokenizer, document.text, np.array(document.word_starts), np.array(document.word_ends)
    )
    laid = [(pieces, windows(pieces, most_pieces=room, overlap=0.5))]
    parts = sorted(
        read_windows(transformer, laid, search.readers, batch_tokens=512),
        key=lambda p: p[0].window.first_word,
    )
    return search.found(0, laid[0][1], [results for _, results in parts])


def dense(
    transformer: Transformer, document: ShardDocument, room: int = 510
) -> list[tuple[int, int, np.ndarray]]:
    """All heads' weights of each window as ``(words + 2, words + 2, heads)``."""
    pieces = cut(
        transformer.tokenizer, document.text, np.array(document.word_starts), np.array(document.word_ends)
    )
    laid = [(pieces, windows(pieces, most_pieces=room, overlap=0.5))]
    return [
        (w.window.first_word, w.window.end_word, w.weights.permute(1, 2, 0).numpy())
        for w in read_heads(transformer, laid, batch_tokens=512)
    ]


def slow_arcs(
    weights: ArcWeights, whole: np.ndarray, document: ShardDocument
) -> dict[tuple[int, int], float]:
    """Probability of the likeliest kind of every ordered pair, by the catalogue's own dense formula."""
    chosen = whole[..., list(weights.heads)]
    n = len(document.words)
    bounds = [*document.sentence_starts, n]
    found = {}
    for first, end in pairwise(bounds):
        words = np.arange(first, end)
        specials = np.concatenate(
            [chosen[words, n], chosen[n, words], chosen[words, n + 1], chosen[n + 1, words]], axis=1
        )
        labelled, _ = weights.log_probabilities(
            weights.channels(chosen[np.ix_(words, words)]), weights.special_channels(specials)
        )
        for i in range(len(words)):
            for j in range(len(words)):
                if i != j:
                    found[first + i, first + j] = float(np.exp(labelled[i, j].max()))
    return found


@pytest.mark.parametrize("heads", [(40, 3, 71, 37), tuple(range(72))], ids=["four heads", "all heads"])
def test_arcs_are_labelled_as_the_catalogues_formula_has_it(
    minilm: Transformer, segmented: Segmented, heads: tuple[int, ...]
) -> None:
    document = segmented(TEXT)
    weights = catalogue(heads)
    arcs = weights.profiles[Profile.FAST].arcs
    assert arcs is not None
    [(_, _, whole)] = dense(minilm, document)
    expected = slow_arcs(arcs, whole, document)
    result = found_in(minilm, weights, document)
    kinds = result.kinds
    told = {
        (int(d), int(h)): float(p)
        for d, h, k, p in zip(kinds.dependent, kinds.head, kinds.kind, kinds.probability, strict=True)
        if result.names[k] != REFERS_TO
    }
    assert len(told) > 10
    for pair, probability in told.items():
        assert probability == pytest.approx(expected[pair], abs=1e-4)
    words = document.words
    missing = [
        p for p, value in expected.items()
        if value > LEAST_PROBABILITY + 1e-3 and p not in told
        and all(words[k].isalpha() for k in p)
    ]  # fmt: skip
    # What is not told has the kind that is not to be told.
    assert all(_likeliest(arcs, whole, document, pair) == "other" for pair in missing)


def _likeliest(weights: ArcWeights, whole: np.ndarray, document: ShardDocument, pair: tuple[int, int]) -> str:
    chosen, n = whole[..., list(weights.heads)], len(document.words)
    starts = np.array([*document.sentence_starts, n])
    number = int(np.searchsorted(starts, pair[0], side="right")) - 1
    words = np.arange(starts[number], starts[number + 1])
    specials = np.concatenate(
        [chosen[words, n], chosen[n, words], chosen[words, n + 1], chosen[n + 1, words]], axis=1
    )
    labelled, _ = weights.log_probabilities(
        weights.channels(chosen[np.ix_(words, words)]), weights.special_channels(specials)
    )
    return weights.kinds[int(labelled[pair[0] - words[0], pair[1] - words[0]].argmax())]


@pytest.mark.parametrize("row_heads", [(), (0, 13, 40, 70)], ids=["both ways", "more heads for pronouns"])
def test_references_are_linked_as_the_catalogues_formula_has_it(
    minilm: Transformer, segmented: Segmented, row_heads: tuple[int, ...]
) -> None:
    document = segmented(TEXT)
    weights = catalogue((40, 3, 71, 37), row_heads)
    references = weights.profiles[Profile.FAST].references
    assert references is not None
    ranker, scale = references.words, references.scale
    [(_, _, whole)] = dense(minilm, document)
    result = found_in(minilm, weights, document)
    kinds = result.kinds
    told = {
        (int(d), int(h)): float(p)
        for d, h, k, p in zip(kinds.dependent, kinds.head, kinds.kind, kinds.probability, strict=True)
        if result.names[k] == REFERS_TO
    }
    expected = {}
    for i, word in enumerate(document.words):
        if word.lower() not in references.pronouns:
            continue
        candidates = [j for j in range(max(0, i - 25), i) if is_candidate(document.words[j])]
        scores = []
        for j in candidates:
            forward, backward = ranker.attention
            score = scale.of(whole[i, j, list(forward.heads)]) @ np.array(forward.weights)
            score += scale.of(whole[j, i, list(backward.heads)]) @ np.array(backward.weights)
            bucket = np.searchsorted(ranker.distance_edges, i - j, side="right") - 1
            scores.append((score + ranker.distance_bias[bucket]) / ranker.temperature)
        if candidates:
            every = np.exp([*scores, ranker.null / ranker.temperature])
            softmax = every / every.sum()
            expected |= {
                (i, j): ranker.calibrated(float(p)) for j, p in zip(candidates, softmax[:-1], strict=True)
            }
    assert told
    assert told == pytest.approx({p: v for p, v in expected.items() if v >= LEAST_PROBABILITY}, abs=1e-4)


def test_channels_for_the_joint_probe_are_those_of_the_formula(
    minilm: Transformer, segmented: Segmented
) -> None:
    document = segmented(TEXT)
    weights = catalogue((40, 3, 71, 37))
    arcs = weights.profiles[Profile.FAST].arcs
    assert arcs is not None
    joint = found_in(minilm, weights, document).joint
    assert isinstance(joint, JointChannels)
    [(_, _, whole)] = dense(minilm, document)
    n = len(document.words)
    channels = arcs.channels(whole[:n, :n, list(arcs.heads)])[..., len(KINDS) :]
    assert pytest.approx(channels[joint.i, joint.j], abs=1e-2) == joint.channels[0].T
    assert pytest.approx(channels[joint.j, joint.i], abs=1e-2) == joint.channels[1].T
    specials = whole[..., list(arcs.heads)]
    features = special_features(
        np.concatenate([specials[:n, n], specials[n, :n], specials[:n, n + 1], specials[n + 1, :n]], axis=1)
    )
    assert pytest.approx((features @ arcs.special)[:, 2:], abs=1e-2) == joint.words.T


def test_kinds_of_a_long_document_are_the_mean_over_its_windows(
    minilm: Transformer, segmented: Segmented
) -> None:
    document = segmented(TEXT)
    weights = catalogue((40, 3, 71, 37))
    joint = found_in(minilm, weights, document, room=24).joint
    arcs = weights.profiles[Profile.FAST].arcs
    assert joint is not None
    assert arcs is not None
    total = np.zeros((len(joint.i), 3))
    seen = np.zeros(len(joint.i))
    for first, end, whole in dense(minilm, document, room=24):
        inside = np.flatnonzero((joint.i >= first) & (joint.j < end))
        channels = arcs.channels(whole[: end - first, : end - first, list(arcs.heads)])[..., len(KINDS) :]
        total[inside] += channels[joint.i[inside] - first, joint.j[inside] - first]
        seen[inside] += 1
    assert seen.min() >= 1
    assert seen.max() >= 2
    assert pytest.approx(total / seen[:, None], abs=1e-2) == joint.channels[0].T


def test_the_heads_that_spoke_add_up_to_the_score_above_the_other_candidates(
    minilm: Transformer, segmented: Segmented
) -> None:
    document = segmented(TEXT)
    heads = (40, 3, 71, 37)
    weights = catalogue(heads)
    arcs = weights.profiles[Profile.FAST].arcs
    assert arcs is not None
    result = found_in(minilm, weights, document, named=72)
    [(_, _, whole)] = dense(minilm, document)
    n = len(document.words)
    channels = arcs.channels(whole[:n, :n, list(heads)])
    bounds = np.array([*document.sentence_starts, n])
    checked = 0
    for number, kind in enumerate(result.kinds.kind):
        if result.names[kind] == REFERS_TO:
            continue
        i, j = int(result.kinds.dependent[number]), int(result.kinds.head[number])
        sentence = int(np.searchsorted(bounds, i, side="right")) - 1
        others = [k for k in range(bounds[sentence], bounds[sentence + 1]) if k != i]
        above = channels[i, j, kind] - channels[i, others, kind].mean()
        assert result.kinds.voices_added[number].sum() == pytest.approx(above, abs=1e-3)
        loud = {(layer - 1) * 12 + head - 1 for layer, head in result.kinds.voices[number][:4].tolist()}
        assert loud <= set(range(72))
        checked += 1
    assert checked > 5


@settings(deadline=None)
@given(
    st.integers(2, 12).flatmap(
        lambda n: st.tuples(
            st.just(n),
            st.lists(
                st.tuples(st.integers(0, n - 1), st.integers(0, n - 1), st.integers(0, 3), st.floats(0.05, 1))
                .filter(lambda t: t[0] != t[1]),
                max_size=20,
            ),
        )
    ),
    st.integers(1, 3),
)  # fmt: skip
def test_each_pair_has_the_likeliest_of_its_kinds(
    case: tuple[int, list[tuple[int, int, int, float]]], longest: int
) -> None:
    # Given units of up to so many words, and a word between every two that is in none
    n, found = case
    step = longest + (longest > 1)
    units = Units.of([(k, min(k + longest, n)) for k in range(0, n, step)], n)
    columns = list(zip(*found, strict=True)) or [(), (), (), ()]
    kinds = PairKinds(
        dependent=np.array(columns[0], np.int32),
        head=np.array(columns[1], np.int32),
        kind=np.array(columns[2], np.int32),
        probability=np.array(columns[3], np.float32),
        voices=np.zeros((len(found), 0, 2), np.int32),
        voices_added=np.zeros((len(found), 0), np.float32),
    )
    i, j = np.triu_indices(len(units), 1)
    likeliest = LikeliestKinds.of(kinds, ["a", "b", "c", "d"], units)
    place, probability = likeliest.find(i, j)
    for a, b, at, p in zip(i.tolist(), j.tolist(), place.tolist(), probability.tolist(), strict=True):
        own = [np.float32(q) for d, h, _, q in found if {units.of_word[d], units.of_word[h]} == {a, b}]
        assert p == pytest.approx(max(own, default=0.0))
        assert (at == -1) == (not own)


@given(st.sets(st.sampled_from(list(combinations(range(10), 2))), max_size=20))
def test_a_pair_is_found_exactly_if_it_is_there(pairs: set[tuple[int, int]]) -> None:
    listed = sorted(pairs, key=hash)
    i, j = np.array(listed, np.int64).reshape(-1, 2).T
    # In either order of its words.
    i[::2], j[::2] = j[::2].copy(), i[::2].copy()
    table = PairTable(i, j, np.ones(len(i), np.float32), Units.of([(k, k + 1) for k in range(10)], 10))
    one, other = np.triu_indices(10, 1)
    found = table.find(one, other).tolist()
    every = zip(one.tolist(), other.tolist(), strict=True)
    assert found == [listed.index(pair) if pair in pairs else -1 for pair in every]


def test_pronoun_rows_cost_no_other_rows(minilm: Transformer, segmented: Segmented) -> None:
    """The trick of the fast profile: what a pronoun attends to, without whole matrices."""
    from bifocal_contextual.attention import AttentionCall, listening

    shapes = []
    ids = torch.tensor([minilm.tokenizer.encode(TEXT).ids])

    class Rows:
        def hear(self, call: AttentionCall) -> None:
            rows = call.row_weights([torch.tensor([2, 5])])
            shapes.append(tuple(rows.shape))
            assert call.all_weights is None
            expected = call.weights()[:, :, [2, 5]]
            assert torch.allclose(rows, expected, atol=1e-6)

    with torch.inference_mode(), listening(Rows()):
        minilm.network(input_ids=ids)
    assert shapes == [(1, 12, 2, ids.shape[1])] * 6

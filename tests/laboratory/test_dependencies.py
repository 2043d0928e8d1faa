"""Probes of head words, fitted and measured on a treebank of a few made-up sentences."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import product
from pathlib import Path

import numpy as np
import pytest
import torch

from bifocal.contracts import Space
from bifocal.errors import ModelUnavailable
from bifocal.models import contextual_models, static_models
from bifocal.settings import Precision, settings
from bifocal_contextual.catalogue.arcs import ArcWeights, Special, buckets
from bifocal_contextual.model import load_transformer
from bifocal_gateway.merge.arcs_static import StaticProbe
from bifocal_gateway.merge.joint import JointProbe, ProbeSource
from bifocal_laboratory.corpora import AnnotatedDocument, read_documents
from bifocal_laboratory.dependencies import (
    KINDS,
    FitOptions,
    Positions,
    SentenceBlock,
    evaluate_dependencies,
    expected_calibration_error,
    fit_dependencies,
    kind_of,
    sentence_blocks,
    set_aside,
    with_heads,
)
from bifocal_laboratory.dependencies.batches import SentenceBatch
from bifocal_laboratory.dependencies.fit import fit_contextual, fit_joint, fit_static, joint_arrays
from bifocal_laboratory.dependencies.predictions import answers
from bifocal_static.vectors import load_vectors

HEADS = (3, 40, 51, 64)
SOURCE = ProbeSource(
    static_model="glove-6b-50d",
    static_hash="sha256:0",
    contextual_model="minilm-l6",
    contextual_hash="sha256:1",
    catalogue="test",
)
N_DOCUMENTS = 12
QUICK = FitOptions(epochs=12, batch_pairs=300, rate=2e-2)


@pytest.fixture(scope="module")
def treebank(tmp_path_factory: pytest.TempPathFactory) -> list[AnnotatedDocument]:
    """Documents of *the ADJECTIVE NOUN VERB a NOUN .*, now and then with an adverb in front."""
    subjects, verbs = ("king", "doctor", "cat", "Zqxvkwj"), ("sees", "paints", "sold")
    rows = list(product(("old", "quick"), subjects, verbs, ("house", "boat"), (False, True)))
    lines = []
    for number in range(N_DOCUMENTS):
        lines.append(f"# newdoc id = made-{number}")
        for adjective, subject, verb, thing, adverb in rows[number::N_DOCUMENTS]:
            arcs = [
                ("The", "det", 3),
                (adjective, "amod", 3),
                (subject, "nsubj", 4),
                (verb, "root", 0),
                ("a", "det", 6),
                (thing, "obj", 4),
                (".", "punct", 4),
            ]
            if adverb:
                moved = [(word, relation, head + 1 if head else 0) for word, relation, head in arcs]
                arcs = [("Today", "advmod", 5), *moved]
            lines += [
                f"{place}\t{word}\t_\tX\t_\t_\t{head}\t{relation}\t_\t_"
                for place, (word, relation, head) in enumerate(arcs, 1)
            ]
            lines.append("")
    path = tmp_path_factory.mktemp("treebank") / "made.conllu"
    path.write_text("\n".join(lines) + "\n")
    return list(read_documents(path))


@pytest.fixture(scope="module")
def blocks(treebank: list[AnnotatedDocument]) -> list[SentenceBlock]:
    torch.set_num_threads(1)
    transformer = load_transformer(contextual_models(settings())["minilm-l6"], precision=Precision.FLOAT32)
    trained = load_vectors(static_models(settings())["glove-6b-50d"])
    vectors = trained.in_space(Space.COMMON_REMOVED)
    found = list(sentence_blocks(treebank, transformer, vectors))
    # Half the room makes for more windows; weights change with what else a window holds.
    narrow = list(sentence_blocks(treebank, transformer, vectors, most_pieces=20))
    assert [len(block) for block in narrow] == [len(block) for block in found]
    return found


def test_blocks_hold_every_sentence_with_its_weights(
    treebank: list[AnnotatedDocument], blocks: list[SentenceBlock]
) -> None:
    assert len(blocks) == sum(len(document.sentences) for document in treebank)
    block = blocks[0]
    n = len(block)
    assert block.weights.shape == (n, n, 72)
    assert block.specials.shape == (n, 4 * 72)
    # What is left goes to other sentences.
    leaving = block.specials.reshape(n, 4, 72)[:, [0, 2]].sum(axis=1) + block.weights.sum(axis=1)
    assert (leaving < 1.01).all()
    assert block.heads.tolist().count(n) == 1
    words = [word for document in treebank for word in document.words]
    known = np.concatenate([b.known for b in blocks])
    assert [bool(k) for k in known] == [word.lower() != "zqxvkwj" for word in words]
    lengths = np.linalg.norm(np.concatenate([b.vectors for b in blocks]), axis=1)
    np.testing.assert_allclose(lengths, known, atol=1e-6)


def test_fits_and_measures_end_to_end(blocks: list[SentenceBlock], tmp_path: Path) -> None:
    test = {"made-0", "made-1"}
    train = [block for block in blocks if block.document not in test]
    fitted = fit_dependencies(train, heads=HEADS, source=SOURCE, options=QUICK)
    assert not fitted.fitted_on & fitted.calibrated_on
    assert fitted.fitted_on | fitted.calibrated_on == {b.document for b in train}
    held_out = [block for block in blocks if block.document in test]
    found = evaluate_dependencies(
        held_out, arcs=fitted.arcs, joint=fitted.joint, positions=Positions.of(train)
    )
    assert found["n"] == sum(r != "punct" for b in held_out for r in b.relations)
    for lens in ("static", "contextual", "both"):
        assert found[lens]["uas"] > 0.95, lens
        low, high = found[lens]["interval"]
        assert low <= found[lens]["uas"] <= high
        assert found[lens]["undirected"] >= found[lens]["uas"]
    assert found["chance"] < 0.2
    assert found["nearest"] <= found["position"] < 0.9
    assert set(found["per_relation"]) == {
        "adverb",
        "adjective",
        "determiner",
        "subject",
        "object",
        "punctuation",
    }
    # A determiner's head is next but one to it or next, and nothing but position says so as well.
    assert "subject" in found["left_out"]
    assert 0 <= found["calibration"]["after"] <= 1

    path = tmp_path / "joint.safetensors"
    fitted.joint.save(path)
    loaded, again = JointProbe.load(path), StaticProbe.load(path)
    assert loaded.source == SOURCE
    np.testing.assert_array_equal(again.rectified, fitted.joint.static.rectified)
    reread = ArcWeights.model_validate_json(fitted.arcs.model_dump_json())
    before = answers(held_out, arcs=fitted.arcs, joint=fitted.joint, positions=Positions.of(train))
    after = answers(held_out, arcs=reread, joint=loaded, positions=Positions.of(train))
    np.testing.assert_array_equal(before.confidence, after.confidence)
    np.testing.assert_array_equal(before.heads["both"], after.heads["both"])


def test_the_arrays_say_what_the_modules_say(blocks: list[SentenceBlock]) -> None:
    chosen = with_heads(blocks[:20], HEADS)
    contextual, static, joint = (
        fit(chosen, FitOptions(epochs=3)) for fit in (fit_contextual, fit_static, fit_joint)
    )
    arrays = joint_arrays(joint, static, SOURCE)
    # Together as one document, to see that sentences do not mix.
    sentences, first = [], 0
    for block in chosen:
        sentences.append((first, first + len(block)))
        first += len(block)
    vectors, known = (np.concatenate([getattr(b, name) for b in chosen]) for name in ("vectors", "known"))
    batches = [SentenceBatch.of([block]) for block in chosen]
    with torch.no_grad():
        channels, special = zip(*(joint.channels(batch) for batch in batches), strict=True)
        expected = [joint(batch)[0].numpy() for batch in batches]
        expected_static = [static(batch)[0].numpy() for batch in batches]
        expected_kinds = [contextual(batch)[0].numpy() for batch in batches]
    found = arrays.log_probabilities(
        vectors,
        known,
        sentences,
        [channel[0].numpy() for channel in channels],
        np.concatenate([unary[0].numpy() for unary in special]),
    )
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(np.exp(one), np.exp(other), atol=1e-5)
    for one, other in zip(
        arrays.static.log_probabilities(vectors, known, sentences), expected_static, strict=True
    ):
        np.testing.assert_allclose(np.exp(one), np.exp(other), atol=1e-5)
    arcs = exact_arcs(contextual, joint)
    for block, other in zip(chosen, expected_kinds, strict=True):
        labelled, root = arcs.log_probabilities(
            arcs.channels(block.weights.astype(np.float32)),
            arcs.special_channels(block.specials.astype(np.float32)),
        )
        both = np.hstack([np.logaddexp.reduce(labelled, axis=-1), root[:, None]])
        np.testing.assert_allclose(np.exp(both), np.exp(other), atol=1e-5)


def exact_arcs(contextual: torch.nn.Module, joint: torch.nn.Module) -> ArcWeights:
    """As `arc_weights`, but not rounded."""
    own = [module.channels for module in (contextual, joint)]
    halves = [c.pair.detach().chunk(2, dim=1) for c in own]
    return ArcWeights(
        heads=HEADS,
        kinds=KINDS,
        n_mixed=16,
        n_gated=8,
        pair=torch.hstack([half[side] for side in (0, 1) for half in halves]).numpy(),
        special=torch.hstack([c.special.detach() for c in own]).numpy(),
        distance=contextual.distance.detach().numpy(),
        temperature=1.0,
    )


def test_finds_a_tree_that_is_planted_in_one_head(rng: np.random.Generator) -> None:
    blocks = planted(rng, documents=20)
    fitted = fit_dependencies(blocks, heads=(0, 1, 2), source=SOURCE, options=QUICK)
    fresh = planted(rng, documents=4)
    found = evaluate_dependencies(fresh, arcs=fitted.arcs, joint=fitted.joint, positions=Positions.of(blocks))
    assert found["contextual"]["uas"] > 0.97
    assert found["both"]["uas"] > 0.97
    assert found["static"]["uas"] < 0.5
    assert found["margin"]["over"] == "contextual"
    assert found["left_out"] == []


def test_nothing_is_fitted_on_what_is_set_aside(rng: np.random.Generator) -> None:
    # Its last word is too far from its first one.
    blocks = [*planted(rng, documents=5), _planted(rng, "long", 70)]
    _, aside = set_aside(blocks)
    names = {block.document for block in aside}
    assert len(names) == 1
    # Half of the words' heads are wrong now.
    broken = [
        replace(b, heads=np.where(np.arange(len(b)) % 2, b.heads, 0)) if b.document in names else b
        for b in blocks
    ]
    one, other = (
        fit_dependencies(b, heads=(0, 1, 2), source=SOURCE, options=QUICK) for b in (blocks, broken)
    )
    np.testing.assert_array_equal(one.arcs.pair, other.arcs.pair)
    np.testing.assert_array_equal(one.joint.roles.hidden, other.joint.roles.hidden)
    np.testing.assert_array_equal(one.joint.static.rectified, other.joint.static.rectified)
    assert one.arcs.temperature != other.arcs.temperature
    with pytest.raises(ValueError, match="1 documents"):
        set_aside(aside)


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(5)


def planted(rng: np.random.Generator, *, documents: int) -> list[SentenceBlock]:
    """Noise in two heads; words attend to theirs with the one between, roots to the prefix with the last."""
    names = [f"{rng.integers(10**9)}" for _ in range(documents)]
    return [_planted(rng, name, n) for name in names for n in (5, 12, 12)]


def _planted(rng: np.random.Generator, document: str, n: int) -> SentenceBlock:
    weights, specials = rng.uniform(0, 0.02, (n, n, 3)), rng.uniform(0, 0.02, (n, 4, 3))
    root = int(rng.integers(n))
    heads = np.array([int(rng.choice(_others(word, n))) for word in range(n)])
    weights[np.arange(n), heads, 1] = 0.5
    heads[root], weights[root, :, 1] = n, 0.001
    specials[root, 0, 2] = 0.9
    vectors = rng.normal(size=(n, 6))
    return SentenceBlock(
        document=document,
        vectors=(vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32),
        known=np.ones(n, dtype=bool),
        weights=weights.astype(np.float16),
        specials=specials.reshape(n, -1).astype(np.float16),
        heads=heads,
        relations=tuple("root" if head == n else "obj" for head in heads),
    )


def _others(word: int, n: int) -> Sequence[int]:
    return [other for other in range(max(0, word - 40), min(n, word + 41)) if other != word]


def test_kinds_and_buckets() -> None:
    assert kind_of("nsubj:pass") == kind_of("nsubj") == "subject"
    assert kind_of("obl:tmod") == "oblique"
    assert kind_of("nmod:poss") == "possessive"
    assert kind_of("dep") == KINDS[-1]
    assert buckets(np.array([-90, -30, -9, -8, -1, 0, 1, 9, 10, 31])).tolist() == [
        0,
        0,
        5,
        5,
        12,
        13,
        14,
        21,
        22,
        26,
    ]


def test_calibration_error_is_nought_for_what_keeps_its_word() -> None:
    confidence = np.repeat([0.25, 0.75], 4)
    right = np.array([1, 0, 0, 0, 1, 1, 1, 0], dtype=bool)
    assert expected_calibration_error(confidence, right) == pytest.approx(0)
    assert expected_calibration_error(confidence, ~right) == pytest.approx(0.5)
    with pytest.raises(ValueError, match="no answers"):
        expected_calibration_error(confidence[:0], right[:0])


def test_refuses_what_is_no_probe(tmp_path: Path) -> None:
    with pytest.raises(ModelUnavailable):
        JointProbe.load(tmp_path / "missing.safetensors")
    broken = tmp_path / "broken.safetensors"
    broken.write_bytes(b"no such thing")
    with pytest.raises(ModelUnavailable):
        StaticProbe.load(broken)
    with pytest.raises(ValueError, match="special has the shape"):
        ArcWeights(
            heads=(1,),
            kinds=("a",),
            n_mixed=0,
            n_gated=1,
            pair=np.zeros((2, 4)),
            special=np.zeros((4, len(Special) - 1)),
            distance=np.zeros((27, 1)),
            temperature=1,
        )

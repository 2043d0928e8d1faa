"""Lexical kinds at the merge: what is told of a pair is of that pair alone, whichever word comes first."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from bifocal.contracts import Options
from bifocal.errors import ModelUnavailable
from bifocal.models import static_models
from bifocal.settings import Settings, settings
from bifocal_gateway.merge.joint import JointProbe
from bifocal_gateway.merge.lexical import NO_KIND, LexicalProbe
from bifocal_gateway.merge.probes import find_fitted, find_lexical
from bifocal_static.vectors import Vectors, load_vectors
from lexical_builder import DIRECTED, TOLD, UNDIRECTED, lexical_probe

SHIPPED = Path(__file__).parents[1] / "services" / "bifocal_gateway" / "lexicals"
Floats = np.typing.NDArray[np.float32]
Ints = np.typing.NDArray[np.int64]


@pytest.fixture(scope="module")
def glove() -> Vectors:
    return load_vectors(static_models(Settings())["glove-6b-50d"]).in_space(Options().static_space)


def unit(n: int, size: int, seed: int) -> Floats:
    vectors = np.random.default_rng(seed).normal(size=(n, size))
    found: Floats = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    return found


def plainly(probe: LexicalProbe, x: Floats, z: Floats) -> Floats:
    """The formula, in double precision."""

    def scores(x: Floats, z: Floats) -> Floats:
        features = np.concatenate([x, z, x * z, np.abs(x - z)])
        weights = np.concatenate([probe.first, probe.second, probe.product, probe.difference])
        hidden = np.maximum(features.astype(np.float64) @ weights + probe.bias, 0)
        found: Floats = hidden @ probe.output + probe.output_bias
        return found

    n = len(probe.directed)
    there, back = scores(x, z), scores(z, x)
    raised = np.exp(np.concatenate([there[:n], back[:n], there[n:] + back[n:]]))
    found: Floats = raised / raised.sum()
    return found


@examples(max_examples=50, deadline=None)
@given(st.integers(2, 40), st.integers(1, 12), st.integers(1, 70), st.integers(0, 2**16))
def test_probabilities_are_those_of_the_formula(n_types: int, size: int, hidden: int, seed: int) -> None:
    probe, vectors = lexical_probe(size, hidden, seed), unit(n_types, size, seed)
    i, j = np.random.default_rng(seed).integers(n_types, size=(2, 5))
    found = probe.probabilities(vectors, i, j)
    expected = np.stack([plainly(probe, vectors[a], vectors[b]) for a, b in zip(i, j, strict=True)])
    np.testing.assert_allclose(found, expected, atol=2e-5)
    np.testing.assert_allclose(found.sum(axis=1), 1, atol=1e-6)


@examples(max_examples=50, deadline=None)
@given(st.integers(2, 60), st.integers(1, 300), st.integers(0, 2**16), st.data())
def test_a_pair_is_the_same_to_the_last_bit_whatever_company_it_is_in(
    n_types: int, n: int, seed: int, data: st.DataObject
) -> None:
    probe, vectors = lexical_probe(seed=seed), unit(n_types, 8, seed)
    i, j = np.random.default_rng(seed).integers(n_types, size=(2, n))
    together, kinds = probe.probabilities(vectors, i, j), probe.tell(vectors, i, j, least_probability=0.5)
    chosen = np.array(data.draw(st.lists(st.integers(0, n - 1), min_size=1, max_size=20)))
    assert np.array_equal(probe.probabilities(vectors, i[chosen], j[chosen]), together[chosen])
    assert np.array_equal(
        probe.tell(vectors, i[chosen], j[chosen], least_probability=0.5).probability,
        kinds.probability[chosen],
    )
    # Nor does it matter which other words the document has.
    only = np.stack([vectors[i[chosen[0]]], vectors[j[chosen[0]]]])
    alone = probe.probabilities(only, np.array([0]), np.array([1]))
    assert np.array_equal(alone[0], together[chosen[0]])


def test_a_pair_is_the_same_in_every_block() -> None:
    probe, vectors = lexical_probe(), unit(50, 8, 3)
    i, j = np.random.default_rng(4).integers(50, size=(2, 5000))
    together = probe.probabilities(vectors, i, j)
    for row in (0, 1, 1023, 1024, 2047, 4999):
        here = slice(row, row + 1)
        assert np.array_equal(probe.probabilities(vectors, i[here], j[here]), together[here])


@examples(max_examples=50, deadline=None)
@given(st.integers(2, 60), st.integers(1, 200), st.integers(0, 2**16))
def test_words_that_change_places_change_directions_and_nothing_else(n_types: int, n: int, seed: int) -> None:
    probe, vectors = lexical_probe(seed=seed), unit(n_types, 8, seed)
    i, j = np.random.default_rng(seed).integers(n_types, size=(2, n))
    d = len(DIRECTED)
    order = [*range(d, 2 * d), *range(d), *range(2 * d, 2 * d + len(UNDIRECTED) + 1)]
    assert np.array_equal(probe.probabilities(vectors, j, i)[:, order], probe.probabilities(vectors, i, j))
    one, other = (probe.tell(vectors, *ends, least_probability=0.5) for ends in ((i, j), (j, i)))
    assert np.array_equal(one.kind, other.kind)
    assert np.array_equal(one.direction, -other.direction)
    assert np.array_equal(one.probability, other.probability)


@pytest.mark.parametrize("least", [0.5, 0.2])
def test_the_likeliest_kind_is_told_if_it_may_be_and_is_likely_enough(least: float) -> None:
    probe, vectors = lexical_probe(), unit(80, 8, 5)
    i, j = np.random.default_rng(6).integers(80, size=(2, 2000))
    i, j = i[i != j], j[i != j]
    kinds = probe.tell(vectors, i, j, least_probability=least)
    probability = probe.probabilities(vectors, i, j)[:, :-1]
    likeliest, highest = probability.argmax(axis=1), probability.max(axis=1)
    # hypernym and meronym, there and back, co-hyponym, antonym
    expected = np.where(highest >= least, np.array([0, 1, 0, 1, 2, NO_KIND])[likeliest], NO_KIND)
    told = expected != NO_KIND
    assert np.array_equal(kinds.kind, expected)
    assert np.array_equal(kinds.direction[told], np.array([1, 1, -1, -1, 0, 0])[likeliest][told])
    assert not kinds.direction[~told].any()
    assert np.array_equal(kinds.probability[told], highest[told])
    assert not kinds.probability[~told].any()
    assert {probe.kinds[k] for k in kinds.kind[told]} == set(TOLD)


def test_nothing_is_told_of_the_direction_from_a_word_to_itself() -> None:
    probe, vectors = lexical_probe(), unit(40, 8, 7)
    same = np.arange(40)
    told = probe.tell(vectors, same, same, least_probability=0.5)
    assert not told.direction.any()
    assert not np.isin(told.kind, [0, 1]).any()


def test_no_pairs_are_no_trouble() -> None:
    nothing = np.zeros(0, dtype=np.int64)
    assert lexical_probe().probabilities(unit(2, 8, 0), nothing, nothing).shape == (0, 7)
    assert (
        len(lexical_probe().tell(np.zeros((0, 8), np.float32), nothing, nothing, least_probability=0.5).kind)
        == 0
    )


def test_a_probe_is_read_as_it_was_written_and_written_the_same(tmp_path: Path) -> None:
    probe, first, second = lexical_probe(), tmp_path / "1.safetensors", tmp_path / "2.safetensors"
    probe.save(first)
    read = LexicalProbe.load(first)
    read.save(second)
    assert first.read_bytes() == second.read_bytes()
    assert (read.source, read.told, read.left_out) == (probe.source, probe.told, probe.left_out)
    assert read.calibration == probe.calibration
    vectors, i, j = unit(9, 8, 1), np.arange(8), np.arange(1, 9)
    assert np.array_equal(read.probabilities(vectors, i, j), probe.probabilities(vectors, i, j))


def test_a_file_that_is_no_lexical_probe_is_refused(tmp_path: Path) -> None:
    for content in (b"", b"no tensors"):
        path = tmp_path / "broken.safetensors"
        path.write_bytes(content)
        with pytest.raises(ModelUnavailable, match=r"broken\.safetensors"):
            LexicalProbe.load(path)
    with pytest.raises(ModelUnavailable, match="cannot be read"):
        LexicalProbe.load(tmp_path / "gone.safetensors")
    with pytest.raises(ModelUnavailable, match="is no lexical probe of format"):
        LexicalProbe.load(next(SHIPPED.parent.glob("joints/*.safetensors")))


def test_a_probe_is_found_by_the_vectors_it_was_fitted_for_beside_joint_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lexical_probe().save(tmp_path / "made.lexical.safetensors")
    joint = next(SHIPPED.parent.glob("joints/*.safetensors"))
    (tmp_path / joint.name).write_bytes(joint.read_bytes())
    source = JointProbe.load(joint).source
    monkeypatch.setenv("BIFOCAL_CATALOGUE_FOLDER", str(tmp_path))
    settings.cache_clear()
    try:
        found = find_lexical("sha256:made")
        assert found is not None
        assert found.probe.source.name == "made/1"
        assert find_lexical("sha256:other") is None
        # A folder holds both, and neither is taken for the other.
        assert find_fitted(source.static_hash, source.contextual_hash, source.catalogue) is not None
    finally:
        settings.cache_clear()


@pytest.fixture(scope="module")
def shipped(glove: Vectors) -> LexicalProbe:
    found = find_lexical(glove.content_hash)
    assert found is not None
    return found.probe


def test_the_shipped_probe_goes_with_the_packaged_vectors(glove: Vectors, shipped: LexicalProbe) -> None:
    assert shipped.source.static_hash == glove.content_hash
    assert shipped.source.static_model == glove.name
    assert len(shipped.first) == glove.keyed.vector_size
    assert shipped.source.name == LexicalProbe.load(SHIPPED / "glove-6b-50d.safetensors").source.name


def test_the_shipped_probe_records_whose_work_it_is_made_from(shipped: LexicalProbe) -> None:
    assert shipped.source.licence == "CC BY-SA 4.0"
    assert {one.name: one.licence for one in shipped.source.sets} == {
        "EVALution": "CC BY-SA 4.0",
        "wordnet": "WordNet 3.0 licence",
    }
    notice = (SHIPPED / "NOTICE.md").read_text("utf-8")
    assert shipped.source.licence in notice
    for one in shipped.source.sets:
        assert one.attribution
        assert one.hash.startswith("sha256:")
    for whose in ("Santus", "WordNet 3.0 Copyright 2006 by Princeton University", "glove-6b-50d.safetensors"):
        assert whose in notice


def test_the_shipped_probe_tells_only_what_stands_on_unseen_words(shipped: LexicalProbe) -> None:
    assert shipped.told
    for one in shipped.told:
        assert one.unseen_ap_interval[0] >= one.chance + 0.1
    assert {one.name for one in (*shipped.told, *shipped.left_out)} == set(shipped.kinds)
    assert set(shipped.calibration.base_rates) == set(shipped.kinds)


def test_the_shipped_probe_tells_what_paris_is_to_france(glove: Vectors, shipped: LexicalProbe) -> None:
    words = ["france", "paris", "the"]
    vectors = glove.unit(words)
    kinds = shipped.tell(vectors, np.array([0, 1, 0]), np.array([1, 0, 2]), least_probability=0.5)
    assert [shipped.kinds[k] for k in kinds.kind[:2]] == ["meronym", "meronym"]
    assert kinds.direction.tolist() == [1, -1, 0]
    assert kinds.kind[2] == NO_KIND

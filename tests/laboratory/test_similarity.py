"""Word similarity against gensim, which is its contract, and all-but-the-top."""

from pathlib import Path

import numpy as np
import pytest
from gensim.models import KeyedVectors
from gensim.test.utils import datapath

from bifocal.lenses.isotropy import common_part, components_for
from bifocal.models import static_models
from bifocal.settings import Settings
from bifocal_laboratory.corpora import WordPair, read_word_pairs
from bifocal_laboratory.similarity import evaluate_similarity
from bifocal_static.vectors import Vectors, load_vectors


@pytest.fixture(scope="module")
def glove() -> Vectors:
    return load_vectors(static_models(Settings())["glove-6b-50d"])


@pytest.fixture
def cased() -> Vectors:
    keyed = KeyedVectors(vector_size=8)
    words = ["us", "US", "Paris", "tea", "cup", "paris", "kettle", "zero"]
    vectors = np.random.default_rng(1).normal(size=(len(words), 8)).astype(np.float32)
    vectors[-1] = 0
    keyed.add_vectors(words, vectors)
    return Vectors("cased", keyed)


@pytest.mark.parametrize("name", ["wordsim353.tsv", "simlex999.txt"])
def test_raw_correlations_are_gensims(glove: Vectors, name: str) -> None:
    path = datapath(name)
    _, spearman, unknown = glove.keyed.evaluate_word_pairs(path, restrict_vocab=None)
    mine = evaluate_similarity(glove, read_word_pairs(Path(path)))
    assert mine.raw.value == pytest.approx(spearman.statistic, abs=1e-6)
    assert 100 * mine.left_out / (mine.pairs + mine.left_out) == pytest.approx(unknown)


def test_case_and_unknown_words_are_treated_as_gensim_treats_them(cased: Vectors, tmp_path: Path) -> None:
    path = tmp_path / "pairs.tsv"
    path.write_text(
        "Us\tTEA\t1\nPARIS\tcup\t2\ntea\tkettle\t7\ngone\ttea\t4\ntea\tcup\t3\nzero\ttea\t5\n", "utf-8"
    )
    _, spearman, _ = cased.keyed.evaluate_word_pairs(str(path), restrict_vocab=None)
    mine = evaluate_similarity(cased, read_word_pairs(path), components=1)
    assert (mine.pairs, mine.left_out) == (5, 1)
    assert mine.raw.value == pytest.approx(spearman.statistic, abs=1e-6)


def test_an_interval_is_the_same_every_time_and_holds_its_figure(glove: Vectors) -> None:
    pairs = read_word_pairs(Path(datapath("wordsim353.tsv")))
    first, second = evaluate_similarity(glove, pairs), evaluate_similarity(glove, pairs)
    assert first == second
    for estimate in (first.raw, first.processed, first.gain):
        assert estimate.low < estimate.value < estimate.high


def test_all_but_the_top_gains_on_the_packaged_vectors(glove: Vectors) -> None:
    measured = evaluate_similarity(glove, read_word_pairs(Path(datapath("wordsim353.tsv"))))
    assert measured.components == components_for(50) == 3
    assert measured.gain.low > 0


def test_too_few_pairs_or_equal_ratings_have_no_correlation(cased: Vectors) -> None:
    with pytest.raises(ValueError, match="of 1 pairs 0 are in the vocabulary"):
        evaluate_similarity(cased, [WordPair("gone", "tea", 1.0)])
    with pytest.raises(ValueError, match="are equal"):
        evaluate_similarity(cased, [WordPair("us", "tea", 1.0), WordPair("cup", "tea", 1.0)])


def test_what_is_left_has_no_mean_and_nothing_along_the_first_components() -> None:
    random = np.random.default_rng(2)
    vectors = (random.normal(size=(500, 12)) * np.linspace(9, 1, 12) + 3).astype(np.float32)
    rest = common_part(vectors, components=2, words=None).remove_from(vectors)
    _, _, expected = np.linalg.svd(vectors - vectors.mean(axis=0), full_matrices=False)
    np.testing.assert_allclose(rest.mean(axis=0), 0, atol=1e-5)
    np.testing.assert_allclose(rest @ expected[:2].T, 0, atol=1e-4)
    common = common_part(vectors, components=2, words=None)
    np.testing.assert_allclose(np.abs(common.directions @ expected[:2].T), np.eye(2), atol=1e-4)
    np.testing.assert_array_equal(common.remove_from(vectors[:3]), rest[:3])


def test_the_common_part_is_found_over_the_most_frequent_words() -> None:
    vectors = np.random.default_rng(3).normal(size=(100, 6)).astype(np.float32)
    found, expected = common_part(vectors, components=1, words=40), common_part(vectors[:40], components=1)
    np.testing.assert_array_equal(found.mean, expected.mean)
    np.testing.assert_array_equal(found.directions, expected.directions)


@pytest.mark.parametrize("components", [-1, 7])
def test_more_components_than_there_are_cannot_be_taken(components: int) -> None:
    with pytest.raises(ValueError, match="components of vectors of size 6"):
        common_part(np.ones((3, 6), dtype=np.float32), components=components)
    with pytest.raises(ValueError, match="no vectors"):
        common_part(np.ones((0, 6), dtype=np.float32))

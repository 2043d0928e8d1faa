"""Word in context: the reader, the threshold, and the packaged model on a few sentences."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from bifocal.errors import UnreadableCorpus
from bifocal.settings import Precision
from bifocal_laboratory.commands.models import Models
from bifocal_laboratory.corpora import WordInContext, read_word_in_context
from bifocal_laboratory.senses import SensePairs, best_threshold, evaluate_senses, measure_senses

BANK = ("She", "sat", "on", "the", "bank", "of", "the", "river", ".")
LOAN = ("The", "bank", "raised", "the", "rate", "of", "the", "loan", ".")


def files(folder: Path, data: str, gold: str) -> Path:
    path = folder / "dev.data.txt"
    path.write_text(data)
    (folder / "dev.gold.txt").write_text(gold)
    return path


def test_a_pair_of_sentences_is_read_with_its_answer(tmp_path: Path) -> None:
    path = files(tmp_path, "bank\tN\t4-1\tShe sat on the banks .\tThe bank raised it .\n", "F\n")
    (found,) = read_word_in_context(path)
    assert found.first[found.first_place] == "banks"
    assert found.second[found.second_place] == "bank"
    assert found.same is False


@pytest.mark.parametrize(
    ("data", "gold", "says"),
    [
        ("bank\tN\t0-0\tbank\tbank\n", "T\nF\n", "2 answers for 1"),
        ("bank\tN\t0-0\tbank\tbank\n", "yes\n", "line 1: T or F expected"),
        ("bank\tN\t0-0\tbank\n", "T\n", "line 1: 5 columns"),
        ("bank\tN\t0-1\tbank\tbank\n", "T\n", "no word 1 in a sentence of 1"),
        ("bank\tN\t0\tbank\tbank\n", "T\n", "two places"),
        ("bank\tN\tx-0\tbank\tbank\n", "T\n", "the word's place should be a whole number"),
        ("", "", "is empty"),
    ],
)
def test_what_is_no_pair_is_refused_with_its_place(tmp_path: Path, data: str, gold: str, says: str) -> None:
    with pytest.raises(UnreadableCorpus, match=says):
        read_word_in_context(files(tmp_path, data, gold))


def test_a_file_of_another_name_or_without_answers_is_refused(tmp_path: Path) -> None:
    path = files(tmp_path, "bank\tN\t0-0\tbank\tbank\n", "T\n")
    with pytest.raises(UnreadableCorpus, match=r"ends in \.data\.txt"):
        read_word_in_context(tmp_path / "dev.gold.txt")
    (tmp_path / "dev.gold.txt").unlink()
    with pytest.raises(UnreadableCorpus, match="cannot be read"):
        read_word_in_context(path)


@given(st.integers(1, 12).flatmap(lambda n: st.tuples(
    arrays(np.float64, n, elements=st.sampled_from([0.1, 0.2, 0.3, 0.4])), arrays(np.bool_, n)
)))  # fmt: skip
def test_no_threshold_is_right_more_often(data: tuple[np.ndarray, np.ndarray]) -> None:
    values, same = data
    least = best_threshold(values, same)
    right = ((values >= least) == same).sum()
    assert right == max(((values >= one) == same).sum() for one in (0.0, 0.1, 0.15, 0.25, 0.35, 0.5))


@pytest.fixture(scope="module")
def models() -> Models:
    return Models.load("minilm-l6", "glove-6b-50d", precision=Precision.FLOAT32)


def test_a_sentence_with_itself_is_the_same_in_every_way(models: Models) -> None:
    pairs = [
        WordInContext("bank", BANK, 4, BANK, 4, same=True),
        WordInContext("bank", BANK, 4, LOAN, 1, same=False),
    ]
    found = measure_senses(models.contextual, models.vectors, pairs)
    assert found.layers.shape == (2, 7)
    np.testing.assert_allclose(found.layers[0], 1, atol=1e-5)
    assert found.ties[0] == pytest.approx(1, abs=1e-5)
    assert found.company[0] == pytest.approx(1, abs=1e-6)
    assert (found.layers[1] < found.layers[0]).all()
    assert found.ties[1] < 0.9
    assert found.company[1] < found.company[0]


def made(n: int, seed: int) -> SensePairs:
    """Pairs of which the third column tells most."""
    random = np.random.default_rng(seed)
    same = np.arange(n) % 2 == 0
    layers = random.normal(size=(n, 4))
    layers[:, 2] += 3 * same
    return SensePairs(layers=layers, ties=random.random(n), company=random.random(n), same=same)


def test_the_layer_that_tells_most_is_found_and_the_static_lens_answers_one_way() -> None:
    found = evaluate_senses(made(400, 1), made(200, 2))
    assert found["layer"] == 2
    assert found["contextual"]["accuracy"] > 0.85
    assert found["static"]["accuracy"] == found["chance"] == 0.5
    assert found["margins"]["contextual"]["interval"][0] > 0.2
    assert len(found["by_layer"]) == 4


def test_the_whole_sets_are_read(evaluation_data: Path) -> None:
    folder = evaluation_data / "word_in_context"
    if not folder.is_dir():
        pytest.skip("WiC is not on this machine")
    assert len(read_word_in_context(folder / "dev.data.txt")) == 638
    train = read_word_in_context(folder / "train.data.txt")
    assert sum(pair.same for pair in train) == len(train) // 2 == 2714

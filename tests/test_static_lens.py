"""The static lens against gensim, which is its contract."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from gensim.models import KeyedVectors

from bifocal.contracts import Document, LensHeader, Options, ShardDocument
from bifocal.errors import InvalidOptions, ModelUnavailable
from bifocal.lenses import StaticOutput, read_static
from bifocal.models import StaticFormat, StaticModel, static_models
from bifocal.settings import Settings
from bifocal_static.background import band_of, pair_background
from bifocal_static.lens import StaticLens
from bifocal_static.vectors import Vectors, load_vectors

Segmented = Callable[..., ShardDocument]


@pytest.fixture(scope="module")
def glove() -> Vectors:
    return load_vectors(static_models(Settings())["glove-6b-50d"])


@pytest.fixture(scope="module")
def lens() -> StaticLens:
    return StaticLens(static_models(Settings()), warm=["glove-6b-50d"])


def read(lens: StaticLens, document: ShardDocument, **options: object) -> tuple[StaticOutput, list[str]]:
    work = lens.read([document], Options.model_validate(options))
    summary = work.readings[0].summary
    assert summary is not None
    return work.outputs[document.index], summary.unknown_words


def test_vectors_are_mapped_and_not_read_into_memory(glove: Vectors) -> None:
    assert isinstance(glove.keyed.vectors, np.memmap)


def test_cosines_of_every_pair_of_real_documents_equal_gensims(
    lens: StaticLens, glove: Vectors, lee: list[Document], segmented: Segmented
) -> None:
    largest = 0.0
    for number, text in enumerate(lee[:5]):
        document = segmented(text.text, number)
        output, _ = read(lens, document)
        known = [k for k, t in enumerate(output.type_of_word.tolist()) if t >= 0 and output.known[t]]
        i, j = (np.array(known)[side] for side in np.triu_indices(len(known), 1))
        cosine, _ = output.compare(i, j)
        keys = [glove.key(document.words[k]) or "" for k in known]
        rows = {key: n for n, key in enumerate(dict.fromkeys(keys))}
        reference = np.stack(
            [glove.keyed.cosine_similarities(glove.keyed[a], [glove.keyed[b] for b in rows]) for a in rows]
        )
        place = np.array([rows[key] for key in keys])
        a, b = (place[side] for side in np.triu_indices(len(known), 1))
        largest = max(largest, float(np.abs(cosine - reference[a, b]).max()))
    assert largest < 1e-6


def test_the_claims_of_static_embeddings_hold(lens: StaticLens, segmented: Segmented) -> None:
    output, _ = read(lens, segmented("king queen apple woman dog"))

    def cosine(a: int, b: int) -> float:
        return float(output.compare(np.array([a]), np.array([b]))[0][0])

    assert cosine(0, 1) > cosine(0, 2)
    assert cosine(1, 3) > cosine(1, 4)


def test_a_word_is_looked_up_as_it_stands_and_then_in_lower_case(
    lens: StaticLens, segmented: Segmented
) -> None:
    output, unknown = read(lens, segmented("France FRANCE france"))
    assert unknown == []
    assert output.type_of_word.tolist() == [0, 0, 0]


def test_unknown_words_are_listed_once_in_order_and_are_not_comparable(
    lens: StaticLens, segmented: Segmented
) -> None:
    output, unknown = read(lens, segmented("Zxqvy met Brrghk and zxqvy ."))
    assert unknown == ["Zxqvy", "Brrghk"]
    assert not output.comparable(np.array([0]), np.array([1]))[0]
    assert output.same_type(np.array([0]), np.array([4]))[0]


def test_punctuation_has_no_type(lens: StaticLens, segmented: Segmented) -> None:
    output, _ = read(lens, segmented("Yes , no ."))
    assert (output.type_of_word < 0).tolist() == [False, True, False, True]


def test_percentiles_of_fresh_random_pairs_are_uniform(glove: Vectors) -> None:
    background = pair_background(glove)
    random = np.random.default_rng(1)
    for low, high in ((0, 1_000), (1_000, 10_000), (30_000, 400_000)):
        a, b = random.integers(low, high, (2, 20_000))
        a, b = a[a != b], b[a != b]
        cosine = np.einsum("kd,kd->k", glove.unit_rows(a), glove.unit_rows(b))
        found = background.percentile(cosine, band_of(a).astype(np.int64), band_of(b).astype(np.int64))
        for share in (0.1, 0.5, 0.9, 0.97):
            assert (found < share).mean() == pytest.approx(share, abs=0.02)


def test_neighbours_are_gensims(lens: StaticLens, glove: Vectors, segmented: Segmented) -> None:
    work = lens.read([segmented("The queen Zxqvy")], Options(neighbours=3))
    summary = work.readings[0].summary
    assert summary is not None
    assert set(summary.neighbours) == {"the", "queen"}
    expected = glove.keyed.most_similar("queen", topn=3)
    assert [(n.word, n.cosine) for n in summary.neighbours["queen"]] == [
        (word, pytest.approx(cosine, abs=1e-5)) for word, cosine in expected
    ]


def test_an_output_survives_its_blob(lens: StaticLens, segmented: Segmented) -> None:
    work = lens.read([segmented("France is a country, it is in Europe.", 4)], Options())
    header = LensHeader(model_hash=work.model_hash, readings=work.readings)
    again, outputs = read_static(lens.write(header, work.outputs))
    assert again == header
    for name in ("type_of_word", "vectors", "known", "band"):
        assert np.array_equal(getattr(outputs[4], name), getattr(work.outputs[4], name))


@pytest.fixture(scope="module")
def small() -> KeyedVectors:
    keyed = KeyedVectors(vector_size=4)
    keyed.add_vectors(["the", "queen", "dog"], np.eye(4, dtype=np.float32)[:3] + 0.1)
    return keyed


# gensim leaves a file without a header line open.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize(
    ("kind", "suffix"),
    [(StaticFormat.WORD2VEC, "txt"), (StaticFormat.WORD2VEC, "bin"), (StaticFormat.GLOVE, "txt")],
)
def test_own_vectors_are_read(kind: StaticFormat, suffix: str, small: KeyedVectors, tmp_path: Path) -> None:
    path = tmp_path / f"vectors.{suffix}"
    header = kind is StaticFormat.WORD2VEC
    small.save_word2vec_format(str(path), binary=suffix == "bin", write_header=header)
    vectors = load_vectors(StaticModel(name="mine", format=kind, path=str(path)))
    expected = small.similarity("queen", "dog")
    assert vectors.keyed.similarity("queen", "dog") == pytest.approx(expected, abs=1e-6)


def test_fasttext_answers_for_words_it_never_saw(tmp_path: Path) -> None:
    from gensim.models import FastText
    from gensim.models.fasttext import save_facebook_model

    sentences = [["the", "queen", "walks"], ["the", "king", "walks"]] * 20
    trained = FastText(sentences=sentences, vector_size=8, min_count=1, workers=1, seed=1)
    path = tmp_path / "tiny.bin"
    save_facebook_model(trained, str(path))
    vectors = load_vectors(StaticModel(name="mine", format=StaticFormat.FASTTEXT, path=str(path)))
    assert vectors.key("queenly") == "queenly"
    assert vectors.unit(["queenly"]).shape == (1, 8)


def test_a_model_that_is_not_there_is_said_to_be_unavailable() -> None:
    with pytest.raises(ModelUnavailable, match="'mine' cannot be loaded"):
        load_vectors(StaticModel(name="mine", format=StaticFormat.WORD2VEC, path="nowhere.txt"))


@pytest.mark.parametrize("place", ["pickle:x", "package:os", "word2vec:", "x"])
def test_only_formats_that_cannot_run_code_are_allowed(place: str) -> None:
    with pytest.raises(InvalidOptions, match="write word2vec:PATH"):
        static_models(Settings(static_models={"mine": place}))

"""The static lens against gensim, which is its contract, in both spaces."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from gensim.models import KeyedVectors

from bifocal.contracts import Document, Options, ShardDocument, Space
from bifocal.errors import InvalidOptions, ModelUnavailable
from bifocal.lenses import StaticOutput
from bifocal.lenses.isotropy import common_part
from bifocal.lenses.pair_background import BAND_STARTS, band_of, pair_background
from bifocal.models import StaticFormat, StaticModel, static_models
from bifocal.settings import Settings
from bifocal.text import is_candidate
from bifocal_static.lens import StaticLens
from bifocal_static.vectors import Vectors, load_vectors

Segmented = Callable[..., ShardDocument]


@pytest.fixture(scope="module")
def glove() -> Vectors:
    return load_vectors(static_models(Settings())["glove-6b-50d"])


@pytest.fixture(scope="module")
def placed(glove: Vectors) -> dict[Space, Vectors]:
    return {space: glove.in_space(space) for space in Space}


@pytest.fixture(scope="module")
def gensims(glove: Vectors) -> dict[Space, KeyedVectors]:
    """What gensim holds of each space."""
    removed = KeyedVectors(vector_size=glove.keyed.vector_size)
    removed.vectors = common_part(glove.keyed.vectors).remove_from(glove.keyed.vectors)
    removed.index_to_key, removed.key_to_index = glove.keyed.index_to_key, glove.keyed.key_to_index
    return {Space.AS_TRAINED: glove.keyed, Space.COMMON_REMOVED: removed}


@pytest.fixture(scope="module")
def lens() -> StaticLens:
    return StaticLens(static_models(Settings()), warm=["glove-6b-50d"])


def read(lens: StaticLens, document: ShardDocument, **options: object) -> tuple[StaticOutput, list[str]]:
    work = lens.read([document], Options.model_validate(options))
    return work.outputs[document.index].static[0], work.readings[0].static[0].unknown_words


@pytest.mark.parametrize("space", Space)
def test_vectors_are_mapped_and_not_read_into_memory(space: Space, placed: dict[Space, Vectors]) -> None:
    assert isinstance(placed[space].keyed.vectors, np.memmap)


@pytest.mark.parametrize("space", Space)
def test_cosines_of_every_pair_of_real_documents_equal_gensims(
    space: Space,
    lens: StaticLens,
    glove: Vectors,
    gensims: dict[Space, KeyedVectors],
    lee: list[Document],
    segmented: Segmented,
) -> None:
    largest, keyed = 0.0, gensims[space]
    for number, text in enumerate(lee[:5]):
        document = segmented(text.text, number)
        output, _ = read(lens, document, static_space=space)
        known = [k for k, t in enumerate(output.type_of_word.tolist()) if output.known[t]]
        i, j = (np.array(known)[side] for side in np.triu_indices(len(known), 1))
        cosine, _ = output.compare(i, j)
        keys = [glove.key(document.words[k]) or "" for k in known]
        rows = {key: n for n, key in enumerate(dict.fromkeys(keys))}
        reference = np.stack([keyed.cosine_similarities(keyed[a], [keyed[b] for b in rows]) for a in rows])
        place = np.array([rows[key] for key in keys])
        a, b = (place[side] for side in np.triu_indices(len(known), 1))
        largest = max(largest, float(np.abs(cosine - reference[a, b]).max()))
    assert largest < 1e-6


def test_the_common_part_is_removed_unless_the_job_says_otherwise(
    lens: StaticLens, segmented: Segmented
) -> None:
    document = segmented("France is a country.")
    works = [
        lens.read([document], options)
        for options in (
            Options(),
            Options(static_space=Space.COMMON_REMOVED),
            Options(static_space="as_trained"),
        )
    ]
    assert [work.readings[0].static[0].space for work in works] == [
        "common_removed",
        "common_removed",
        "as_trained",
    ]
    assert works[0].models == works[1].models != works[2].models
    default, removed, trained = (work.outputs[0].static[0] for work in works)
    assert np.array_equal(default.vectors, removed.vectors)
    assert not np.allclose(default.vectors, trained.vectors, atol=0.01)
    nulls = default.background.cosine_quantiles, trained.background.cosine_quantiles
    assert not np.allclose(*nulls, atol=0.01)


def test_a_space_is_part_of_the_hash(glove: Vectors, placed: dict[Space, Vectors]) -> None:
    assert placed[Space.AS_TRAINED].content_hash == glove.content_hash
    removed = placed[Space.COMMON_REMOVED]
    assert removed.content_hash.startswith("sha256:")
    assert removed.content_hash != glove.content_hash
    assert removed.content_hash == glove.in_space(Space.COMMON_REMOVED).content_hash


def test_spaces_lead_back_to_one_another(glove: Vectors, placed: dict[Space, Vectors]) -> None:
    removed = placed[Space.COMMON_REMOVED]
    assert removed.in_space(Space.COMMON_REMOVED) is removed
    assert removed.in_space(Space.AS_TRAINED) is glove


@pytest.mark.parametrize("space", Space)
def test_a_vector_is_the_same_to_the_last_bit_whatever_words_come_with_it(
    space: Space, placed: dict[Space, Vectors]
) -> None:
    vectors = placed[space]
    words = vectors.keyed.index_to_key[:500]
    together = vectors.unit(words)
    assert np.array_equal(np.concatenate([vectors.unit([word]) for word in words]), together)
    assert np.array_equal(vectors.unit(words[:7]), together[:7])


@pytest.mark.parametrize("space", Space)
def test_the_claims_of_static_embeddings_hold(space: Space, lens: StaticLens, segmented: Segmented) -> None:
    output, _ = read(lens, segmented("king queen apple woman dog"), static_space=space)

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


def test_punctuation_has_a_type_but_nothing_is_told_of_it(lens: StaticLens, segmented: Segmented) -> None:
    # Given signs that the vocabulary has and, twice, one that it has not
    document = segmented("Yes , no ⁂ Zxqvy , ⁂ .")
    # When it is read
    work = lens.read([document], Options(neighbours=1))
    output, summary = work.outputs[0].static[0], work.readings[0].static[0]
    # Then each sign has its type, with a vector where there is one
    assert output.type_of_word.tolist() == [0, 1, 2, 3, 4, 1, 3, 5]
    assert output.known.tolist() == [True, True, True, False, False, True]
    assert np.linalg.norm(output.vectors, axis=1).tolist() == pytest.approx(output.known.astype(float))
    # And only the words that can be related are told of
    assert summary.unknown_words == ["Zxqvy"]
    assert list(summary.neighbours) == ["yes", "no"]


def test_a_text_of_punctuation_alone_is_read(lens: StaticLens, segmented: Segmented) -> None:
    output, unknown = read(lens, segmented("? ! ?"))
    assert output.type_of_word.tolist() == [0, 1, 0]
    assert unknown == []


@pytest.mark.parametrize("space", Space)
def test_percentiles_of_fresh_random_pairs_are_uniform(space: Space, placed: dict[Space, Vectors]) -> None:
    vectors = placed[space]
    background = pair_background(vectors)
    random = np.random.default_rng(1)
    for low, high in ((0, 1_000), (1_000, 10_000), (30_000, 400_000)):
        a, b = random.integers(low, high, (2, 20_000))
        a, b = a[a != b], b[a != b]
        cosine = np.einsum("kd,kd->k", vectors.unit_rows(a), vectors.unit_rows(b))
        found = background.percentile(cosine, band_of(a).astype(np.int64), band_of(b).astype(np.int64))
        for share in (0.1, 0.5, 0.9, 0.97):
            assert (found < share).mean() == pytest.approx(share, abs=0.02)


@pytest.mark.parametrize("space", Space)
def test_percentiles_of_fresh_random_phrases_are_uniform(space: Space, placed: dict[Space, Vectors]) -> None:
    vectors = placed[space]
    words = vectors.keyed.index_to_key
    background = pair_background(vectors, words=words)
    random = np.random.default_rng(2)

    def drawn(most_words: int) -> tuple[np.ndarray, np.ndarray]:
        """Vectors and bands of words of every band, or of phrases of two, or of three words and more."""
        if most_words == 1:
            band = random.integers(len(BAND_STARTS), size=12_000)
            ends = np.append(BAND_STARTS[1:], len(vectors))
            ranks = random.integers(BAND_STARTS[band], ends[band])
            kept = np.array([is_candidate(words[rank]) for rank in ranks.tolist()])
            return vectors.unit_rows(ranks[kept]), band[kept]
        n_words = np.full(12_000, most_words)
        if most_words == 3:
            n_words = np.minimum(3 + random.geometric(0.5, len(n_words)) - 1, 6)
        ranks = np.exp(random.uniform(0, np.log(100_001), 2 * n_words.sum())).astype(np.int64) - 1
        ranks = ranks[[is_candidate(words[rank]) for rank in ranks.tolist()]][: n_words.sum()]
        total = np.add.reduceat(vectors.unit_rows(ranks), np.cumsum(n_words) - n_words)
        length = np.linalg.norm(total, axis=1, keepdims=True)
        band = (
            band_of(ranks) if most_words == 1 else np.full(len(total), background.band_of_phrase(most_words))
        )
        return total / length, band.astype(np.int64)

    for sides in ((1, 2), (1, 3), (2, 2), (2, 3), (3, 3)):
        (a, band_a), (b, band_b) = (drawn(side) for side in sides)
        n = min(len(a), len(b))
        found = background.percentile(np.einsum("kd,kd->k", a[:n], b[:n]), band_a[:n], band_b[:n])
        for share in (0.1, 0.5, 0.9, 0.97):
            assert (found < share).mean() == pytest.approx(share, abs=0.02)


def test_a_phrase_has_a_percentile_against_words_and_phrases(placed: dict[Space, Vectors]) -> None:
    vectors = placed[Space.COMMON_REMOVED]
    background = pair_background(vectors, words=vectors.keyed.index_to_key)
    two, more = background.band_of_phrase(2), background.band_of_phrase(3)
    assert two != more == background.band_of_phrase(7)
    words = vectors.unit(["prime", "minister", "president", "of", "parliament", "knee"])
    sums = np.stack([words[:2].sum(axis=0), words[2:5].sum(axis=0), words[5]])
    output = StaticOutput(
        type_of_word=np.arange(3, dtype=np.int32),
        vectors=sums / np.linalg.norm(sums, axis=1, keepdims=True),
        known=np.ones(3, dtype=np.bool_),
        band=np.array([two, more, *band_of(np.array([vectors.rank("knee")]))], dtype=np.int32),
        background=background,
    )
    cosine, percentile = output.compare(np.array([0, 0, 1]), np.array([1, 2, 2]))
    assert percentile[0] > 0.9
    assert percentile[1] < 0.5
    assert percentile[2] < 0.5
    # The same cosine says less of phrases than of two rare words
    rare = np.array([len(BAND_STARTS) - 1])
    assert percentile[0] < background.percentile(cosine[:1], rare, rare)[0]


def test_punctuation_stands_for_no_word_of_the_null() -> None:
    keyed = KeyedVectors(vector_size=4)
    vectors = np.random.default_rng(1).normal(size=(9, 4)).astype(np.float32)
    # Every sign points where the first word does
    vectors[3:] = vectors[0]
    words = ["tea", "cup", "kettle", *"…,;:!?"]
    keyed.add_vectors(words, vectors)
    named = pair_background(Vectors("small", keyed), words=words)
    alike = (named.cosine_quantiles[0] > 0.999).mean()
    assert alike == 0
    assert (pair_background(Vectors("small", keyed)).cosine_quantiles[0] > 0.999).mean() > 0.3


@pytest.mark.parametrize("space", Space)
def test_neighbours_are_gensims(
    space: Space, lens: StaticLens, gensims: dict[Space, KeyedVectors], segmented: Segmented
) -> None:
    document = segmented("The queen of Zxqvy walks in Copenhagen 1997 kilometres")
    work = lens.read([document], Options(neighbours=10, static_space=space))
    summary = work.readings[0].static[0]
    assert list(summary.neighbours) == [word.lower() for word in document.words if word != "Zxqvy"]
    for key, found in summary.neighbours.items():
        expected = gensims[space].most_similar(key, topn=10)
        assert [(n.word, n.cosine) for n in found] == [
            (word, pytest.approx(cosine, abs=1e-5)) for word, cosine in expected
        ]


def test_neighbours_of_a_small_vocabulary_are_all_the_others() -> None:
    keyed = KeyedVectors(vector_size=8)
    words = [f"w{number}" for number in range(9)]
    keyed.add_vectors(words, np.random.default_rng(5).normal(size=(9, 8)).astype(np.float32))
    found = Vectors("mine", keyed).in_space(Space.COMMON_REMOVED).neighbours("w4", 50)
    assert sorted(word for word, _ in found) == [word for word in words if word != "w4"]
    assert [cosine for _, cosine in found] == sorted((cosine for _, cosine in found), reverse=True)


def test_a_vector_of_which_nothing_remains_has_no_direction() -> None:
    # Given a zero vector among others, and a vocabulary too small to have anything but a common part
    zero, few = KeyedVectors(vector_size=8), KeyedVectors(vector_size=8)
    rows = np.random.default_rng(6).normal(size=(9, 8)).astype(np.float32) + 3
    rows[4] = 0
    zero.add_vectors([f"w{number}" for number in range(9)], rows)
    few.add_vectors(["a", "b", "c"], rows[:3])
    # When the common part is removed
    with_zero, nothing = (Vectors("mine", keyed).in_space(Space.COMMON_REMOVED) for keyed in (zero, few))
    # Then there is no rounding error scaled to unit length
    assert not with_zero.unit(["w4"]).any()
    assert with_zero.neighbours("w4", 3) == []
    assert with_zero.unit(["w5"]).any()
    assert dict(with_zero.neighbours("w5", 50))["w4"] == 0
    assert not nothing.unit(["a", "b", "c"]).any()


def test_vectors_that_are_not_finite_have_no_common_part() -> None:
    keyed = KeyedVectors(vector_size=2)
    keyed.add_vectors(["a", "b"], np.array([[1, 2], [np.nan, 1]], dtype=np.float32))
    with pytest.raises(ModelUnavailable, match="'mine' share cannot be found: some vectors are not finite"):
        Vectors("mine", keyed).in_space(Space.COMMON_REMOVED)


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


def test_the_common_part_is_taken_from_vectors_built_from_subwords_too(tmp_path: Path) -> None:
    from gensim.models import FastText
    from gensim.models.fasttext import save_facebook_model

    words = [
        f"{start}{end}" for start in ("queen", "king", "walk", "talk", "hous") for end in ("s", "er", "ing")
    ]
    trained = FastText(sentences=[words, words[::-1]], vector_size=8, min_count=1, workers=1, seed=1)
    path = tmp_path / "tiny.bin"
    save_facebook_model(trained, str(path))
    vectors = load_vectors(StaticModel(name="mine", format=StaticFormat.FASTTEXT, path=str(path)))
    removed = vectors.in_space(Space.COMMON_REMOVED)
    rest = common_part(vectors.keyed.vectors).remove_from(vectors.keyed["queenly"][None])
    assert removed.unit(["queenly"]) == pytest.approx(rest / np.linalg.norm(rest), abs=1e-6)
    assert len(removed.neighbours("queenly", 3)) == 3


def test_a_model_that_is_not_there_is_said_to_be_unavailable() -> None:
    with pytest.raises(ModelUnavailable, match="'mine' cannot be loaded"):
        load_vectors(StaticModel(name="mine", format=StaticFormat.WORD2VEC, path="nowhere.txt"))


@pytest.mark.parametrize("place", ["pickle:x", "package:os", "word2vec:", "x"])
def test_only_formats_that_cannot_run_code_are_allowed(place: str) -> None:
    with pytest.raises(InvalidOptions, match="write word2vec:PATH"):
        static_models(Settings(static_models={"mine": place}))

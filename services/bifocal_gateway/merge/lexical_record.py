"""What a lexical probe says of itself: what it is made from, and how well it does."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

_RELIABILITIES = ("seen_words", "unseen_words")


@dataclass(frozen=True, slots=True, kw_only=True)
class LexicalSet:
    """A list of word pairs that a probe was fitted on."""

    name: str
    licence: str
    attribution: str
    pairs: int
    hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LexicalSource:
    """What a probe was fitted for, on what, and under which terms its numbers may be passed on."""

    name: str
    static_model: str
    static_hash: str
    """Of the vectors in the space that they were fitted in."""
    licence: str
    sets: tuple[LexicalSet, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LexicalFigures:
    """How well a kind is found among held-out pairs of the lists and pairs that they do not name."""

    name: str
    n: int
    """Pairs of this kind, neither of whose words was seen."""
    chance: float
    """Share of the pairs that they are: what a probe that knows nothing has for an average precision."""
    random_ap: float
    """Average precision where pairs were set aside at random, so that most words were seen."""
    random_f1: float
    unseen_ap: float
    """Average precision where no word was seen."""
    unseen_ap_interval: tuple[float, float]
    unseen_f1: float


@dataclass(frozen=True, slots=True, kw_only=True)
class LexicalLeftOut:
    """A kind that is fitted, so that pairs can have it, and not told."""

    name: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LexicalLevel:
    """What is told from one probability on."""

    least_probability: float
    told: float
    """Share of the pairs whose kind is told."""
    probability: float | None
    """Their mean probability …"""
    right: float | None
    """… and the share of them that the lists name just so; None if there are none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LexicalReliability:
    """Whether what is told of pairs of a text is so, on documents that the calibration has not seen."""

    pairs: int
    error: float
    """Expected calibration error of the likeliest kind's probability, over all pairs."""
    levels: tuple[LexicalLevel, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LexicalCalibration:
    """What the probabilities hold for: pairs that the static lens marks in text, of words the lists know."""

    text: str
    licence: str
    documents: int
    pairs: int
    static_threshold: float
    """Percentile from which on the lens marks a pair."""
    base_rates: dict[str, float]
    """Share of these pairs that the lists name, by kind. They do not name all they could: it is a floor."""
    weights: dict[str, float]
    """What the scores of each kind, and of none, are multiplied with; near zero what holds in lists only."""
    seen_words: LexicalReliability
    """On pairs that were set aside while their words were seen in others; this is calibrated on."""
    unseen_words: LexicalReliability
    """The same probabilities on pairs neither of whose words was seen: there they are too bold."""


def plain(value: Any) -> Any:
    """Tuples and records as JSON has them."""
    if isinstance(value, tuple):
        return [plain(one) for one in value]
    return value if isinstance(value, str) else asdict(value)


def record(metadata: Mapping[str, Any]) -> dict[str, Any]:
    """What `plain` wrote."""
    source, calibration = dict(metadata["source"]), dict(metadata["calibration"])
    return {
        "source": LexicalSource(**{**source, "sets": tuple(LexicalSet(**one) for one in source["sets"])}),
        "directed": tuple(metadata["directed"]),
        "undirected": tuple(metadata["undirected"]),
        "told": tuple(
            LexicalFigures(**{**one, "unseen_ap_interval": tuple(one["unseen_ap_interval"])})
            for one in metadata["told"]
        ),
        "left_out": tuple(LexicalLeftOut(**one) for one in metadata["left_out"]),
        "calibration": LexicalCalibration(
            **{**calibration, **{name: _reliability(calibration[name]) for name in _RELIABILITIES}}
        ),
    }


def _reliability(described: Mapping[str, Any]) -> LexicalReliability:
    levels = tuple(LexicalLevel(**one) for one in described["levels"])
    return LexicalReliability(**{**described, "levels": levels})

"""Lexical probes with random weights, for the tests of what is computed with them."""

from typing import Any

import numpy as np

from bifocal_gateway.merge.lexical import LexicalProbe
from bifocal_gateway.merge.lexical_record import (
    LexicalCalibration,
    LexicalFigures,
    LexicalLeftOut,
    LexicalLevel,
    LexicalReliability,
    LexicalSet,
    LexicalSource,
)

DIRECTED, UNDIRECTED = ("hypernym", "meronym"), ("co_hyponym", "antonym")
TOLD = ("hypernym", "meronym", "co_hyponym")


def reliability(told: float, probability: float | None, right: float | None) -> LexicalReliability:
    level = LexicalLevel(least_probability=0.5, told=told, probability=probability, right=right)
    return LexicalReliability(pairs=9, error=0.1, levels=(level,))


def lexical_probe(size: int = 8, hidden: int = 12, seed: int = 0, **changed: Any) -> LexicalProbe:
    """A probe of four kinds, three of them told, that no zero hides behind."""
    random = np.random.default_rng(seed)

    def weights(*shape: int) -> np.typing.NDArray[np.float32]:
        return random.normal(size=shape).astype(np.float32)

    fields: dict[str, Any] = {
        "source": LexicalSource(
            name="made/1",
            static_model="made",
            static_hash="sha256:made",
            licence="none",
            sets=(LexicalSet(name="list", licence="none", attribution="nobody", pairs=3, hash="sha256:0"),),
        ),
        "directed": DIRECTED,
        "undirected": UNDIRECTED,
        "told": tuple(
            LexicalFigures(
                name=name,
                n=40,
                chance=0.1,
                random_ap=0.6,
                random_f1=0.5,
                unseen_ap=0.4,
                unseen_ap_interval=(0.3, 0.5),
                unseen_f1=0.3,
            )
            for name in TOLD
        ),
        "left_out": (LexicalLeftOut(name="antonym", reason="too little"),),
        "calibration": LexicalCalibration(
            text="made",
            licence="none",
            documents=2,
            pairs=10,
            static_threshold=0.97,
            base_rates={"hypernym": 0.1},
            weights={"hypernym": 1.0},
            seen_words=reliability(0.2, 0.7, 0.6),
            unseen_words=reliability(0.0, None, None),
        ),
        "first": weights(size, hidden),
        "second": weights(size, hidden),
        "product": weights(size, hidden),
        "difference": weights(size, hidden),
        "bias": weights(hidden),
        "output": weights(hidden, 5),
        "output_bias": weights(5),
    }
    return LexicalProbe(**(fields | changed))

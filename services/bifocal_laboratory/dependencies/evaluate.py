"""How often each lens, and both, find a word's head in the tree, held against chance and position."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from bifocal_contextual.catalogue.arcs import ArcWeights
from bifocal_gateway.merge.joint import JointProbe
from bifocal_laboratory.dependencies.calibration import expected_calibration_error
from bifocal_laboratory.dependencies.features import SentenceBlock
from bifocal_laboratory.dependencies.kinds import KINDS
from bifocal_laboratory.dependencies.positions import Positions
from bifocal_laboratory.dependencies.predictions import Answers, answers
from bifocal_laboratory.dependencies.resampling import Resampled

#: Who answers: every word has one chance, one place that heads are usually at, and three probes.
LENSES = ("static", "contextual", "both")

#: Stands for the roots in the tables by kind.
ROOT = "root"


def evaluate_dependencies(
    blocks: Sequence[SentenceBlock],
    *,
    arcs: ArcWeights,
    joint: JointProbe,
    positions: Positions | None = None,
) -> dict[str, Any]:
    """Hold heads against trees that nothing was fitted on; punctuation marks are not asked for theirs.

    Intervals are of 95 %, from `resampling.RESAMPLES` resamples of the documents; the seed is fixed.

    Args:
        blocks: sentences with all heads' weights.
        arcs: the contextual probe.
        joint: the joint probe, and the static one.
        positions: counted where the probes were fitted; if None, in the very sentences, which is more
            than the baseline could know.

    Returns:
        What JSON can hold. ``n`` words; ``chance`` of a blind guess; ``nearest``, the share with their
        head at the one offset that is most frequent, and ``position``, at the most frequent one that the
        sentence has; for each lens and ``both`` ``uas``, ``undirected``, ``interval`` and ``per_relation``;
        ``margin`` of both over the better lens; ``per_relation``, how often the head is the likeliest
        one of a dependent *whose kind is known*, with ``left_out`` for kinds where attention is not
        surely better than position and chance; ``calibration`` of the likeliest kind and head.

    Raises:
        ValueError: there are no words to ask for.
    """
    found = answers(blocks, arcs=arcs, joint=joint, positions=positions or Positions.of(blocks))
    asked = found.only(~found.punctuation)
    if not len(asked.gold):
        raise ValueError("there is no word but punctuation")
    resampled = Resampled.of(asked.document)
    right = {name: asked.heads[name] == asked.gold for name in LENSES}
    better = max(LENSES[:2], key=lambda name: float(right[name].mean()))
    return {
        "n": len(asked.gold),
        "documents": resampled.n_documents,
        "chance": float(asked.chance.mean()),
        "nearest": float((asked.heads["nearest"] == asked.gold).mean()),
        "position": float((asked.heads["position"] == asked.gold).mean()),
        **{
            name: {
                "uas": float(right[name].mean()),
                "undirected": float((right[name] | asked.turned[name]).mean()),
                "interval": resampled.interval(right[name]),
                "per_relation": _by_kind(asked, right[name]),
            }
            for name in LENSES
        },
        "margin": {
            "over": better,
            "value": float(right["both"].mean() - right[better].mean()),
            "interval": resampled.interval(right["both"].astype(float) - right[better]),
        },
        **_kinds(found),
        "calibration": {
            "before": expected_calibration_error(asked.confidence_raw, asked.labelled),
            "after": expected_calibration_error(asked.confidence, asked.labelled),
            "right": float(asked.labelled.mean()),
            "temperature": arcs.temperature,
        },
    }


def _by_kind(asked: Answers, right: np.ndarray[Any, np.dtype[np.bool_]]) -> dict[str, float]:
    kinds = {number: kind for number, kind in enumerate((*KINDS, ROOT)) if (asked.kind == number).any()}
    return {kind: float(right[asked.kind == number].mean()) for number, kind in kinds.items()}


def _kinds(found: Answers) -> dict[str, Any]:
    """Heads of dependents whose kind is known, kind by kind."""
    table: dict[str, dict[str, Any]] = {}
    for number, kind in enumerate(KINDS):
        own = found.only(found.kind == number)
        if not len(own.gold):
            continue
        resampled = Resampled.of(own.document)
        right = {name: heads == own.gold for name, heads in own.of_kind.items()}
        gain = right["contextual"].astype(float) - right["position"]
        table[kind] = {
            "n": len(own.gold),
            "chance": float(own.chance.mean()),
            **{name: float(hits.mean()) for name, hits in right.items()},
            "interval": resampled.interval(right["contextual"]),
            "gain": resampled.interval(gain),
        }
    left_out = [
        kind for kind, row in table.items() if row["gain"][0] <= 0 or row["interval"][0] <= row["chance"]
    ]
    return {"per_relation": table, "left_out": left_out}

"""What every probe answers for every word, by the code and the numbers that the services load."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import numpy.typing as npt

from bifocal_contextual.catalogue.arcs import ArcWeights, Special, candidates
from bifocal_gateway.merge.joint import JointProbe
from bifocal_laboratory.dependencies.batches import PUNCTUATION
from bifocal_laboratory.dependencies.features import SentenceBlock, with_heads
from bifocal_laboratory.dependencies.kinds import KINDS, kind_of
from bifocal_laboratory.dependencies.positions import ROOT_OFFSET, Positions, chances

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """A table with a row for each word.

    Shapes, all ``(n,)``: `document`; `punctuation`, whether it is; `gold`, the head's place in the
    sentence, its length for the root; `kind`, a place in `KINDS` or their number for a root; `chance`;
    by who answered, `heads`, `turned` (whether the answer is a dependent of the word), and `of_kind`,
    heads given the kind; `labelled`, whether the likeliest head and kind are both right; `confidence`
    in them, and what it was before calibration, `confidence_raw`.
    """

    document: npt.NDArray[np.str_]
    punctuation: Bools
    gold: Ints
    kind: Ints
    chance: npt.NDArray[np.float64]
    heads: dict[str, Ints]
    turned: dict[str, Bools]
    of_kind: dict[str, Ints]
    labelled: Bools
    confidence: Floats
    confidence_raw: Floats

    def only(self, rows: Bools) -> "Answers":
        """Some of the rows."""
        return Answers(**{field.name: _rows(getattr(self, field.name), rows) for field in fields(self)})


def answers(
    blocks: Sequence[SentenceBlock], *, arcs: ArcWeights, joint: JointProbe, positions: Positions
) -> Answers:
    """Every word of some sentences, which hold all heads' weights."""
    tables = [_sentence(block, arcs, joint, positions) for block in _chosen(blocks, arcs.heads)]
    return Answers(**{field.name: _stacked([t[field.name] for t in tables]) for field in fields(Answers)})


def _chosen(blocks: Sequence[SentenceBlock], heads: Sequence[int]) -> Iterator[SentenceBlock]:
    for block in blocks:
        yield from with_heads([block], heads)


def _sentence(
    block: SentenceBlock, arcs: ArcWeights, joint: JointProbe, positions: Positions
) -> dict[str, Any]:
    n, n_kinds = len(block), len(arcs.kinds)
    channels = arcs.channels(block.weights.astype(np.float32))
    special = arcs.special_channels(block.specials.astype(np.float32))
    names = list(Special)
    unary = special[:, [names.index(Special.JOINT_ROOT), names.index(Special.JOINT_HEAD)]]
    whole = [(0, n)]
    (both,) = joint.log_probabilities(block.vectors, block.known, whole, [channels[..., n_kinds:]], unary)
    (static,) = joint.static.log_probabilities(block.vectors, block.known, whole)
    labelled, no_head = arcs.log_probabilities(channels, special)
    raw = arcs.model_copy(update={"temperature": 1.0})
    raw_labelled, raw_no_head = raw.log_probabilities(channels, special)
    contextual = np.hstack([np.logaddexp.reduce(raw_labelled, axis=-1), raw_no_head[:, None]])
    punctuation = np.array([relation == PUNCTUATION for relation in block.relations])
    kind = np.array([KINDS.index(kind_of(relation)) for relation in block.relations])
    is_root = block.heads == n
    answer, confidence = _likeliest(labelled, no_head)
    _, confidence_raw = _likeliest(raw_labelled, raw_no_head)
    target = np.where(is_root, n * n_kinds, block.heads * n_kinds + kind)
    heads = {
        "static": static.argmax(axis=1),
        "contextual": contextual.argmax(axis=1),
        "both": both.argmax(axis=1),
        "position": positions.heads(n),
        "nearest": _nearest(positions.overall, n),
    }
    gold_or_self = np.append(block.heads, n)
    return {
        "document": np.full(n, block.document),
        "punctuation": punctuation,
        "gold": block.heads,
        "kind": np.where(is_root, len(KINDS), kind),
        "chance": chances(n),
        "heads": heads,
        "turned": {name: gold_or_self[found] == np.arange(n) for name, found in heads.items()},
        "of_kind": {
            "position": np.array([positions.head(KINDS[k], word, n) for word, k in enumerate(kind)]),
            "static": static[:, :n].argmax(axis=1),
            "contextual": _best_of_kind(labelled, kind),
        },
        "labelled": answer == target,
        "confidence": confidence,
        "confidence_raw": confidence_raw,
    }


def _likeliest(labelled: Floats, no_head: Floats) -> tuple[Ints, Floats]:
    """The best head and kind as one number, of no head the greatest, and its probability; both ``(n,)``."""
    every = np.hstack([labelled.reshape(len(no_head), -1), no_head[:, None]])
    return every.argmax(axis=1), np.exp(every.max(axis=1))


def _best_of_kind(scores: Floats, kind: Ints) -> Ints:
    n = len(kind)
    offsets = np.arange(n) - np.arange(n)[:, None]
    own = np.take_along_axis(scores, kind[:, None, None], axis=2)[..., 0]
    best: Ints = np.where(candidates(offsets), own, -np.inf).argmax(axis=1)
    return best


def _nearest(offsets: Sequence[int], n: int) -> Ints:
    """The word at the most frequent offset, roots apart; -1 where there is none."""
    offset = next((offset for offset in offsets if offset != ROOT_OFFSET), 1)
    found = np.arange(n) + offset
    return np.where((found >= 0) & (found < n), found, -1)


def _rows(column: Any, rows: Bools) -> Any:
    if isinstance(column, dict):
        return {name: values[rows] for name, values in column.items()}
    return column[rows]


def _stacked(columns: Sequence[Any]) -> Any:
    if columns and isinstance(columns[0], dict):
        return {name: np.concatenate([column[name] for column in columns]) for name in columns[0]}
    return np.concatenate(columns) if columns else np.zeros(0)

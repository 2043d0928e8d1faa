"""The report of a document: counts over all candidate pairs, and the pairs worth listing."""

import hashlib
import math
from collections import Counter
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from pydantic import TypeAdapter

from bifocal import __version__
from bifocal.contracts import (
    ContextualSummary,
    Direction,
    NotComparableCounts,
    Options,
    Provenance,
    Reason,
    Relation,
    Report,
    ShardDocument,
    StaticSummary,
    Verdict,
    VerdictCounts,
    WordRef,
)
from bifocal.lenses import ContextualOutput, PairKinds, StaticOutput
from bifocal.text import is_candidate
from bifocal_gateway.batch.term_pairs import TermPairs
from bifocal_gateway.merge import pairs
from bifocal_gateway.merge.kinds import Audits, JointScores, LikeliestKinds
from bifocal_gateway.merge.listing import Listed
from bifocal_gateway.merge.probes import find_probe
from bifocal_gateway.merge.verdicts import CODES, Judged, judge

Ints = npt.NDArray[np.int64]

#: Digits kept of every figure: the last one a float32 can stand for.
_DIGITS = 6

_RELATIONS = TypeAdapter(list[Relation])


def merge_document(
    document: ShardDocument,
    options: Options,
    static: tuple[StaticSummary, StaticOutput, str],
    contextual: tuple[ContextualSummary, ContextualOutput, str],
    kind_names: Sequence[str] = (),
    terms: TermPairs | None = None,
) -> Report:
    """Compare what the lenses say of a document; each comes as summary, output and model hash.

    `kind_names` are behind the codes of the contextual output's kinds. `terms` takes in every judged pair.
    """
    static_summary, static_output, static_hash = static
    contextual_summary, contextual_output, contextual_hash = contextual
    candidates = np.array([k for k, word in enumerate(document.words) if is_candidate(word)], dtype=np.int64)
    n_words = len(document.word_starts)
    probe = find_probe(static_hash, contextual_hash, contextual_summary)
    kinds = joint = None
    if contextual_output.kinds is not None:
        kinds = LikeliestKinds.of(contextual_output.kinds, kind_names, n_words)
    if probe is not None and contextual_output.joint is not None:
        joint = JointScores(probe, document, static_output, contextual_output.joint)
    comparable: Counter[Verdict | Reason] = Counter()
    listed = Listed(options.listing, options.most_relations)
    for block in pairs.seen_pairs(candidates, contextual_output):
        judged = judge(block, static_output, contextual_output, options, kinds, joint)
        comparable.update(_tally(judged))
        listed.add(judged)
        if terms is not None:
            terms.add(
                block.i,
                block.j,
                contextual_percentile=judged.contextual_percentile,
                cosine=judged.cosine,
                static_percentile=judged.static_percentile,
            )
    return Report(
        id=document.id,
        index=document.index,
        language=options.language,
        n_words=n_words,
        n_sentences=len(document.sentence_starts),
        n_candidate_pairs=pairs.count(len(candidates)),
        verdicts=_counts(comparable, static_output, candidates),
        static=[static_summary],
        contextual=[contextual_summary],
        relations=_Writer(document, contextual_output, kinds).relations(listed.result()),
        n_relations_left_out=listed.n_left_out,
        provenance=Provenance(
            bifocal=__version__,
            static=static_hash,
            contextual=contextual_hash,
            joint=None if joint is None or probe is None else probe.source.catalogue,
            text=f"sha256:{hashlib.sha256(document.text.encode()).hexdigest()}",
            options=options,
        ),
    )


def _tally(judged: Judged) -> dict[Verdict | Reason, int]:
    """Pairs of a block by verdict, those that are not comparable left out."""
    numbers = np.bincount(judged.code, minlength=len(CODES)).tolist()
    return {kind: n for kind, n in zip(CODES, numbers, strict=True) if isinstance(kind, Verdict)}


def _counts(comparable: Counter[Verdict | Reason], static: StaticOutput, candidates: Ints) -> VerdictCounts:
    """All candidate pairs by verdict; those that no window held are counted without being looked at."""
    occurrences = np.bincount(static.type_of_word[candidates], minlength=len(static.known))
    same = occurrences * (occurrences - 1) // 2
    n_known = int(occurrences[static.known].sum())
    same_word = int(same.sum())
    total = pairs.count(len(candidates))
    unknown_word = total - pairs.count(n_known) - int(same[~static.known].sum())
    return VerdictCounts(
        both=comparable[Verdict.BOTH],
        meaning_only=comparable[Verdict.MEANING_ONLY],
        context_only=comparable[Verdict.CONTEXT_ONLY],
        neither=comparable[Verdict.NEITHER],
        not_comparable=NotComparableCounts(
            same_word=same_word,
            unknown_word=unknown_word,
            outside_window=total - same_word - unknown_word - comparable.total(),
        ),
    )


class _Writer:
    """Writes relations of one document; each word's reference is made once."""

    def __init__(
        self, document: ShardDocument, contextual: ContextualOutput, kinds: LikeliestKinds | None
    ) -> None:
        self._contextual = contextual
        self._kinds = kinds
        self._words = [
            WordRef(word=k, text=document.text[s:e], start=s, end=e)
            for k, (s, e) in enumerate(zip(document.word_starts, document.word_ends, strict=True))
        ]
        self._sentence = np.searchsorted(document.sentence_starts, np.arange(len(self._words)), side="right")

    def relations(self, judged: Judged | None) -> list[Relation]:
        """Relations of judged pairs, in their order."""
        if judged is None:
            return []
        i, j = judged.block.i, judged.block.j
        columns = zip(
            i.tolist(),
            j.tolist(),
            (self._sentence[i] == self._sentence[j]).tolist(),
            judged.cosine.tolist(),
            judged.static_percentile.tolist(),
            judged.forward.tolist(),
            judged.backward.tolist(),
            judged.lift.tolist(),
            judged.contextual_percentile.tolist(),
            self._contextual.times_seen(i, j).tolist(),
            self._without(i, j),
            self._told_kinds(judged),
            [None if math.isnan(value) else round(value, _DIGITS) for value in judged.joint.tolist()],
            judged.code.tolist(),
            strict=True,
        )
        # One validation of plain values for all: a constructor call for each of thousands of
        # relations takes most of the merge's time.
        return _RELATIONS.validate_python([self._relation(*column) for column in columns])

    def _relation(
        self,
        i: int,
        j: int,
        same_sentence: bool,
        cosine: float,
        static_percentile: float,
        forward: float,
        backward: float,
        lift: float,
        contextual_percentile: float,
        windows: int,
        without: dict[str, float] | None,
        kind: dict[str, object] | None,
        joint: float | None,
        code: int,
    ) -> dict[str, object]:
        """Fields of a `Relation`."""
        verdict = CODES[code]
        comparable = isinstance(verdict, Verdict)
        static = {"cosine": round(cosine, _DIGITS), "percentile": round(static_percentile, _DIGITS)}
        return {
            "a": self._words[i],
            "b": self._words[j],
            "distance": j - i,
            "same_sentence": same_sentence,
            "static": None if verdict is Reason.UNKNOWN_WORD else static,
            "contextual": {
                "forward": round(forward, _DIGITS),
                "backward": round(backward, _DIGITS),
                "lift": round(lift, _DIGITS),
                "percentile": round(contextual_percentile, _DIGITS),
                "windows": windows,
                "without": without,
            },
            "kind": kind,
            "joint": joint,
            "verdict": verdict if comparable else Verdict.NOT_COMPARABLE,
            "reason": None if comparable else verdict,
        }

    def _without(self, i: Ints, j: Ints) -> list[dict[str, float] | None]:
        """What the words of each pair lose without each other, where that was measured."""
        if self._contextual.audited is None:
            return [None] * len(i)
        found = Audits(self._contextual.audited, len(self._words)).find(i, j)
        return [
            losses and {"a": round(losses[0], _DIGITS), "b": round(losses[1], _DIGITS)} for losses in found
        ]

    def _told_kinds(self, judged: Judged) -> list[dict[str, object] | None]:
        """The kind of each pair that has one."""
        if self._kinds is None:
            return [None] * len(judged.code)
        kinds, names = self._kinds.kinds, self._kinds.names
        told: list[dict[str, object] | None] = [None] * len(judged.code)
        for number in np.flatnonzero(judged.has_kind):
            place = judged.kind[number]
            forward = kinds.dependent[place] == judged.block.i[number]
            told[number] = {
                "name": names[kinds.kind[place]],
                "direction": Direction.A_TO_B if forward else Direction.B_TO_A,
                "probability": round(float(kinds.probability[place]), _DIGITS),
                "heads": _voices(kinds, int(place)),
            }
        return told


def _voices(kinds: PairKinds, place: int) -> list[dict[str, object]] | None:
    voices = [
        {"layer": layer, "head": head, "added": round(added, _DIGITS)}
        for (layer, head), added in zip(
            kinds.voices[place].tolist(), kinds.voices_added[place].tolist(), strict=True
        )
    ]
    return voices or None

"""Reports as the merge writes them, from the words and figures a test names."""

import re
from collections import Counter
from dataclasses import dataclass

from bifocal.contracts import (
    Agreement,
    ContextualRelation,
    ContextualSummary,
    Direction,
    HeadVoice,
    Interval,
    LongRange,
    Neighbour,
    NotComparableCounts,
    Null,
    Options,
    Profile,
    Provenance,
    Reason,
    Relation,
    RelationKind,
    Report,
    Space,
    StaticRelation,
    StaticSummary,
    Verdict,
    VerdictCounts,
    Without,
    WordRef,
)

_NULL = Null(interval=Interval(low=-0.041234, high=0.039876), p_value=0.005)
_AGREEMENT = Agreement(
    n_pairs=1234,
    spearman=0.123456,
    interval=Interval(low=0.012345, high=0.234567),
    null=_NULL,
    n_top=12,
    top_overlap=0.083333,
    top_null=_NULL,
)
_LONG_RANGE = LongRange(
    beyond_words=25,
    all_pairs=0.5,
    static=0.4,
    contextual=0.3,
    across_sentences_all_pairs=0.6,
    across_sentences_static=0.5,
    across_sentences_contextual=0.2,
)
_WORD = re.compile(r"\w+|[^\w\s]")


@dataclass(frozen=True, kw_only=True)
class Pair:
    """Two words, by position, and what the lenses say of them."""

    a: int
    b: int
    verdict: Verdict = Verdict.BOTH
    reason: Reason | None = None
    cosine: float | None = 0.612345
    meaning: float = 0.987654
    forward: float = 0.213456
    backward: float = 0.104321
    lift: float = 3.141593
    context: float = 0.976543
    windows: int = 1
    kind: RelationKind | None = None
    joint: float | None = None
    without: tuple[float, float] | None = None


def kind(
    name: str,
    direction: Direction = Direction.A_TO_B,
    probability: float = 0.912345,
    heads: list[tuple[int, int, float]] | None = None,
) -> RelationKind:
    """A kind; a head is its layer, its number there and what it added."""
    voices = heads and [HeadVoice(layer=layer, head=head, added=added) for layer, head, added in heads]
    return RelationKind(name=name, direction=direction, probability=probability, heads=voices)


def build_report(
    text: str,
    pairs: list[Pair],
    *,
    name: str = "doc-1",
    neither: int = 0,
    language: str = "en",
    unknown: list[str] | None = None,
    neighbours: dict[str, list[tuple[str, float]]] | None = None,
    catalogue: str | None = None,
) -> Report:
    """A report on `text` that lists `pairs`; words are runs of letters, and single signs."""
    spans = [match.span() for match in _WORD.finditer(text)]
    words = [WordRef(word=k, text=text[s:e], start=s, end=e) for k, (s, e) in enumerate(spans)]
    counts = Counter[str](pair.reason or pair.verdict for pair in pairs)
    verdicts = VerdictCounts(
        both=counts["both"],
        meaning_only=counts["meaning_only"],
        context_only=counts["context_only"],
        neither=counts["neither"] + neither,
        not_comparable=NotComparableCounts(
            same_word=counts["same_word"], unknown_word=counts["unknown_word"]
        ),
    )
    near = {
        word: [Neighbour(word=other, cosine=cosine) for other, cosine in others]
        for word, others in (neighbours or {}).items()
    }
    return Report(
        id=name,
        language=language,
        n_words=len(words),
        n_sentences=max(1, sum(word.text in ".!?" for word in words)),
        n_candidate_pairs=verdicts.total,
        verdicts=verdicts,
        static=[
            StaticSummary(
                model="glove-6b-50d",
                space=Space.COMMON_REMOVED,
                unknown_words=unknown or [],
                neighbours=near,
            )
        ],
        contextual=[
            ContextualSummary(
                model="minilm-l6",
                method="heads" if catalogue else "alti",
                windows=1,
                window_tokens=256,
                coverage=1.0,
                sink_mass=0.412345,
                precision="float32",
                catalogue=catalogue,
                profile=Profile.FAST if catalogue else None,
                background="running_text",
            )
        ],
        agreement=_AGREEMENT,
        long_range=_LONG_RANGE,
        divergent=(),
        relations=[_relation(words, pair) for pair in pairs],
        n_relations_left_out=0,
        provenance=Provenance(
            bifocal="0.1.0",
            models={"glove-6b-50d": "sha256:5", "minilm-l6": "sha256:c"},
            libraries={"torch": "2"},
            text="sha256:7",
            options=Options(),
        ),
    )


def _relation(words: list[WordRef], pair: Pair) -> Relation:
    between = words[pair.a : pair.b]
    return Relation(
        a=words[pair.a],
        b=words[pair.b],
        distance=pair.b - pair.a,
        same_sentence=not any(word.text in ".!?" for word in between),
        static=None
        if pair.cosine is None
        else StaticRelation(cosine=pair.cosine, percentile=pair.meaning, rank=0.5),
        contextual=ContextualRelation(
            forward=pair.forward,
            backward=pair.backward,
            lift=pair.lift,
            percentile=pair.context,
            rank=0.75,
            windows=pair.windows,
            without=None if pair.without is None else Without(a=pair.without[0], b=pair.without[1]),
        ),
        kind=pair.kind,
        joint=pair.joint,
        verdict=pair.verdict,
        reason=pair.reason,
    )

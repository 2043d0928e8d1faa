"""Reports as the merge writes them, from the words and figures a test names."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bifocal.contracts import (
    Agreement,
    ContextualRelation,
    ContextualSummary,
    Direction,
    Divergent,
    FurtherFigures,
    HeadVoice,
    Interval,
    LexicalKind,
    LongRange,
    ModelAgreement,
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

NULL = Null(interval=Interval(low=-0.041234, high=0.039876), p_value=0.005)
AGREEMENT = Agreement(
    n_pairs=1234,
    spearman=0.123456,
    interval=Interval(low=0.012345, high=0.234567),
    null=NULL,
    n_top=12,
    top_overlap=0.083333,
    top_null=Null(interval=Interval(low=0.001234, high=0.032109), p_value=0.015),
)
LONG_RANGE = LongRange(
    beyond_words=25,
    all_pairs=0.512345,
    static=0.412345,
    contextual=0.312345,
    across_sentences_all_pairs=0.612345,
    across_sentences_static=0.523456,
    across_sentences_contextual=0.212345,
)
SINKS = (0.231231, 0.514803, 0.553081, 0.469985, 0.528305, 0.401948)
STATIC, CONTEXTUAL = ("glove-6b-50d",), ("minilm-l6",)
_WORD = re.compile(r"\w+|[^\w\s]")


@dataclass(frozen=True, kw_only=True)
class Pair:
    """Two words, or runs of words, by position, and what the lenses say of them."""

    a: int
    b: int
    a_words: int = 1
    b_words: int = 1
    verdict: Verdict = Verdict.BOTH
    reason: Reason | None = None
    cosine: float | None = 0.612345
    meaning: float = 0.987654
    meaning_rank: float = 0.954321
    forward: float = 0.213456
    backward: float = 0.104321
    lift: float = 3.141593
    context: float = 0.976543
    context_rank: float = 0.932109
    windows: int = 1
    kind: RelationKind | None = None
    lexical: LexicalKind | None = None
    joint: float | None = None
    without: tuple[float, float] | None = None
    further: FurtherFigures | None = None


def kind(
    name: str,
    direction: Direction = Direction.A_TO_B,
    probability: float = 0.912345,
    heads: list[tuple[int, int, float]] | None = None,
) -> RelationKind:
    """A kind; a head is its layer, its number there and what it added."""
    voices = heads and [HeadVoice(layer=layer, head=head, added=added) for layer, head, added in heads]
    return RelationKind(name=name, direction=direction, probability=probability, heads=voices)


def lexical(name: str, direction: Direction | None = None, probability: float = 0.712345) -> LexicalKind:
    """A lexical kind, which goes both ways if no direction is given."""
    return LexicalKind(name=name, direction=direction, probability=probability)


def divergent(
    text: str, word: int, by_meaning: Sequence[int], by_context: Sequence[int], start: int, end: int
) -> Divergent:
    """A divergent word of `text`, by positions, with a stretch of the text for its sentence."""
    words = _words(text)
    return Divergent(
        word=words[word],
        divergence=0.654321,
        by_meaning=tuple(words[k] for k in by_meaning),
        by_context=tuple(words[k] for k in by_context),
        sentence=text[start:end],
        sentence_start=start,
    )


def build_report(
    text: str,
    pairs: list[Pair],
    *,
    name: str = "doc-1",
    neither: int = 0,
    left_out: int = 0,
    language: str = "en",
    static_models: tuple[str, ...] = STATIC,
    contextual_models: tuple[str, ...] = CONTEXTUAL,
    unknown: list[str] | None = None,
    neighbours: dict[str, list[tuple[str, float]]] | None = None,
    catalogue: str | None = None,
    background: str = "running_text",
    agreement: Agreement = AGREEMENT,
    model_agreement: ModelAgreement | None = None,
    long_range: LongRange = LONG_RANGE,
    diverging: tuple[Divergent, ...] = (),
) -> Report:
    """A report on `text` that lists `pairs`; words are runs of letters, and single signs."""
    words = _words(text)
    verdicts = _verdicts(pairs, neither)
    return Report(
        id=name,
        language=language,
        n_words=len(words),
        n_sentences=max(1, sum(word.text in ".!?" for word in words)),
        n_candidate_pairs=verdicts.total,
        verdicts=verdicts,
        static=[
            StaticSummary(
                model=model,
                space=Space.COMMON_REMOVED,
                unknown_words=unknown or [],
                neighbours=_neighbours(neighbours or {}) if model == static_models[0] else {},
            )
            for model in static_models
        ],
        contextual=[
            ContextualSummary(
                model=model,
                method="heads" if catalogue else "alti",
                windows=3,
                window_tokens=256,
                coverage=0.987654,
                sink_mass=0.412345,
                sink_by_layer=SINKS,
                precision="float32",
                catalogue=catalogue,
                profile=Profile.FAST if catalogue else None,
                background=background,
            )
            for model in contextual_models
        ],
        agreement=agreement,
        model_agreement=model_agreement,
        long_range=long_range,
        divergent=diverging,
        relations=[_relation(text, words, pair) for pair in pairs],
        n_relations_left_out=left_out,
        provenance=Provenance(
            bifocal="0.1.0",
            models=dict.fromkeys((*static_models, *contextual_models), "sha256:5"),
            catalogues={catalogue: "sha256:ca"} if catalogue else {},
            libraries={"torch": "2.13.0"},
            text="sha256:7",
            options=Options(static_models=static_models, contextual_models=contextual_models),
        ),
    )


def _words(text: str) -> list[WordRef]:
    spans = [match.span() for match in _WORD.finditer(text)]
    return [WordRef(word=k, text=text[s:e], start=s, end=e) for k, (s, e) in enumerate(spans)]


def _verdicts(pairs: list[Pair], neither: int) -> VerdictCounts:
    counts = Counter[str](pair.reason or pair.verdict for pair in pairs)
    return VerdictCounts(
        both=counts["both"],
        meaning_only=counts["meaning_only"],
        context_only=counts["context_only"],
        neither=counts["neither"] + neither,
        not_comparable=NotComparableCounts(
            same_word=counts["same_word"], unknown_word=counts["unknown_word"]
        ),
    )


def _neighbours(near: Mapping[str, list[tuple[str, float]]]) -> dict[str, list[Neighbour]]:
    return {
        word: [Neighbour(word=other, cosine=cosine) for other, cosine in others]
        for word, others in near.items()
    }


def _relation(text: str, words: list[WordRef], pair: Pair) -> Relation:
    between = words[pair.a : pair.b]
    static = None
    if pair.cosine is not None:
        static = StaticRelation(
            cosine=pair.cosine, percentile=pair.meaning, rank=pair.meaning_rank, kind=pair.lexical
        )
    return Relation(
        a=_run(text, words, pair.a, pair.a_words),
        b=_run(text, words, pair.b, pair.b_words),
        distance=pair.b - pair.a,
        same_sentence=not any(word.text in ".!?" for word in between),
        static=static,
        contextual=ContextualRelation(
            forward=pair.forward,
            backward=pair.backward,
            lift=pair.lift,
            percentile=pair.context,
            rank=pair.context_rank,
            windows=pair.windows,
            without=None if pair.without is None else Without(a=pair.without[0], b=pair.without[1]),
        ),
        further=pair.further,
        kind=pair.kind,
        joint=pair.joint,
        verdict=pair.verdict,
        reason=pair.reason,
    )


def _run(text: str, words: list[WordRef], first: int, n_words: int) -> WordRef:
    start, end = words[first].start, words[first + n_words - 1].end
    return WordRef(word=first, n_words=n_words, text=text[start:end], start=start, end=end)

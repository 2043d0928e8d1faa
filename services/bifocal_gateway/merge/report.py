"""The report of a document: counts over all candidate pairs, the pairs worth listing, how lenses agree."""

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import orjson

from bifocal import __version__
from bifocal.contracts import Options, Provenance, Report, ShardDocument
from bifocal.lenses import StaticOutput
from bifocal_gateway.batch.term_pairs import DocumentTerms, TermPairs, Terms
from bifocal_gateway.merge.agreement import agreement_of
from bifocal_gateway.merge.counts import Tally, tally, verdict_counts
from bifocal_gateway.merge.divergence import divergent_words
from bifocal_gateway.merge.figures import Row
from bifocal_gateway.merge.further import Further
from bifocal_gateway.merge.kinds import JointScores, LikeliestKinds
from bifocal_gateway.merge.lenses import ContextualView, StaticView
from bifocal_gateway.merge.lexical_rows import lexical_rows
from bifocal_gateway.merge.listing import Listed
from bifocal_gateway.merge.pairs import CandidatePairs, sentences_of
from bifocal_gateway.merge.probes import find_joint, find_lexical
from bifocal_gateway.merge.reach import Reach
from bifocal_gateway.merge.references import References
from bifocal_gateway.merge.relations import RelationWriter
from bifocal_gateway.merge.seen import SeenPairs
from bifocal_gateway.merge.verdicts import Judged, judge
from bifocal_gateway.units import UnitAttention, Units, units_of

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """What the reports of a shard rest on beside models and options."""

    catalogues: dict[str, str] = field(default_factory=dict)
    libraries: dict[str, str] = field(default_factory=dict)
    terms: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Merged:
    """A document's report, and what it contributes to the batch.

    Relations are thousands in a report, and objects for each of them take most of a merge's time. So they
    stay as they are written, behind `head`, the report without them.
    """

    head: Report
    relations: list[Row]
    terms: DocumentTerms

    @property
    def report(self) -> Report:
        """The whole report."""
        return Report.model_validate({**self.head.model_dump(), "relations": self.relations})

    def line(self) -> bytes:
        """The report as a line of results."""
        fields = self.head.model_dump(mode="json")
        fields["relations"] = self.relations
        return orjson.dumps(fields, option=orjson.OPT_APPEND_NEWLINE)


def merge_document(
    document: ShardDocument,
    options: Options,
    static: Sequence[StaticView],
    contextual: Sequence[ContextualView],
    sources: Sources,
) -> Merged:
    """Compare what the lenses say of a document; models come in the order of the options.

    Raises:
        InvalidOptions: noun phrases are asked for, and there are no kinds to make them of.
    """
    return _Merge(document, options, static, contextual).result(sources)


class _Merge:
    """One document, judged by the first static and the first contextual model."""

    def __init__(
        self,
        document: ShardDocument,
        options: Options,
        static: Sequence[StaticView],
        contextual: Sequence[ContextualView],
    ) -> None:
        self._document, self._options = document, options
        self._static, self._contextual = static, contextual
        one, other = static[0], contextual[0]
        self._units: Units = units_of(document, options, other.output.kinds, other.kinds)
        self._meaning: StaticOutput = one.of_units(self._units)
        self._attention: UnitAttention = other.of_units(self._units)
        self._sentence: Ints = sentences_of(self._units, document.sentence_starts)
        self._probe = find_joint(one.content_hash, other.content_hash, other.summary)
        self._kinds = None
        if other.output.kinds is not None:
            self._kinds = LikeliestKinds.of(other.output.kinds, other.kinds, self._units)
        self._joint = self._joint_scores()
        self._lexical = find_lexical(one.content_hash)

    def result(self, sources: Sources) -> Merged:
        document, options, units = self._document, self._options, self._units
        pairs = CandidatePairs(units, self._attention.output, options.scope, self._sentence)
        counts: Tally = Counter()
        listed = Listed(options.listing, options.most_relations)
        seen, reach = SeenPairs(len(units), pairs.total), Reach()
        terms = TermPairs(Terms.of(document, units, self._static[0].output, self._meaning))
        for block in pairs:
            judged = judge(block, self._meaning, self._attention, options, self._kinds, self._joint)
            counts.update(tally(judged))
            listed.add(judged)
            seen.add(judged)
            terms.add(
                block.i,
                block.j,
                contextual_percentile=judged.contextual_percentile,
                cosine=judged.cosine,
                static_percentile=judged.static_percentile,
            )
            distance = units.first[block.j] - units.first[block.i]
            reach.add(judged, distance, self._sentence[block.i] == self._sentence[block.j])
        ranked, placed = seen.ranked(), seen.placed()
        references = References(document, units)
        further = Further(self._static, self._contextual, units, ranked)
        writer = RelationWriter(
            references=references,
            attention=self._attention,
            kinds=self._kinds,
            further=further,
            samples=ranked[2:],
            sentence=self._sentence,
        )
        to_list = listed.result()
        verdicts = verdict_counts(counts, self._meaning, options.scope, self._sentence)
        form = self._meaning.type_of_word.astype(np.int64)
        head = Report(
            id=document.id,
            language=options.language,
            n_words=len(document.word_starts),
            n_sentences=len(document.sentence_starts),
            n_candidate_pairs=verdicts.total,
            verdicts=verdicts,
            agreement=agreement_of(placed, self._meaning, document, options.permutations),
            model_agreement=further.agreement(),
            long_range=reach.result(),
            divergent=divergent_words(placed, form, document, units, references),
            static=[view.summary for view in self._static],
            contextual=[view.summary for view in self._contextual],
            relations=[],
            n_relations_left_out=listed.n_left_out,
            provenance=self._provenance(sources),
        )
        return Merged(
            head=head,
            relations=writer.rows(to_list, self._lexical_kinds(to_list)),
            terms=terms.result(document.id),
        )

    def _joint_scores(self) -> JointScores | None:
        channels = self._contextual[0].output.joint
        if self._probe is None or channels is None:
            return None
        return JointScores(self._probe.probe, self._document, self._static[0].output, channels, self._units)

    def _lexical_kinds(self, judged: Judged | None) -> list[Row | None] | None:
        if judged is None or self._lexical is None:
            return None
        least = self._options.lexical_threshold
        return lexical_rows(self._lexical.probe, self._meaning, self._units, judged, least)

    def _probes(self) -> dict[str, str]:
        """Hashes of the probes that were asked, by name."""
        hashes = {}
        if self._probe is not None and self._joint is not None:
            hashes[f"joint {self._probe.probe.source.catalogue}"] = self._probe.content_hash
        if self._lexical is not None:
            hashes[f"lexical {self._lexical.probe.source.name}"] = self._lexical.content_hash
        return hashes

    def _provenance(self, sources: Sources) -> Provenance:
        return Provenance(
            bifocal=__version__,
            models={view.summary.model: view.content_hash for view in self._static}
            | {view.summary.model: view.content_hash for view in self._contextual},
            catalogues=sources.catalogues | self._probes(),
            libraries=sources.libraries,
            text=f"sha256:{hashlib.sha256(self._document.text.encode()).hexdigest()}",
            terms=sources.terms,
            options=self._options,
        )

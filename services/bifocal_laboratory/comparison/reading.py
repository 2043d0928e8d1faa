"""Both lenses on a document, as the services read it and the merge takes it, up to single pairs."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from bifocal.contracts import Options, ShardDocument
from bifocal.lenses import JointChannels, PairKinds, StaticOutput
from bifocal.models import check_models, contextual_models, static_models
from bifocal.settings import Precision, settings
from bifocal_contextual.lens import ContextualLens
from bifocal_contextual.threads import use_allowed_cores
from bifocal_gateway.merge.joint import JointProbe
from bifocal_gateway.merge.kinds import JointScores, LikeliestKinds
from bifocal_gateway.merge.lenses import ContextualView, StaticView
from bifocal_gateway.merge.listing import select
from bifocal_gateway.merge.pairs import CandidatePairs, sentences_of
from bifocal_gateway.merge.probes import find_joint
from bifocal_gateway.merge.verdicts import Judged, judge
from bifocal_gateway.units import UnitAttention, Units, units_of
from bifocal_laboratory.corpora import AnnotatedDocument
from bifocal_static.lens import StaticLens

Ints = npt.NDArray[np.int64]


def shard_of(document: AnnotatedDocument, index: int = 0) -> ShardDocument:
    """A corpus's document with the corpus's words and sentences, in the form that the lenses read."""
    return ShardDocument(
        index=index,
        id=document.name,
        text=document.text,
        word_starts=list(document.starts),
        word_ends=list(document.ends),
        sentence_starts=[first for first, _ in document.sentences],
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadDocument:
    """What the merge has of a document before it judges the pairs; ends of pairs are `units`.

    `meaning` has units for words, `meaning_of_words` has words.

    `kinds` and `channels` are there where the transformer has a catalogue, `probe` and `joint` where
    there is a joint probe for the two models; `names` are behind the codes of the kinds.
    """

    document: ShardDocument
    options: Options
    units: Units
    sentence: Ints
    meaning: StaticOutput
    meaning_of_words: StaticOutput
    attention: UnitAttention
    kinds: PairKinds | None
    names: tuple[str, ...]
    channels: JointChannels | None
    probe: JointProbe | None
    joint: JointScores | None

    @classmethod
    def of(
        cls, document: ShardDocument, options: Options, static: StaticView, contextual: ContextualView
    ) -> "ReadDocument":
        """From the views of both lenses."""
        kinds, channels = contextual.output.kinds, contextual.output.joint
        units = units_of(document, options, kinds, contextual.kinds)
        fitted = find_joint(static.content_hash, contextual.content_hash, contextual.summary)
        probe = None if fitted is None else fitted.probe
        joint = None
        if probe is not None and channels is not None:
            joint = JointScores(probe, document, static.output, channels, units)
        return cls(
            document=document,
            options=options,
            units=units,
            sentence=sentences_of(units, document.sentence_starts),
            meaning=static.of_units(units),
            meaning_of_words=static.output,
            attention=contextual.of_units(units),
            kinds=kinds,
            names=tuple(contextual.kinds),
            channels=channels,
            probe=probe,
            joint=joint,
        )

    @property
    def pairs(self) -> CandidatePairs:
        """All pairs that shared a window, in blocks."""
        return CandidatePairs(self.units, self.attention.output, self.options.scope, self.sentence)

    def judged(self, reach_words: int | None = None) -> Iterator[Judged]:
        """All pairs that shared a window, block by block, or those at most so many words apart."""
        kinds = None if self.kinds is None else LikeliestKinds.of(self.kinds, self.names, self.units)
        first = self.units.first
        for block in self.pairs:
            judged = judge(block, self.meaning, self.attention, self.options, kinds, self.joint)
            if reach_words is not None:
                near = first[block.j] - first[block.i] <= reach_words
                judged = select(judged, np.flatnonzero(near))
            yield judged


class BothLenses:
    """A static and a contextual lens, as their workers load them, with the options of a job.

    Raises:
        UnknownModel: the options name a model that is not allowed.
        ModelUnavailable: a model cannot be loaded.
    """

    def __init__(self, options: Options, *, precision: Precision = Precision.FLOAT32) -> None:
        chosen = settings()
        check_models(chosen, options)
        use_allowed_cores()
        self.options = options
        self._static = StaticLens(static_models(chosen), warm=options.static_models)
        self._contextual = ContextualLens(
            contextual_models(chosen),
            warm=options.contextual_models,
            batch_tokens=chosen.batch_tokens,
            device=chosen.device,
            precision=precision,
            catalogue_folder=chosen.catalogue_folder,
        )

    def read(self, document: ShardDocument, options: Options | None = None) -> ReadDocument:
        """Read a document, with the job's options or with others that name the same models."""
        options = options or self.options
        static = self._static.read([document], options)
        contextual = self._contextual.read([document], options)
        (meaning,), (context,) = static.readings, contextual.readings
        by_meaning, by_context = static.outputs[document.index], contextual.outputs[document.index]
        summary, reading = meaning.static[0], context.contextual[0]
        return ReadDocument.of(
            document,
            options,
            StaticView(
                summary=summary, output=by_meaning.static[0], content_hash=static.models[summary.model]
            ),
            ContextualView(
                summary=reading.summary,
                output=by_context.contextual[0],
                content_hash=contextual.models[reading.summary.model],
                kinds=reading.kinds,
            ),
        )


def words_of_pairs(read: ReadDocument, judged: Judged) -> tuple[Ints, Ints]:
    """First words of the units of some pairs ``(k,)``."""
    return read.units.first[judged.block.i], read.units.first[judged.block.j]

"""One pass of some documents through a transformer: what is asked of each window, and what comes of it."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from bifocal.contracts import ContextualReading, ContextualSummary, Options, ShardDocument
from bifocal.errors import InvalidOptions
from bifocal.lenses import AuditedPairs, ContextualOutput
from bifocal.text import is_candidate
from bifocal_contextual.audit import audit_strongest
from bifocal_contextual.background import WeightedText, measure
from bifocal_contextual.bands import Bands
from bifocal_contextual.batches import Place
from bifocal_contextual.kinds import FoundKinds
from bifocal_contextual.kinds.finder import KindSearch
from bifocal_contextual.loaded import LoadedModel
from bifocal_contextual.methods import MatrixReader, WindowWeights
from bifocal_contextual.pieces import Pieces, cut
from bifocal_contextual.reading import Parts, Reader
from bifocal_contextual.sinks import SinkReader, together
from bifocal_contextual.views import View
from bifocal_contextual.windows import Window, coverage, windows

Bools = npt.NDArray[np.bool_]


class DocumentsPass:
    """Some documents, laid out for a transformer, and the views of it that they are read by.

    `views` say what is asked, `laid` has each document's pieces and windows, `readers` listen to the pass.
    """

    def __init__(
        self, model: LoadedModel, views: Sequence[View], documents: Sequence[ShardDocument], options: Options
    ) -> None:
        transformer = model.transformer
        self.model = model
        self.views = views
        self._documents = documents
        self._options = options
        self._window_tokens = _window_tokens(model, options)
        self.laid = lay_out(model, documents, options)
        self._candidates: list[Bools] = [
            np.array([is_candidate(word) for word in document.words], dtype=np.bool_)
            for document in documents
        ]
        self._search = self._find_kinds()
        # Kinds first: where they want all heads of a layer, the others take their own from those.
        self.readers: list[Reader[Any]] = [
            *(self._search.readers if self._search else ()),
            SinkReader(transformer),
            *(MatrixReader(transformer, view.relator) for view in views),
        ]

    def finish(
        self, number: int, parts: Sequence[tuple[Place, Parts]]
    ) -> dict[str, tuple[ContextualReading, ContextualOutput]]:
        """What the windows of document `number`, in order, come to, by view."""
        answers = [list(results) for _, results in parts]
        places = [place for place, _ in parts]
        found_kinds = None
        if self._search is not None:
            n_own = len(self._search.readers)
            found_kinds = self._search.found(number, self.laid[number][1], [own[:n_own] for own in answers])
        matrices = len(self.views)
        sinks = together([own[-matrices - 1] for own in answers])
        return {
            view.name: self._finish(
                number,
                view,
                [own[k - matrices] for own in answers],
                # Kinds are told from heads of all layers, so they belong to the whole model.
                found_kinds if view.layer is None else None,
                sinks,
                places,
            )
            for k, view in enumerate(self.views)
        }

    def _find_kinds(self) -> KindSearch | None:
        catalogue = self.model.catalogue
        whole = any(view.layer is None for view in self.views)
        if catalogue is None or not whole or catalogue.language != self._options.language:
            return None
        finder = self.model.finder(self._options.profile)
        return finder.open(self._documents, self._candidates, heads_named=self._options.heads_named)

    def _finish(
        self,
        number: int,
        view: View,
        weights: Sequence[WindowWeights],
        kinds: FoundKinds | None,
        sinks: tuple[float, ...],
        places: Sequence[Place],
    ) -> tuple[ContextualReading, ContextualOutput]:
        pieces, found = self.laid[number]
        catalogue = self.model.catalogue if kinds else None
        summary = ContextualSummary(
            model=view.name,
            method=view.method,
            windows=len(found),
            window_tokens=self._window_tokens,
            coverage=coverage(pieces, found),
            sink_mass=round(float(np.concatenate([part.sink for part in weights]).mean()), 6),
            sink_by_layer=sinks if view.layer is None else sinks[view.layer - 1 : view.layer],
            precision=str(self.model.transformer.dtype).removeprefix("torch."),
            catalogue=catalogue and catalogue.name,
            profile=self._options.profile if catalogue else None,
            background=view.held_against,
        )
        output = self._output(view, weights, kinds, self._candidates[number])
        audited = self._audited(view, output, self._candidates[number], places)
        reading = ContextualReading(summary=summary, kinds=kinds.names if kinds else ())
        return reading, output if audited is None else output.with_audit(audited)

    def _output(
        self, view: View, parts: Sequence[WindowWeights], kinds: FoundKinds | None, candidate: Bools
    ) -> ContextualOutput:
        bands = Bands.over(
            np.array([(p.window.first_word, p.window.end_word) for p in parts], dtype=np.int64)
        )
        weight = bands.mean(parts)
        background = view.usual_in(bands.longest)
        if background is None:
            background = measure([WeightedText(bands=bands, weight=weight, candidate=candidate)])
        return bands.output(weight, candidate, background, kinds)

    def _audited(
        self, view: View, output: ContextualOutput, candidate: Bools, places: Sequence[Place]
    ) -> AuditedPairs | None:
        n_pairs = self._options.audited_pairs if view.layer is None else 0
        return (
            audit_strongest(self.model.transformer, output, candidate, places, n_pairs) if n_pairs else None
        )


def lay_out(
    model: LoadedModel, documents: Sequence[ShardDocument], options: Options
) -> list[tuple[Pieces, list[Window]]]:
    """Pieces and windows of each document.

    Raises:
        InvalidOptions: the window asked for is longer than the model's.
    """
    transformer = model.transformer
    room = _window_tokens(model, options) - len(transformer.prefix) - len(transformer.suffix)
    laid = []
    for document in documents:
        starts, ends = (np.array(b, dtype=np.int64) for b in (document.word_starts, document.word_ends))
        pieces = cut(transformer.tokenizer, document.text, starts, ends)
        laid.append((pieces, windows(pieces, most_pieces=room, overlap=options.window_overlap)))
    return laid


def _window_tokens(model: LoadedModel, options: Options) -> int:
    most = model.transformer.window_tokens
    if options.window_tokens is None:
        return most
    if options.window_tokens > most:
        raise InvalidOptions(
            f"window_tokens is {options.window_tokens}, but {model.transformer.name} reads at most {most} "
            "pieces at once"
        )
    return options.window_tokens

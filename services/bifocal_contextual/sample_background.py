"""What is usual in the documents of one job, for a model of which nothing was measured before."""

from collections.abc import Sequence

from bifocal.contracts import Options, ShardDocument
from bifocal.lenses import DistanceBackground
from bifocal_contextual.background import measure
from bifocal_contextual.loaded import LoadedModel
from bifocal_contextual.views import View
from bifocal_contextual.weighing import weigh

#: With fewer words together the documents say less of the batch than each says of itself.
FEWEST_WORDS = 1_000


def measure_sample(
    model: LoadedModel,
    views: Sequence[View],
    documents: Sequence[ShardDocument],
    options: Options,
    *,
    batch_tokens: int,
) -> dict[str, DistanceBackground]:
    """The background of each view that has none, by its name; nothing where the documents are too short.

    Documents are kept apart in passes, so that the figures depend on nothing but them.
    """
    lacking = [view for view in views if view.background is None]
    if sum(len(document.word_starts) for document in documents) < FEWEST_WORDS:
        return {}
    weighed = dict(weigh(model, lacking, documents, options, batch_tokens=batch_tokens, apart=True))
    by_view = zip(*(weighed[number] for number in sorted(weighed)), strict=True)
    return {view.name: measure(texts) for view, texts in zip(lacking, by_view, strict=True)}

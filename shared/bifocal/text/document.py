"""A text as the lenses and the merge take it."""

from bifocal.contracts import ShardDocument
from bifocal.text.segment import Segmenter
from bifocal.text.terms import TermFinder


def shard_document(
    text: str, segmenter: Segmenter, *, index: int, name: str, finder: TermFinder | None = None
) -> ShardDocument:
    """Split a text, which `checked_text` has let through, into words; `finder` looks for terms in it."""
    words = segmenter.segment(text)
    document = ShardDocument(
        index=index,
        id=name,
        text=text,
        word_starts=words.starts.tolist(),
        word_ends=words.ends.tolist(),
        sentence_starts=words.sentence_starts.tolist(),
        stop_words=words.stop_words.tolist(),
    )
    return document if finder is None else document.model_copy(update={"terms": finder.find(document.words)})

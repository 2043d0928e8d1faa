"""Annotated documents as sentences with word vectors and every head's weights, one document after another."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice

import numpy as np
import numpy.typing as npt

from bifocal_contextual.catalogue.arcs import N_SPECIAL_WAYS
from bifocal_contextual.heads import read_heads
from bifocal_contextual.model import Transformer
from bifocal_contextual.pieces import Pieces, cut
from bifocal_contextual.windows import Window, windows
from bifocal_laboratory.corpora import AnnotatedDocument
from bifocal_static.vectors import Vectors

#: Documents whose weights are held at once.
_GROUP = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class SentenceBlock:
    """What the probes see of one sentence of n words, and its tree.

    Shapes: `vectors` ``(n, size)`` float32, unit length, zero for an unknown word; `known` ``(n,)`` bool;
    `weights` ``(n, n, n_heads)`` float16, what word i (first axis) attends to; `specials`
    ``(n, 4 · n_heads)`` float16, the weights word → prefix, prefix → word, word → suffix and suffix → word,
    each of all heads; `heads` ``(n,)``, head of each word in the sentence, n for a root.
    """

    document: str
    vectors: npt.NDArray[np.float32]
    known: npt.NDArray[np.bool_]
    weights: npt.NDArray[np.float16]
    specials: npt.NDArray[np.float16]
    heads: npt.NDArray[np.int64]
    relations: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.heads)

    @property
    def n_heads(self) -> int:
        """Heads of the transformer whose weights are here."""
        return int(self.weights.shape[2])


def with_heads(blocks: Iterable[SentenceBlock], heads: Sequence[int]) -> list[SentenceBlock]:
    """Sentences with only some heads' weights, in the order given; the same ones if that is all of them."""
    chosen = list(heads)
    return [
        block
        if chosen == list(range(block.n_heads))
        else replace(
            block,
            weights=np.ascontiguousarray(block.weights[..., chosen]),
            specials=block.specials.reshape(len(block), N_SPECIAL_WAYS, -1)[..., chosen].reshape(
                len(block), -1
            ),
        )
        for block in blocks
    ]


def word_vectors(
    vectors: Vectors, words: Sequence[str]
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.bool_]]:
    """Unit vectors ``(n, size)``, zero for unknown words, and whether each is known ``(n,)``.

    They are in the space that `vectors` is in, as the static lens sends them.
    """
    keys = [vectors.key(word) for word in words]
    known = np.array([key is not None for key in keys], dtype=bool)
    rows = np.zeros((len(words), vectors.keyed.vector_size), dtype=np.float32)
    rows[known] = vectors.unit([key for key in keys if key is not None])
    return rows, known


def sentence_blocks(
    documents: Iterable[AnnotatedDocument],
    transformer: Transformer,
    vectors: Vectors,
    *,
    most_pieces: int | None = None,
    overlap: float = 0.5,
    batch_tokens: int = 2048,
) -> Iterator[SentenceBlock]:
    """Sentences of some documents in order; a few documents are in memory at once.

    Weights between two words are the mean over the windows that hold both, zero if there is none;
    those with the special tokens the mean over the windows that hold the word.

    Args:
        documents: documents with trees.
        transformer: read head by head.
        vectors: a vocabulary and its vectors, in the space that the static lens takes them in.
        most_pieces: longest window without special tokens; None for the model's longest.
        overlap: share of a window that the next one reads again.
        batch_tokens: pieces in one forward pass.

    Raises:
        ValueError: a document has no trees.
    """
    specials = len(transformer.prefix) + len(transformer.suffix)
    room = transformer.window_tokens - specials if most_pieces is None else most_pieces
    source = iter(documents)
    while group := list(islice(source, _GROUP)):
        laid = [_laid(document, transformer, room, overlap) for document in group]
        gathered = [[_Gathered.of(s, sum(transformer.n_heads)) for s in d.sentences] for d in group]
        for part in read_heads(transformer, laid, batch_tokens=batch_tokens):
            for sentence in gathered[part.document]:
                sentence.add(part.window, part.weights.numpy())
        for document, sentences in zip(group, gathered, strict=True):
            rows, known = word_vectors(vectors, document.words)
            yield from (_block(document, sentence, rows, known) for sentence in sentences)


def _laid(
    document: AnnotatedDocument, transformer: Transformer, room: int, overlap: float
) -> tuple[Pieces, list[Window]]:
    starts, ends = np.array(document.starts, dtype=np.int64), np.array(document.ends, dtype=np.int64)
    pieces = cut(transformer.tokenizer, document.text, starts, ends)
    return pieces, windows(pieces, most_pieces=room, overlap=overlap)


@dataclass(slots=True, kw_only=True)
class _Gathered:
    """Sums over windows for the words `first` to `end`."""

    first: int
    end: int
    weights: npt.NDArray[np.float32]
    specials: npt.NDArray[np.float32]
    together: npt.NDArray[np.float32]

    @classmethod
    def of(cls, sentence: tuple[int, int], n_heads: int) -> "_Gathered":
        first, end = sentence
        n = end - first
        return cls(
            first=first,
            end=end,
            weights=np.zeros((n_heads, n, n), dtype=np.float32),
            specials=np.zeros((N_SPECIAL_WAYS, n_heads, n), dtype=np.float32),
            together=np.zeros((n, n), dtype=np.float32),
        )

    def add(self, window: Window, weights: npt.NDArray[np.float32]) -> None:
        first, end = max(self.first, window.first_word), min(self.end, window.end_word)
        if first >= end:
            return
        here = slice(first - self.first, end - self.first)
        there = slice(first - window.first_word, end - window.first_word)
        self.weights[:, here, here] += weights[:, there, there]
        ways = (
            weights[:, there, -2],
            weights[:, -2, there],
            weights[:, there, -1],
            weights[:, -1, there],
        )
        for number, way in enumerate(ways):
            self.specials[number, :, here] += way
        self.together[here, here] += 1


def _block(
    document: AnnotatedDocument,
    sentence: _Gathered,
    vectors: npt.NDArray[np.float32],
    known: npt.NDArray[np.bool_],
) -> SentenceBlock:
    if document.heads is None or document.relations is None:
        raise ValueError(f"{document.name}: has no trees")
    first, end = sentence.first, sentence.end
    n = end - first
    times = np.maximum(sentence.together, 1)
    heads = np.array(document.heads[first:end], dtype=np.int64)
    specials = sentence.specials / np.diagonal(times)
    return SentenceBlock(
        document=document.name,
        vectors=vectors[first:end],
        known=known[first:end],
        weights=(sentence.weights / times).transpose(1, 2, 0).astype(np.float16),
        specials=specials.transpose(2, 0, 1).reshape(n, -1).astype(np.float16),
        heads=np.where(heads < 0, n, heads - first),
        relations=document.relations[first:end],
    )

"""Overlapping windows over a document, cut between words, so that nothing is left unread in silence."""

from dataclasses import dataclass

from bifocal_contextual.pieces import Pieces


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """A run of words and the run of pieces that stands for them; ends are one past the last."""

    first_word: int
    end_word: int
    first_piece: int
    end_piece: int


def windows(pieces: Pieces, *, most_pieces: int, overlap: float) -> list[Window]:
    """Windows of at most `most_pieces` pieces, each beginning `1 - overlap` of a window after the last.

    First and last words rise from window to window, and every word is in one. A single word of more
    pieces than fit is read by its first `most_pieces`; `coverage` tells.
    """
    starts, ends = _runs(pieces)
    n_words = len(starts)
    found: list[Window] = []
    first = 0
    while first < n_words:
        end = first + 1
        while end < n_words and ends[end] - starts[first] <= most_pieces:
            end += 1
        last_piece = min(ends[end - 1], starts[first] + most_pieces)
        found.append(Window(first_word=first, end_word=end, first_piece=starts[first], end_piece=last_piece))
        if end == n_words:
            break
        step = starts[first] + (1 - overlap) * most_pieces
        nearest = next((word for word in range(first + 1, end) if starts[word] >= step), end)
        # A window that reached no further than the last one would add nothing.
        while ends[end] - starts[nearest] > most_pieces and nearest < end:
            nearest += 1
        first = nearest
    return found


def coverage(pieces: Pieces, found: list[Window]) -> float:
    """Share of the pieces that some window reads; 1.0 for a document without pieces."""
    if not len(pieces.ids):
        return 1.0
    read, reached = 0, 0
    for window in found:
        read += max(0, window.end_piece - max(window.first_piece, reached))
        reached = max(reached, window.end_piece)
    return read / len(pieces.ids)


def _runs(pieces: Pieces) -> tuple[list[int], list[int]]:
    """First piece and one past the last for each word, rising; pieces between words go to the word before."""
    n_words = len(pieces.first)
    starts, ends = [0] * n_words, [0] * n_words
    reached = 0
    for word in range(n_words):
        empty = pieces.end[word] <= pieces.first[word]
        starts[word] = reached if empty else int(pieces.first[word])
        ends[word] = max(reached, starts[word] if empty else int(pieces.end[word]))
        reached = ends[word]
    for word in range(n_words - 1):
        ends[word] = max(ends[word], starts[word + 1])
    if n_words:
        starts[0], ends[-1] = 0, len(pieces.ids)
    return starts, ends

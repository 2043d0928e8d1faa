"""Words whose strongest relations differ between the lenses, with the sentence that shows it."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from bifocal.contracts import Divergent, ShardDocument, WordRef
from bifocal_gateway.merge.agreement import PlacedPairs
from bifocal_gateway.merge.ranks import ranks_of
from bifocal_gateway.merge.references import References
from bifocal_gateway.units import Units

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

#: Words told of, and strongest partners of each; a word with fewer partners in the document is left out.
_MOST_WORDS, _PARTNERS, _FEWEST_PARTNERS = 10, 5, 10
_SENTENCE_CHARACTERS = 400
_DIGITS = 6


def divergent_words(
    pairs: PlacedPairs, form: Ints, document: ShardDocument, units: Units, references: References
) -> tuple[Divergent, ...]:
    """The words that diverge most; stop words are neither told of nor counted as partners.

    `form` ``(n_units,)`` numbers the word forms.
    """
    table = _Partners.of(pairs, form, _content(document, units))
    if table is None:
        return ()
    rows = [row for row in range(len(table.starts)) if table.n_partners(row) >= _FEWEST_PARTNERS]
    scored = sorted((-table.divergence(row), row) for row in rows)
    return tuple(_told(-value, table, row, document, references) for value, row in scored[:_MOST_WORDS])


@dataclass(frozen=True, slots=True, kw_only=True)
class _Partners:
    """Every word form with each of its partners once, by the pair of places that context ties most.

    Shapes: `word`, `partner` ``(n,)``, units; `static` and `contextual` ``(n,)``, ranks 0 to 1; `starts` and
    `ends` ``(n_forms,)``, the run of each form.
    """

    word: Ints
    partner: Ints
    static: Floats
    contextual: Floats
    starts: Ints
    ends: Ints

    @classmethod
    def of(cls, pairs: PlacedPairs, form: Ints, content: Bools) -> "_Partners | None":
        kept = pairs.differ & content[pairs.i] & content[pairs.j]
        if not kept.any():
            return None
        i, j = pairs.i[kept], pairs.j[kept]
        static, contextual = (
            ranks_of(values[kept]) / np.count_nonzero(kept) for values in (pairs.static, pairs.contextual)
        )
        word, partner = np.concatenate([i, j]), np.concatenate([j, i])
        static, contextual = np.tile(static, 2), np.tile(contextual, 2)
        # The strongest place of each two forms comes first, the earliest of equals.
        order = np.lexsort((word, -contextual, form[partner], form[word]))
        own, other = form[word[order]], form[partner[order]]
        first = np.concatenate([[True], (own[1:] != own[:-1]) | (other[1:] != other[:-1])])
        order = order[first]
        starts = np.flatnonzero(np.concatenate([[True], np.diff(form[word[order]]) != 0]))
        return cls(
            word=word[order],
            partner=partner[order],
            static=static[order],
            contextual=contextual[order],
            starts=starts,
            ends=np.append(starts[1:], len(order)),
        )

    def strongest(self, row: int) -> tuple[Ints, Ints]:
        """Places of a form's strongest partners by meaning and by context, strongest first."""
        run = np.arange(self.starts[row], self.ends[row])
        by_meaning, by_context = (
            run[np.argsort(-values[run], kind="stable")[:_PARTNERS]]
            for values in (self.static, self.contextual)
        )
        return by_meaning, by_context

    def n_partners(self, row: int) -> int:
        return int(self.ends[row] - self.starts[row])

    def divergence(self, row: int) -> float:
        by_meaning, by_context = self.strongest(row)
        gap = self.static - self.contextual
        return float((gap[by_meaning].mean() - gap[by_context].mean()) / 2)


def _told(
    value: float, table: _Partners, row: int, document: ShardDocument, references: References
) -> Divergent:
    by_meaning, by_context = table.strongest(row)
    word = references.of(int(table.word[by_context[0]]))
    start, end = _sentence(document, word)
    return Divergent(
        word=word,
        divergence=round(value, _DIGITS),
        by_meaning=tuple(references.of(int(table.partner[place])) for place in by_meaning),
        by_context=tuple(references.of(int(table.partner[place])) for place in by_context),
        sentence=document.text[start:end],
        sentence_start=start,
    )


def _sentence(document: ShardDocument, word: WordRef) -> tuple[int, int]:
    """First and end character of the sentence around a word, cut around it where it is long."""
    number = int(np.searchsorted(document.sentence_starts, word.word, side="right"))
    first = document.sentence_starts[number - 1] if number else 0
    last = document.sentence_starts[number] if number < len(document.sentence_starts) else None
    start = document.word_starts[first]
    end = document.word_ends[last - 1] if last is not None else document.word_ends[-1]
    if end - start > _SENTENCE_CHARACTERS:
        start = max(start, min(word.start - _SENTENCE_CHARACTERS // 2, end - _SENTENCE_CHARACTERS))
        end = start + _SENTENCE_CHARACTERS
    return start, end


def _content(document: ShardDocument, units: Units) -> Bools:
    """Which units hold a word that is no stop word ``(n_units,)``."""
    content = np.ones(len(units.of_word), dtype=np.bool_)
    content[document.stop_words] = False
    found = np.zeros(len(units), dtype=np.bool_)
    found[units.of_word[content & (units.of_word >= 0)]] = True
    return found

"""What of a document's text can be told from its report."""

from collections.abc import Iterator

from bifocal.contracts import Report

#: Between two words there is mostly a space, or a mark and a space.
_BETWEEN = 2


def told_text(report: Report) -> str:
    """A text in which the words and sentences that a report names are in their places.

    It ends with the last of them. Spaces stand for what lies between two words, dots for what may be words.
    """
    told = sorted(set(_told(report)))
    parts: list[str] = []
    place = 0
    for start, text in told:
        if start > place:
            parts.append(_gap(start - place))
            place = start
        # Sentences hold words, and terms may hold terms.
        rest = text[place - start :]
        parts.append(rest)
        place += len(rest)
    return "".join(parts)


def _gap(length: int) -> str:
    return " " * length if length <= _BETWEEN else f" {'·' * (length - 2)} "


def _told(report: Report) -> Iterator[tuple[int, str]]:
    for relation in report.relations:
        for word in (relation.a, relation.b):
            yield word.start, word.text
    for divergent in report.divergent:
        yield divergent.sentence_start, divergent.sentence
        for word in (divergent.word, *divergent.by_meaning, *divergent.by_context):
            yield word.start, word.text

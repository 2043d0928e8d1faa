"""WiC: does a word mean the same in two sentences (Pilehvar and Camacho-Collados 2019)?

https://aclanthology.org/N19-1128. Two files of as many lines: ``X.data.txt`` with ``word TAB N or V TAB
place-place TAB sentence TAB sentence``, words with a space between them, and ``X.gold.txt`` with T or F.
"""

from dataclasses import dataclass
from pathlib import Path

from bifocal.errors import UnreadableCorpus
from bifocal_laboratory.corpora.lines import malformed, numbered_lines, whole_number

DATA, GOLD = ".data.txt", ".gold.txt"

_TRUTH = {"T": True, "F": False}


@dataclass(frozen=True, slots=True)
class WordInContext:
    """A word in two sentences; places count their words from 0, and the form there may be inflected."""

    lemma: str
    first: tuple[str, ...]
    first_place: int
    second: tuple[str, ...]
    second_place: int
    same: bool
    """Whether it means the same in both."""


def read_word_in_context(path: Path) -> list[WordInContext]:
    """Pairs of sentences of a ``.data.txt`` file in order, with the answers of the file beside it.

    Raises:
        UnreadableCorpus: a file cannot be read, they are not of one length, a line is not in the format,
            or there is none.
    """
    if not path.name.endswith(DATA):
        raise UnreadableCorpus(f"{path}: the name of a WiC file ends in {DATA}")
    gold = path.with_name(path.name.removesuffix(DATA) + GOLD)
    answers = [_answer(gold, number, line) for number, line in numbered_lines(gold)]
    rows = list(numbered_lines(path))
    if len(rows) != len(answers):
        raise UnreadableCorpus(f"{gold}: {len(answers)} answers for {len(rows)} pairs of sentences")
    if not rows:
        raise UnreadableCorpus(f"{path}: is empty")
    return [_pair(path, number, line, same) for (number, line), same in zip(rows, answers, strict=True)]


def _answer(path: Path, number: int, line: str) -> bool:
    answer = _TRUTH.get(line.strip())
    if answer is None:
        raise malformed(path, number, f"T or F expected, not {line[:40]!r}")
    return answer


def _pair(path: Path, number: int, line: str, same: bool) -> WordInContext:
    cells = line.split("\t")
    if len(cells) != 5:
        raise malformed(path, number, f"5 columns with tabs between them expected, {len(cells)} found")
    lemma, _, places, *sentences = cells
    words = [tuple(sentence.split()) for sentence in sentences]
    found = [whole_number(path, number, place, "the word's place") for place in places.split("-")]
    if len(found) != 2:
        raise malformed(path, number, f"two places expected, not {places[:40]!r}")
    for place, sentence in zip(found, words, strict=True):
        if place >= len(sentence):
            raise malformed(path, number, f"there is no word {place} in a sentence of {len(sentence)}")
    return WordInContext(lemma, words[0], found[0], words[1], found[1], same)

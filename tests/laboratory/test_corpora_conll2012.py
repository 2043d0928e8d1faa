"""The CoNLL-2012 layout of OntoNotes and LitBank."""

import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bifocal.errors import UnreadableCorpus
from bifocal_laboratory.corpora import MentionKind, read_documents
from bifocal_laboratory.corpora.conll2012 import head_by_words

Write = Callable[[str], Path]
Spans = list[tuple[int, int, str]]

BEGIN, END = "#begin document (a); part 000\n", "\n#end document\n"


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def write(content: str) -> Path:
        path = tmp_path / "sample.conll"
        path.write_bytes(content.encode())
        return path

    return write


def row(word: str, mentions: str = "-", tag: str = "-") -> str:
    return f"a 0 0 {word} {tag} * {mentions}\n"


def spans(path: Path) -> Spans:
    (document,) = read_documents(path)
    return [(mention.start, mention.end, mention.entity) for mention in document.mentions]


def test_litbanks_tabs_and_empty_columns_are_read(write: Write) -> None:
    rows = "a\t0\t0\tMr\t_\t_\t(1\t\na\t0\t1\tVerloc\t_\t_\t_\t1)\na\t0\t2\tsat\t_\t_\t_\t\n".replace(
        "(1\t", "_\t(1"
    )
    (document,) = read_documents(write("\ufeff" + BEGIN + rows + END))
    assert document.text == "Mr Verloc sat"
    (mention,) = document.mentions
    assert (mention.start, mention.end, mention.head, mention.kind) == (0, 2, 1, MentionKind.PROPER)
    assert (document.name, document.heads, document.tags) == ("a", None, None)


def test_penn_tags_become_universal_ones_and_tell_names(write: Write) -> None:
    rows = row("Anna", "(1)", "NNP") + row("sleeps", "-", "VBZ") + row(".", "-", ".")
    (document,) = read_documents(write(BEGIN + rows + END))
    assert document.tags == ("PROPN", "VERB", "PUNCT")
    assert document.mentions[0].kind is MentionKind.PROPER


def test_words_are_set_as_print_sets_them(write: Write) -> None:
    words = ["He", "did", "n't", "go", "(", "yet", ")", ",", "“", "why", "”", "?"]
    (document,) = read_documents(write(BEGIN + "".join(map(row, words)) + END))
    assert document.text == "He didn't go (yet), “why”?"
    assert [document.text[a:b] for a, b in zip(document.starts, document.ends, strict=True)] == words


def test_nested_and_crossing_mentions_are_read(write: Write) -> None:
    rows = row("a", "(12|(3)|(4") + row("b", "(5|12)") + row("c", "5)|4)")
    assert spans(write(BEGIN + rows + END)) == [(0, 3, "4"), (0, 2, "12"), (0, 1, "3"), (1, 3, "5")]


def test_parts_of_a_document_are_documents(write: Write) -> None:
    path = write(BEGIN + row("a") + END + BEGIN.replace("000", "001") + row("b") + END)
    assert [document.name for document in read_documents(path)] == ["a", "a#1"]


@pytest.mark.parametrize(
    ("phrase", "head"),
    [
        ("the streets of London", "streets"),
        ("the king 's eldest son", "son"),
        ("the king 's", "king"),
        ("a man who sleeps", "man"),
        ("Mr Verloc", "Verloc"),
        ("of them", "them"),
        ("she", "she"),
    ],
)
def test_heads_are_guessed_by_words(phrase: str, head: str) -> None:
    words = phrase.split()
    assert words[head_by_words(words, 0, len(words))] == head


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (BEGIN + "a 0 0 word\n", 2),
        (BEGIN + row("a", "12"), 2),
        (BEGIN + row("a", "(x|") + END, 2),
        (BEGIN + row("a", "1)") + END, 2),
        (BEGIN + row("a") + row("b", "(1") + END, 3),
        (BEGIN + row("a"), 1),
        (BEGIN + row("a") + BEGIN, 3),
        (BEGIN + END + row("a"), 4),
        (BEGIN + row("a") + BEGIN.replace("000", "0" * 5000) + END, 3),
        (BEGIN + END + "#end document\n", 4),
        ("#begin document a\n", 1),
        (BEGIN + "a\t0\t0\t\t_\t_\t_\n", 2),
    ],
)
def test_a_malformed_line_is_named(write: Write, content: str, line: int) -> None:
    with pytest.raises(UnreadableCorpus, match=rf"sample\.conll, line {line}: "):
        list(read_documents(write(content)))


def _cross(a: tuple[int, int, str], b: tuple[int, int, str]) -> bool:
    return a[2] == b[2] and (a[0] < b[0] < a[1] < b[1] or b[0] < a[0] < b[1] < a[1])


@st.composite
def mentions(draw: st.DrawFn) -> tuple[int, Spans]:
    """A number of words, and mentions among them; no two of one entity cross, which no bracket can say."""
    n_words = draw(st.integers(1, 12))
    ends = st.tuples(st.integers(0, n_words - 1), st.integers(1, n_words)).filter(
        lambda span: span[0] < span[1]
    )
    drawn = draw(st.lists(st.tuples(ends, st.sampled_from(["1", "2", "30"])), max_size=10))
    kept: Spans = []
    for (start, end), entity in drawn:
        span = (start, end, entity)
        if not any(_cross(span, other) for other in kept):
            kept.append(span)
    return n_words, sorted(kept, key=lambda span: (span[0], -span[1], span[2]))


@given(mentions())
def test_mentions_written_in_brackets_are_read_back(case: tuple[int, Spans]) -> None:
    n_words, written = case
    cells: list[list[str]] = [[] for _ in range(n_words)]
    for start, end, entity in sorted(written, key=lambda span: span[1] - span[0]):
        if end - start > 1:
            cells[end - 1].append(f"{entity})")
    for start, end, entity in written:
        cells[start].append(f"({entity}" if end - start > 1 else f"({entity})")
    rows = "".join(row("w", "|".join(cell) or "-") for cell in cells)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "written.conll"
        path.write_text(BEGIN + rows + END, "utf-8")
        assert spans(path) == written

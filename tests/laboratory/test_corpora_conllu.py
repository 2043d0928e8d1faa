"""CoNLL-U with trees and coreference."""

from collections.abc import Callable
from pathlib import Path

import pytest

from bifocal.errors import UnreadableCorpus
from bifocal_laboratory.corpora import AnnotatedDocument, MentionKind, read_documents

Write = Callable[[str], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def write(content: str) -> Path:
        path = tmp_path / "sample.conllu"
        path.write_bytes(content.encode())
        return path

    return write


def row(number: object, form: str, tag: str = "NOUN", head: object = 0, misc: str = "_") -> str:
    return f"{number}\t{form}\t_\t{tag}\t_\t_\t{head}\tdep\t_\t{misc}\n"


def one(path: Path) -> AnnotatedDocument:
    (document,) = read_documents(path)
    assert all(
        document.text[start:end] == word
        for word, start, end in zip(document.words, document.starts, document.ends, strict=True)
    )
    return document


def spans(document: AnnotatedDocument) -> list[tuple[int, int, str]]:
    return [(mention.start, mention.end, mention.entity) for mention in document.mentions]


def test_text_is_put_together_by_space_after(write: Write) -> None:
    document = one(
        write(row(1, "Hello", misc="SpaceAfter=No") + row(2, "!", "PUNCT", 1) + "\n" + row(1, "Bye"))
    )
    assert document.text == "Hello! Bye"
    assert document.sentences == ((0, 2), (2, 3))
    assert document.heads == (-1, 0, -1)
    assert document.name == "sample"


def test_a_multi_word_token_is_cut_between_its_words(write: Write) -> None:
    rows = (
        row(1, "I", head=3)
        + row("2-3", "don't", misc="SpaceAfter=No")
        + row(2, "do", head=0)
        + row(3, "n't", head=2, misc="SpaceAfter=Yes")
        + row(4, ".", head=2)
    )
    assert one(write(rows)).text == "I don't."


def test_words_that_do_not_make_their_token_stand_apart(write: Write) -> None:
    rows = row("1-2", "del") + row(1, "de", head=2) + row(2, "el") + row(3, "mar", head=2)
    assert one(write(rows)).text == "de el mar"


def test_documents_are_told_apart_and_named(write: Write) -> None:
    path = write("# newdoc id = a\n" + row(1, "A") + "\n# newdoc\n" + row(1, "B") + "\n")
    assert [(document.name, document.text) for document in read_documents(path)] == [
        ("a", "A"),
        ("sample-1", "B"),
    ]


def test_a_byte_order_mark_and_windows_line_ends_are_no_part_of_the_text(write: Write) -> None:
    path = write("\ufeff# newdoc id = a\r\n" + row(1, "A").replace("\n", "\r\n"))
    assert one(path).name == "a"
    assert one(path).text == "A"


def test_nested_and_crossing_mentions_are_read(write: Write) -> None:
    rows = (
        row(1, "a", head=2, misc="Entity=(e1-person-1(e2-person-1")
        + row(2, "b", misc="Entity=(e3-person-1")
        + row(3, "c", head=2, misc="Entity=e2)(e4)")
        + row(4, "d", head=2, misc="SpaceAfter=No|Entity=e3)e1)")
    )
    assert spans(one(write(rows))) == [(0, 4, "e1"), (0, 3, "e2"), (1, 4, "e3"), (2, 3, "e4")]


def test_of_two_open_mentions_of_one_entity_the_inner_closes_first(write: Write) -> None:
    rows = (
        row(1, "a", misc="Entity=(e1")
        + row(2, "b", head=1, misc="Entity=(e1")
        + row(3, "c", head=1, misc="Entity=e1)e1)")
    )
    assert spans(one(write(rows))) == [(0, 3, "e1"), (1, 3, "e1")]


def test_the_head_field_counts_from_the_start_of_the_mention(write: Write) -> None:
    rows = (
        row(1, "x") + row(2, "a", head=1, misc="Entity=(e1-person-2") + row(3, "b", head=2, misc="Entity=e1)")
    )
    assert one(write(rows)).mentions[0].head == 2


def test_without_a_head_field_the_tree_decides(write: Write) -> None:
    rows = (
        row(1, "see", "VERB")
        + row(2, "houses", head=1, misc="Entity=(e1")
        + row(3, "of", "ADP", 4)
        + row(4, "stone", head=2, misc="Entity=e1)")
    )
    assert one(write(rows)).mentions[0].head == 1


def test_gums_header_says_where_the_fields_are_and_trees_go_before_minimal_spans(write: Write) -> None:
    header = "# newdoc id = a\n# global.Entity = etype-GRP-infstat-minspan\n"
    rows = row(1, "New", "PROPN", 2, "Entity=(person-7-new-1") + row(2, "men", misc="Entity=7)")
    (mention,) = one(write(header + rows)).mentions
    assert (mention.entity, mention.head) == ("7", 1)


def test_without_trees_the_minimal_span_decides(write: Write) -> None:
    header = "# global.Entity = GRP-minspan\n"
    rows = row(1, "men", "_", "_", "Entity=(7-1") + row(2, "here", "_", "_", "Entity=7)")
    document = one(write(header + rows))
    assert document.mentions[0].head == 0
    assert (document.heads, document.relations, document.tags) == (None, None, None)


def test_empty_nodes_are_no_words_and_count_for_heads(write: Write) -> None:
    rows = (
        row(1, "a", misc="Entity=(e1-person-3")
        + row("1.1", "it", head="_", misc="Entity=(e2)")
        + row(2, "b", head=1, misc="Entity=e1)")
    )
    document = one(write(rows))
    assert document.words == ("a", "b")
    assert [(mention.entity, mention.head) for mention in document.mentions] == [("e1", 1)]


def test_discontinuous_mentions_are_left_out(write: Write) -> None:
    rows = (
        row(1, "a", misc="Entity=(e1[1/2])")
        + row(2, "b", head=1)
        + row(3, "c", head=1, misc="Entity=(e1[2/2])(e2)")
    )
    assert spans(one(write(rows))) == [(2, 3, "e2")]


@pytest.mark.parametrize(
    ("form", "tag", "kind"),
    [
        ("She", "PRON", MentionKind.THIRD_PERSON_PRONOUN),
        ("it", "PRON", MentionKind.THIRD_PERSON_PRONOUN),
        ("It", "PROPN", MentionKind.PROPER),
        ("this", "DET", MentionKind.OTHER_PRONOUN),
        ("US", "PROPN", MentionKind.PROPER),
        ("Anna", "_", MentionKind.NOMINAL),
        ("houses", "NOUN", MentionKind.NOMINAL),
    ],
)
def test_kinds_of_mentions_follow_head_and_tag(write: Write, form: str, tag: str, kind: MentionKind) -> None:
    assert one(write(row(1, form, tag, misc="Entity=(e1)"))).mentions[0].kind is kind


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (row(1, "a") + "2\tb\n", 2),
        (row("one", "a"), 1),
        (row(2, "a"), 1),
        (row(1, ""), 1),
        (row(1, "a", head=4), 1),
        (row(1, "a", head="x"), 1),
        (row(1, "a", head="9" * 5000), 1),
        (row("1" * 5000, "a"), 1),
        (row(1, "a", head=2) + row(2, "b", head=1), 1),
        (row(1, "a") + row(2, "b", head="_"), 2),
        (row("1-3", "ab") + row(1, "a") + row(2, "b", head=1), 1),
        (row("2-1", "ab") + row(1, "a"), 1),
        (row(1, "a", misc="Entity=e1)"), 1),
        (row(1, "a") + row(2, "b", head=1, misc="Entity=(e1"), 2),
        (row(1, "a", misc="Entity="), 1),
        (row(1, "a", misc="Entity=(e1)x"), 1),
        (row(1, "a", misc="Entity=()"), 1),
        (row(1, "a", misc="Entity=(e1-person-2)"), 1),
        (row(1, "a", misc="Entity=(e1-person-first)"), 1),
        ("# global.Entity = etype\n" + row(1, "a"), 1),
    ],
)  # fmt: skip
def test_a_malformed_line_is_named(write: Write, content: str, line: int) -> None:
    with pytest.raises(UnreadableCorpus, match=rf"sample\.conllu, line {line}: "):
        list(read_documents(write(content)))


def test_what_is_no_corpus_is_said_to_be_none(write: Write, tmp_path: Path) -> None:
    with pytest.raises(UnreadableCorpus, match="neither CoNLL-U"):
        read_documents(write("Just a text.\n"))
    with pytest.raises(UnreadableCorpus, match="is empty"):
        read_documents(write("\n"))
    with pytest.raises(UnreadableCorpus, match="No such file"):
        read_documents(tmp_path / "gone")
    (tmp_path / "latin").write_bytes(b"# newdoc\n# \xe9\n")
    with pytest.raises(UnreadableCorpus, match="line 2: not UTF-8"):
        list(read_documents(tmp_path / "latin"))

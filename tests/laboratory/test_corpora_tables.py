"""GAP and word-pair ratings."""

from pathlib import Path

import pytest

from bifocal.errors import UnreadableCorpus
from bifocal_laboratory.corpora import GapItem, WordPair, read_gap, read_word_pairs

GAP_HEADER = "ID\tText\tPronoun\tPronoun-offset\tA\tA-offset\tA-coref\tB\tB-offset\tB-coref\tURL\n"
GAP_ROW = 'd-1\t"Ann saw Élise; she left\tshe\t16\tAnn\t1\tTRUE\tÉlise\t9\tFALSE\thttp://x\n'


def write(folder: Path, content: str) -> Path:
    path = folder / "sample.tsv"
    path.write_bytes(content.encode())
    return path


def test_gap_items_are_read_with_quotes_and_offsets_in_characters(tmp_path: Path) -> None:
    assert list(read_gap(write(tmp_path, "\ufeff" + GAP_HEADER + GAP_ROW))) == [
        GapItem("d-1", '"Ann saw Élise; she left', "she", 16, "Ann", 1, True, "Élise", 9, False, "feminine")
    ]


@pytest.mark.parametrize(
    ("content", "line"),
    [
        ("", 1),
        (GAP_ROW, 1),
        (GAP_HEADER + "d-1\ttext\n", 2),
        (GAP_HEADER + GAP_ROW + GAP_ROW.replace("\t16\t", "\t17\t"), 3),
        (GAP_HEADER + GAP_ROW.replace("\t16\t", "\t-1\t"), 2),
        (GAP_HEADER + GAP_ROW.replace("TRUE", "perhaps"), 2),
        (GAP_HEADER + GAP_ROW.replace("\tshe\t", "\tit\t"), 2),
    ],
)
def test_a_malformed_line_of_gap_is_named(tmp_path: Path, content: str, line: int) -> None:
    with pytest.raises(UnreadableCorpus, match=rf"sample\.tsv, line {line}: "):
        list(read_gap(write(tmp_path, content)))


@pytest.mark.parametrize(
    "content",
    [
        "gem\tjewel\t3.5\r\nnoon\tstring\t0.08\r\n",
        "# a comment\n\ngem jewel  3.5\nnoon string 0.08\n",
        "Word 1,Word 2,Human (mean),1,2\ngem,jewel,3.5,9,9\nnoon,string,0.08,9,9\n",
        "\ufeffword1\tword2\tPOS\tSimLex999\tSD(SimLex)\ngem\tjewel\tN\t3.5\t9\nnoon\tstring\tN\t0.08\t9\n",
    ],
)
def test_word_pairs_are_read_in_every_layout(tmp_path: Path, content: str) -> None:
    pairs = read_word_pairs(write(tmp_path, content))
    assert pairs == [WordPair("gem", "jewel", 3.5), WordPair("noon", "string", 0.08)]


def test_the_rating_may_be_in_a_named_column(tmp_path: Path) -> None:
    path = write(tmp_path, "word1\tword2\tmine\tother\nnew york\ttown\t3\t4\n")
    assert read_word_pairs(path, rating="mine") == [WordPair("new york", "town", 3.0)]
    with pytest.raises(UnreadableCorpus, match="names no column 'gone'"):
        read_word_pairs(path, rating="gone")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "holds no word pair"),
        ("a\tb\tscore\n", "holds no word pair"),
        ("a\tb\t1\nc\td\n", "line 2: two words and a rating expected"),
        ("a\tb\t1\nc\td\thigh\n", "line 2: the rating should be a number"),
        ("a\tb\t1\nc\td\tnan\n", "line 2: the rating should be a number"),
        ("a\tb\t1\n\td\t2\n", "line 2: two words and a rating expected"),
    ],
)
def test_a_malformed_rating_is_named(tmp_path: Path, content: str, message: str) -> None:
    with pytest.raises(UnreadableCorpus, match=message):
        read_word_pairs(write(tmp_path, content))

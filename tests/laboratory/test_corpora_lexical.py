"""Lists of lexical relations, and WordNet's files."""

from collections import Counter
from pathlib import Path

import pytest

from bifocal.errors import UnreadableCorpus
from bifocal_laboratory.corpora import LexicalKind, LexicalPair, read_lexical_relations, read_wordnet
from bifocal_laboratory.corpora.lexical_relations import lexical_files
from bifocal_laboratory.corpora.wordnet import is_wordnet, wordnet_files

LICENCE = "  1 This software and database is being provided to you, the LICENSEE, by  \n"

#: animal ─ dog (tail), cat; poodle and bulldog below dog; bark and growl below utter; good against bad.
NOUNS = [
    ("00000001", "being", []), ("00000002", "creature", ["@ 00000001"]),
    ("00000003", "thing", ["@ 00000002"]), ("00000004", "organism", ["@ 00000003"]),
    ("00000005", "animal beast", ["@ 00000004"]), ("00000006", "dog hound", ["@ 00000005", "%p 00000008"]),
    ("00000007", "cat", ["@ 00000005"]), ("00000008", "tail", []), ("00000009", "poodle", ["@ 00000006"]),
    ("00000010", "bulldog", ["@ 00000006"]), ("00000011", "cat", []),
]  # fmt: skip


def write_wordnet(folder: Path) -> Path:
    nouns = []
    for offset, words, pointers in NOUNS:
        spelled = " ".join(f"{word} 0" for word in words.split())
        own = " ".join(f"{pointer} n 0000" for pointer in pointers)
        count = len(words.split())
        nouns.append(f"{offset} 05 n {count:02x} {spelled} {len(pointers):03d} {own} | a gloss; # @ 0  \n")
    verbs = [
        "00000021 30 v 01 utter 0 000 01 + 02 00 | say  \n",
        "00000022 30 v 01 bark 0 001 @ 00000021 v 0000 01 + 02 00 | as dogs  \n",
        "00000023 30 v 01 growl 0 001 @ 00000021 v 0000 01 + 02 00 | as dogs  \n",
    ]
    adjectives = [
        "00000031 00 a 02 Good(p) 0 fine 0 001 ! 00000032 a 0101 | not bad  \n",
        "00000032 00 a 01 bad 0 001 ! 00000031 a 0101 | not good  \n",
    ]
    data = {"noun": nouns, "verb": verbs, "adj": adjectives, "adv": []}
    for part, lines in data.items():
        (folder / f"data.{part}").write_text(LICENCE + "".join(lines), "latin-1")
    senses = {"noun": {}, "verb": {}, "adj": {}, "adv": {}}  # type: dict[str, dict[str, list[str]]]
    for offset, words, _ in NOUNS:
        for word in words.split():
            senses["noun"].setdefault(word, []).append(offset)
    senses["verb"] = {"utter": ["00000021"], "bark": ["00000022"], "growl": ["00000023"]}
    senses["adj"] = {"good": ["00000031"], "fine": ["00000031"], "bad": ["00000032"]}
    for part, words_of_part in senses.items():
        lines = [
            f"{word} {part[0]} {len(offsets)} 0 {len(offsets)} 0 {' '.join(offsets)}  \n"
            for word, offsets in words_of_part.items()
        ]
        (folder / f"index.{part}").write_text(LICENCE + "".join(lines), "latin-1")
    return folder


def write(folder: Path, content: str, name: str = "sample.tsv") -> Path:
    path = folder / name
    path.write_bytes(content.encode())
    return path


def test_every_sets_own_names_become_kinds(tmp_path: Path) -> None:
    names = {
        LexicalKind.HYPERNYM: ["hyper", "HYPER", "hypo", "IsA"],
        LexicalKind.MERONYM: ["mero", "HasA", "MadeOf", "PartOf"],
        LexicalKind.ATTRIBUTE: ["attri", "HasProperty"],
        LexicalKind.EVENT: ["event"],
        LexicalKind.CO_HYPONYM: ["coord", "COORD", "sibl"],
        LexicalKind.SYNONYM: ["Synonym"],
        LexicalKind.ANTONYM: ["Antonym"],
        LexicalKind.RANDOM: ["random", "RANDOM", "false"],
    }
    rows = [f"one\ttwo\t{name}" for own in names.values() for name in own]
    found = read_lexical_relations(write(tmp_path, "\ufeff" + "\r\n".join(rows) + "\r\n\r\n"))
    assert [(pair.kind, pair.relation) for pair in found] == [
        (kind, name) for kind, own in names.items() for name in own
    ]


def test_a_part_that_stands_first_is_the_part_of_the_second(tmp_path: Path) -> None:
    found = read_lexical_relations(write(tmp_path, "wheel\tcar\tPartOf\ncar\twheel\tHasA\n"))
    assert found == [
        LexicalPair("wheel", "car", "PartOf", LexicalKind.MERONYM, forward=False),
        LexicalPair("car", "wheel", "HasA", LexicalKind.MERONYM, forward=True),
    ]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "holds no word pair"),
        ("dog\tanimal\thyper\ndog animal hyper\n", "line 2: two words and their relation expected"),
        ("dog\tanimal\thyper\ndog\t\thyper\n", "line 2: two words and their relation expected"),
        ("dog\tanimal\tfriend\n", "line 1: the relation 'friend' is none of: antonym, "),
        ("dog\tanimal\thyper\tmore\n", "line 1: two words and their relation expected"),
    ],
)
def test_a_malformed_list_is_named(tmp_path: Path, content: str, message: str) -> None:
    with pytest.raises(UnreadableCorpus, match=rf"sample\.tsv.*{message}"):
        read_lexical_relations(write(tmp_path, content))


def test_a_line_that_is_not_utf_8_is_named(tmp_path: Path) -> None:
    path = tmp_path / "sample.tsv"
    path.write_bytes(b"dog\tanimal\thyper\ncaf\xe9\tplace\thyper\n")
    with pytest.raises(UnreadableCorpus, match="line 2: not UTF-8"):
        read_lexical_relations(path)


def test_a_folder_without_lists_is_named(tmp_path: Path) -> None:
    with pytest.raises(UnreadableCorpus, match=r"no file ends in \.tsv"):
        lexical_files(tmp_path)
    with pytest.raises(UnreadableCorpus, match="cannot be read"):
        read_lexical_relations(tmp_path / "gone.tsv")


def test_wordnets_pairs_are_of_first_senses_and_of_the_closest_kind(tmp_path: Path) -> None:
    words = {word for _, own, _ in NOUNS for word in own.split()}
    found = read_wordnet(write_wordnet(tmp_path), words | {"utter", "bark", "growl", "good", "fine", "bad"})
    by_kind = {
        kind: {(pair.first, pair.second) for pair in found if pair.kind is kind} for kind in LexicalKind
    }
    assert by_kind[LexicalKind.SYNONYM] == {("animal", "beast"), ("dog", "hound"), ("fine", "good")}
    assert by_kind[LexicalKind.ANTONYM] == {("bad", "good")}
    # *organism* and what is above it are too general.
    assert by_kind[LexicalKind.HYPERNYM] == {
        *((one, other) for one in ("dog", "hound", "cat") for other in ("animal", "beast")),
        *((one, other) for one in ("poodle", "bulldog") for other in ("animal", "beast", "dog", "hound")),
        ("bark", "utter"), ("growl", "utter"),
    }  # fmt: skip
    assert by_kind[LexicalKind.MERONYM] == {("dog", "tail"), ("hound", "tail")}
    assert by_kind[LexicalKind.CO_HYPONYM] == {("bulldog", "poodle"), ("bark", "growl")}
    assert max(Counter(frozenset((pair.first, pair.second)) for pair in found).values()) == 1


def test_wordnets_pairs_are_of_the_words_asked_for(tmp_path: Path) -> None:
    folder = write_wordnet(tmp_path)
    assert is_wordnet(folder)
    assert not is_wordnet(tmp_path / "gone")
    assert {path.name for path in wordnet_files(folder)} == {path.name for path in folder.iterdir()}
    assert [(p.first, p.second) for p in read_wordnet(folder, {"poodle", "dog"})] == [("poodle", "dog")]
    with pytest.raises(UnreadableCorpus, match="holds no pair of the words"):
        read_wordnet(folder, {"unicorn"})


@pytest.mark.parametrize(("name", "message"), [("data.noun", "no synset"), ("index.verb", "no entry")])
def test_a_malformed_file_of_wordnet_is_named(tmp_path: Path, name: str, message: str) -> None:
    folder = write_wordnet(tmp_path)
    with (folder / name).open("a") as file:
        file.write("half a line\n")
    n_lines = len((folder / name).read_text("latin-1").splitlines())
    with pytest.raises(UnreadableCorpus, match=rf"{name}, line {n_lines}: {message}"):
        read_wordnet(folder, {"dog"})
    (folder / name).unlink()
    with pytest.raises(UnreadableCorpus, match="cannot be read"):
        read_wordnet(folder, {"dog"})


def test_the_sets_are_read_whole(evaluation_data: Path) -> None:
    n = {"BLESS": 19909, "EVALution": 5532, "KHN": 43132, "ROOT09": 9571}
    for name, pairs in n.items():
        files = lexical_files(evaluation_data / "lexical_relations" / name)
        assert sum(len(read_lexical_relations(file)) for file in files) == pairs

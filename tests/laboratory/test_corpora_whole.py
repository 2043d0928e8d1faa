"""The readers on the corpora themselves, where they are on the machine."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from bifocal_laboratory.corpora import AnnotatedDocument, read_documents, read_gap, read_word_pairs


def documents(folder: Path) -> Iterator[AnnotatedDocument]:
    if not folder.is_dir():
        pytest.skip(f"{folder.name} is not on this machine")
    for path in sorted(folder.rglob("*.conll*")):
        yield from read_documents(path)


@pytest.mark.parametrize("name", ["gum_coreference", "litbank", "ud_english_ewt"])
def test_every_word_mention_and_head_of_a_corpus_is_in_its_place(evaluation_data: Path, name: str) -> None:
    n_documents = 0
    for document in documents(evaluation_data / name):
        n_documents += 1
        n_words = len(document.words)
        slices = [document.text[a:b] for a, b in zip(document.starts, document.ends, strict=True)]
        assert tuple(slices) == document.words, document.name
        assert [word for start, end in document.sentences for word in range(start, end)] == list(
            range(n_words)
        )
        assert all(0 <= m.start <= m.head < m.end <= n_words for m in document.mentions), document.name
        assert list(document.mentions) == sorted(document.mentions, key=lambda m: (m.start, -m.end, m.entity))
        for values in (document.heads, document.relations, document.tags):
            assert values is None or len(values) == n_words
    assert n_documents


def test_sentences_read_as_the_treebanks_give_them(evaluation_data: Path) -> None:
    for name in ("gum_coreference", "ud_english_ewt"):
        for path in sorted((evaluation_data / name).rglob("*.conllu")):
            lines = path.read_text("utf-8").split("\n")
            given = [line.removeprefix("# text = ").strip() for line in lines if line.startswith("# text = ")]
            read = [
                document.text[document.starts[start] : document.ends[end - 1]]
                for document in read_documents(path)
                for start, end in document.sentences
            ]
            assert read == given


def test_gap_and_the_ratings_are_read_whole(evaluation_data: Path) -> None:
    assert len(list(read_gap(evaluation_data / "gap" / "gap-development.tsv"))) == 2000
    assert len(read_word_pairs(evaluation_data / "word_similarity" / "EN-SIMLEX-999.txt")) == 999

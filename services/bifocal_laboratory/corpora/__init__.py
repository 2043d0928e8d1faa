"""Readers of labelled data. Files are UTF-8, a byte-order mark is dropped, and read line by line.

Every reader raises `bifocal.errors.UnreadableCorpus`, with file and line, for what it cannot read;
those that give an iterator do so when they get there.
"""

from collections.abc import Iterator
from pathlib import Path

from bifocal.errors import UnreadableCorpus
from bifocal_laboratory.corpora.conll2012 import BEGIN, read_conll2012
from bifocal_laboratory.corpora.conllu import COLUMNS, read_conllu
from bifocal_laboratory.corpora.document import AnnotatedDocument, Mention, MentionKind, Sentence
from bifocal_laboratory.corpora.files import document_files
from bifocal_laboratory.corpora.gap import GapItem, read_gap
from bifocal_laboratory.corpora.lexical_relations import (
    LexicalKind,
    LexicalPair,
    lexical_files,
    read_lexical_relations,
)
from bifocal_laboratory.corpora.lines import malformed, numbered_lines
from bifocal_laboratory.corpora.word_in_context import WordInContext, read_word_in_context
from bifocal_laboratory.corpora.word_pairs import WordPair, read_word_pairs
from bifocal_laboratory.corpora.wordnet import read_wordnet

__all__ = [
    "AnnotatedDocument",
    "GapItem",
    "LexicalKind",
    "LexicalPair",
    "Mention",
    "MentionKind",
    "Sentence",
    "WordInContext",
    "WordPair",
    "document_files",
    "lexical_files",
    "read_conll2012",
    "read_conllu",
    "read_documents",
    "read_gap",
    "read_lexical_relations",
    "read_word_in_context",
    "read_word_pairs",
    "read_wordnet",
]


def read_documents(path: Path) -> Iterator[AnnotatedDocument]:
    """Documents of a CoNLL-U or CoNLL-2012 file, told apart by the first line that is not blank.

    Raises:
        UnreadableCorpus: the file is neither, is empty, or is malformed at a line.
    """
    for number, line in numbered_lines(path):
        if line.startswith(BEGIN):
            return read_conll2012(path)
        if line.startswith("#") or line.count("\t") == COLUMNS - 1:
            return read_conllu(path)
        if line.strip():
            raise malformed(path, number, "neither CoNLL-U (ten columns) nor CoNLL-2012 (#begin document)")
    raise UnreadableCorpus(f"{path}: is empty")

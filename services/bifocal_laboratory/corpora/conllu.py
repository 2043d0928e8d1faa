"""CoNLL-U with trees and, in MISC, coreference as CorefUD 1.x and GUM write it.

Format: https://universaldependencies.org/format.html and https://ufal.mff.cuni.cz/corefud.

What is read otherwise than it stands:

* Words inside of a multi-word token are cut from its surface if their forms put together make it
  (*don't* as *do* + *n't*). Where they do not (*del* as *de* + *el*), the forms are laid out with
  spaces between them, and the text differs there from the surface. What comes after is said by the
  token's own `SpaceAfter`.
* Empty nodes are no words. A mention that covers some keeps its words; one of nothing else is left out.
* Discontinuous mentions (``e1[1/2]``) are left out whole: no one span of words is what they cover.
* A `head` field says which word is the head. GUM's `minspan` is heeded only without trees: it marks
  *Zealand* in *the New Zealand government* and *ship* in *asbestos from the ship*.
"""

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bifocal_laboratory.corpora.brackets import Brackets, Span
from bifocal_laboratory.corpora.corefud import EntityFields, entity_brackets
from bifocal_laboratory.corpora.document import AnnotatedDocument, Mention
from bifocal_laboratory.corpora.kinds import mention_kind
from bifocal_laboratory.corpora.layout import Layout
from bifocal_laboratory.corpora.lines import malformed, numbered_lines, whole_number

COLUMNS = 10
_ID, _FORM, _LEMMA, _UPOS, _HEAD, _DEPREL, _MISC = 0, 1, 2, 3, 6, 7, 9

_NEW_DOCUMENT = re.compile(r"#\s*newdoc\b(?:\s+id)?(?:\s*=\s*(?P<name>.*))?")
_ENTITY_FIELDS = re.compile(r"#\s*global\.Entity\s*=\s*(?P<fields>\S+)")
_TOKEN_ID = re.compile(r"(?P<first>[0-9]{1,9})(?:-(?P<last>[0-9]{1,9})|(?P<dot>\.)[0-9]+)?")
_PART = re.compile(r"\[[0-9]+/[0-9]+\]$")

_NOMINAL_TAGS = frozenset({"NOUN", "PROPN", "PRON", "NUM"})

#: Stands for an empty node where a word's index is expected.
_NO_WORD = -1


def read_conllu(path: Path) -> Iterator[AnnotatedDocument]:
    """Documents of a file in order; without ``# newdoc`` the file is one, named like it.

    Sentences are kept one at a time, documents one at a time.

    Raises:
        UnreadableCorpus: the file cannot be read, or is not CoNLL-U at a line.
    """
    entity_fields = EntityFields()
    document = _Document(path, path.stem)
    unnamed = 0
    for sentence in _sentences(path):
        for number, comment in sentence.comments:
            if match := _NEW_DOCUMENT.fullmatch(comment):
                if document.layout.words:
                    yield document.finish()
                unnamed += not match["name"]
                document = _Document(path, match["name"] or f"{path.stem}-{unnamed}")
            elif match := _ENTITY_FIELDS.match(comment):
                entity_fields = EntityFields.of(path, number, match["fields"])
        document.add(sentence, entity_fields)
    if document.layout.words:
        yield document.finish()


@dataclass(frozen=True, slots=True)
class _Row:
    line: int
    columns: list[str]
    first: int
    last: int
    """Of a multi-word token its last word, else the same as `first`."""
    empty: bool


@dataclass(slots=True)
class _Sentence:
    comments: list[tuple[int, str]] = field(default_factory=list)
    rows: list[_Row] = field(default_factory=list)


def _sentences(path: Path) -> Iterator[_Sentence]:
    sentence = _Sentence()
    for number, line in numbered_lines(path):
        if not line.strip():
            yield sentence
            sentence = _Sentence()
        elif line.startswith("#"):
            # A comment behind words: the blank line between two sentences is missing.
            if sentence.rows:
                yield sentence
                sentence = _Sentence()
            sentence.comments.append((number, line.rstrip()))
        else:
            sentence.rows.append(_row(path, number, line))
    yield sentence


def _row(path: Path, number: int, line: str) -> _Row:
    columns = line.split("\t")
    if len(columns) != COLUMNS:
        raise malformed(
            path, number, f"{COLUMNS} columns with tabs between them expected, {len(columns)} found"
        )
    match = _TOKEN_ID.fullmatch(columns[_ID])
    if match is None:
        raise malformed(path, number, f"{columns[_ID]!r} is not the number of a word")
    if not columns[_FORM].strip():
        raise malformed(path, number, "the word is empty")
    first = int(match["first"])
    return _Row(number, columns, first, int(match["last"] or first), match["dot"] is not None)


class _Document:
    """A document while it is read."""

    def __init__(self, path: Path, name: str) -> None:
        self.path = path
        self.name = name
        self.layout = Layout()
        self.brackets = Brackets(path)
        self.heads: list[int] = []
        self.relations: list[str] = []
        self.tags: list[str] = []
        self.lemmas: list[str] = []
        #: Index of the word at each node, in which brackets and their heads count; `_NO_WORD` if it is empty.
        self.nodes: list[int] = []
        self.has_trees: bool | None = None
        #: Whether the brackets mark heads, and not minimal spans.
        self.marks_heads = False

    def add(self, sentence: _Sentence, entity_fields: EntityFields) -> None:
        base = len(self.layout.words)
        words, tokens = self._words_and_tokens(sentence.rows)
        spaced = _spaces(words, tokens)
        for row in sentence.rows:
            if row.last > row.first:
                continue
            if row.empty:
                self.nodes.append(_NO_WORD)
            else:
                self.nodes.append(len(self.layout.words))
                self.layout.add(row.columns[_FORM], spaced=spaced[row.first - 1])
                self.tags.append(row.columns[_UPOS])
                self.lemmas.append(row.columns[_LEMMA])
            self._add_brackets(row, entity_fields)
        self.layout.end_sentence()
        self._add_tree(base, words)

    def _words_and_tokens(self, rows: list[_Row]) -> tuple[list[_Row], list[_Row]]:
        """Rows of words, and of multi-word tokens."""
        words: list[_Row] = []
        tokens: list[_Row] = []
        for row in rows:
            if row.empty:
                continue
            if row.first != len(words) + 1:
                raise malformed(self.path, row.line, f"word {len(words) + 1} expected, {row.first} found")
            if row.columns[_ID].isdigit():
                words.append(row)
            elif row.last <= row.first or (tokens and tokens[-1].last >= row.first):
                raise malformed(self.path, row.line, "a multi-word token that is empty or overlaps another")
            else:
                tokens.append(row)
        if tokens and tokens[-1].last > len(words):
            raise malformed(self.path, tokens[-1].line, "a multi-word token that goes beyond its sentence")
        return words, tokens

    def _add_tree(self, base: int, words: list[_Row]) -> None:
        """Append heads and relations of a sentence whose first word is `base`."""
        heads: list[int] = []
        for row in words:
            has_head = row.columns[_HEAD] != "_"
            if self.has_trees is None:
                self.has_trees = has_head
            if has_head != self.has_trees:
                raise malformed(
                    self.path, row.line, "some words of the document have a head and some have none"
                )
            if has_head:
                head = whole_number(self.path, row.line, row.columns[_HEAD], "the head")
                if head > len(words):
                    raise malformed(self.path, row.line, f"head {head} in a sentence of {len(words)} words")
                heads.append(head - 1)
        if (looped := _on_a_loop(heads)) is not None:
            raise malformed(self.path, words[looped].line, "the word is, through its heads, its own head")
        self.heads += [head + base if head >= 0 else -1 for head in heads]
        self.relations += [row.columns[_DEPREL] for row in words]

    def _add_brackets(self, row: _Row, fields: EntityFields) -> None:
        """Open and close mentions at the last node."""
        for bracket in entity_brackets(self.path, row.line, row.columns[_MISC], fields):
            if bracket.opens:
                self.marks_heads = fields.marks_head
                self.brackets.open(bracket.entity, len(self.nodes) - 1, row.line, bracket.marked)
            if bracket.closes:
                self.brackets.close(bracket.entity, len(self.nodes), row.line)

    def finish(self) -> AnnotatedDocument:
        spans = [span for span in self.brackets.finish() if not _PART.search(span.entity)]
        mentions = [mention for span in spans if (mention := self._mention(span)) is not None]
        layout = self.layout
        has_tags = any(tag != "_" for tag in self.tags)
        has_lemmas = any(lemma != "_" for lemma in self.lemmas)
        return AnnotatedDocument(
            name=self.name,
            text=layout.text,
            words=tuple(layout.words),
            starts=tuple(layout.starts),
            ends=tuple(layout.ends),
            sentences=tuple(layout.sentences),
            mentions=tuple(
                sorted(mentions, key=lambda mention: (mention.start, -mention.end, mention.entity))
            ),
            heads=tuple(self.heads) if self.has_trees else None,
            relations=tuple(self.relations) if self.has_trees else None,
            tags=tuple(self.tags) if has_tags else None,
            lemmas=tuple(self.lemmas) if has_lemmas else None,
        )

    def _mention(self, span: Span) -> Mention | None:
        nodes = self.nodes[span.start : span.end]
        if any(not 1 <= position <= len(nodes) for position in span.marked):
            raise malformed(
                self.path, span.line, f"mention of {span.entity!r} has its head outside of itself"
            )
        words = [node for node in nodes if node != _NO_WORD]
        if not words:
            return None
        marked = [nodes[position - 1] for position in span.marked if nodes[position - 1] != _NO_WORD]
        head = self._head(marked if marked and (self.marks_heads or not self.has_trees) else words)
        tag = self.tags[head]
        kind = mention_kind(
            self.layout.words,
            words[0],
            words[-1] + 1,
            head,
            sentence_start=self._sentence_start(head),
            tag=None if tag == "_" else tag,
        )
        return Mention(words[0], words[-1] + 1, head, span.entity, kind)

    def _head(self, candidates: Sequence[int]) -> int:
        """The word whose head is none of the others; without trees the last.

        Of several the first that is a noun, a name, a pronoun or a number: a mention need not be one
        phrase of the tree.
        """
        if not self.has_trees or len(candidates) == 1:
            return candidates[-1]
        inside = set(candidates)
        tops = [word for word in candidates if self.heads[word] not in inside]
        return next((word for word in tops if self.tags[word] in _NOMINAL_TAGS), tops[0])

    def _sentence_start(self, word: int) -> int:
        sentences = self.layout.sentences
        return sentences[bisect_right(sentences, word, key=lambda sentence: sentence[0]) - 1][0]


def _spaces(words: Sequence[_Row], tokens: Sequence[_Row]) -> list[bool]:
    """Whether a space stands before each word, and before what follows the last."""
    spaced = [True, *(_space_after(row) for row in words)]
    for token in tokens:
        forms = [row.columns[_FORM] for row in words[token.first - 1 : token.last]]
        apart = "".join(forms) != token.columns[_FORM]
        spaced[token.first : token.last] = [apart] * (len(forms) - 1)
        spaced[token.last] = _space_after(token)
    return spaced


def _space_after(row: _Row) -> bool:
    return "SpaceAfter=No" not in row.columns[_MISC].split("|")


def _on_a_loop(heads: Sequence[int]) -> int | None:
    """A word from which the heads never lead to a root; None if there is none."""
    rooted: set[int] = {-1}
    for word in range(len(heads)):
        trail: dict[int, None] = {}
        at = word
        while at not in rooted:
            if at in trail:
                return at
            trail[at] = None
            at = heads[at]
        rooted.update(trail)
    return None

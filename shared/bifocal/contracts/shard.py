"""A handful of documents with their words, as the lenses and the merge read them."""

from pydantic import Field

from bifocal.contracts._wire import SCHEMA_VERSION, SchemaVersion, Wire
from bifocal.contracts.options import Options


class ShardDocument(Wire):
    """An accepted document; its words were found once and hold for both lenses."""

    index: int
    """Position in the job."""
    id: str
    text: str
    word_starts: list[int]
    """First code point of each word."""
    word_ends: list[int]
    """One past the last code point of each word."""
    sentence_starts: list[int]
    """Word with which each sentence begins; the first is 0."""
    stop_words: list[int] = Field(default_factory=list)
    """Words that carry grammar rather than content, by the language's list; none where it has no list."""

    @property
    def words(self) -> list[str]:
        """The words' texts, punctuation included."""
        return [self.text[s:e] for s, e in zip(self.word_starts, self.word_ends, strict=True)]


class Shard(Wire):
    """The unit of work: documents of one job that travel together."""

    schema_version: SchemaVersion = SCHEMA_VERSION
    job: str
    shard: int
    """Position among the job's shards, from 0."""
    options: Options
    documents: list[ShardDocument]

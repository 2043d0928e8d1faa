"""The page of a job."""

from collections.abc import Callable, Iterator

from bifocal.contracts import BatchReport, Failure
from bifocal.errors import InternalError
from bifocal.output.page import Page
from bifocal_gateway.export.results import Results
from bifocal_gateway.texts import texts_of


def page_file(results: Results, summary: Callable[[], BatchReport]) -> Iterator[bytes]:
    """The page of a job, in one piece: of very many documents it shows the first ones and counts all."""
    page = Page()
    for shard, found in results.shards():
        texts = {} if shard is None or page.is_full else texts_of(results.files, shard)
        for result in found:
            if isinstance(result, Failure):
                page.add_failure(result)
            else:
                page.add(result, texts.get(result.id, ""))
        yield b""
    try:
        page.add_batch(summary())
    except InternalError:
        # There was no room to make it; the documents are worth showing without.
        yield b""
    yield page.html().encode()

"""The page, with as much of the texts as reports tell."""

from collections.abc import Callable, Iterator

from bifocal.contracts import BatchReport, Failure
from bifocal.errors import InternalError
from bifocal.output.page import Page
from bifocal_gateway.export.results import Results
from bifocal_gateway.export.told_text import told_text

_NOTICE = (
    "Texts are not kept once they have been read. What stands here is put together from the words that the "
    "reports name; dots stand for what they do not."
)


def page_file(results: Results, summary: Callable[[], BatchReport]) -> Iterator[bytes]:
    """The page of a job, in one piece: of very many documents it shows the first ones and counts all."""
    page = Page(notice=_NOTICE)
    for shard in results.shards():
        for result in shard:
            if isinstance(result, Failure):
                page.add_failure(result)
            else:
                page.add(result, "" if page.is_full else told_text(result))
        yield b""
    try:
        page.add_batch(summary())
    except InternalError:
        # There was no room to make it; the documents are worth showing without.
        yield b""
    yield page.html().encode()

"""A file of any format becomes documents. Runs in the child, within its limits."""

from collections.abc import Callable, Iterator

from bifocal.errors import BifocalError, DamagedFile, ExtractionLimit, MissingExtra, UnreadableSource
from bifocal.files.archives import read_gzip, read_zip
from bifocal.files.content import Content
from bifocal.files.extracted import MOST_ID_CHARS, Extracted, Refused
from bifocal.files.formats import Format, format_of
from bifocal.files.limits import Limits
from bifocal.files.lines import read_lines
from bifocal.files.pdf import read_pdf
from bifocal.files.plain import read_markdown, read_text
from bifocal.files.tables import read_csv, read_parquet


def read_documents(content: Content) -> Iterator[Extracted]:
    """What a file holds; what cannot be read of it is refused, with a reason.

    Never raises for what a file holds, whatever it is.
    """
    try:
        yield from _bounded(map(_named, _read(content)), content.limits)
    except BifocalError as error:
        yield Refused(id=content.name[:MOST_ID_CHARS], source=content.name, error=error)


def _bounded(found: Iterator[Extracted], limits: Limits) -> Iterator[Extracted]:
    """Stops where a small file says more than anyone would hear."""
    n_documents = n_refused = 0
    for one in found:
        yield one
        n_refused += isinstance(one, Refused)
        n_documents += not isinstance(one, Refused)
        if n_refused >= limits.most_refused:
            raise ExtractionLimit(
                f"{n_refused:,} of its parts could not be read, so the rest was left; is it of this format?"
            )
        if n_documents >= limits.most_documents:
            raise ExtractionLimit(f"it holds more than {n_documents:,} documents; divide it")


def _read(content: Content) -> Iterator[Extracted]:
    found = format_of(content.format_name, content.head())
    try:
        yield from _reader(found)(content)
    except (BifocalError, GeneratorExit):
        raise
    except MemoryError:
        raise ExtractionLimit(
            f"reading it takes more than {content.limits.memory_bytes:,} bytes of memory; "
            "hand over parts of it"
        ) from None
    except RecursionError:
        raise DamagedFile("what it holds is nested too deep; save it again") from None
    except ImportError as error:
        raise MissingExtra(
            f"reading .{found} files needs {error.name or 'a library'}; install `bifocal[files]`"
        ) from None
    except Exception as error:  # libraries raise whatever they like for what is damaged
        detail = " ".join(f"{type(error).__name__}: {error}".split())[:200]
        raise DamagedFile(
            f"it cannot be read as .{found} ({detail}); open it in a program of its own and save it again"
        ) from None


def _reader(found: Format) -> Callable[[Content], Iterator[Extracted]]:
    """The reader of a format; libraries are imported when the first file comes that needs them."""
    if found is Format.HTML:
        from bifocal.files.html import read_html

        return read_html
    return _READERS[found]


_READERS: dict[Format, Callable[[Content], Iterator[Extracted]]] = {
    Format.TEXT: read_text,
    Format.MARKDOWN: read_markdown,
    Format.PDF: read_pdf,
    Format.CSV: read_csv,
    Format.JSONL: read_lines,
    Format.PARQUET: read_parquet,
    Format.GZIP: lambda content: read_gzip(content, _read),
    Format.ZIP: lambda content: read_zip(content, _read),
}


def _named(one: Extracted) -> Extracted:
    if len(one.id) <= MOST_ID_CHARS:
        return one
    too_long = UnreadableSource("the path is too long for an id")
    return Refused(id=one.id[:MOST_ID_CHARS], source=one.source, error=too_long)

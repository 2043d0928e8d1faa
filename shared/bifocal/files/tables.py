"""CSV and Parquet: a text in each row."""

import csv
import io
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import chain, islice
from typing import Any

from bifocal.errors import DamagedFile, ExtractionLimit, InvalidDocument
from bifocal.files.columns import id_column, is_named, text_column
from bifocal.files.content import Content
from bifocal.files.encodings import encoding_of_stream
from bifocal.files.extracted import Extracted
from bifocal.files.formats import Format, ending
from bifocal.files.rows import row_document, row_refused

_DELIMITERS = (",", ";", "\t", "|")

#: Rows and characters that are looked at before any is read.
_SAMPLE_ROWS, _SAMPLE_CHARS = 50, 64 * 1024
_BATCH_ROWS = 256


def read_csv(content: Content) -> Iterator[Extracted]:
    """The document of each row.

    Rows are numbered as a spreadsheet numbers them, the row of names with the others.
    """
    csv.field_size_limit(content.limits.most_text_bytes)
    stream = content.at_any_place()
    encoding = encoding_of_stream(stream, content.reading.encoding)
    lines = io.TextIOWrapper(stream, encoding, newline="")
    sample = lines.read(_SAMPLE_CHARS)
    lines.seek(0)
    rows = csv.reader(lines, delimiter=_delimiter(content, sample))
    try:
        yield from _rows(content, rows, encoding.removesuffix("-sig"))
    except UnicodeDecodeError as error:
        raise DamagedFile(f"not {encoding} throughout ({error.reason}); convert it to UTF-8") from None
    except csv.Error as error:
        if "field larger" in str(error):
            raise ExtractionLimit("a field is larger than a text may be; is a quotation mark open?") from None
        raise DamagedFile(f"row {rows.line_num} is no CSV: {error}") from None


def read_parquet(content: Content) -> Iterator[Extracted]:
    """The document of each row, numbered from 1."""
    import pyarrow as pa
    from pyarrow import parquet

    try:
        table = parquet.ParquetFile(content.at_any_place(), pre_buffer=False)
        strings = [field.name for field in table.schema_arrow if _is_string(pa, field.type)]
        names = [field.name for field in table.schema_arrow]
        first = next(table.iter_batches(_BATCH_ROWS, columns=strings, use_threads=False), None)
        samples = {} if first is None else _samples(strings, first)
        if first is None or not first.num_rows:
            return
        text = text_column(names, samples, content.reading)
        name = id_column(names, text, content.reading)
        wanted = [text, *([name] if name else [])]
        number = 0
        for batch in table.iter_batches(_BATCH_ROWS, columns=wanted, use_threads=False):
            for row in batch.to_pylist():
                number += 1
                yield row_document(content, Format.PARQUET, number, row[text], row[name] if name else None)
    except pa.ArrowNotImplementedError as error:
        raise DamagedFile(f"the Parquet file cannot be read ({error})") from None
    except (pa.ArrowException, OSError) as error:
        raise DamagedFile(f"the Parquet file is damaged ({str(error)[:200]}); write it again") from None


def _is_string(pa: Any, kind: Any) -> bool:
    plain = kind.value_type if pa.types.is_dictionary(kind) else kind
    return bool(
        pa.types.is_string(plain) or pa.types.is_large_string(plain) or pa.types.is_string_view(plain)
    )


def _samples(names: Sequence[str], batch: Any) -> dict[str, list[str]]:
    return {name: [value for value in batch.column(name).to_pylist() if value] for name in names}


def _delimiter(content: Content, sample: str) -> str:
    """The sign that divides the most rows alike."""
    if ending(content.format_name) == ".tsv":
        return "\t"
    agreement = {delimiter: _agreement(sample, delimiter) for delimiter in _DELIMITERS}
    return max(_DELIMITERS, key=lambda delimiter: agreement[delimiter])


def _agreement(sample: str, delimiter: str) -> float:
    """Share of rows that have as many columns as most do, if those are more than one."""
    try:
        rows = list(islice(csv.reader(io.StringIO(sample, newline=""), delimiter=delimiter), _SAMPLE_ROWS))
    except csv.Error:
        return 0.0
    # The last row may have been cut off.
    widths = Counter(len(row) for row in (rows[:-1] if len(rows) > 2 else rows) if row)
    width, n_rows = widths.most_common(1)[0] if widths else (1, 0)
    return 0.0 if width < 2 else n_rows / widths.total()


def _rows(content: Content, rows: Iterator[list[str]], encoding: str) -> Iterator[Extracted]:
    sample = list(islice(rows, _SAMPLE_ROWS))
    filled = [row for row in sample if row]
    if not filled:
        return
    width = max(map(len, filled))
    has_names = _has_names(content, filled[0])
    names = [one or f"column {n}" for n, one in enumerate(filled[0], 1)] if has_names else []
    names += [f"column {n}" for n in range(len(names) + 1, width + 1)]
    body = filled[1:] if has_names else filled
    samples = {name: [row[n] for row in body if n < len(row)] for n, name in enumerate(names)}
    if not body:
        return
    text = text_column(names, samples, content.reading)
    name = id_column(names, text, content.reading)
    text_at, name_at = names.index(text), names.index(name) if name else None
    to_come = has_names
    for number, row in enumerate(chain(sample, rows), 1):
        if not row:
            continue
        if to_come:
            to_come = False
            continue
        if max(text_at, name_at or 0) >= len(row):
            missing = InvalidDocument(
                f"row {number} has {len(row)} columns, and the text or its id should stand in another"
            )
            yield row_refused(content, number, missing)
            continue
        own = row[name_at] if name_at is not None else None
        yield row_document(content, Format.CSV, number, row[text_at], own, encoding)


def _has_names(content: Content, first: Sequence[str]) -> bool:
    """Whether the first row names the columns: by names that are known, or short ones that are no numbers."""
    if is_named(first, content.reading):
        return True
    return len(set(first)) == len(first) and all(
        cell
        and len(cell) <= 40
        and len(cell.split()) <= 3
        and not cell[:1].isdigit()
        and cell[-1] not in ".?!"
        for cell in first
    )

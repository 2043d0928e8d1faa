"""Results are read whole and once, wherever answers are cut into chunks and wherever they break off."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bifocal import Failure, Report
from bifocal.client.results import Lines, ResultStream
from bifocal.contracts import NEXT_CURSOR_HEADER, ErrorDetail
from bifocal.errors import InternalError, WorkerLost

failures = st.builds(
    Failure,
    id=st.text('ab\u2028\x85é🙂\\"', min_size=1, max_size=5),
    error=st.just(ErrorDetail.of(WorkerLost("all of them died"))),
)
parts = st.lists(st.lists(failures, max_size=4), max_size=4)


class Served:
    """Parts of results, as the gateway gives them out."""

    def __init__(self, there: list[list[Failure]]) -> None:
        self.there = there

    def answer(self, reading: ResultStream) -> tuple[dict[str, str], bytes]:
        params = reading.request().params
        first = int(params["cursor"])
        lines = [f"{one.model_dump_json()}\n" for part in self.there[first:] for one in part]
        body = "".join(lines[int(params["offset"]) :]).encode()
        return {NEXT_CURSOR_HEADER: str(max(first, len(self.there)))}, body


def read(
    reading: ResultStream, served: Served, *, chunk: int, cut: int | None = None
) -> list[Report | Failure]:
    """What an answer gives that comes in chunks, whole or up to a cut."""
    headers, body = served.answer(reading)
    reading.begin(headers)
    body = body[:cut]
    found = [result for at in range(0, len(body), chunk) for result in reading.take(body[at : at + chunk])]
    return found if cut is not None else [*found, *reading.end()]


@given(parts, parts, st.integers(1, 300), st.lists(st.integers(0, 1_500), max_size=5))
def test_nothing_is_lost_or_doubled_however_answers_break_off(
    now: list[list[Failure]], later: list[list[Failure]], chunk: int, cuts: list[int]
) -> None:
    served, reading = Served(now), ResultStream("j")
    found: list[Report | Failure] = []
    for cut in cuts:
        found += read(reading, served, chunk=chunk, cut=cut)
    found += read(reading, served, chunk=chunk)
    assert found == [one for part in now for one in part]
    # Parts that are done in the meantime are there the next time, also within an answer that broke off.
    served.there = [*now, *later]
    found = [result for cut in cuts for result in read(reading, served, chunk=chunk, cut=cut)]
    found += read(reading, served, chunk=chunk)
    assert found == [one for part in later for one in part]


@given(st.lists(st.text("ab\u2028\x85\r"), max_size=8), st.integers(1, 9), st.booleans())
def test_lines_end_at_line_feeds_alone(texts: list[str], chunk: int, closed: bool) -> None:
    written = [text.encode() for text in texts]
    body = b"\n".join(written) + (b"\n" if closed and written else b"")
    lines = Lines()
    found = [line for at in range(0, len(body), chunk) for line in lines.add(body[at : at + chunk])]
    found += lines.end()
    assert [line for line in found if line] == [line for line in written if line]


def test_a_line_of_another_version_is_an_error_of_ours() -> None:
    reading = ResultStream("j")
    with pytest.raises(InternalError, match="this version"):
        reading.begin({})
    reading.begin({NEXT_CURSOR_HEADER: "1"})
    with pytest.raises(InternalError, match="this version"):
        list(reading.take(b'{"outcome": "unheard of"}\n'))

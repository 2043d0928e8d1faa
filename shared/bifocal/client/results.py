"""Results, read line by line from answers that may break off anywhere."""

from collections.abc import Iterable, Iterator, Mapping

from pydantic import ValidationError

from bifocal import errors
from bifocal.client import requests
from bifocal.client.faults import misread
from bifocal.client.requests import Request
from bifocal.contracts import NEXT_CURSOR_HEADER, RESULT, Failure, Report
from bifocal.errors import InternalError

#: The place where the first stretch begins.
_BEGINNING = "0"


class ResultStream:
    """How far the results of a job have been read.

    The gateway gives them out in stretches, each with the place where the next one begins. A stretch that
    breaks off is asked for again without the lines that were read, so that each attempt gets further.
    """

    def __init__(self, job_id: str) -> None:
        self._job_id = job_id
        self._place = _BEGINNING
        self._next = _BEGINNING
        self._n_read = 0
        self._lines = Lines()

    def request(self) -> Request[None]:
        """For the stretch that is to be read."""
        return requests.results(self._job_id, {"cursor": self._place, "offset": str(self._n_read)})

    def begin(self, headers: Mapping[str, str]) -> None:
        """The answer has begun."""
        try:
            self._next = headers[NEXT_CURSOR_HEADER]
        except KeyError as error:
            raise misread(error) from error
        self._lines = Lines()

    def take(self, chunk: bytes) -> Iterator[Report | Failure]:
        """What a chunk of the answer completes."""
        for line in self._lines.add(chunk):
            yield from self._result(line)

    def end(self) -> Iterator[Report | Failure]:
        """What is left at the end of the answer, which came whole."""
        for line in self._lines.end():
            yield from self._result(line)
        self._place, self._n_read = self._next, 0

    def _result(self, line: bytes) -> Iterator[Report | Failure]:
        try:
            result = RESULT.validate_json(line)
        except ValidationError as error:
            raise misread(error) from error
        self._n_read += 1
        yield result


def only_report(results: Iterable[Report | Failure]) -> Report:
    """The report of a job of one document.

    Raises:
        BifocalError: that by which the document ended without one.
    """
    for result in results:
        if isinstance(result, Report):
            return result
        raise errors.by_code(result.error.code)(result.error.message)
    raise InternalError("the job ended without a result")


class Lines:
    """Chunks into lines, by line feed alone; httpx's own also end at U+2028 and the like, which JSON holds
    as they are."""

    def __init__(self) -> None:
        self._rest: list[bytes] = []

    def add(self, chunk: bytes) -> Iterator[bytes]:
        """Lines that the chunk completes."""
        first, *others = chunk.split(b"\n")
        self._rest.append(first)
        if others:
            whole = [b"".join(self._rest), *others[:-1]]
            self._rest = [others[-1]]
            yield from whole

    def end(self) -> Iterator[bytes]:
        """A last line without its end."""
        rest, self._rest = b"".join(self._rest), []
        if rest:
            yield rest

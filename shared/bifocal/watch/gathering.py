"""Results of a job gathered by the file that their documents came from."""

import shutil
from collections.abc import Sequence
from pathlib import Path

from bifocal.contracts import Failure, Report
from bifocal.errors import InternalError
from bifocal.watch.memory import Known
from bifocal.watch.source import Source


class Gathering:
    """Lines of results, a file on the disk for each source, until they are whole; then they are removed.

    Nothing here outlasts the watcher: whoever follows the job again gathers again.
    """

    def __init__(self, files: Sequence[Known], folder: Path) -> None:
        self._folder = folder
        self._files = {file.source.key: file for file in files}
        self._left = {file.number: file.source.n_documents for file in files}
        self._failures: dict[int, list[Failure]] = {file.number: [] for file in files}

    def __enter__(self) -> "Gathering":
        shutil.rmtree(self._folder, ignore_errors=True)
        self._folder.mkdir()
        for file in self._files.values():
            self.lines(file).touch()
            for failure in file.source.failures:
                self._append(file, failure)
        return self

    def __exit__(self, *_: object) -> None:
        shutil.rmtree(self._folder, ignore_errors=True)

    def add(self, result: Report | Failure) -> Known | None:
        """Note a result; the file that it made whole, if it did so."""
        file = self._file_of(result.id)
        if file is None:
            # Its file was written before, by a watcher that followed the same job.
            return None
        if isinstance(result, Failure) and result.source is None:
            result = result.model_copy(update={"source": file.source.name})
        self._append(file, result)
        self._left[file.number] -= 1
        if self._left[file.number] < 0:
            raise InternalError(f"the deployment told more of {file.source.key} than it was given")
        return None if self._left[file.number] else file

    def without_documents(self) -> list[Known]:
        """Files that are whole as they are: nothing of them could be submitted."""
        return [file for file in self._files.values() if not file.source.n_documents]

    def incomplete(self) -> list[Source]:
        """Files of which something is missing."""
        return [file.source for file in self._files.values() if self._left[file.number]]

    def lines(self, file: Known) -> Path:
        """The file with a source's results."""
        return self._folder / str(file.number)

    def failures(self, file: Known) -> list[Failure]:
        """Those of a source's results that are failures."""
        return self._failures[file.number]

    def _append(self, file: Known, result: Report | Failure) -> None:
        if isinstance(result, Failure):
            self._failures[file.number].append(result)
        with self.lines(file).open("ab") as lines:
            lines.write(f"{result.model_dump_json()}\n".encode())

    def _file_of(self, document: str) -> Known | None:
        """The source of a document: its id is the source's key, or begins with it and a number sign."""
        if document in self._files:
            return self._files[document]
        ends = (place for place, character in enumerate(document) if character == "#")
        return next((self._files[document[:end]] for end in ends if document[:end] in self._files), None)

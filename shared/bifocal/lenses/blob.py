"""Lens outputs as safetensors blobs: arrays plus a readable header, and nothing that can run.

A blob holds one shard: ``header`` (the JSON of a `LensHeader`, as bytes), the background once
(``background/…``), and ``<index>/…`` for each document that the lens could read.
"""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

import numpy as np
import numpy.typing as npt
from safetensors.numpy import load as load_tensors
from safetensors.numpy import save as save_tensors

from bifocal.contracts import ContextualReading, LensHeader, StaticReading
from bifocal.lenses.contextual import ContextualOutput, DistanceBackground
from bifocal.lenses.kinds import AuditedPairs, JointChannels, PairKinds
from bifocal.lenses.static import PairBackground, StaticOutput

#: Parts of a contextual output that need not be there.
_OPTIONAL: dict[str, type[Any]] = {"kinds": PairKinds, "joint": JointChannels, "audited": AuditedPairs}

Tensors = dict[str, npt.NDArray[np.generic]]


def write_static(header: LensHeader[StaticReading], outputs: Mapping[int, StaticOutput]) -> bytes:
    """Blob of a shard through the static lens; `outputs` by the documents' index in the job."""
    tensors = _with_header(header.model_dump_json())
    for index, output in outputs.items():
        tensors["background/cosine_quantiles"] = output.background.cosine_quantiles
        tensors["background/n_bands"] = np.array([output.background.n_bands])
        for name in ("type_of_word", "vectors", "known", "band"):
            tensors[f"{index}/{name}"] = getattr(output, name)
    return _save(tensors)


def read_static(blob: bytes) -> tuple[LensHeader[StaticReading], dict[int, StaticOutput]]:
    """Reverse of `write_static`."""
    tensors = load_tensors(blob)
    header = LensHeader[StaticReading].model_validate_json(_header(tensors))
    readable = [r.index for r in header.readings if r.error is None]
    if not readable:
        return header, {}
    background = PairBackground(
        cosine_quantiles=tensors["background/cosine_quantiles"],
        n_bands=int(tensors["background/n_bands"][0]),
    )
    return header, {
        index: StaticOutput(
            type_of_word=tensors[f"{index}/type_of_word"],
            vectors=tensors[f"{index}/vectors"],
            known=tensors[f"{index}/known"],
            band=tensors[f"{index}/band"],
            background=background,
        )
        for index in readable
    }


def write_contextual(header: LensHeader[ContextualReading], outputs: Mapping[int, ContextualOutput]) -> bytes:
    """Blob of a shard through the contextual lens; `outputs` by the documents' index in the job."""
    tensors = _with_header(header.model_dump_json())
    for index, output in outputs.items():
        for name in ("usual_before", "usual_after", "lift_quantiles"):
            tensors[f"{index}/background/{name}"] = getattr(output.background, name)
        for name in ("first", "width", "weight", "lift", "windows", "level"):
            tensors[f"{index}/{name}"] = getattr(output, name)
        for group in _OPTIONAL:
            part = getattr(output, group)
            for field in fields(part) if part is not None else ():
                tensors[f"{index}/{group}/{field.name}"] = getattr(part, field.name)
    return _save(tensors)


def read_contextual(blob: bytes) -> tuple[LensHeader[ContextualReading], dict[int, ContextualOutput]]:
    """Reverse of `write_contextual`."""
    tensors = load_tensors(blob)
    header = LensHeader[ContextualReading].model_validate_json(_header(tensors))
    return header, {
        index: ContextualOutput(
            first=tensors[f"{index}/first"],
            width=tensors[f"{index}/width"],
            weight=tensors[f"{index}/weight"],
            lift=tensors[f"{index}/lift"],
            windows=tensors[f"{index}/windows"],
            level=tensors[f"{index}/level"],
            background=DistanceBackground(
                usual_before=tensors[f"{index}/background/usual_before"],
                usual_after=tensors[f"{index}/background/usual_after"],
                lift_quantiles=tensors[f"{index}/background/lift_quantiles"],
            ),
            **{group: _optional(tensors, f"{index}/{group}", kind) for group, kind in _OPTIONAL.items()},
        )
        for index in (r.index for r in header.readings if r.error is None)
    }


def _optional(tensors: Mapping[str, Any], prefix: str, kind: type[Any]) -> Any:
    names = [field.name for field in fields(kind)]
    if f"{prefix}/{names[0]}" not in tensors:
        return None
    return kind(**{name: tensors[f"{prefix}/{name}"] for name in names})


def _with_header(json: str) -> Tensors:
    return {"header": np.frombuffer(json.encode(), dtype=np.uint8)}


def _header(tensors: Mapping[str, npt.NDArray[np.generic]]) -> bytes:
    return tensors["header"].tobytes()


def _save(tensors: Tensors) -> bytes:
    # safetensors writes the memory as it lies, so a view would be saved wrongly.
    return save_tensors({name: np.ascontiguousarray(tensor) for name, tensor in tensors.items()})

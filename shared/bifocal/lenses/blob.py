"""Lens outputs as safetensors blobs: arrays plus a readable header, and nothing that can run.

A blob holds one shard through one service: ``header`` (the JSON of a `LensHeader`, as bytes), and for each
document that could be read ``<index>/static/<k>/…`` and ``<index>/contextual/<k>/…``, where k counts the
models of its reading. The null of a static model is the same for all documents and stands once, as
``static/<k>/background/…``.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass
from types import UnionType
from typing import Any, get_args, get_type_hints

import numpy as np
import numpy.typing as npt
from safetensors.numpy import load as load_tensors
from safetensors.numpy import save as save_tensors

from bifocal.contracts import LensHeader
from bifocal.lenses.contextual import ContextualOutput
from bifocal.lenses.static import PairBackground, StaticOutput

Tensors = dict[str, npt.NDArray[np.generic]]


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentOutputs:
    """One document through one service, by each of its models, in the order of its reading."""

    static: tuple[StaticOutput, ...] = ()
    contextual: tuple[ContextualOutput, ...] = ()


def write_outputs(header: LensHeader, outputs: Mapping[int, DocumentOutputs]) -> bytes:
    """Blob of a shard; `outputs` by the documents' index in the job, for those without an error."""
    tensors: Tensors = {"header": np.frombuffer(header.model_dump_json().encode(), dtype=np.uint8)}
    for index, output in outputs.items():
        for k, static in enumerate(output.static):
            tensors |= _flat(static, f"{index}/static/{k}", leave_out="background")
            if f"static/{k}/background" not in tensors:
                tensors |= _flat(static.background, f"static/{k}/background")
        for k, contextual in enumerate(output.contextual):
            tensors |= _flat(contextual, f"{index}/contextual/{k}")
    # safetensors writes the memory as it lies, so a view would be saved wrongly.
    return save_tensors({name: np.ascontiguousarray(tensor) for name, tensor in tensors.items()})


def read_outputs(blob: bytes) -> tuple[LensHeader, dict[int, DocumentOutputs]]:
    """Reverse of `write_outputs`."""
    tensors = load_tensors(blob)
    header = LensHeader.model_validate_json(tensors["header"].tobytes())
    backgrounds: dict[int, PairBackground] = {}
    outputs = {}
    for reading in header.readings:
        if reading.error is not None:
            continue
        static = []
        for k in range(len(reading.static)):
            if k not in backgrounds:
                backgrounds[k] = _restored(PairBackground, tensors, f"static/{k}/background")
            place = f"{reading.index}/static/{k}"
            static.append(_restored(StaticOutput, tensors, place, background=backgrounds[k]))
        contextual = [
            _restored(ContextualOutput, tensors, f"{reading.index}/contextual/{k}")
            for k in range(len(reading.contextual))
        ]
        outputs[reading.index] = DocumentOutputs(static=tuple(static), contextual=tuple(contextual))
    return header, outputs


def _flat(value: Any, place: str, leave_out: str = "") -> Tensors:
    """Arrays of a dataclass by their place; parts are taken apart, and what is None is left out."""
    tensors: Tensors = {}
    for field in fields(value):
        part, name = getattr(value, field.name), f"{place}/{field.name}"
        if is_dataclass(part):
            tensors |= _flat(part, name)
        elif part is not None and field.name != leave_out:
            tensors[name] = np.asarray(part)
    return tensors


def _restored(kind: type[Any], tensors: Mapping[str, npt.NDArray[Any]], place: str, **given: Any) -> Any:
    """A dataclass from its arrays; its field types say which are parts, numbers, or need not be there."""
    types = get_type_hints(kind)
    for field in fields(kind):
        if field.name in given:
            continue
        name, of = f"{place}/{field.name}", types[field.name]
        optional = isinstance(of, UnionType)
        part = get_args(of)[0] if optional else of
        if is_dataclass(part):
            there = not optional or any(one.startswith(f"{name}/") for one in tensors)
            given[field.name] = _restored(part, tensors, name) if there else None  # type: ignore[arg-type]
        elif name in tensors or not optional:
            given[field.name] = tensors[name].item() if part is int else tensors[name]
        else:
            given[field.name] = None
    return kind(**given)

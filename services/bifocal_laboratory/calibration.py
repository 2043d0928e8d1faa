"""Calibration: from labelled text to a head catalogue, and a joint probe for each of its profiles."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from bifocal.contracts import Profile
from bifocal_contextual.catalogue import (
    REFERS_TO,
    HeadCatalogue,
    KindFigures,
    LeftOut,
    ProfileWeights,
    Source,
)
from bifocal_contextual.catalogue.arcs import ArcWeights
from bifocal_contextual.catalogue.references import ReferenceWeights
from bifocal_contextual.loaded import LoadedModel
from bifocal_gateway.merge.joint import JointProbe, ProbeSource
from bifocal_laboratory.corpora import AnnotatedDocument, GapItem, read_documents, read_gap
from bifocal_laboratory.corpora.gap import COLUMNS
from bifocal_laboratory.dependencies import (
    OTHER,
    FitOptions,
    evaluate_dependencies,
    fit_dependencies,
    fit_static,
    sentence_blocks,
    set_aside,
)
from bifocal_laboratory.progress import Say
from bifocal_laboratory.references import fit_references, read_material
from bifocal_laboratory.references.training import Profile as Heads
from bifocal_static.vectors import Vectors

#: Files of a folder that are read.
_SUFFIXES = {".conllu", ".conll", ".tsv"}

#: Heads of the fast profile.
DOZEN = 12

#: Kinds that are fitted, so that words and heads can have them, and that no report carries.
_NOT_TOLD = {
    OTHER: "stands for relations that have no kind of their own",
    "punctuation": "punctuation relates nothing",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibrated:
    """A catalogue, the joint probes by profile, and all figures they were told by."""

    catalogue: HeadCatalogue
    joints: dict[Profile, JointProbe]
    figures: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Labelled:
    """Files to calibrate on, or folders of them, with the licence of each by name, where it is known."""

    coreference: Sequence[Path]
    dependencies: Sequence[Path]
    licences: dict[str, str]

    def items(self) -> Iterator[GapItem]:
        """Pronouns and names of the files in GAP's format."""
        for path in _files(self.coreference):
            if _is_gap(path):
                yield from read_gap(path)

    def documents(self) -> Iterator[AnnotatedDocument]:
        """Documents with coreference."""
        for path in _files(self.coreference):
            if not _is_gap(path):
                yield from read_documents(path)

    def trees(self) -> Iterator[AnnotatedDocument]:
        """Documents with trees."""
        for path in _files(self.dependencies):
            yield from read_documents(path)

    def sources(self) -> tuple[Source, ...]:
        """One entry for each file or folder."""
        places = dict.fromkeys([*self.coreference, *self.dependencies])
        return tuple(
            Source(
                name=place.name,
                licence=self.licences.get(place.name, "not stated"),
                documents=sum(_count(path) for path in _files([place])),
                hash=hash_of(_files([place])),
            )
            for place in places
        )


def _files(places: Sequence[Path]) -> list[Path]:
    found: list[Path] = []
    for place in places:
        inside = sorted(path for path in place.rglob("*") if path.suffix in _SUFFIXES)
        found += inside if place.is_dir() else [place]
    return found


def calibrate(
    model: LoadedModel,
    vectors: Vectors,
    labelled: Labelled,
    *,
    name: str,
    language: str,
    heads: Sequence[int] | None,
    say: Say,
) -> Calibrated:
    """Fit both profiles.

    Args:
        model: the transformer, in float32.
        vectors: static vectors, in the space that the static lens compares them in.
        labelled: what to fit on.
        name: what reports will call the catalogue.
        language: of the labelled text.
        heads: the fast profile's; those that weigh most in the full one if None.
        say: told of each step.

    Raises:
        UnreadableCorpus: a file cannot be read.
        ValueError: there is too little to fit on.
    """
    transformer = model.transformer
    n_heads = sum(transformer.n_heads)
    every = tuple(range(n_heads))
    say("reading trees")
    blocks = list(sentence_blocks(labelled.trees(), transformer, vectors)) if labelled.dependencies else []
    say("reading coreference")
    material = None
    if labelled.coreference:
        material = read_material(transformer, vectors, labelled.items(), labelled.documents(), language)
    profiles: dict[Profile, ProfileWeights] = {}
    joints: dict[Profile, JointProbe] = {}
    figures: dict[str, Any] = {}
    static = None
    if blocks:
        say("fitting the static probe")
        static = fit_static(set_aside(blocks)[0], _OPTIONS)
    for profile in (Profile.FULL, Profile.FAST):
        if profile is Profile.FAST and heads is None:
            heads = _weightiest(profiles[Profile.FULL])
        own = every if profile is Profile.FULL else tuple(heads or ())
        arcs: ArcWeights | None = None
        references: ReferenceWeights | None = None
        told: dict[str, Any] = {}
        if blocks:
            say(f"fitting arcs, {profile} profile")
            source = ProbeSource(
                static_model=vectors.name,
                static_hash=vectors.content_hash,
                contextual_model=transformer.name,
                contextual_hash=model.content_hash,
                catalogue=f"{name} {profile}",
            )
            fitted = fit_dependencies(blocks, heads=own, source=source, static=static, options=_OPTIONS)
            arcs, joints[profile] = fitted.arcs, fitted.joint
            held_out = [block for block in blocks if block.document in fitted.calibrated_on]
            told["dependencies"] = evaluate_dependencies(held_out, arcs=arcs, joint=fitted.joint)
        if material is not None:
            say(f"fitting references, {profile} profile")
            row_heads = () if profile is Profile.FULL else every
            chosen = Heads(name=profile, n_heads=n_heads, heads=own, row_heads=row_heads)
            references, told["references"] = fit_references(
                material, chosen, model=transformer.name, language=language
            )
        profiles[profile] = ProfileWeights(arcs=arcs, references=references)
        figures[profile.value] = told
    kinds, left_out = _kinds(figures[Profile.FULL.value])
    catalogue = HeadCatalogue(
        name=name,
        model=transformer.name,
        model_hash=model.content_hash,
        language=language,
        fitted_on=labelled.sources(),
        heads=tuple(heads or ()),
        kinds=kinds,
        left_out=left_out,
        profiles=profiles,
    )
    return Calibrated(catalogue=catalogue, joints=joints, figures=figures)


_OPTIONS = FitOptions(epochs=8, batch_pairs=3000)


def _weightiest(full: ProfileWeights) -> tuple[int, ...]:
    """The dozen heads with the largest weights: two thirds for arcs, one third for references."""
    chosen: list[int] = []
    if full.arcs is not None:
        pair = full.arcs.pair.reshape(2, len(full.arcs.heads), -1)
        weight = np.sqrt(np.square(pair).sum(axis=(0, 2)))
        order = np.argsort(-weight, kind="stable")
        chosen += [full.arcs.heads[k] for k in order[: DOZEN if full.references is None else 8]]
    if full.references is not None:
        weights: dict[int, float] = {}
        for group in full.references.words.attention:
            for head, weight_of in zip(group.heads, group.weights, strict=True):
                weights[head] = weights.get(head, 0.0) + abs(weight_of)
        falling = sorted(weights, key=lambda head: -weights[head])
        chosen += [head for head in falling if head not in chosen][: DOZEN - len(chosen)]
    return tuple(chosen)


def _kinds(told: dict[str, Any]) -> tuple[tuple[KindFigures, ...], tuple[LeftOut, ...]]:
    """Which kinds reports may carry, and why the others may not."""
    kinds: list[KindFigures] = []
    left_out: list[LeftOut] = []
    dependencies = told.get("dependencies", {"per_relation": {}, "left_out": []})
    for kind, row in dependencies["per_relation"].items():
        if kind in _NOT_TOLD:
            left_out.append(LeftOut(name=kind, reason=_NOT_TOLD[kind]))
        elif kind in dependencies["left_out"]:
            reason = (
                f"contextual {row['contextual']:.3f} is not surely above position {row['position']:.3f} "
                f"and chance {row['chance']:.3f} on {row['n']} words"
            )
            left_out.append(LeftOut(name=kind, reason=reason))
        else:
            kinds.append(_figures(kind, row, "position"))
    if "references" in told:
        words = {key: value["accuracy"] for key, value in told["references"].items() if key != "n"}
        row = {"n": told["references"]["n"], **words}
        if row["contextual"] > max(row["chance"], row["nearest"]):
            kinds.append(_figures(REFERS_TO, row, "nearest"))
        else:
            left_out.append(LeftOut(name=REFERS_TO, reason="attention is not above the nearest word"))
    return tuple(kinds), tuple(left_out)


def _figures(name: str, row: dict[str, Any], position: str) -> KindFigures:
    return KindFigures(
        name=name,
        n=row["n"],
        chance=round(row["chance"], 4),
        position=round(row[position], 4),
        static=round(row["static"], 4),
        contextual=round(row["contextual"], 4),
    )


def _is_gap(path: Path) -> bool:
    with path.open("rb") as file:
        return file.readline().lstrip(b"\xef\xbb\xbf").startswith(f"{COLUMNS[0]}\t".encode())


def _count(path: Path) -> int:
    return sum(1 for _ in read_gap(path)) if _is_gap(path) else sum(1 for _ in read_documents(path))


def hash_of(paths: Sequence[Path]) -> str:
    """`sha256:` of what is in some files, one after the other in order of their paths."""
    digest = hashlib.sha256()
    for path in sorted(paths):
        digest.update(path.read_bytes())
    return f"sha256:{digest.hexdigest()}"

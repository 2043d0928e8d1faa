"""Relations as a table: one row a relation. `docs/reading-a-report.md` names the columns."""

from typing import Any

from bifocal.contracts import Options, Report
from bifocal.output.tables import Columns, Kind, Rows, at

_STATIC = {"cosine": Kind.FLOAT, "percentile": Kind.FLOAT, "rank": Kind.FLOAT}
_CONTEXTUAL = {
    "forward": Kind.FLOAT,
    "backward": Kind.FLOAT,
    "lift": Kind.FLOAT,
    "percentile": Kind.FLOAT,
    "rank": Kind.FLOAT,
    "windows": Kind.INT,
}
_WORD = {"text": Kind.TEXT, "word": Kind.INT, "n_words": Kind.INT, "start": Kind.INT, "end": Kind.INT}

#: What columns before and behind those of the models hold, and where in a relation it stands.
_BEFORE: dict[str, tuple[Kind, str]] = {
    "verdict": (Kind.CATEGORY, "verdict"),
    "reason": (Kind.CATEGORY, "reason"),
    **{f"{end}_{name}": (kind, f"{end}.{name}") for end in ("a", "b") for name, kind in _WORD.items()},
    "distance_words": (Kind.INT, "distance"),
    "same_sentence": (Kind.BOOL, "same_sentence"),
}
_BEHIND: dict[str, tuple[Kind, str]] = {
    "lexical_kind": (Kind.CATEGORY, "static.kind.name"),
    "lexical_direction": (Kind.CATEGORY, "static.kind.direction"),
    "lexical_probability": (Kind.FLOAT, "static.kind.probability"),
    "without_a": (Kind.FLOAT, "contextual.without.a"),
    "without_b": (Kind.FLOAT, "contextual.without.b"),
    "kind": (Kind.CATEGORY, "kind.name"),
    "kind_direction": (Kind.CATEGORY, "kind.direction"),
    "kind_probability": (Kind.FLOAT, "kind.probability"),
    "joint": (Kind.FLOAT, "joint"),
}


def relation_columns(options: Options) -> Columns:
    """Columns for the relations of a job; those of the models behind the first ones end in ``@NAME``."""
    return {
        "document": Kind.CATEGORY,
        **{name: kind for name, (kind, _) in _BEFORE.items()},
        "static_model": Kind.CATEGORY,
        **_named("static", _STATIC),
        "contextual_model": Kind.CATEGORY,
        **_named("contextual", _CONTEXTUAL),
        **{name: kind for name, (kind, _) in _BEHIND.items()},
        **{k: v for model in options.static_models[1:] for k, v in _named("static", _STATIC, model).items()},
        **{
            name: kind
            for model in options.contextual_models[1:]
            for name, kind in _named("contextual", _CONTEXTUAL, model).items()
        },
    }


def relation_rows(report: Report) -> Rows:
    """A report's relations as columns."""
    relations, options = report.relations, report.provenance.options
    paths = {name: path for name, (_, path) in (_BEFORE | _BEHIND).items()}
    for side, figures, models in (
        ("static", _STATIC, options.static_models),
        ("contextual", _CONTEXTUAL, options.contextual_models),
    ):
        paths |= {f"{side}_{name}": f"{side}.{name}" for name in figures}
        for k, model in enumerate(models[1:]):
            paths |= {f"{side}_{name}@{model}": f"further.{side}.{k}.{name}" for name in figures}
    n = len(relations)
    rows: dict[str, list[Any]] = {
        "document": [report.id] * n,
        "static_model": [options.static_models[0]] * n,
        "contextual_model": [options.contextual_models[0]] * n,
    }
    return rows | {name: [at(relation, path) for relation in relations] for name, path in paths.items()}


def _named(side: str, figures: Columns, model: str | None = None) -> Columns:
    """Columns of one model."""
    of = "" if model is None else f"@{model}"
    return {f"{side}_{name}{of}": kind for name, kind in figures.items()}

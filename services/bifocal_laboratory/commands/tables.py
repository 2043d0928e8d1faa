"""Figures of an evaluation as tables on a terminal."""

from collections.abc import Mapping
from typing import Any

from rich.table import Table

from bifocal_contextual.catalogue import HeadCatalogue

_LENSES = ("static", "contextual", "both")


def evaluation_table(found: Mapping[str, Any], figure: str) -> Table:
    """Chance, the nearest and both lenses, over all items and over those of each type or relation."""
    table = Table(title=f"{found['n']:,} items")
    table.add_column("")
    for name in ("n", "chance", "nearest", *_LENSES):
        table.add_column(name, justify="right")
    rows: dict[str, Any] = {figure: found}
    if "f1" in found["contextual"]:
        rows["f1"] = found
    rows |= found.get("by_type", {}) | found.get("per_relation", {})
    for name, row in rows.items():
        own = "f1" if name == "f1" else figure
        table.add_row(
            name,
            f"{row['n']:,}",
            _share(row.get("chance"), own),
            _share(row.get("nearest", row.get("position")), own),
            *(_share(row.get(lens), own) for lens in _LENSES),
        )
    return table


def similarity_table(found: Mapping[str, Any]) -> Table:
    """Spearman for each file, as trained and without the common part."""
    table = Table(title="Spearman's correlation of cosines with ratings")
    for name in ("file", "pairs", "left out", "as trained", "common part removed"):
        table.add_column(name, justify="left" if name == "file" else "right")
    for name, one in found.items():
        static = one["static"]
        table.add_row(
            name,
            f"{one['n']:,}",
            f"{one['left_out']:,}",
            _with_interval(static["as_trained"], "spearman"),
            _with_interval(static, "spearman"),
        )
    return table


def methods_table(found: Mapping[str, Any]) -> Table:
    """Quality and cost of each method."""
    table = Table(title=f"{found['n']:,} names and {found['n_words']:,} heads to find")
    for name in ("method", "names", "heads", "cost, passes"):
        table.add_column(name, justify="left" if name == "method" else "right")
    for name, one in found["methods"].items():
        heads = "" if one["uas"] is None else f"{one['uas']:.3f}"
        table.add_row(name, f"{one['accuracy']:.3f}", heads, f"{one['passes']:.2f}")
    return table


def scales_table(found: Mapping[str, Any]) -> Table:
    """Distance from the diagonal and shares above percentiles: each lens, by length of the text."""
    contextual, static = found["contextual"], found["static"]
    rows = [
        (contextual["method"], contextual),
        *_by_words(contextual),
        ("static", static),
        *_by_words(static),
        ("vocabulary", static["vocabulary"]),
    ]
    table = Table(title="Percentiles of random pairs")
    above = list(contextual["above"])
    for name in ("lens, words", "texts", "pairs", "KS", *(f"≥ {share}" for share in above)):
        table.add_column(name, justify="right" if table.columns else "left")
    for name, one in rows:
        figures = [one["ks"], *(one["above"][share] for share in above)]
        told = ["" if figure is None else f"{figure:.3f}" for figure in figures]
        table.add_row(name, f"{one['texts']:,}", f"{one['n']:,}", *told)
    return table


def _by_words(found: Mapping[str, Any]) -> list[tuple[str, Mapping[str, Any]]]:
    return [(f"  {words}", one) for words, one in found["by_words"].items()]


def _share(value: Any, figure: str) -> str:
    if isinstance(value, Mapping):
        return _with_interval(value, figure)
    return "" if value is None else f"{value:.3f}"


def _with_interval(one: Mapping[str, Any], figure: str) -> str:
    if figure not in one or one[figure] is None:
        return ""
    interval = one.get(f"{figure}_interval" if figure == "f1" else "interval")
    told = f"{one[figure]:.3f}"
    return told if interval is None else f"{told} [{interval[0]:.3f}, {interval[1]:.3f}]"


def catalogue_table(catalogue: HeadCatalogue) -> Table:
    """Kinds with their held-out accuracy, and those left out."""
    table = Table(title=f"{catalogue.name}: the right word found, of words known to have the relation")
    for name in ("kind", "n", "chance", "position", "static", "contextual"):
        table.add_column(name, justify="left" if name == "kind" else "right")
    for kind in catalogue.kinds:
        shares = (kind.chance, kind.position, kind.static, kind.contextual)
        table.add_row(kind.name, f"{kind.n:,}", *(f"{share:.3f}" for share in shares))
    for one in catalogue.left_out:
        table.add_row(f"[dim]{one.name}: left out[/dim]")
    return table

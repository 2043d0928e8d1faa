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


def kinds_table(found: Mapping[str, Any]) -> Table:
    """Average precision and F1 of each system, by relation."""
    documents = found["documents"]
    table = Table(
        title=f"{found['n']:,} pairs of {documents['set_aside']} documents, fitted on {documents['fitted']}"
    )
    for name in ("", "pairs", "chance", *_LENSES):
        table.add_column(name, justify="right" if name else "left")
    for figure in found["both"]:
        label = figure.partition(" ")[2]
        n, chance = found["pairs"].get(label), found["chance"].get(label)
        table.add_row(
            figure,
            "" if n is None else f"{n:,}",
            f"{chance:.4f}" if figure.startswith("ap ") else "",
            *(_with_interval(found[lens][figure], "value") for lens in _LENSES),
        )
    return table


def margins_table(found: Mapping[str, Any]) -> Table:
    """What both lenses have over each alone."""
    return _margins(found["margins"], "both")


def marked_names_table(found: Mapping[str, Any]) -> list[Table]:
    """Right and wrong names that verdicts mark, and what they have over other ways to mark as many pairs."""
    table = Table(
        title=f"{found['right']:,} names that pronouns refer to, {found['wrong']:,} that they do not"
    )
    for name in ("pairs marked by", "of all pairs", "of the right", "of the wrong"):
        table.add_column(name, justify="left" if name == "pairs marked by" else "right")
    for way in ("as_shipped", "kinds_alone", *found["margins"]):
        one = found[way]
        right, wrong = (_with_interval(one[name], "value") for name in ("right", "wrong"))
        table.add_row(way.replace("_", " "), f"{one['marked']:.4f}", right, wrong)
    return [table, _margins(found["margins"], "as shipped")]


def threshold_tables(found: Mapping[str, Any]) -> list[Table]:
    """Shares of pairs that each lens marks from each threshold on."""
    tables = []
    for lens, one in found["lenses"].items():
        table = Table(
            title=f"{lens.replace('_', ' ')}: nearest to {found['budget']:.0%} marked {one['proposed']}, "
            f"best F1 of {' and '.join(one['own'])} {one['best_f1']}"
        )
        names = [*one["rows"][0]]
        for name in names:
            table.add_column(name, justify="right")
        for row in one["rows"]:
            table.add_row(*("" if row[name] is None else f"{row[name]:.4g}" for name in names))
        tables.append(table)
    return tables


def senses_table(found: Mapping[str, Any]) -> Table:
    """Accuracy on pairs of sentences."""
    table = Table(title=f"{found['n']:,} pairs of sentences, fitted on {found['n_fitted']:,}")
    for name in ("", "accuracy"):
        table.add_column(name, justify="right" if name else "left")
    table.add_row("more frequent answer", f"{found['chance']:.3f}")
    table.add_row("static", _with_interval(found["static"], "accuracy"))
    table.add_row(f"contextual, layer {found['layer']}", _with_interval(found["contextual"], "accuracy"))
    table.add_row("contextual, all layers and ties", _with_interval(found["contextual_all"], "accuracy"))
    table.add_row("both", _with_interval(found["both"], "accuracy"))
    return table


def _margins(margins: Mapping[str, Mapping[str, Any]], whole: str) -> Table:
    table = Table(title=f"{whole} less the others, paired, with p")
    table.add_column("")
    for name in margins:
        table.add_column(name.replace("_", " "), justify="right")
    for figure in next(iter(margins.values())):
        told = [own[figure] for own in margins.values()]
        cells = [
            f"{_with_interval(one, 'value')}  {one['p']:.3f}" if one["p"] is not None else "" for one in told
        ]
        table.add_row(figure, *cells)
    return table


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

"""Figures of an evaluation as tables on a terminal."""

from collections.abc import Mapping
from typing import Any

from rich.table import Table

from bifocal_contextual.catalogue import HeadCatalogue
from bifocal_gateway.merge.lexical import LexicalProbe

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


def agreement_table(found: Mapping[str, Any]) -> Table:
    """How texts lie to the null of the agreement: as they are, shuffled, and read anew."""
    table = Table(title=f"Agreement of {found['real']['n']:,} texts beside chance")
    table.add_column("")
    for name in ("measure", "median", "null", "below", "inside", "above", "in half-widths"):
        table.add_column(name, justify="left" if name == "measure" else "right")
    for texts in ("real", "shuffled", "read_anew"):
        for measure in ("spearman", "top_overlap"):
            one = found[texts][measure]
            shares = (f"{one[share]:.1%}" for share in ("below", "inside", "above"))
            null = f"{one['null']:.3f} ± {one['half_width']:.3f}"
            told = (
                measure.partition("_")[0],
                f"{one['median']:.3f}",
                null,
                *shares,
                f"{one['half_widths']:.1f}",
            )
            table.add_row(texts.replace("_", " "), *told)
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


_DIVISIONS = {
    "random": "pairs at random",
    "unseen_first_word": "first word unseen",
    "unseen_words": "both words unseen",
}


def lexical_table(found: Mapping[str, Any]) -> Table:
    """Each set's divisions beside each other: F1, direction, related against random pairs."""
    table = Table(title="Lexical relations from static vectors, by what was set aside")
    names = (
        "n",
        "majority",
        "weighted F1",
        "in order",
        "macro F1",
        "direction",
        "ECE",
        "AUC",
        "cosine",
        "percentile",
    )
    for name in ("set", "set aside", *names):
        table.add_column(name, justify="left" if name.startswith("set") else "right")
    for name, one in found.items():
        for division, title in _DIVISIONS.items():
            row = one[division]
            related = row["related"] or {}
            shares = (
                row["majority"],
                row["weighted_f1"],
                row["weighted_f1_in_order"],
                row["macro_f1"],
                row["direction"],
            )
            areas = (related.get("classifier"), related.get("cosine"), related.get("percentile"))
            told = (_share(share, "") for share in (*shares, row["calibration_error"], *areas))
            table.add_row(name, title, f"{row['n']:,}", *told)
            name = ""
    return table


def lexical_kinds_table(found: Mapping[str, Any]) -> Table:
    """Average precision and F1 of each relation."""
    table = Table(title="By relation: average precision (of chance), F1")
    for name in ("set", "relation", *_DIVISIONS.values()):
        table.add_column(name, justify="left" if name in ("set", "relation") else "right")
    for name, one in found.items():
        for relation in one["random"]["per_kind"]:
            rows = (one[division]["per_kind"].get(relation) for division in _DIVISIONS)
            cells = (
                "" if row is None else f"{row['ap']:.3f} ({row['chance']:.3f}), {row['f1']:.3f}"
                for row in rows
            )
            table.add_row(name, relation, *cells)
            name = ""
    return table


def lexical_probe_table(probe: LexicalProbe) -> Table:
    """Kinds that may be told with their held-out figures, and those left out."""
    table = Table(title=f"{probe.source.name}: average precision")
    for name in ("kind", "n", "chance", "pairs at random", "both words unseen", "share in the text"):
        table.add_column(name, justify="left" if name == "kind" else "right")
    for kind in probe.told:
        low, high = kind.unseen_ap_interval
        unseen = f"{kind.unseen_ap:.3f} [{low:.3f}, {high:.3f}]"
        rate = f"{probe.calibration.base_rates[kind.name]:.4f}"
        table.add_row(kind.name, f"{kind.n:,}", f"{kind.chance:.3f}", f"{kind.random_ap:.3f}", unseen, rate)
    for one in probe.left_out:
        table.add_row(f"[dim]{one.name}: left out[/dim]")
    return table


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

"""Holds the demo's reports against the claims they are to show; ends with status 1 if one fails.

python examples/claims.py demo/claims/reports.jsonl
"""

import sys
from collections.abc import Iterator
from pathlib import Path

from bifocal import Relation, Report, Verdict


def between(report: Report, one: str, other: str) -> Relation:
    """The listed relation of two words."""
    return next(r for r in report.relations if {r.a.text, r.b.text} == {one, other})


def cosine(report: Report, one: str, other: str) -> float:
    """The static value of two words."""
    static = between(report, one, other).static
    if static is None:
        raise LookupError(f"{one} or {other} is not in the vocabulary")
    return static.cosine


def claims(reports: dict[str, Report]) -> Iterator[tuple[str, bool]]:
    """Each claim with its figures, and whether it holds."""
    royal, france = reports["royal"], reports["france"]
    king_queen, king_apple = cosine(royal, "king", "queen"), cosine(royal, "king", "apple")
    yield f"meaning: king-queen {king_queen:.3f} > king-apple {king_apple:.3f}", king_queen > king_apple
    queen_woman, queen_dog = cosine(royal, "queen", "woman"), cosine(royal, "queen", "dog")
    yield f"meaning: queen-woman {queen_woman:.3f} > queen-dog {queen_dog:.3f}", queen_woman > queen_dog

    tie = between(france, "it", "France")
    given = {
        other.text: r.contextual.backward if other is r.a else r.contextual.forward
        for r in france.relations
        for word, other in ((r.a, r.b), (r.b, r.a))
        if word.text == "it"
    }
    rank = sorted(given.values(), reverse=True).index(given["France"]) + 1
    claim = (
        f"context: it-France {tie.verdict.label}, {given['France']:.3f} of its attention (number {rank}), "
        f"lift {tie.contextual.lift:.2f}, percentile {tie.contextual.percentile:.3f}"
    )
    yield claim, tie.verdict in (Verdict.CONTEXT_ONLY, Verdict.BOTH) and rank <= 3

    near = between(reports["king-and-queen-near"], "king", "queen")
    far = between(reports["king-and-queen-far"], "king", "queen")
    values = [
        (one.static.cosine, one.static.percentile) if one.static is not None else None for one in (near, far)
    ]
    claim = (
        "one static value, two contextual ones: king-queen cosine and percentile "
        f"{values[0]} and {values[1]}, "
        f"lift {near.contextual.lift:.2f} and {far.contextual.lift:.2f}"
    )
    yield claim, values[0] == values[1] and near.contextual != far.contextual


def sums(reports: dict[str, Report]) -> Iterator[tuple[str, bool]]:
    """Verdict counts of every report against its candidate pairs."""
    right = [report.verdicts.total == report.n_candidate_pairs for report in reports.values()]
    yield f"verdict counts add up to all candidate pairs in {sum(right)} of {len(right)} reports", all(right)


def main(path: Path) -> int:
    """Print each claim; 1 if one fails."""
    reports = {r.id: r for r in map(Report.model_validate_json, path.read_text("utf-8").splitlines())}
    everything = dict(reports)
    news = path.parent.parent / "news" / path.name
    if news.exists():
        everything |= {r.id: r for r in map(Report.model_validate_json, news.read_text("utf-8").splitlines())}
    found = [*claims(reports), *sums(everything)]
    for claim, holds in found:
        sys.stdout.write(f"{'holds' if holds else 'FAILS'}  {claim}\n")
    return 0 if all(holds for _, holds in found) else 1


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))

"""What a run amounts to."""

from dataclasses import dataclass, field

from bifocal.contracts import Failure, Report, VerdictCounts

_FAILURES_SHOWN = 10


@dataclass(slots=True)
class Totals:
    """Counts over all results of a run."""

    succeeded: int = 0
    failed: int = 0
    words: int = 0
    candidate_pairs: int = 0
    verdicts: dict[str, int] = field(default_factory=dict)
    first_failures: list[Failure] = field(default_factory=list)

    def add(self, report: Report) -> None:
        """Count a report in."""
        self.succeeded += 1
        self.words += report.n_words
        self.candidate_pairs += report.n_candidate_pairs
        for name, number in by_verdict(report.verdicts).items():
            self.verdicts[name] = self.verdicts.get(name, 0) + number

    def add_failure(self, failure: Failure) -> None:
        """Count a failure in; the first few are kept, to be shown."""
        self.failed += 1
        if len(self.first_failures) < _FAILURES_SHOWN:
            self.first_failures.append(failure)


def by_verdict(counts: VerdictCounts) -> dict[str, int]:
    """Pairs by verdict, the reasons of those not comparable taken together."""
    return {
        "both": counts.both,
        "meaning_only": counts.meaning_only,
        "context_only": counts.context_only,
        "neither": counts.neither,
        "not_comparable": counts.not_comparable.total,
    }

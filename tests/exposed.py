"""Reads metrics as Prometheus does."""

from prometheus_client.parser import text_string_to_metric_families


class Exposed:
    """What a scrape found."""

    def __init__(self, text: str) -> None:
        self.families = list(text_string_to_metric_families(text))
        self.samples = [sample for family in self.families for sample in family.samples]

    def __call__(self, name: str, **labels: str) -> float:
        """Value of a sample, all labels together that are not named; 0 where there is none."""
        return sum(
            sample.value
            for sample in self.samples
            if sample.name == name and labels.items() <= sample.labels.items()
        )

    def labels(self) -> set[str]:
        """Every value of every label."""
        return {value for sample in self.samples for value in sample.labels.values()}

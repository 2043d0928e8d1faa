"""What the page tells of the documents as a whole."""

from typing import Any

from pydantic import BaseModel

#: Pairs of each list, and terms, that the page holds; the rest are in the batch report.
_MOST_PAIRS, _MOST_TERMS = 200, 100

_LISTS = ("context_only", "both", "meaning_only", "not_comparable")
_WHOLE = {
    *("n_documents", "n_terms", "n_terms_left_out", "n_pairs", "n_held", "n_tied", "base_rate"),
    *("complete", "verdicts", "significance", "constancy", "agreement"),
}


def packed_batch(report: BaseModel) -> dict[str, Any]:
    """A batch report for JSON: its figures, and the first pairs and terms of its lists."""
    whole = report.model_dump(mode="json", include={*_WHOLE, "options", "companies", *_LISTS})
    companies = whole["companies"]
    return {
        **{name: value for name, value in whole.items() if name in _WHOLE},
        "n_static_models": len(whole["options"]["static_models"]),
        "lists": {name: whole[name][:_MOST_PAIRS] for name in _LISTS},
        "listed": {name: len(whole[name]) for name in _LISTS},
        "companies": {**companies, "terms": companies["terms"][:_MOST_TERMS]},
        "n_terms_told": len(companies["terms"]),
    }

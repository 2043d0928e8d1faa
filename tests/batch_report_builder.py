"""Batch reports as a job of many documents ends with them, from the pairs of terms a test names."""

from typing import Any

from pydantic import BaseModel

from bifocal.contracts import Options, Verdict

SPREADS = {"0.05": 0.101234, "0.25": 0.201234, "0.5": 0.245678, "0.75": 0.281234, "0.95": 0.301234}

AGREEMENTS = {"0.05": 0.023456, "0.25": 0.067891, "0.5": 0.101112, "0.75": 0.131415, "0.95": 0.161718}


def term_pair(a: str, b: str, verdict: Verdict, **figures: Any) -> dict[str, Any]:
    """A pair of terms as a batch report lists it."""
    absent = {"expected": 4.56789, "p": 0.00123456, "q": 0.0234567}
    return {
        "a": a,
        "b": b,
        "verdict": verdict,
        "documents": 7,
        "tied": 5,
        "occurrences": 11,
        "static": {"cosine": 0.234567, "percentile": 0.765432},
        "static_spread": 0.0,
        "contextual": 0.912345,
        "contextual_spread": 0.054321,
        "expected": 0.345678,
        "lift": 14.4643,
        "p": 1.23457e-08,
        "q": 4.56789e-06,
        "absence": absent if verdict is Verdict.MEANING_ONLY else None,
        "evidence": ["doc-2", "elsewhere"],
    } | figures


class BatchReport(BaseModel, extra="allow"):
    """A batch report of any shape."""


def batch_report(**changes: Any) -> BatchReport:
    """A batch report, with some of its parts changed."""
    return BatchReport.model_validate(batch() | changes)


def batch() -> dict[str, Any]:
    """A batch report in JSON."""
    return {
        "schema_version": 1,
        "complete": True,
        "options": Options().model_dump(mode="json"),
        "n_documents": 40,
        "n_terms": 312,
        "n_terms_left_out": 0,
        "n_pairs": 1823,
        "n_held": 2012,
        "n_tied": 65,
        "base_rate": 0.032306,
        "verdicts": {
            "both": 3,
            "meaning_only": 81,
            "context_only": 12,
            "neither": 1700,
            "not_comparable": 27,
        },
        "significance": {
            "correction": "Benjamini-Hochberg",
            "level": 0.05,
            "least_documents": 2,
            "least_tied": 2,
            "n_tested": 412,
            "n_tied": 16,
            "near_rate": 2.71828,
            "n_near_tested": 44,
            "n_absent": 6,
        },
        "most_pairs": 100,
        "term_documents": {"europe": 9, "france": 17, "country": 21, "city": 5},
        "context_only": [term_pair("europe", "france", Verdict.CONTEXT_ONLY)],
        "both": [term_pair("country", "france", Verdict.BOTH)],
        "meaning_only": [term_pair("city", "country", Verdict.MEANING_ONLY)],
        "not_comparable": [],
        "constancy": {
            "least_documents": 20,
            "n_pairs": 9,
            "static_spread": 0.0,
            "contextual_spread": SPREADS,
        },
        "agreement": {
            "n_documents": 38,
            "spearman": AGREEMENTS,
            "chance": 0.05,
            "n_beyond_chance": 33,
            "models": ["glove-6b-50d", "minilm-l6", "minilm-l6:layer-1"],
            "model_spearman": [[1.0, 0.134567, None], [0.134567, 1.0, 0.456789], [None, 0.456789, 1.0]],
        },
        "companies": {
            "least_documents": 5,
            "n_terms": 21,
            "within": 0.234567,
            "between": 0.178901,
            "change": 0.055666,
            "terms": [
                {
                    "term": "bank",
                    "documents": 8,
                    "within": 0.345678,
                    "between": 0.123456,
                    "change": 0.222222,
                    "error": 0.034567,
                    "companions": [
                        {"term": "river", "documents": 4},
                        {"term": "money", "documents": 3},
                    ],
                    "evidence": ["doc-1", "elsewhere"],
                }
            ],
        },
    }

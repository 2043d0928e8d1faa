"""Agreement of the lenses over the documents of a batch."""

import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from batch_builder import Batch, Text, Vocabulary, document_terms, unit_vectors
from bifocal.contracts.batch import BatchAgreement
from bifocal_gateway.batch.agreement import DocumentAgreement, batch_agreement
from bifocal_gateway.batch.database import open_database
from bifocal_gateway.batch.gather import gather
from bifocal_gateway.batch.partial import TABLES, ShardPartial

VOCABULARY = Vocabulary(unit_vectors(["a", "b"], seed=0))
MODELS = ("s", "c", "d")

agreements = st.builds(
    DocumentAgreement,
    spearman=st.none() | st.integers(-1_000_000, 1_000_000),
    p_value=st.none() | st.integers(5_000, 1_000_000),
    models=st.none() | st.tuples(*[st.none() | st.integers(-1_000_000, 1_000_000)] * 9),
)


def together(shards: list[list[tuple[str, DocumentAgreement]]], n_permutations: int = 199) -> BatchAgreement:
    """Fold documents, packed in shards."""
    with tempfile.TemporaryDirectory() as temporary:
        files: dict[str, list[Path]] = {table: [] for table in TABLES}
        for number, documents in enumerate(shards):
            partial = ShardPartial(0.97)
            for name, agreement in documents:
                partial.add(document_terms(Text(name, [("a", "b", 0.5)]), VOCABULARY), agreement)
            for table, body in partial.tables().items():
                path = Path(temporary, f"{table}{number}.parquet")
                path.write_bytes(body)
                files[table].append(path)
        folder = Path(temporary, "fold")
        folder.mkdir()
        with open_database(folder=folder, memory_mb=128) as database:
            gather(database, files)
            return batch_agreement(database, MODELS, n_permutations)


@settings(deadline=None, max_examples=15)
@given(st.lists(agreements, min_size=1, max_size=8), st.integers(1, 4))
def test_a_batch_tells_the_spread_of_its_documents_agreement_however_they_are_packed(
    found: list[DocumentAgreement], size: int
) -> None:
    documents = [(f"d{n}", agreement) for n, agreement in enumerate(found)]
    whole = together([documents])
    assert together([documents[k : k + size] for k in range(0, len(documents), size)]) == whole
    values = sorted(one.spearman for one in found if one.spearman is not None)
    assert whole.n_documents == len(values)
    # A p of one in nineteen is the least that eighteen shuffles can give
    assert together([documents], 18).n_beyond_chance is None
    assert whole.n_beyond_chance == sum(
        one.spearman is not None and one.p_value is not None and one.p_value <= 50_000 for one in found
    )
    assert set(whole.spearman.values()) <= {value / 1e6 for value in values}
    if values:
        assert whole.spearman["0.5"] == np.quantile(values, 0.5, method="inverted_cdf") / 1e6
    for place in range(9 if whole.models else 0):
        own = [one.models[place] for one in found if one.models and one.models[place] is not None]
        mean = whole.model_spearman[place // 3][place % 3]
        assert mean == (pytest.approx(np.mean(own) / 1e6, abs=1e-6) if own else None)


def test_a_batch_read_by_one_model_a_side_has_no_matrix() -> None:
    report = Batch(VOCABULARY, [[Text("d", [("a", "b", 0.5)])]]).report()
    assert (report.agreement.n_documents, report.agreement.models) == (0, ())

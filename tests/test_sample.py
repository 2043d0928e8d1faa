"""The documents that stand for a batch."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import small_models
from bifocal import Document, EmbeddedStack, Report
from bifocal.contracts import Method, Options, ShardDocument
from bifocal.settings import Settings
from bifocal_gateway.sample import MOST_OF_A_DOCUMENT, MOST_WORDS, Sample


def document(number: int, n_words: int) -> ShardDocument:
    text = f"{number} " * n_words
    starts = [k * (len(str(number)) + 1) for k in range(n_words)]
    return ShardDocument(
        index=number,
        id=str(number),
        text=text,
        word_starts=starts,
        word_ends=[start + len(str(number)) for start in starts],
        sentence_starts=[0],
    )


@settings(deadline=None, max_examples=50)
@given(st.lists(st.integers(1, MOST_WORDS + 10), max_size=12))
def test_the_same_documents_are_kept_in_whatever_order_they_come(sizes: list[int]) -> None:
    documents = [document(number, size) for number, size in enumerate(sizes)]
    kept = []
    for order in (documents, documents[::-1], np.random.default_rng(1).permutation(len(documents))):
        sample = Sample()
        for one in order:
            sample.add(one if isinstance(one, ShardDocument) else documents[int(one)])
        kept.append([(found.id, len(found.word_starts)) for found in sample.documents()])
    assert kept[0] == kept[1] == kept[2]
    assert sum(n_words for _, n_words in kept[0]) <= MOST_WORDS
    assert len(kept[0]) >= min(len(sizes), MOST_WORDS // MOST_OF_A_DOCUMENT)


def test_all_of_a_small_batch_is_kept(segmented: Callable[..., ShardDocument]) -> None:
    sample = Sample()
    for number in range(5):
        sample.add(segmented("A cat sat on the mat.", number))
    assert len(sample.documents()) == 5


def test_of_long_documents_the_beginnings_are_kept(segmented: Callable[..., ShardDocument]) -> None:
    long = segmented("A word. " * 6_000)
    sample = Sample()
    for index in range(3):
        sample.add(long.model_copy(update={"index": index}))
    kept = sample.documents()
    assert [len(document.word_starts) for document in kept] == [1_000] * 3
    assert all(document.words == long.words[:1_000] for document in kept)
    assert all(max(document.sentence_starts) < 1_000 for document in kept)


def test_only_models_without_a_background_of_their_own_want_a_sample() -> None:
    assert not Sample.is_wanted(Settings(), Options())
    layer = ("minilm-l6:layer-2",)
    assert not Sample.is_wanted(Settings(), Options(contextual_models=layer))
    assert Sample.is_wanted(Settings(), Options(contextual_models=layer, method=Method.MEAN))
    assert Sample.is_wanted(Settings(), Options(contextual_models=("minilm-l6", "mine")))
    # A name of ours may be given to other weights
    own = Settings(contextual_models={"minilm-l6": "/elsewhere"})
    assert Sample.is_wanted(own, Options())


@pytest.mark.stack
def test_a_model_of_which_nothing_is_known_is_held_against_its_job(tmp_path: Path) -> None:
    random = np.random.default_rng(3)
    texts = [" ".join(random.choice(small_models.SENTENCES, 20).tolist()) for _ in range(12)]
    documents = [Document(id=str(number), text=text) for number, text in enumerate(texts)]
    own = json.dumps({"mine": str(small_models.build("bert", tmp_path))})
    options = Options(contextual_models=("mine",), permutations=0)
    few = {"BIFOCAL_CONTEXTUAL_MODELS": own, "BIFOCAL_SHARD_DOCUMENTS": "4"}
    with EmbeddedStack(env=few) as stack, stack.client() as client:
        runs = [
            {result.id: result for result in client.compare(order, options)}
            for order in (documents, documents[::-1])
        ]
        alone = next(client.compare(documents[:1], options))
        left = list((stack.folder / "store").rglob("sample*"))
    assert runs[0] == runs[1]
    for report in runs[0].values():
        assert isinstance(report, Report)
        assert report.contextual[0].background == "batch"
        assert report.provenance.catalogues["sample of the job"].startswith("sha256:")
    assert isinstance(alone, Report)
    # One text says less of all texts than of itself
    assert alone.contextual[0].background == "document"
    assert "sample of the job" not in alone.provenance.catalogues
    assert left == []

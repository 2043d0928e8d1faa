"""Value zeroing against the same thing done by hand in one block."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from bifocal.contracts import Options, ShardDocument
from bifocal.models import ContextualModel, contextual_models
from bifocal.settings import Precision, Settings
from bifocal_contextual.audit import can_audit, zeroed
from bifocal_contextual.batches import places_of
from bifocal_contextual.lens import ContextualLens
from bifocal_contextual.model import Transformer, load_transformer
from bifocal_contextual.pieces import cut
from bifocal_contextual.windows import windows
from small_models import build

Segmented = Callable[..., ShardDocument]
TEXT = "France is a country, it is in Europe."


@pytest.fixture(scope="module")
def minilm() -> Transformer:
    return load_transformer(contextual_models(Settings())["minilm-l6"], precision=Precision.FLOAT32)


def by_hand(minilm: Transformer, piece: int) -> np.ndarray:
    """Mean over the layers of 1 - cosine of every piece's output, without the values of one piece."""
    model = minilm.model
    ids = torch.tensor([minilm.tokenizer.encode(TEXT).ids])
    changes = []
    with torch.no_grad():
        hidden = model.embeddings(input_ids=ids)
        for layer in model.encoder.layer:
            attention = layer.attention.self
            split = lambda x: x.unflatten(-1, (12, 32)).transpose(1, 2)  # noqa: E731
            query, key, value = (
                split(part(hidden)) for part in (attention.query, attention.key, attention.value)
            )
            weights = torch.softmax(query @ key.transpose(2, 3) / 32**0.5, dim=-1)
            outputs = []
            for silenced in (False, True):
                own = value.clone()
                if silenced:
                    own[:, :, piece] = 0
                mixed = (weights @ own).transpose(1, 2).flatten(2)
                after = layer.attention.output(mixed, hidden)
                outputs.append(layer.output(layer.intermediate(after), after))
            changes.append(1 - torch.nn.functional.cosine_similarity(*outputs, dim=-1)[0])
            hidden = outputs[0]
    return torch.stack(changes).mean(0).numpy()


def test_a_words_loss_is_that_of_its_block_run_without_the_other_words_values(
    minilm: Transformer, segmented: Segmented
) -> None:
    document = segmented(TEXT)
    pieces = cut(minilm.tokenizer, TEXT, np.array(document.word_starts), np.array(document.word_ends))
    [place] = places_of([(pieces, windows(pieces, most_pieces=510, overlap=0.5))])
    n = len(document.words)
    for without in range(n):
        change = zeroed(minilm, place, np.arange(n), np.full(n, without))
        # Every word of this text is one piece, behind [CLS].
        assert change == pytest.approx(by_hand(minilm, without + 1)[1:-1], abs=1e-5)


def test_the_strongest_pairs_of_a_document_are_audited_when_asked_for(segmented: Segmented) -> None:
    lens = ContextualLens(
        contextual_models(Settings()), warm=[], batch_tokens=512, precision=Precision.FLOAT32
    )
    text = " ".join(["She told the tired driver of the bus that it was late."] * 12)
    documents = [segmented(text), segmented(TEXT, 1)]
    outputs = lens.read(documents, Options(audited_pairs=5, window_tokens=64)).outputs
    for output in outputs.values():
        audited = output.contextual[0].audited
        assert audited is not None
        assert len(audited.i) == 5
        assert (audited.i < audited.j).all()
        assert (audited.i_without_j > 0).all()
        assert (audited.j_without_i > 0).all()
    assert lens.read(documents, Options()).outputs[0].contextual[0].audited is None


@pytest.mark.parametrize("name", ["roberta", "modernbert", "gpt2", "llama", "t5", "distilbert"])
def test_other_architectures_can_be_audited(name: str, tmp_path: Path, segmented: Segmented) -> None:
    build(name, tmp_path)
    transformer = load_transformer(
        ContextualModel(name=name, location=str(tmp_path)), precision=Precision.FLOAT32
    )
    assert can_audit(transformer)
    document = segmented("she saw the boats on the river")
    pieces = cut(
        transformer.tokenizer, document.text, np.array(document.word_starts), np.array(document.word_ends)
    )
    [place] = places_of([(pieces, windows(pieces, most_pieces=100, overlap=0.5))])
    last, first = np.array([len(document.words) - 1]), np.array([0])
    assert zeroed(transformer, place, last, first)[0] > 0
    if name in {"gpt2", "llama"}:
        # A causal model's earlier words have never seen the later ones.
        assert zeroed(transformer, place, first, last)[0] == pytest.approx(0, abs=1e-6)


def test_deberta_cannot_be_audited_and_its_reports_say_nothing_of_losses(
    tmp_path: Path, segmented: Segmented
) -> None:
    build("deberta-v2", tmp_path)
    models = {"deberta": ContextualModel(name="deberta", location=str(tmp_path))}
    lens = ContextualLens(models, warm=[], batch_tokens=512, precision=Precision.FLOAT32)
    work = lens.read(
        [segmented("she saw the boats")], Options(contextual_models=("deberta",), audited_pairs=3)
    )
    assert work.outputs[0].contextual[0].audited is None

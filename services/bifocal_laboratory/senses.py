"""Whether a word means the same in two sentences (WiC), told by either lens and by both.

For a static lens a word is the same in every text, so it answers one way. The contextual lens has the word's
vector after each layer, and what it ties the word to; both together have the meaning of what it ties the
word to.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from bifocal.contracts import Method
from bifocal_contextual.batches import Place, in_batches, padded, places_of
from bifocal_contextual.loaded import LoadedModel
from bifocal_contextual.methods import MatrixReader
from bifocal_contextual.model import Transformer
from bifocal_contextual.pieces import Pieces, cut
from bifocal_contextual.reading import read_windows
from bifocal_contextual.windows import Window, windows
from bifocal_laboratory.corpora import WordInContext
from bifocal_laboratory.references.estimates import share_of
from bifocal_static.vectors import Vectors

Floats = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

_BATCH_TOKENS = 2048
#: Inverse strength of the penalty on weights of standardised columns.
_PENALTY = 0.1

Sentence = tuple[tuple[str, ...], int]


@dataclass(frozen=True, slots=True, kw_only=True)
class SensePairs:
    """Pairs of sentences as numbers.

    Shapes: `layers` ``(n, layers + 1)``, cosine of the word's two vectors in the embeddings and after each
    layer; `ties` ``(n,)``, how much of what the word is tied to is the same in both, 0 to 1; `company`
    ``(n,)``, cosine of the static vectors of what it is tied to, as much as it is; `same` ``(n,)``.
    """

    layers: Doubles
    ties: Doubles
    company: Doubles
    same: Bools


def measure_senses(model: LoadedModel, vectors: Vectors, pairs: Sequence[WordInContext]) -> SensePairs:
    """Read both sentences of each pair."""
    sentences = [one for pair in pairs for one in _sentences(pair)]
    laid = [_laid(words, model.transformer) for words, _ in sentences]
    hidden = list(_hidden(model.transformer, laid, [place for _, place in sentences]))
    ties = _ties(model, laid, sentences)
    rows = [
        _row(hidden[k : k + 2], sentences[k : k + 2], ties[k : k + 2], vectors) for k in _evens(sentences)
    ]
    return SensePairs(
        layers=np.array([row[0] for row in rows]),
        ties=np.array([row[1] for row in rows]),
        company=np.array([row[2] for row in rows]),
        same=np.array([pair.same for pair in pairs]),
    )


def evaluate_senses(fitted: SensePairs, measured: SensePairs) -> dict[str, Any]:
    """Accuracy on pairs that nothing was fitted on.

    The layer, its threshold and the weights of the two others are fitted on `fitted`.

    Returns:
        ``n``, ``n_fitted`` pairs; ``chance``, the share of the more frequent answer; accuracy and interval by
        pair of ``static``, which has one answer; of ``contextual`` by one layer's cosine; of
        ``contextual_all`` by those of all layers and the ties; of ``both`` by these and the company;
        ``margins`` of ``contextual`` over ``static`` and of ``both`` over ``contextual_all``; ``layer``,
        ``threshold`` and, ``by_layer``, what each layer's cosine comes to on either set.
    """
    columns = list(zip(fitted.layers.T, measured.layers.T, strict=True))
    thresholds = [best_threshold(own, fitted.same) for own, _ in columns]
    on_fitted = [
        float(((own >= least) == fitted.same).mean())
        for (own, _), least in zip(columns, thresholds, strict=True)
    ]
    layer = int(np.argmax(on_fitted))
    contextual = (
        np.column_stack([fitted.layers, fitted.ties]),
        np.column_stack([measured.layers, measured.ties]),
    )
    both = (
        np.column_stack([contextual[0], fitted.company]),
        np.column_stack([contextual[1], measured.company]),
    )
    always = bool(fitted.same.mean() >= 0.5)
    answers = {
        "static": np.full(len(measured.same), always),
        "contextual": measured.layers[:, layer] >= thresholds[layer],
        "contextual_all": _linear(*contextual, fitted.same),
        "both": _linear(*both, fitted.same),
    }
    groups = np.arange(len(measured.same))
    right = {name: own == measured.same for name, own in answers.items()}
    share = float(measured.same.mean())
    return {
        "n": len(measured.same),
        "n_fitted": len(fitted.same),
        "chance": round(max(share, 1 - share), 4),
        "layer": layer,
        "threshold": round(thresholds[layer], 4),
        **{name: share_of(own, groups) for name, own in right.items()},
        "margins": {
            "contextual": _margin(right["contextual"], right["static"]),
            "both": _margin(right["both"], right["contextual_all"]),
        },
        "by_layer": [
            {
                "layer": number,
                "fitted": round(on_fitted[number], 4),
                "measured": round(float(((own >= least) == measured.same).mean()), 4),
            }
            for number, ((_, own), least) in enumerate(zip(columns, thresholds, strict=True))
        ],
    }


def _margin(right: Bools, others: Bools) -> dict[str, Any]:
    found = share_of(right.astype(np.float64) - others, np.arange(len(right)))
    return {"value": found["accuracy"], "interval": found["interval"]}


def best_threshold(values: Doubles, same: Bools) -> float:
    """The value from which on to say the same, with the most right answers; of equals the lowest."""
    order = np.argsort(values, kind="stable")
    ordered, truth = values[order], same[order]
    # Saying the same from place k on is right for those that are, and for the others before it.
    right = np.cumsum(np.append(0, ~truth)) + np.append(truth[::-1].cumsum()[::-1], 0)
    possible = np.append(np.concatenate([[True], ordered[1:] > ordered[:-1]]), True)
    place = int(np.argmax(np.where(possible, right, -1)))
    if place == len(ordered):
        return float(np.nextafter(ordered[-1], np.inf))
    return float(ordered[place])


def _linear(fitted: Doubles, measured: Doubles, same: Bools) -> Bools:
    scale = StandardScaler().fit(fitted)
    model = LogisticRegression(C=_PENALTY).fit(scale.transform(fitted), same)
    found: Bools = model.predict(scale.transform(measured)).astype(np.bool_)
    return found


def _sentences(pair: WordInContext) -> tuple[Sentence, Sentence]:
    return (pair.first, pair.first_place), (pair.second, pair.second_place)


def _evens(sentences: Sequence[Sentence]) -> range:
    return range(0, len(sentences), 2)


def _laid(words: tuple[str, ...], transformer: Transformer) -> tuple[Pieces, list[Window]]:
    lengths = np.array([len(word) for word in words])
    starts = np.cumsum(lengths + 1) - lengths - 1
    pieces = cut(transformer.tokenizer, " ".join(words), starts, starts + lengths)
    room = transformer.window_tokens - len(transformer.prefix) - len(transformer.suffix)
    # Sentences: one window holds them.
    return pieces, windows(pieces, most_pieces=room, overlap=0.0)[:1]


def _hidden(
    transformer: Transformer, laid: Sequence[tuple[Pieces, list[Window]]], places: Sequence[int]
) -> Iterator[Floats]:
    """Vectors of one word of each sentence ``(layers + 1, size)``, embeddings first: its pieces' means."""
    found: dict[int, Floats] = {}
    every: list[Place] = places_of(laid)
    for own in in_batches(every, transformer, _BATCH_TOKENS):
        batch = padded(own, transformer)
        with torch.inference_mode():
            states = transformer.network(
                input_ids=batch.ids,
                attention_mask=batch.mask,
                output_hidden_states=True,
                **transformer.pass_options,
            ).hidden_states
        layers = torch.stack(states).float()
        for row, place in enumerate(own):
            word = places[place.document]
            first, end = (
                len(transformer.prefix) + int(b[word]) for b in (place.pieces.first, place.pieces.end)
            )
            found[place.document] = layers[:, row, first : max(end, first + 1)].mean(dim=1).numpy()
    yield from (found[number] for number in range(len(laid)))


def _ties(
    model: LoadedModel, laid: Sequence[tuple[Pieces, list[Window]]], sentences: Sequence[Sentence]
) -> list[Floats]:
    """How much of its attention each sentence's word gives to and takes from every word ``(words,)``."""
    method = model.resolved(Method.AUTO)
    readers = [MatrixReader(model.transformer, lambda: model.relator(method))]
    found: list[Floats] = [np.zeros(0, dtype=np.float32)] * len(laid)
    for place, (part,) in read_windows(model.transformer, laid, readers, batch_tokens=_BATCH_TOKENS):
        word = sentences[place.document][1]
        tie = part.weight[word] + part.weight[:, word]
        tie[word] = 0
        total = tie.sum()
        found[place.document] = tie / total if total > 0 else tie
    return found


def _row(
    hidden: Sequence[Floats], sentences: Sequence[Sentence], ties: Sequence[Floats], vectors: Vectors
) -> tuple[Doubles, float, float]:
    cosines = _cosine(hidden[0].astype(np.float64), hidden[1].astype(np.float64))
    shares = [_by_form(words, tie) for (words, _), tie in zip(sentences, ties, strict=True)]
    common = sum(min(share, shares[1].get(form, 0.0)) for form, share in shares[0].items())
    company = [_company(words, tie, vectors) for (words, _), tie in zip(sentences, ties, strict=True)]
    return cosines, common, float(_cosine(company[0][None], company[1][None])[0])


def _by_form(words: tuple[str, ...], tie: Floats) -> dict[str, float]:
    shares: dict[str, float] = {}
    for word, share in zip(words, tie.tolist(), strict=True):
        shares[word.lower()] = shares.get(word.lower(), 0.0) + share
    return shares


def _company(words: tuple[str, ...], tie: Floats, vectors: Vectors) -> Doubles:
    keys = [vectors.key(word) for word in words]
    known = [place for place, key in enumerate(keys) if key is not None]
    rows = vectors.unit([key for key in keys if key is not None]).astype(np.float64)
    total: Doubles = tie[known].astype(np.float64) @ rows
    return total


def _cosine(one: Doubles, other: Doubles) -> Doubles:
    """Row by row ``(n,)``; 0 where a vector is zero."""
    lengths = np.linalg.norm(one, axis=1) * np.linalg.norm(other, axis=1)
    found: Doubles = np.einsum("nd,nd->n", one, other) / np.where(lengths == 0, 1, lengths)
    return found

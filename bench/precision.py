"""What bfloat16 changes: the contextual lens in both formats on the Lee documents.

python bench/precision.py [--documents 300]

Prints Spearman's correlation of lifts over all candidate pairs and the share of pairs with equal verdicts.
"""

import argparse

import numpy as np
from scipy.stats import spearmanr

from bifocal.contracts import Options
from bifocal.models import contextual_models, static_models
from bifocal.settings import Precision, Settings
from bifocal_contextual.lens import ContextualLens
from bifocal_gateway.merge.kinds import LikeliestKinds
from bifocal_gateway.merge.pairs import CandidatePairs, sentences_of
from bifocal_gateway.merge.verdicts import judge
from bifocal_gateway.units import UnitAttention, static_of_units, units_of
from bifocal_static.lens import StaticLens
from contextual import lee_documents


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--documents", type=int, default=300)
    chosen = parser.parse_args()
    documents = lee_documents(chosen.documents)
    static = StaticLens(static_models(Settings()), warm=[]).read(documents, Options()).outputs
    options = Options()
    read = {}
    for precision in (Precision.FLOAT32, Precision.BFLOAT16):
        lens = ContextualLens(contextual_models(Settings()), warm=[], batch_tokens=4096, precision=precision)
        read[precision] = lens.read(documents, Options())
    lifts, codes = {}, {}
    for precision, work in read.items():
        own_lifts, own_codes = [], []
        for document, reading in zip(documents, work.readings, strict=True):
            [output], [read_as] = work.outputs[document.index].contextual, reading.contextual
            units = units_of(document, options, output.kinds, read_as.kinds)
            kinds = LikeliestKinds.of(output.kinds, read_as.kinds, units)
            meaning = static_of_units(static[document.index].static[0], units)
            attention = UnitAttention(output=output, units=units)
            sentence = sentences_of(units, document.sentence_starts)
            for block in CandidatePairs(units, output, options.scope, sentence):
                judged = judge(block, meaning, attention, options, kinds)
                own_lifts.append(judged.lift)
                own_codes.append(judged.code)
        lifts[precision], codes[precision] = np.concatenate(own_lifts), np.concatenate(own_codes)
    one, other = lifts.values()
    equal = np.equal(*codes.values()).mean()
    print(
        f"{len(documents)} documents, {len(one):,} pairs: "
        f"Spearman of lifts {spearmanr(one, other).statistic:.4f}, "
        f"equal verdicts {equal:.2%}"
    )


if __name__ == "__main__":
    main()

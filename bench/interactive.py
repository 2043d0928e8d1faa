"""How long somebody waits for one text: `POST /v1/compare`, on an idle stack and beside a bulk job.

    python bench/interactive.py --requests 40

Set against what the lenses and the merge take for the same text in this process, one after the other.
"""

import argparse
import statistics
import time
from collections.abc import Callable

import httpx
from gensim.test.utils import datapath

from bifocal import EmbeddedStack, Options
from bifocal.contracts import LensHeader, Shard
from bifocal.lenses import write_outputs
from bifocal.models import contextual_models, static_models
from bifocal.settings import Settings
from bifocal.text import Segmenter, shard_document
from bifocal.worker import LensWork
from bifocal_contextual.lens import ContextualLens
from bifocal_gateway.batch.partial import ShardPartial
from bifocal_gateway.merge.stage import merge_shard
from bifocal_static.lens import StaticLens

_WORDS = 100


def texts(count: int) -> list[str]:
    """Stretches of a hundred words of the Lee corpus."""
    with open(datapath("lee_background.cor"), encoding="utf-8") as corpus:
        words = corpus.read().split()
    return [" ".join(words[k * _WORDS : (k + 1) * _WORDS]) for k in range(count)]


def spread(work: Callable[[str], object], asked: list[str]) -> str:
    """Median and 95th percentile of the milliseconds that `work` takes."""
    found = []
    for text in asked:
        began = time.perf_counter()
        work(text)
        found.append(1000 * (time.perf_counter() - began))
    cuts = statistics.quantiles(found, n=20)
    return f"p50 {statistics.median(found):7.1f} ms, p95 {cuts[18]:7.1f} ms"


def alone() -> Callable[[str], None]:
    """The lenses and the merge in this process."""
    settings, options, segmenter = Settings(), Options(), Segmenter("en")
    static = StaticLens(static_models(settings), warm=options.static_models)
    contextual = ContextualLens(
        contextual_models(settings), warm=options.contextual_models, batch_tokens=settings.batch_tokens
    )

    def blob(work: LensWork) -> bytes:
        header = LensHeader(
            models=dict(work.models),
            catalogues=dict(work.catalogues),
            libraries={},
            readings=tuple(work.readings),
        )
        return write_outputs(header, work.outputs)

    def run(text: str) -> None:
        document = shard_document(text, segmenter, index=0, name="text")
        shard = Shard(job="job", shard=0, options=options, documents=[document])
        blobs = [blob(lens.read([document], options)) for lens in (static, contextual)]
        list(merge_shard(shard, blobs, ShardPartial(options.contextual_threshold)))

    return run


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--requests", type=int, default=40)
    asked = texts(parser.parse_args().requests)
    run = alone()
    run(asked[0])
    print(f"lenses and merge alone  {spread(run, asked)}")
    with EmbeddedStack() as stack, stack.client() as client, httpx.Client(base_url=stack.url) as http:
        stack.wait_ready()

        def compare(text: str) -> None:
            http.post("/v1/compare", json={"text": text}, timeout=60).raise_for_status()

        for text in asked[:5]:
            compare(text)
        print(f"POST /compare, idle     {spread(compare, asked)}")
        documents = [{"id": str(k), "text": text} for k, text in enumerate(texts(600) * 4)]
        job = http.post("/v1/jobs", json={"documents": documents}, timeout=60).json()["id"]
        print(f"beside a bulk job       {spread(compare, asked)}")
        if client.job(job).ended_at is not None:
            raise SystemExit("the bulk job ended too early; ask for fewer requests")


if __name__ == "__main__":
    main()

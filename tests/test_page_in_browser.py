"""The page as a reader meets it, in a real Chromium."""

import json
import re
from collections.abc import Callable, Iterator
from itertools import combinations
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from playwright.sync_api import Browser, Dialog, Locator, expect
from playwright.sync_api import Page as Tab

from batch_report_builder import AGREEMENTS, SPREADS, batch, batch_report, term_pair
from bifocal.contracts import (
    Agreement,
    ContextualRelation,
    Direction,
    ErrorDetail,
    Failure,
    FurtherFigures,
    ModelAgreement,
    Reason,
    StaticRelation,
    Verdict,
)
from bifocal.output.legend import read_legend
from bifocal.output.page import Page
from report_builder import AGREEMENT, LONG_RANGE, SINKS, Pair, build_report, divergent, kind, lexical

pytestmark = pytest.mark.browser

FRANCE = "France is a country, it is in Europe."
PAIRS = [
    Pair(a=0, b=3),
    Pair(a=0, b=5, verdict=Verdict.CONTEXT_ONLY, cosine=-0.123456, meaning=0.4, lift=4.5, context=0.991),
    Pair(a=0, b=8, verdict=Verdict.MEANING_ONLY, cosine=0.71, meaning=0.995123, lift=1.2, context=0.61),
    Pair(a=5, b=8, verdict=Verdict.MEANING_ONLY, cosine=0.3, lift=0.9, context=0.5),
]
REFERS = kind("refers_to", Direction.B_TO_A, 0.834567, [(4, 2, 1.312345), (5, 11, -0.8)])
KINDS = [
    Pair(a=0, b=3, kind=kind("subject", probability=0.98), joint=0.912345, without=(0.123456, 0.234567)),
    Pair(a=0, b=5, verdict=Verdict.CONTEXT_ONLY, kind=REFERS),
    Pair(a=0, b=8, verdict=Verdict.MEANING_ONLY),
    Pair(a=5, b=8, verdict=Verdict.NEITHER, kind=kind("subject", probability=0.9996), joint=0.5),
]
Open = Callable[[Page], Tab]


@pytest.fixture
def open_page(browser: Browser, tmp_path: Path) -> Iterator[Open]:
    """Opens a page; at the end, no script failed and nothing but the file was asked for."""
    tab = browser.new_page(viewport={"width": 1280, "height": 900}, reduced_motion="reduce")
    target = tmp_path / "index.html"
    asked: list[str] = []
    wrong: list[str] = []

    def refuse(dialog: Dialog) -> None:
        wrong.append(f"dialog: {dialog.message}")
        dialog.dismiss()

    tab.on("request", lambda request: asked.append(request.url))
    tab.on("pageerror", lambda error: wrong.append(str(error)))
    tab.on("console", lambda message: wrong.append(message.text))
    tab.on("dialog", refuse)

    def open_page(page: Page) -> Tab:
        page.write(target)
        tab.goto(target.as_uri())
        return tab

    yield open_page
    tab.close()
    assert asked == [target.as_uri()]
    assert wrong == []


def page_of(text: str, pairs: list[Pair], **more: object) -> Page:
    page = Page()
    page.add(build_report(text, pairs, **more), text)  # type: ignore[arg-type]
    return page


def word(tab: Tab, position: int) -> Locator:
    return tab.locator(f'[data-testid="text"] [data-word="{position}"]')


def figures(part: Locator) -> dict[str, float]:
    """Figures that a part of the page shows, by their names; what is written is what is meant."""
    found = {}
    for field in part.locator("[data-field]").all():
        value, text = float(str(field.get_attribute("data-value"))), field.inner_text()
        # A bar has no text.
        assert not text or reads_as(text, value), (text, value)
        found[str(field.get_attribute("data-field"))] = value
    return found


def reads_as(text: str, value: float) -> bool:
    """Whether a text tells a value, to the digits that it has."""
    text = text.replace("−", "-").replace(",", "").replace("\n", "")
    if "%" in text:
        return round(100 * value) == int(text.removesuffix("%").removeprefix("> ")) + text.startswith(">")
    if "×" in text:
        digits, exponent = text.split("× 10")
        return f"{value:.1e}" == f"{float(digits) * 10 ** int(exponent):.1e}"
    [number] = re.findall(r"[-+]?\d+(?:\.\d+)?", text.split("\u00a0")[-1])
    least = 10.0 ** -len(number.partition(".")[2])
    return abs(float(number) - value) <= least / 2 + 1e-12


def figures_of(pair: Pair) -> dict[str, float | None]:
    return {
        "distance": pair.b - pair.a,
        "cosine": pair.cosine,
        "meaning-percentile": pair.meaning,
        "meaning-rank": pair.meaning_rank,
        "forward": pair.forward,
        "backward": pair.backward,
        "lift": pair.lift,
        "context-percentile": pair.context,
        "context-rank": pair.context_rank,
    }


def test_word_under_the_pointer_colours_its_partners(open_page: Open) -> None:
    tab = open_page(page_of(FRANCE, PAIRS))
    word(tab, 5).hover()
    expect(word(tab, 5)).to_have_text("it")
    expect(word(tab, 0)).to_have_text("France")
    expect(word(tab, 0)).to_have_attribute("data-mark", "context")
    expect(word(tab, 0)).not_to_have_css("background-color", "rgba(0, 0, 0, 0)")
    expect(word(tab, 0)).to_have_css("text-decoration-style", "dotted")
    expect(word(tab, 8)).to_have_attribute("data-mark", "meaning")
    expect(word(tab, 3)).not_to_have_attribute("data-mark", "both")


def test_panel_tells_the_figures_of_the_report(open_page: Open) -> None:
    tab = open_page(page_of(FRANCE, PAIRS))
    word(tab, 0).hover()
    for pair in PAIRS[:3]:
        card = tab.locator(f'[data-testid="relation"][data-partner="{pair.b}"]')
        expect(card).to_have_attribute("data-verdict", pair.verdict)
        assert figures(card) == figures_of(pair)
    expect(tab.get_by_test_id("relation")).to_have_count(3)


def test_table_tells_the_figures_of_the_report(open_page: Open) -> None:
    tab = open_page(page_of(FRANCE, PAIRS))
    expect(tab.get_by_test_id("pair")).to_have_count(1)
    assert figures(tab.get_by_test_id("pair")) == figures_of(PAIRS[0]) | {"windows": 1}


def test_click_keeps_a_word_and_escape_lets_it_go(open_page: Open) -> None:
    tab = open_page(page_of(FRANCE, PAIRS))
    word(tab, 5).click()
    word(tab, 3).hover()
    expect(word(tab, 5)).to_have_attribute("data-pinned", "")
    expect(tab.get_by_test_id("panel").locator("h3")).to_have_text("it")
    tab.keyboard.press("Escape")
    expect(tab.locator("[data-mark].w, [data-here]")).to_have_count(0)


def test_words_are_reached_by_keyboard(open_page: Open) -> None:
    tab = open_page(page_of(FRANCE, PAIRS))
    tab.locator("#lenses input:checked").focus()
    for _ in range(2):
        tab.keyboard.press("Tab")
    # Past the link to the legend; a pane that scrolls may be a stop of its own.
    if not word(tab, 0).evaluate("node => node === document.activeElement"):
        tab.keyboard.press("Tab")
    expect(word(tab, 0)).to_be_focused()
    expect(tab.get_by_test_id("panel").locator("h3")).to_have_text("France")
    tab.keyboard.press("ArrowRight")
    expect(word(tab, 3)).to_be_focused()
    expect(word(tab, 0)).to_have_attribute("data-mark", "both")
    tab.keyboard.press("Enter")
    expect(word(tab, 3)).to_have_attribute("aria-pressed", "true")


def test_one_lens_hides_what_only_the_other_marks(open_page: Open) -> None:
    tab = open_page(page_of(FRANCE, PAIRS))
    word(tab, 0).click()
    tab.get_by_role("radio", name="meaning").check()
    expect(word(tab, 3)).to_have_attribute("data-mark", "meaning")
    expect(word(tab, 8)).to_have_attribute("data-mark", "meaning")
    expect(tab.locator('[data-partner="5"]')).to_have_count(0)
    expect(tab.locator('[data-testid="relation"] [data-field="lift"]')).to_have_count(0)


def test_row_of_the_table_shows_its_pair_in_the_text(open_page: Open) -> None:
    text = "Alpha. " + "and so on\n" * 300 + "Omega loves sigma."
    last = 1 + 1 + 3 * 300
    pair = Pair(a=last, b=last + 2, verdict=Verdict.CONTEXT_ONLY, meaning=0.1)
    tab = open_page(page_of(text, [pair]))
    expect(word(tab, last)).not_to_be_in_viewport()
    tab.get_by_test_id("pair").click()
    expect(word(tab, last)).to_be_in_viewport()
    expect(word(tab, last)).to_have_text("Omega")
    expect(word(tab, last + 2)).to_have_attribute("data-mark", "context")
    expect(tab.get_by_test_id("pair")).to_have_attribute("aria-current", "true")


def test_table_is_sorted_by_the_column_that_is_clicked(open_page: Open) -> None:
    pairs = [
        Pair(a=0, b=b, verdict=Verdict.MEANING_ONLY, cosine=c) for b, c in ((3, 0.5), (5, 0.9), (8, 0.7))
    ]
    tab = open_page(page_of(FRANCE, pairs))
    cosines = tab.locator('[data-testid="pair"] [data-field="cosine"]')
    tab.locator('[data-sort="cosine"]').click()
    expect(cosines).to_have_text(["0.900000", "0.700000", "0.500000"])
    tab.locator('[data-sort="cosine"]').click()
    expect(cosines).to_have_text(["0.500000", "0.700000", "0.900000"])


def test_tabs_offer_verdicts_that_are_listed(open_page: Open) -> None:
    same = Pair(a=1, b=6, verdict=Verdict.NOT_COMPARABLE, reason=Reason.SAME_WORD, cosine=1.0)
    tab = open_page(page_of(FRANCE, [*PAIRS, same]))
    tabs = tab.get_by_role("tab")
    expect(tabs).to_have_text(["both1", "meaning only2", "context only1", "not comparable1"])
    tabs.last.click()
    expect(tab.get_by_test_id("pair")).to_contain_text("same word")


def test_emoji_before_words_move_no_highlight(open_page: Open) -> None:
    text = "🏮📚 " + FRANCE.replace("country", "country 👩‍🚀")
    tab = open_page(page_of(text, [Pair(a=2, b=5)]))
    word(tab, 5).hover()
    expect(word(tab, 2)).to_have_text("France")
    expect(word(tab, 5)).to_have_text("country")
    expect(word(tab, 2)).to_have_attribute("data-mark", "both")
    assert tab.get_by_test_id("text").inner_text() == text


def test_hostile_text_is_shown_and_does_not_run(open_page: Open) -> None:
    hostile = "</script><script>alert(1)</script> <img src=x onerror=alert(2)> <b>bold</b>"
    page = page_of(hostile, [Pair(a=2, b=7)], name=hostile, neighbours={"script": [(hostile, 0.5)]})
    error = ErrorDetail(code="invalid_text", message=hostile, retryable=False)
    page.add_failure(Failure(id=hostile, error=error, source=hostile))
    tab = open_page(page)
    word(tab, 2).click()
    assert tab.get_by_test_id("text").inner_text() == hostile
    expect(tab.get_by_test_id("title")).to_have_text(hostile)
    expect(tab.get_by_test_id("neighbours")).to_contain_text(hostile)
    expect(tab.get_by_test_id("failure")).to_contain_text("onerror=alert(2)")
    expect(tab.locator("img, .text b")).to_have_count(0)


def test_lines_and_directions_of_the_text_are_kept(open_page: Open) -> None:
    text = "القاهرة عاصمة مصر.\n\nCairo is the capital.\n"
    tab = open_page(page_of(text, [Pair(a=0, b=2)], language="ar"))
    assert tab.get_by_test_id("text").evaluate("node => node.textContent") == text
    left, right = (word(tab, k).bounding_box() for k in (2, 0))
    assert left is not None
    assert right is not None
    assert left["x"] < right["x"]


def test_long_text_is_shown_whole(open_page: Open) -> None:
    text = "\n".join(f"Line {k} of a long text, which goes on and on." for k in range(3000))
    tab = open_page(page_of(text, [Pair(a=0, b=12)]))
    shown = "[...document.querySelectorAll('.chunk')].map(chunk => chunk.textContent).join('\\n')"
    assert tab.evaluate(shown) == text


def test_documents_are_picked_and_found(open_page: Open) -> None:
    page = page_of(FRANCE, PAIRS, name="france.txt")
    page.add(build_report("A harbour at night.", [], name="harbour.txt"), "A harbour at night.")
    tab = open_page(page)
    documents = tab.get_by_test_id("document")
    documents.first.focus()
    tab.keyboard.press("ArrowDown")
    tab.keyboard.press("Enter")
    expect(tab.get_by_test_id("title")).to_have_text("harbour.txt")
    expect(tab.get_by_test_id("text")).to_have_text("A harbour at night.")
    expect(tab.get_by_test_id("panel")).to_contain_text("No pair of this document is listed")
    tab.get_by_test_id("search").fill("EUROPE")
    expect(documents.first).to_be_visible()
    expect(documents.last).to_be_hidden()


def test_long_list_of_documents_scrolls_by_itself(open_page: Open) -> None:
    page = Page()
    for k in range(60):
        page.add(build_report(FRANCE, PAIRS, name=f"doc-{k}"), FRANCE)
    page.add_batch(batch_report())
    tab = open_page(page)
    picker = tab.get_by_role("navigation").bounding_box()
    assert picker is not None
    assert picker["height"] <= 900
    legend = tab.get_by_test_id("legend").bounding_box()
    assert legend is not None
    assert tab.evaluate("document.documentElement.scrollHeight") < legend["y"] + legend["height"] + 100
    tab.get_by_test_id("document").last.scroll_into_view_if_needed()
    expect(tab.get_by_test_id("document").last).to_be_in_viewport()


def test_head_counts_everything_and_says_what_is_left_out(open_page: Open) -> None:
    page = Page(most_documents=2, most_relations=4)
    for k in range(1200):
        page.add(build_report(FRANCE, PAIRS, name=f"doc-{k}", neither=17), FRANCE)
    error = ErrorDetail(code="invalid_text", message="the text has a NUL", retryable=False)
    page.add_failure(Failure(id="bad", error=error))
    tab = open_page(page)
    expect(tab.get_by_test_id("summary")).to_have_text("1,200 documents · 1 failure · 25,200 candidate pairs")
    expect(tab.get_by_test_id("notices")).to_contain_text(
        "shows the first 2 of 1,200 documents; all are in reports.jsonl"
    )
    expect(tab.get_by_test_id("document-notices")).to_contain_text("The strongest 2 of the 4 pairs")
    expect(tab.locator('[data-testid="totals"] [data-verdict="neither"] dd')).to_have_text("20,400")


def test_neighbours_of_a_word_are_in_the_panel(open_page: Open) -> None:
    tab = open_page(page_of(FRANCE, PAIRS, neighbours={"france": [("belgium", 0.92)]}))
    word(tab, 0).hover()
    expect(tab.get_by_test_id("neighbours")).to_have_text("belgium0.920000")


def test_page_without_documents_opens(open_page: Open) -> None:
    tab = open_page(Page())
    expect(tab.get_by_test_id("summary")).to_contain_text("0 documents")


def test_narrow_screen_needs_no_sideways_scrolling(open_page: Open) -> None:
    tab = open_page(page_of(FRANCE, PAIRS))
    tab.set_viewport_size({"width": 400, "height": 800})
    word(tab, 0).click()
    assert tab.evaluate("document.documentElement.scrollWidth") == 400


def card_of(tab: Tab, partner: int) -> Locator:
    return tab.locator(f'[data-testid="relation"][data-partner="{partner}"]')


def test_card_tells_kind_direction_probability_and_heads(open_page: Open) -> None:
    tab = open_page(page_of(FRANCE, KINDS))
    word(tab, 5).click()
    line = card_of(tab, 0).get_by_test_id("kind")
    expect(line.locator(".told")).to_have_text("it → France: refers to")
    expect(line).to_contain_text("83 %")
    expect(line).to_have_attribute("title", "“it” refers to “France”, with a probability of 0.834567")
    expect(line.get_by_test_id("heads")).to_have_text("heads 4-2 +1.31, 5-11 −0.80")
    line = card_of(tab, 8).get_by_test_id("kind")
    expect(line.locator(".told")).to_have_text("it → Europe: subject")
    expect(line).to_contain_text("> 99 %")
    expect(line.get_by_test_id("heads")).to_have_count(0)


def test_card_tells_joint_probability_and_loss_without_each_other(open_page: Open) -> None:
    tab = open_page(page_of(FRANCE, KINDS))
    word(tab, 0).click()
    told = figures(card_of(tab, 3))
    assert told == figures_of(KINDS[0]) | {
        "kind": 0.98,
        "joint": 0.912345,
        "a-without-b": 0.123456,
        "b-without-a": 0.234567,
    }
    expect(card_of(tab, 3)).to_contain_text("loss of France")
    assert figures(card_of(tab, 8)) == figures_of(KINDS[2])
    expect(card_of(tab, 8).get_by_test_id("kind")).to_have_count(0)


def test_kinds_belong_to_the_context_lens(open_page: Open) -> None:
    tab = open_page(page_of(FRANCE, KINDS))
    word(tab, 5).click()
    expect(word(tab, 8)).to_have_attribute("data-mark", "unmarked")
    tab.get_by_role("radio", name="context").check()
    expect(card_of(tab, 8).get_by_test_id("kind")).to_be_visible()
    expect(word(tab, 8)).to_have_attribute("data-mark", "unmarked")
    expect(tab.locator('[data-testid="relation"] [data-field="joint"]')).to_have_count(0)
    tab.get_by_role("radio", name="meaning").check()
    expect(tab.get_by_test_id("kind")).to_have_count(0)


def test_table_has_a_column_of_kinds_with_their_direction(open_page: Open) -> None:
    tab = open_page(page_of(FRANCE, KINDS))
    expect(tab.get_by_test_id("pair-kind")).to_have_text("→ subject 98 %")
    assert figures(tab.get_by_test_id("pair"))["joint"] == 0.912345
    tab.get_by_role("tab", name="context only").click()
    expect(tab.get_by_test_id("pair-kind")).to_have_text("← refers to 83 %")
    expect(tab.get_by_test_id("pair-kind").get_by_role("img")).to_have_accessible_name("second to first")


def test_document_without_kinds_has_no_place_for_them(open_page: Open) -> None:
    tab = open_page(page_of(FRANCE, PAIRS))
    expect(tab.get_by_test_id("kinds")).to_be_hidden()
    expect(tab.locator('[data-sort="kind"], [data-sort="joint"]')).to_have_count(0)


def test_pairs_are_filtered_by_kind(open_page: Open) -> None:
    tab = open_page(page_of(FRANCE, KINDS))
    tabs, chosen, pairs = (
        tab.get_by_role("tab"),
        tab.get_by_role("tab", selected=True),
        tab.get_by_test_id("pair"),
    )
    expect(tabs).to_have_text(["both1", "meaning only1", "context only1", "neither1", "all4"])
    expect(tab.get_by_test_id("kinds").locator("option")).to_have_text(
        ["all pairs", "any kind (3)", "subject (2)", "refers to (1)"]
    )
    # The tab at hand has none that refers; those of other verdicts are shown.
    tab.get_by_test_id("kinds").select_option(label="refers to (1)")
    expect(tabs).to_have_text(["both0", "meaning only0", "context only1", "neither0", "all1"])
    expect(chosen).to_have_text("all1")
    expect(pairs).to_contain_text("France – it")
    expect(pairs.get_by_role("img", name="context only")).to_be_visible()
    tabs.first.click()
    expect(tab.get_by_test_id("pairs")).to_contain_text("no pair of this kind marked “both”")
    tab.get_by_test_id("kinds").select_option(label="subject (2)")
    expect(chosen).to_have_text("both1")
    tabs.last.click()
    expect(tab.get_by_test_id("pair-kind")).to_have_text(["→ subject > 99 %", "→ subject 98 %"])
    tab.locator('[data-sort="pair"]').click()
    expect(tab.get_by_test_id("pair-kind")).to_have_text(["→ subject 98 %", "→ subject > 99 %"])


def test_kind_is_chosen_by_keyboard_and_stays_for_the_next_document(open_page: Open) -> None:
    page = page_of(FRANCE, KINDS, name="one")
    page.add(build_report(FRANCE, KINDS[1:2], name="two"), FRANCE)
    page.add(build_report(FRANCE, PAIRS, name="three"), FRANCE)
    tab = open_page(page)
    select = tab.get_by_test_id("kinds")
    select.focus()
    tab.keyboard.type("refers")
    expect(tab.get_by_test_id("pair")).to_contain_text("France – it")
    documents = tab.get_by_test_id("document")
    documents.nth(1).click()
    expect(select.locator("option:checked")).to_have_text("refers to (1)")
    expect(tab.get_by_role("tab", selected=True)).to_have_text("context only1")
    documents.nth(2).click()
    expect(tab.get_by_test_id("pair")).to_have_count(1)


def test_facts_say_how_the_document_was_read(open_page: Open) -> None:
    tab = open_page(page_of(FRANCE, KINDS, catalogue="minilm-l6-ewt"))
    facts = {"method": "heads", "precision": "float32", "head catalogue": "minilm-l6-ewt", "profile": "fast"}
    for name, value in facts.items():
        expect(tab.locator(f'[data-fact="{name}"] dd')).to_have_text(value)


def test_hostile_names_of_kinds_are_shown_and_do_not_run(open_page: Open) -> None:
    hostile = "</script><script>alert(1)</script><img src=x onerror=alert(2)>"
    pairs = [Pair(a=0, b=5, kind=kind(hostile))]
    tab = open_page(page_of(FRANCE, pairs, catalogue=hostile))
    word(tab, 0).click()
    expect(card_of(tab, 5).get_by_test_id("kind")).to_contain_text(hostile)
    expect(tab.get_by_test_id("pair-kind")).to_contain_text(hostile)
    expect(tab.get_by_test_id("kinds").locator("option").last).to_have_text(f"{hostile} (1)")
    expect(tab.get_by_test_id("facts")).to_contain_text(hostile)
    expect(tab.locator("img")).to_have_count(0)


def test_narrow_screen_with_kinds_needs_no_sideways_scrolling(open_page: Open) -> None:
    tab = open_page(page_of(FRANCE, KINDS, catalogue="minilm-l6-ewt"))
    tab.set_viewport_size({"width": 400, "height": 800})
    word(tab, 0).click()
    assert tab.evaluate("document.documentElement.scrollWidth") == 400


# A page with everything on it ----------------------------------------------------------------------

WORDS = "The river bank was steep, so the boat drifted. It hit the old stone bridge near France."
MODELS = ("glove-6b-50d", "minilm-l6:embeddings", "minilm-l6", "minilm-l6:layer-1")
MATRIX = (
    (1.0, 0.654321, 0.123456, None),
    (0.654321, 1.0, 0.234561, 0.345612),
    (0.123456, 0.234561, 1.0, -0.456123),
    (None, 0.345612, -0.456123, 1.0),
)
FURTHER = FurtherFigures(
    static=(StaticRelation(cosine=0.112233, percentile=0.223344, rank=0.334455),),
    contextual=(
        ContextualRelation(
            forward=0.445566, backward=0.556677, lift=6.677889, percentile=0.778899, rank=0.889911, windows=2
        ),
    ),
)
EVERYTHING = [
    Pair(a=1, b=2, lexical=lexical("hypernym", Direction.B_TO_A), further=FURTHER, joint=0.456789),
    Pair(
        a=1,
        b=14,
        b_words=3,
        verdict=Verdict.CONTEXT_ONLY,
        kind=kind("object", heads=[(4, 2, 1.31), (5, 11, -0.8)]),
        further=FurtherFigures(static=(None,), contextual=(None,)),
        without=(0.013579, 0.024681),
        windows=2,
    ),
    Pair(a=2, b=8, verdict=Verdict.MEANING_ONLY, lexical=lexical("co_hyponym")),
]


def everything() -> Page:
    """A page that shows every figure there is."""
    start = WORDS.index("It")
    page = page_of(
        WORDS,
        EVERYTHING,
        name="doc-1",
        static_models=MODELS[:2],
        contextual_models=MODELS[2:],
        model_agreement=ModelAgreement(models=MODELS, spearman=MATRIX),
        diverging=(divergent(WORDS, 12, [1, 8], [8, 18], start, len(WORDS)),),
        catalogue="minilm-l6/1",
        unknown=["drifted"],
        neighbours={"river": [("creek", 0.876543)]},
        left_out=17,
    )
    page.add(build_report(FRANCE, PAIRS, name="doc-2"), FRANCE)
    page.add_batch(batch_report(n_terms_left_out=3))
    return page


def data_of(tab: Tab) -> dict[str, Any]:
    data: dict[str, Any] = json.loads(str(tab.locator("#data").text_content()))
    return data


def numbers_of(value: Any) -> set[float]:
    """All numbers in JSON, and the lengths of its lists."""
    if isinstance(value, dict):
        return set().union(*map(numbers_of, value.values()))
    if isinstance(value, list):
        return {float(len(value))}.union(*map(numbers_of, value))
    return {float(value)} if isinstance(value, int | float) else set()


def go_through(tab: Tab) -> Iterator[Locator]:
    """Every view of a page with everything on it, one after the other, all folds open."""
    for tab_of_pairs in tab.locator("#batch-tabs button").all():
        tab_of_pairs.click()
        yield tab.locator("body")
    for document in tab.get_by_test_id("document").all():
        document.click()
        # It is opened by the address, an event later; until then the words are those of another one.
        expect(document).to_have_attribute("aria-current", "true")
        for place in tab.locator("#text .w").all():
            place.click()
            tab.evaluate("document.querySelectorAll('details').forEach((each) => { each.open = true; })")
            yield tab.locator("body")


def test_every_figure_on_the_page_is_in_its_data_and_explained(open_page: Open) -> None:
    tab = open_page(everything())
    known = numbers_of(data_of(tab))
    shown: set[str] = set()
    read = """nodes => nodes.map(node => [node.dataset.field, node.dataset.value, node.innerText])"""
    for view in go_through(tab):
        for name, value, text in view.locator("[data-field]:visible").evaluate_all(read):
            shown.add(name)
            if value is not None:
                assert float(value) in known, (name, value)
                assert not text or reads_as(text, float(value)), (name, value, text)
    explained = {name for group in read_legend().groups for entry in group.entries for name in entry.shown}
    assert shown - explained == set()
    assert explained - shown == set()


def test_phrase_is_pointed_at_by_any_of_its_words(open_page: Open) -> None:
    tab = open_page(page_of(WORDS, EVERYTHING))
    expect(word(tab, 14)).to_have_text("old stone bridge")
    for x in (4, 60, 110):
        tab.mouse.move(1, 1)
        word(tab, 14).hover(position={"x": x, "y": 8})
        expect(tab.get_by_test_id("panel").locator("h3")).to_have_text("old stone bridge")
        expect(word(tab, 1)).to_have_attribute("data-mark", "context")
    expect(tab.get_by_test_id("panel")).to_contain_text("words 15 to 17 of 20")
    word(tab, 1).hover()
    expect(card_of(tab, 14)).to_contain_text("river – old stone bridge")
    expect(word(tab, 14)).to_have_attribute("data-mark", "context")


def test_card_tells_the_lexical_kind_under_the_meaning_lens(open_page: Open) -> None:
    tab = open_page(page_of(WORDS, EVERYTHING))
    word(tab, 2).click()
    line = card_of(tab, 1).get_by_test_id("lexical")
    expect(line.locator(".told")).to_have_text("bank → river: hypernym")
    expect(line).to_have_attribute("title", "“bank” is a kind of “river”, with a probability of 0.712345")
    line = card_of(tab, 8).get_by_test_id("lexical")
    expect(line.locator(".told")).to_have_text("bank – boat: co hyponym")
    expect(tab.get_by_test_id("pair-lexical")).to_have_text("← hypernym 71\u202f%")
    tab.get_by_role("radio", name="context").check()
    expect(tab.get_by_test_id("lexical")).to_have_count(0)


def test_figures_of_further_models_are_folded_away(open_page: Open) -> None:
    tab = open_page(everything())
    tab.get_by_test_id("document").first.click()
    word(tab, 1).click()
    fold = card_of(tab, 2).get_by_test_id("further")
    expect(fold.locator("dd").first).to_be_hidden()
    fold.locator("summary").press("Enter")
    assert figures(fold.locator('[data-model="minilm-l6:embeddings"]')) == {
        "cosine": 0.112233,
        "meaning-percentile": 0.223344,
        "meaning-rank": 0.334455,
    }
    assert figures(fold.locator('[data-model="minilm-l6:layer-1"]'))["lift"] == 6.677889
    blank = card_of(tab, 14).get_by_test_id("further")
    blank.locator("summary").click()
    expect(blank).to_contain_text("no vector for one of the words")
    expect(blank).to_contain_text("no window held both")


def test_agreement_is_a_sentence_to_read_aloud(open_page: Open) -> None:
    tab = open_page(page_of(FRANCE, PAIRS))
    expect(tab.get_by_test_id("said")).to_have_text(
        "The two lenses agree a little on the order of this document’s pairs: 0.12, where 1 would be the "
        "same order and 0 none in common. With its words shuffled, it comes to between −0.04 and 0.04, so "
        "this is more than chance (p = 0.005)."
    )


@pytest.mark.parametrize(
    ("spearman", "p_value", "said"),
    [
        (0.61, 0.005, "agree closely .* more than chance"),
        (0.01, 0.41, "have next to no order .* may well be chance"),
        (-0.3, 1.0, "in rather contrary orders: −0.30.* less than chance has it"),
    ],
)
def test_agreement_is_told_as_it_is(open_page: Open, spearman: float, p_value: float, said: str) -> None:
    chance = AGREEMENT.null and AGREEMENT.null.model_copy(update={"p_value": p_value})
    agreement = AGREEMENT.model_copy(update={"spearman": spearman, "null": chance})
    tab = open_page(page_of(FRANCE, PAIRS, agreement=agreement))
    expect(tab.get_by_test_id("said")).to_have_text(re.compile(said))


def test_document_without_order_says_so(open_page: Open) -> None:
    nothing = Agreement(n_pairs=1, spearman=None, n_top=1, top_overlap=None)
    tab = open_page(page_of(FRANCE, PAIRS[:1], agreement=nothing))
    expect(tab.get_by_test_id("said")).to_contain_text("too few pairs")
    expect(tab.locator('[data-figure="agreement"], [data-figure="top-overlap"]')).to_have_count(0)


def test_strip_tells_what_the_document_comes_to(open_page: Open) -> None:
    tab = open_page(page_of(FRANCE, PAIRS, unknown=["zzz"]))
    told = figures(tab.get_by_test_id("strip"))
    assert AGREEMENT.interval is not None
    assert AGREEMENT.top_null is not None
    assert (
        told.items()
        >= {
            "agreement": AGREEMENT.spearman,
            "agreement-low": AGREEMENT.interval.low,
            "agreement-pairs": AGREEMENT.n_pairs,
            "top-overlap": AGREEMENT.top_overlap,
            "top-chance-high": AGREEMENT.top_null.interval.high,
            "top-p": AGREEMENT.top_null.p_value,
            "beyond-words": LONG_RANGE.beyond_words,
            "far-all": LONG_RANGE.all_pairs,
            "far-meaning": LONG_RANGE.static,
            "far-context": LONG_RANGE.contextual,
            "across-context": LONG_RANGE.across_sentences_contextual,
            "sink-mass": 0.412345,
            "unknown-words": 1,
            "coverage": 0.987654,
        }.items()
    )
    bars = tab.locator(".layers i")
    assert bars.evaluate_all("nodes => nodes.map(node => Number(node.dataset.value))") == list(SINKS)
    heights = bars.evaluate_all("nodes => nodes.map(node => node.getBoundingClientRect().height)")
    assert [heights.index(h) for h in sorted(heights)] == [SINKS.index(s) for s in sorted(SINKS)]


def test_divergent_word_is_shown_in_its_sentence_and_found_in_the_text(open_page: Open) -> None:
    tab = open_page(everything())
    tab.get_by_test_id("document").first.click()
    card = tab.get_by_test_id("divergent-word")
    expect(card.locator(".excerpt")).to_have_text("It hit the old stone bridge near France.")
    expect(card.locator(".excerpt .here")).to_have_text("hit")
    expect(card.locator('.excerpt [data-mark="context"]')).to_have_text("France")
    expect(card).to_contain_text("by meaning river, boat")
    assert figures(card) == {"divergence": 0.654321}
    card.get_by_role("button", name="hit").click()
    expect(word(tab, 12)).to_have_attribute("data-pinned", "")
    expect(tab.get_by_test_id("panel")).to_contain_text("word 13 of 20, 0 relations")


def test_models_are_set_against_one_another_where_there_are_more_than_two(open_page: Open) -> None:
    tab = open_page(everything())
    tab.get_by_test_id("document").first.click()
    cells = tab.get_by_test_id("matrix").locator("tbody td")
    written = [[float(text.replace("−", "-")) if text != "–" else None for text in cells.all_inner_texts()]]
    assert written == [[value for row in MATRIX for value in row]]
    tab.get_by_test_id("document").last.click()
    expect(tab.get_by_test_id("matrix")).to_be_hidden()


# All documents together ----------------------------------------------------------------------------


def test_batch_is_what_a_page_of_many_documents_opens_with(open_page: Open) -> None:
    tab = open_page(everything())
    expect(tab.get_by_test_id("batch")).to_be_visible()
    expect(tab.get_by_test_id("batch-said")).to_contain_text("40 documents hold 1,823 pairs of 312 terms")
    tabs = tab.locator("#batch-tabs").get_by_role("tab")
    expect(tabs).to_have_text(["these documents say1", "both say1", "the language says1"])
    pair = tab.get_by_test_id("batch-pair")
    expect(pair).to_contain_text("europe – france")
    assert figures(pair) == {
        "pair-documents": 7,
        "tied": 5,
        "expected": 0.345678,
        "tie-lift": 14.4643,
        "tie-p": 1.23457e-08,
        "tie-q": 4.56789e-06,
        "contextual": 0.912345,
        "contextual-spread": 0.054321,
        "cosine": 0.234567,
        "meaning-percentile": 0.765432,
        "static-spread": 0.0,
        "pair-occurrences": 11,
    }
    tabs.first.focus()
    tab.keyboard.press("ArrowRight")
    tab.keyboard.press("ArrowRight")
    expect(tabs.last).to_be_focused()
    expect(pair).to_contain_text("city – country")
    assert figures(pair).items() >= {"absence-expected": 4.56789, "absence-q": 0.0234567}.items()


def test_evidence_opens_its_document_at_the_pair_and_the_way_back_leads_to_the_batch(open_page: Open) -> None:
    terms = [term_pair("Europe", "france", Verdict.CONTEXT_ONLY)]
    page = page_of("No word of it.", [], name="doc-1")
    page.add(build_report(FRANCE, PAIRS, name="doc-2"), FRANCE)
    page.add_batch(batch_report(context_only=terms))
    tab = open_page(page)
    expect(tab.get_by_test_id("batch-pair").locator(".evidence")).to_have_text(["doc-2", "elsewhere"])
    tab.get_by_test_id("evidence").first.click()
    expect(tab.get_by_test_id("title")).to_have_text("doc-2")
    expect(tab.get_by_test_id("panel").locator("h3")).to_have_text("France – Europe")
    expect(word(tab, 8)).to_have_attribute("data-mark", "meaning")
    tab.go_back()
    expect(tab.get_by_test_id("batch")).to_be_visible()
    expect(tab.get_by_test_id("title")).to_be_hidden()
    tab.get_by_test_id("company").get_by_role("button", name="doc-1").click()
    expect(tab.get_by_test_id("title")).to_have_text("doc-1")


def test_static_value_is_constant_beside_the_spread_of_the_contextual_one(open_page: Open) -> None:
    tab = open_page(everything())
    told = tab.get_by_test_id("constancy")
    expect(told).to_contain_text("the meaning of a pair changes by 0 at most")
    quantiles = told.locator('dl [data-field="spread-quantile"]')
    assert [float(text) for text in quantiles.all_inner_texts()] == list(SPREADS.values())
    chance = tab.get_by_test_id("significance")
    expect(chance).to_contain_text("Each of the 412 pairs that at least 2 documents hold was tested")
    expect(chance).to_contain_text("(Benjamini-Hochberg) is at most 0.05, as that of 16 pairs is")


def test_batch_tells_in_how_many_documents_the_lenses_agree_beyond_chance(open_page: Open) -> None:
    told = open_page(everything()).get_by_test_id("documents-agreement")
    expect(told).to_contain_text("In 33 of 38 documents the two lenses agree beyond chance (p at most 0.05")
    quantiles = told.locator('dl [data-field="agree-quantile"]')
    assert [float(text) for text in quantiles.all_inner_texts()] == list(AGREEMENTS.values())
    expect(told.locator("tbody td")).to_have_text(
        ["1.000000", "0.134567", "–", "0.134567", "1.000000", "0.456789", "–", "0.456789", "1.000000"]
    )


def test_terms_whose_company_changes_are_told_with_their_company(open_page: Open) -> None:
    company = open_page(everything()).get_by_test_id("company")
    expect(company).to_contain_text("river 4, money 3")
    assert (
        figures(company).items() >= {"change": 0.222222, "change-error": 0.034567, "within": 0.345678}.items()
    )


def test_batch_that_tells_nothing_is_not_opened_first(open_page: Open) -> None:
    page = page_of(FRANCE, PAIRS)
    page.add_batch(
        batch_report(
            context_only=[],
            both=[],
            meaning_only=[],
            constancy={**batch()["constancy"], "n_pairs": 0, "contextual_spread": {}},
            companies={**batch()["companies"], "n_terms": 0, "terms": []},
            agreement={**batch()["agreement"], "n_documents": 0, "spearman": {}, "models": []},
        )
    )
    tab = open_page(page)
    expect(tab.get_by_test_id("title")).to_be_visible()
    tab.get_by_test_id("whole").press("Enter")
    expect(tab.get_by_test_id("batch-pairs")).to_contain_text("No pair of terms is in this list")
    expect(tab.get_by_test_id("constancy")).to_contain_text("how its values change cannot be told")
    expect(tab.get_by_test_id("documents-agreement")).to_contain_text("No document has pairs")


# Sentence as a drawing -----------------------------------------------------------------------------


def saved(tab: Tab) -> ElementTree.Element:
    with tab.expect_download() as download:
        tab.get_by_test_id("save").press("Enter")
    return ElementTree.fromstring(download.value.path().read_text("utf-8"))  # noqa: S314  (made by this test)


def test_sentence_is_saved_as_a_drawing_of_its_own(open_page: Open) -> None:
    tab = open_page(
        page_of("It rained. " + FRANCE, [Pair(a=p.a + 3, b=p.b + 3, verdict=p.verdict) for p in PAIRS])
    )
    word(tab, 3).click()
    drawing = saved(tab)
    name = {"svg": "http://www.w3.org/2000/svg"}
    assert drawing.tag == "{http://www.w3.org/2000/svg}svg"
    assert drawing.findtext("svg:title", namespaces=name) == f"Relations in “{FRANCE}”"
    assert "France – country 0.987654" in str(drawing.findtext("svg:desc", namespaces=name))
    arcs = {
        (arc.get("class"), arc.get("data-a"), arc.get("data-b")) for arc in drawing.findall("svg:g", name)
    }
    assert arcs == {
        ("arc meaning", "3", "6"),
        ("arc meaning", "3", "11"),
        ("arc meaning", "8", "11"),
        ("arc context", "3", "6"),
        ("arc context", "3", "8"),
    }
    words = [text.text for text in drawing.findall("svg:text[@class='word']", name)]
    assert "".join(filter(None, words)) == FRANCE.replace(" ", "")
    # Nothing that runs, and nothing from elsewhere.
    assert {element.tag.rpartition("}")[2] for element in drawing.iter()} <= {
        "svg",
        "title",
        "desc",
        "g",
        "path",
        "text",
        "rect",
    }
    assert not any(
        "href" in attribute or attribute.startswith("on") for e in drawing.iter() for attribute in e.attrib
    )


def test_drawing_of_a_word_has_its_arcs_in_front(open_page: Open) -> None:
    tab = open_page(page_of(FRANCE, PAIRS))
    word(tab, 5).click()
    arcs = tab.get_by_test_id("arcs").locator(".arc")
    expect(arcs).to_have_count(5)
    fronts = arcs.evaluate_all(
        "nodes => nodes.filter(n => n.getAttribute('opacity') > 0.5).map(n => [n.dataset.a, n.dataset.b])"
    )
    assert sorted(fronts) == [["0", "5"], ["5", "8"]]


def test_one_lens_draws_its_side_of_the_words_alone(open_page: Open) -> None:
    tab = open_page(page_of(FRANCE, PAIRS))
    arcs = tab.get_by_test_id("arcs").locator(".arc")
    expect(arcs).to_have_count(5)
    tab.get_by_role("radio", name="meaning").check()
    expect(arcs).to_have_count(3)
    expect(tab.get_by_test_id("arcs").locator(".arc.context")).to_have_count(0)


def test_words_stand_right_to_left_in_the_drawing_where_they_do_in_the_text(open_page: Open) -> None:
    text = "القاهرة عاصمة مصر."
    tab = open_page(page_of(text, [Pair(a=0, b=2)], language="ar"))
    words = tab.get_by_test_id("arcs").locator(".word")
    places = words.evaluate_all(
        "nodes => nodes.map(node => [node.textContent, Number(node.getAttribute('x'))])"
    )
    assert [name for name, x in sorted(places, key=lambda place: -place[1])] == [
        "القاهرة",
        "عاصمة",
        "مصر",
        ".",
    ]


# Keys, sizes, hostile texts ------------------------------------------------------------------------


def test_arrow_keys_go_the_way_the_text_runs(open_page: Open) -> None:
    tab = open_page(page_of("القاهرة عاصمة مصر.", [Pair(a=0, b=1), Pair(a=1, b=2)], language="ar"))
    word(tab, 0).focus()
    tab.keyboard.press("ArrowLeft")
    expect(word(tab, 1)).to_be_focused()
    tab.keyboard.press("ArrowRight")
    expect(word(tab, 0)).to_be_focused()


def test_legend_is_opened_by_keyboard_and_by_the_link_to_it(open_page: Open) -> None:
    tab = open_page(page_of(FRANCE, PAIRS))
    legend = tab.get_by_test_id("legend")
    expect(legend.get_by_text("Share of random pairs of vocabulary words")).to_be_hidden()
    legend.locator("summary").focus()
    tab.keyboard.press("Enter")
    expect(legend.get_by_text("Share of random pairs of vocabulary words")).to_be_visible()
    expect(legend).to_contain_text("Attention is not by itself an explanation")
    tab.keyboard.press("Enter")
    tab.get_by_role("link", name="What the figures say").press("Enter")
    expect(legend.get_by_text("Share of random pairs of vocabulary words")).to_be_visible()
    expect(tab.get_by_test_id("title")).to_be_visible()


def test_whatever_can_be_pressed_has_a_name(open_page: Open) -> None:
    tab = open_page(everything())
    for _ in go_through(tab):
        pressed = ", ".join(f"{tag}:visible" for tag in ("button", "a", "summary", "select", "input"))
        for part in tab.locator(pressed).all():
            expect(part).to_have_accessible_name(re.compile("."))


def test_document_of_500_words_and_50_000_relations_stays_small(open_page: Open) -> None:
    text = "".join(f"word{k}{'.' if k % 20 == 19 else ''} " for k in range(500))
    places = [k + k // 20 for k in range(500)]
    verdicts = (Verdict.BOTH, Verdict.MEANING_ONLY, Verdict.CONTEXT_ONLY)
    pairs = [
        Pair(a=a, b=b, verdict=verdicts[(a + b) % 3], meaning=0.97 + (a * b % 29) / 1000)
        for a, b in list(combinations(places, 2))[:50_000]
    ]
    tab = open_page(page_of(text, pairs))
    size = "document.querySelectorAll('*').length"
    before = tab.evaluate(size)
    assert before < 2_500
    for place in places[:120:10]:
        word(tab, place).hover()
    word(tab, places[0]).click()
    expect(tab.get_by_test_id("relation")).to_have_count(24)
    tab.get_by_test_id("panel").get_by_role("button", name="Show 20 more").first.click()
    expect(tab.get_by_test_id("relation")).to_have_count(44)
    tab.locator("#tabs").get_by_role("tab").last.click()
    tab.locator('[data-sort="lift"]').click()
    tab.get_by_test_id("pairs").get_by_role("button", name="Show 50 more").click()
    expect(tab.get_by_test_id("pair")).to_have_count(62)
    assert tab.evaluate(size) < before + 5_000


def test_hostile_terms_names_and_sentences_are_shown_and_do_not_run(open_page: Open) -> None:
    hostile = "</script><script>alert(1)</script><img src=x onerror=alert(2)>"
    models = (hostile, f"{hostile}2")
    page = page_of(
        hostile,
        [Pair(a=2, b=7, lexical=lexical(hostile), further=FurtherFigures(static=(None,)))],
        static_models=models,
        diverging=(divergent(hostile, 2, [7], [7], 0, len(hostile)),),
        model_agreement=ModelAgreement(
            models=(*models, "c"), spearman=((1.0, 0.1, 0.2), (0.1, 1.0, None), (0.2, None, 1.0))
        ),
        background=hostile,
    )
    terms = [term_pair(hostile, hostile, Verdict.CONTEXT_ONLY, evidence=[hostile])]
    company = batch()["companies"]["terms"][0] | {"term": hostile, "evidence": [hostile, hostile]}
    page.add_batch(batch_report(context_only=terms, companies={**batch()["companies"], "terms": [company]}))
    tab = open_page(page)
    expect(tab.get_by_test_id("batch-pair").locator("th")).to_have_text(f"{hostile} – {hostile}")
    expect(tab.get_by_test_id("company").locator("th")).to_have_text(hostile)
    tab.get_by_test_id("document").click()
    word(tab, 2).click()
    tab.evaluate("document.querySelectorAll('details').forEach((each) => { each.open = true; })")
    expect(tab.get_by_test_id("lexical")).to_contain_text(hostile)
    expect(tab.get_by_test_id("divergent-word").locator(".excerpt")).to_have_text(hostile)
    expect(tab.get_by_test_id("matrix")).to_contain_text(hostile)
    expect(tab.get_by_test_id("facts")).to_contain_text(hostile)
    assert hostile in str(saved(tab).findtext("{http://www.w3.org/2000/svg}title"))
    expect(tab.locator("img, script:not(#data):not(:last-child)")).to_have_count(0)


@pytest.mark.parametrize("view", ["batch", "document"])
def test_narrow_screen_with_everything_needs_no_sideways_scrolling(open_page: Open, view: str) -> None:
    tab = open_page(everything())
    tab.set_viewport_size({"width": 360, "height": 800})
    if view == "document":
        tab.get_by_test_id("document").first.click()
        word(tab, 1).click()
        tab.evaluate("document.querySelectorAll('details').forEach((each) => { each.open = true; })")
    assert tab.evaluate("document.documentElement.scrollWidth") == 360

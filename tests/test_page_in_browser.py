"""The page as a reader meets it, in a real Chromium."""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Dialog, Locator, expect, sync_playwright
from playwright.sync_api import Page as Tab

from bifocal.contracts import Direction, ErrorDetail, Failure, Reason, Verdict
from bifocal.output.page import Page
from report_builder import Pair, build_report, kind

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
ARGS = [
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

Open = Callable[[Page], Tab]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    path = shutil.which("chromium")
    if path is None:
        if os.environ.get("CI"):
            pytest.fail("CI has to have Chromium: apt-get install chromium")
        pytest.skip("there is no Chromium here: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=ARGS)
        yield browser
        browser.close()


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


def figures(card: Locator) -> dict[str, float]:
    return {
        str(field.get_attribute("data-field")): float(field.inner_text())
        for field in card.locator("[data-field]").all()
    }


def figures_of(pair: Pair) -> dict[str, float | None]:
    return {
        "cosine": pair.cosine,
        "meaning-percentile": pair.meaning,
        "forward": pair.forward,
        "backward": pair.backward,
        "lift": pair.lift,
        "context-percentile": pair.context,
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
    assert figures(tab.get_by_test_id("pair")) == figures_of(PAIRS[0]) | {"distance": 3, "windows": 1}


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
    page.add(build_report("A harbour at night.", [], name="harbour.txt", index=1), "A harbour at night.")
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
    expect(line.locator(".said")).to_have_text("it → France: refers to")
    expect(line).to_contain_text("83 %")
    expect(line).to_have_attribute("title", "“it” refers to “France”, with a probability of 0.834567")
    expect(line.get_by_test_id("heads")).to_have_text("heads 4-2 +1.31, 5-11 −0.80")
    line = card_of(tab, 8).get_by_test_id("kind")
    expect(line.locator(".said")).to_have_text("it → Europe: subject")
    expect(line).to_contain_text("> 99 %")
    expect(line.get_by_test_id("heads")).to_have_count(0)


def test_card_tells_joint_probability_and_loss_without_each_other(open_page: Open) -> None:
    tab = open_page(page_of(FRANCE, KINDS))
    word(tab, 0).click()
    told = figures(card_of(tab, 3))
    assert told == figures_of(KINDS[0]) | {
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
    page.add(build_report(FRANCE, KINDS[1:2], name="two", index=1), FRANCE)
    page.add(build_report(FRANCE, PAIRS, name="three", index=2), FRANCE)
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

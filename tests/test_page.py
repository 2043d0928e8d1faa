"""The page as a file: what it holds, what it leaves out, and that nothing in it can be taken for markup."""

import base64
import hashlib
import json
import re
from pathlib import Path
from typing import Any

from bifocal.contracts import Direction, ErrorDetail, Failure, Reason, Verdict
from bifocal.output.page import Page
from report_builder import Pair, build_report, kind

FRANCE = "France is a country, it is in Europe."
HOSTILE = "</script><script>alert(1)</script> <img src=x onerror=alert(2)> & <!-- \u2028 end"


def write(page: Page, tmp_path: Path) -> str:
    page.write(tmp_path / "index.html")
    return (tmp_path / "index.html").read_bytes().decode("utf-8")


def data_of(html: str) -> dict[str, Any]:
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', html, re.DOTALL)
    assert found is not None
    data: dict[str, Any] = json.loads(found[1])
    return data


def failure(name: str) -> Failure:
    error = ErrorDetail(code="invalid_text", message="the text has a NUL", retryable=False)
    return Failure(id=name, error=error)


def test_page_names_no_address_on_any_network(tmp_path: Path) -> None:
    page = Page()
    page.add(build_report(FRANCE, [Pair(a=0, b=5)]), FRANCE)
    html = write(page, tmp_path)
    assert not re.search(r"https?:|wss?://|//cdn|url\(|@import|<link|<iframe| src=", html)


def test_policy_allows_the_one_script_of_the_page_and_nothing_else(tmp_path: Path) -> None:
    html = write(Page(), tmp_path)
    scripts = re.findall(r"<script>(.*?)</script>", html, re.DOTALL)
    assert len(scripts) == 1
    digest = base64.b64encode(hashlib.sha256(scripts[0].encode()).digest()).decode()
    assert f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{digest}'" in html
    assert "{{" not in html
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(", scripts[0])


def test_hostile_text_and_names_stay_data(tmp_path: Path) -> None:
    page = Page()
    page.add(build_report(HOSTILE, [Pair(a=2, b=4)], name=HOSTILE), HOSTILE)
    page.add_failure(failure(HOSTILE))
    html = write(page, tmp_path)
    assert "alert(1)" in html
    assert "</script><script>alert" not in html
    assert "<img" not in html
    assert "\u2028" not in html
    data = data_of(html)
    assert data["documents"][0]["id"] == data["documents"][0]["text"] == data["failures"][0]["id"] == HOSTILE


def test_text_that_looks_like_a_place_in_the_template_is_left_alone(tmp_path: Path) -> None:
    text = "{{data}} and {{script}}"
    page = Page()
    page.add(build_report(text, []), text)
    assert data_of(write(page, tmp_path))["documents"][0]["text"] == text


def test_figures_are_those_of_the_report(tmp_path: Path) -> None:
    pair = Pair(a=0, b=5, verdict=Verdict.CONTEXT_ONLY, cosine=-0.000001, meaning=0.25, lift=12.5, windows=3)
    page = Page()
    page.add(build_report(FRANCE, [pair]), FRANCE)
    row = data_of(write(page, tmp_path))["documents"][0]["rows"][0]
    assert row == [0, 5, 5, 1, -0.000001, 0.25, 0.213456, 0.104321, 12.5, 0.976543, 3, 2]


def test_kind_stands_in_a_row_as_a_place_among_names(tmp_path: Path) -> None:
    refers = kind("refers_to", Direction.B_TO_A, 0.834567, [(4, 2, 1.312345), (5, 11, -0.05)])
    pairs = [
        Pair(a=0, b=5, verdict=Verdict.CONTEXT_ONLY, kind=refers, joint=0.25, without=(0.01, 0.02)),
        Pair(a=0, b=3, kind=kind("subject")),
        Pair(a=3, b=5, verdict=Verdict.MEANING_ONLY, kind=kind("refers_to")),
    ]
    page = Page()
    page.add(build_report(FRANCE, pairs), FRANCE)
    data = data_of(write(page, tmp_path))
    rows = {tuple(row[:2]): row[13:] for row in data["documents"][0]["rows"]}
    names = data["kinds"]
    assert sorted(names) == ["refers_to", "subject"]
    refers_to, subject = names.index("refers_to"), names.index("subject")
    assert rows[0, 5] == [refers_to, 1, 0.834567, [4, 2, 1.31, 5, 11, -0.05], 0.25, 0.01, 0.02]
    assert rows[0, 3] == [subject, 0, 0.912345]
    assert rows[3, 5] == [refers_to, 0, 0.912345]


def test_heads_of_a_pair_are_bounded(tmp_path: Path) -> None:
    loud = kind("subject", heads=[(1, head, 2.0 - head / 10) for head in range(1, 21)])
    page = Page()
    page.add(build_report(FRANCE, [Pair(a=0, b=5, kind=loud)]), FRANCE)
    heads = data_of(write(page, tmp_path))["documents"][0]["rows"][0][16]
    assert heads[1::3] == list(range(1, 11))


def test_hostile_names_of_kinds_stay_data(tmp_path: Path) -> None:
    page = Page()
    page.add(build_report(HOSTILE, [Pair(a=2, b=4, kind=kind(HOSTILE))], catalogue=HOSTILE), HOSTILE)
    html = write(page, tmp_path)
    assert "</script><script>alert" not in html
    data = data_of(html)
    assert data["kinds"] == [data["documents"][0]["contextual"][0]["catalogue"]] == [HOSTILE]


def test_facts_say_how_the_document_was_read(tmp_path: Path) -> None:
    page = Page()
    page.add(build_report(FRANCE, [], catalogue="minilm-l6-ewt"), FRANCE)
    document = data_of(write(page, tmp_path))["documents"][0]
    assert document["static"][0]["space"] == "common_removed"
    contextual = document["contextual"][0]
    told = {name: contextual[name] for name in ("method", "precision", "catalogue", "profile")}
    assert told == {
        "method": "heads",
        "precision": "float32",
        "catalogue": "minilm-l6-ewt",
        "profile": "fast",
    }


def test_word_without_a_vector_has_no_figures_under_the_static_lens(tmp_path: Path) -> None:
    pair = Pair(a=0, b=5, cosine=None, verdict=Verdict.NOT_COMPARABLE, reason=Reason.UNKNOWN_WORD)
    page = Page()
    page.add(build_report(FRANCE, [pair]), FRANCE)
    data = data_of(write(page, tmp_path))
    row = data["documents"][0]["rows"][0]
    assert row[4:6] == [None, None]
    assert data["reasons"][row[-1]] == ["unknown_word", "unknown word"]


def test_offsets_count_as_javascript_does_after_characters_of_two_units(tmp_path: Path) -> None:
    text = "🏮 France 📚📚 Europe é"
    page = Page()
    page.add(build_report(text, [Pair(a=1, b=4)]), text)
    spans = data_of(write(page, tmp_path))["documents"][0]["spans"]
    units = text.encode("utf-16-le")
    assert [units[2 * start : 2 * end].decode("utf-16-le") for _, start, end in spans] == ["France", "Europe"]


def test_documents_beyond_the_limit_are_counted_but_not_kept(tmp_path: Path) -> None:
    page = Page(most_documents=2)
    for k in range(5):
        page.add(build_report(FRANCE, [Pair(a=0, b=5)], name=f"doc-{k}", neither=10), FRANCE)
        page.add_failure(failure(f"bad-{k}"))
    data = data_of(write(page, tmp_path))
    assert [each["id"] for each in data["documents"]] == ["doc-0", "doc-1"]
    assert [each["id"] for each in data["failures"]] == ["bad-0", "bad-1"]
    assert (data["n"]["documents"], data["n"]["failures"], data["n"]["pairs"]) == (5, 5, 55)
    assert (data["counts"]["both"], data["counts"]["neither"]) == (5, 50)


def test_documents_with_the_most_relations_give_up_their_weakest(tmp_path: Path) -> None:
    many = [Pair(a=0, b=b, verdict=Verdict.MEANING_ONLY, meaning=0.99 - b / 1000) for b in range(1, 8)]
    page = Page(most_relations=5)
    page.add(build_report(FRANCE, many, name="many"), FRANCE)
    page.add(build_report(FRANCE, [Pair(a=0, b=5)], name="few"), FRANCE)
    many_shown, few_shown = data_of(write(page, tmp_path))["documents"]
    assert [row[1] for row in many_shown["rows"]] == [1, 2, 3, 4]
    assert [word for word, *_ in many_shown["spans"]] == [0, 1, 2, 3, 4]
    assert many_shown["listed"] == 7
    assert len(few_shown["rows"]) == few_shown["listed"] == 1


def test_cut_leaves_the_strongest_of_every_verdict(tmp_path: Path) -> None:
    pairs = [Pair(a=0, b=b, verdict=Verdict.MEANING_ONLY) for b in range(1, 6)]
    pairs.append(Pair(a=6, b=7, verdict=Verdict.CONTEXT_ONLY, context=0.98))
    page = Page(most_relations=2)
    page.add(build_report(FRANCE, pairs), FRANCE)
    rows = data_of(write(page, tmp_path))["documents"][0]["rows"]
    assert sorted(row[11] for row in rows) == [1, 2]


def test_cut_of_pairs_that_no_lens_marks_leaves_those_with_a_kind(tmp_path: Path) -> None:
    pairs = [Pair(a=0, b=b, verdict=Verdict.NEITHER, meaning=0.9, context=0.9) for b in range(1, 6)]
    likely = Pair(a=5, b=6, verdict=Verdict.NEITHER, meaning=0.1, context=0.1, kind=kind("subject"))
    likelier = Pair(
        a=6, b=8, verdict=Verdict.NEITHER, meaning=0.0, context=0.0, kind=kind("case", probability=0.99)
    )
    page = Page(most_relations=2)
    page.add(build_report(FRANCE, [*pairs, likely, likelier]), FRANCE)
    rows = data_of(write(page, tmp_path))["documents"][0]["rows"]
    assert [row[:2] for row in rows] == [[6, 8], [5, 6]]


def test_neighbours_are_kept_once_for_all_documents(tmp_path: Path) -> None:
    near = {"france": [("belgium", 0.92), ("paris", 0.86)]}
    page = Page()
    for name in ("one", "two"):
        page.add(build_report(FRANCE, [Pair(a=0, b=5)], name=name, neighbours=near), FRANCE)
    html = write(page, tmp_path)
    assert html.count('"belgium"') == 1
    assert data_of(html)["neighbours"]["glove-6b-50d"]["france"] == [["belgium", 0.92], ["paris", 0.86]]


def test_same_reports_give_the_same_page(tmp_path: Path) -> None:
    def once() -> str:
        page = Page()
        page.add(build_report(FRANCE, [Pair(a=0, b=5), Pair(a=3, b=8)]), FRANCE)
        return write(page, tmp_path)

    assert once() == once()

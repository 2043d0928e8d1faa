"""The page as a file: what it holds, what it leaves out, and that nothing in it can be taken for markup."""

import base64
import hashlib
import json
import re
from pathlib import Path
from typing import Any

import pytest

from batch_report_builder import batch, batch_report, term_pair
from bifocal.contracts import (
    ContextualRelation,
    Direction,
    ErrorDetail,
    Failure,
    FurtherFigures,
    Reason,
    StaticRelation,
    Verdict,
)
from bifocal.output.page import Page
from report_builder import (
    AGREEMENT,
    LONG_RANGE,
    SINKS,
    Pair,
    build_report,
    divergent,
    kind,
    lexical,
)

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


def rows_of(html: str, document: int = 0) -> list[dict[str, Any]]:
    """Rows of a document by the names of their cells; those cut off are left out."""
    data = data_of(html)
    return [dict(zip(data["row"], row, strict=False)) for row in data["documents"][document]["rows"]]


def failure(name: str) -> Failure:
    error = ErrorDetail(code="invalid_text", message="the text has a NUL", retryable=False)
    return Failure(id=name, error=error)


def test_page_names_no_address_on_any_network(tmp_path: Path) -> None:
    page = Page()
    page.add(build_report(FRANCE, [Pair(a=0, b=5)]), FRANCE)
    html = write(page, tmp_path)
    assert not re.search(r"https?:|wss?://|//cdn|url\(|@import|<link|<iframe| src=", html)


def test_policy_allows_the_one_script_and_the_one_style_of_the_page_and_nothing_else(tmp_path: Path) -> None:
    html = write(Page(), tmp_path)
    scripts, styles = (re.findall(rf"<{tag}>(.*?)</{tag}>", html, re.DOTALL) for tag in ("script", "style"))
    assert len(scripts) == len(styles) == 1
    script, style = (
        base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in (scripts[0], styles[0])
    )
    assert f"default-src 'none'; style-src 'sha256-{style}'; script-src 'sha256-{script}'" in html
    assert "{{" not in html
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(", scripts[0])


def test_hostile_text_and_names_stay_data(tmp_path: Path) -> None:
    page = Page()
    page.add(build_report(HOSTILE, [Pair(a=2, b=4, lexical=lexical(HOSTILE))], name=HOSTILE), HOSTILE)
    page.add_failure(failure(HOSTILE))
    page.add_batch(
        batch_report(context_only=[term_pair(HOSTILE, "b", Verdict.CONTEXT_ONLY, evidence=[HOSTILE])])
    )
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
    assert rows_of(write(page, tmp_path)) == [
        {
            "a": 0,
            "b": 5,
            "distance": 5,
            "same_sentence": 1,
            "cosine": -0.000001,
            "meaning_percentile": 0.25,
            "meaning_rank": 0.954321,
            "forward": 0.213456,
            "backward": 0.104321,
            "lift": 12.5,
            "context_percentile": 0.976543,
            "context_rank": 0.932109,
            "windows": 3,
            "verdict": 2,
        }
    ]


def test_kind_stands_in_a_row_as_a_place_among_names(tmp_path: Path) -> None:
    refers = kind("refers_to", Direction.B_TO_A, 0.834567, [(4, 2, 1.312345), (5, 11, -0.05)])
    pairs = [
        Pair(a=0, b=5, verdict=Verdict.CONTEXT_ONLY, kind=refers, joint=0.25, without=(0.01, 0.02)),
        Pair(a=0, b=3, kind=kind("subject")),
        Pair(a=3, b=5, verdict=Verdict.MEANING_ONLY, kind=kind("refers_to")),
    ]
    page = Page()
    page.add(build_report(FRANCE, pairs), FRANCE)
    html = write(page, tmp_path)
    names = data_of(html)["kinds"]
    assert sorted(names) == ["refers_to", "subject"]
    rows = {(row["a"], row["b"]): row for row in rows_of(html)}
    told = {
        name: rows[0, 5][name] for name in ("kind_from", "kind_probability", "heads", "joint", "a_without_b")
    }
    assert told == {
        "kind_from": 1,
        "kind_probability": 0.834567,
        "heads": [4, 2, 1.31, 5, 11, -0.05],
        "joint": 0.25,
        "a_without_b": 0.01,
    }
    assert [names[row["kind"]] for row in (rows[0, 5], rows[0, 3], rows[3, 5])] == [
        "refers_to",
        "subject",
        "refers_to",
    ]
    assert (rows[0, 3]["kind_from"], "heads" in rows[0, 3] and rows[0, 3]["heads"]) == (0, False)


def test_lexical_kind_has_a_direction_or_none(tmp_path: Path) -> None:
    pairs = [
        Pair(a=0, b=3, lexical=lexical("hypernym", Direction.A_TO_B)),
        Pair(a=0, b=8, lexical=lexical("hypernym", Direction.B_TO_A, 0.6)),
        Pair(a=3, b=8, lexical=lexical("co_hyponym")),
    ]
    page = Page()
    page.add(build_report(FRANCE, pairs), FRANCE)
    html = write(page, tmp_path)
    names = data_of(html)["lexical"]
    told = {
        (row["a"], row["b"]): (names[row["lexical"]], row["lexical_from"], row["lexical_probability"])
        for row in rows_of(html)
    }
    assert told == {
        (0, 3): ("hypernym", 0, 0.712345),
        (0, 8): ("hypernym", 1, 0.6),
        (3, 8): ("co_hyponym", None, 0.712345),
    }


def test_further_models_have_a_row_each_and_nothing_where_they_cannot_tell(tmp_path: Path) -> None:
    further = FurtherFigures(
        static=(None,),
        contextual=(
            ContextualRelation(forward=0.1, backward=0.2, lift=3.0, percentile=0.4, rank=0.5, windows=6),
        ),
    )
    page = Page()
    page.add(build_report(FRANCE, [Pair(a=0, b=5, further=further)]), FRANCE)
    assert rows_of(write(page, tmp_path))[0]["further"] == [None, [0.1, 0.2, 3.0, 0.4, 0.5, 6]]


def test_relations_with_more_models_take_more_room(tmp_path: Path) -> None:
    static = StaticRelation(cosine=0.1, percentile=0.2, rank=0.3)
    pairs = [Pair(a=0, b=b, further=FurtherFigures(static=(static,) * 4)) for b in range(1, 9)]
    page = Page(most_relations=9)
    page.add(build_report(FRANCE, pairs, static_models=tuple("abcde")), FRANCE)
    page.add(build_report(FRANCE, pairs[:1]), FRANCE)
    html = write(page, tmp_path)
    assert [len(rows_of(html, document)) for document in (0, 1)] == [2, 1]


def test_phrase_is_one_span_over_several_words(tmp_path: Path) -> None:
    page = Page()
    page.add(build_report(FRANCE, [Pair(a=0, b=2, b_words=2)]), FRANCE)
    assert data_of(write(page, tmp_path))["documents"][0]["spans"] == [[0, 0, 6], [2, 10, 19, 2]]


def test_document_tells_what_it_comes_to(tmp_path: Path) -> None:
    text = "🏮 France is a country. It is in Europe."
    sentence = text.index("It")
    words = divergent(text, 6, [1, 4], [9], sentence, len(text))
    page = Page()
    page.add(build_report(text, [], diverging=(words,), left_out=7, background="batch"), text)
    document = data_of(write(page, tmp_path))["documents"][0]
    assert document["agreement"] == AGREEMENT.model_dump()
    assert document["long_range"] == LONG_RANGE.model_dump()
    assert document["contextual"][0]["sink_by_layer"] == list(SINKS)
    assert (document["contextual"][0]["background"], document["left_out"]) == ("batch", 7)
    [[word, divergence, by_meaning, by_context, start, end]] = document["divergent"]
    assert (word, divergence, by_meaning, by_context) == (6, 0.654321, [1, 4], [9])
    units = text.encode("utf-16-le")
    assert units[2 * start : 2 * end].decode("utf-16-le") == "It is in Europe."
    # Divergent words can be pointed at, whatever relations are listed.
    assert [place for place, *_ in document["spans"]] == [1, 4, 6, 9]


def test_unknown_words_are_counted_and_not_all_named(tmp_path: Path) -> None:
    page = Page()
    page.add(build_report(FRANCE, [], unknown=[f"xx{k}" for k in range(5000)]), FRANCE)
    static = data_of(write(page, tmp_path))["documents"][0]["static"][0]
    assert static["n_unknown"] == 5000
    assert len(static["unknown"]) == 1000


def test_provenance_of_a_job_is_there_once(tmp_path: Path) -> None:
    page = Page()
    for name in ("one", "two"):
        page.add(build_report(FRANCE, [], name=name, catalogue="minilm-l6/1"), FRANCE)
    data = data_of(write(page, tmp_path))
    [settings] = data["settings"]
    assert settings["models"] == {"glove-6b-50d": "sha256:5", "minilm-l6": "sha256:5"}
    assert settings["catalogues"] == {"minilm-l6/1": "sha256:ca"}
    assert settings["libraries"] == {"torch": "2.13.0"}
    assert {document["text_hash"] for document in data["documents"]} == {"sha256:7"}


def test_batch_is_told_with_its_figures(tmp_path: Path) -> None:
    page = Page()
    page.add_batch(batch_report())
    told, report = data_of(write(page, tmp_path))["batch"], batch()
    for name in ("n_documents", "n_pairs", "verdicts", "significance", "constancy", "companies"):
        assert told[name] == report[name]
    assert told["lists"]["context_only"] == report["context_only"]


def test_batch_names_so_many_pairs_of_each_list_and_counts_the_rest(tmp_path: Path) -> None:
    pairs = [term_pair(f"a{k}", f"b{k}", Verdict.BOTH) for k in range(500)]
    page = Page()
    page.add_batch(batch_report(both=pairs))
    told = data_of(write(page, tmp_path))["batch"]
    assert told["lists"]["both"] == pairs[:200]
    assert told["listed"]["both"] == 500


def test_batch_of_these_tests_is_what_the_contract_describes() -> None:
    contract = pytest.importorskip("bifocal.contracts.batch", reason="there is no batch report yet")
    assert contract.BatchReport.model_validate(batch()).model_dump(mode="json") == batch()


def test_heads_of_a_pair_are_bounded(tmp_path: Path) -> None:
    loud = kind("subject", heads=[(1, head, 2.0 - head / 10) for head in range(1, 21)])
    page = Page()
    page.add(build_report(FRANCE, [Pair(a=0, b=5, kind=loud)]), FRANCE)
    assert rows_of(write(page, tmp_path))[0]["heads"][1::3] == list(range(1, 11))


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
    html = write(page, tmp_path)
    [row] = rows_of(html)
    assert (row["cosine"], row["meaning_percentile"], row["meaning_rank"]) == (None, None, None)
    assert data_of(html)["reasons"][row["reason"]] == ["unknown_word", "unknown word"]


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
    assert sorted(row["verdict"] for row in rows_of(write(page, tmp_path))) == [1, 2]


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

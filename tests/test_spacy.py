"""bifocal in a spaCy pipeline, on a real stack."""

import pickle
import subprocess
import sys
import tomllib
from collections.abc import Callable
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import httpx
import pytest
import spacy
from spacy.language import Language
from spacy.tokens import Doc, DocBin

import bifocal.spacy
from bifocal import Client, Document, EmbeddedStack, Options, Report, Verdict
from bifocal.errors import BifocalError, DocumentTooLarge, GatewayUnreachable, InvalidOptions, UnknownModel

pytestmark = pytest.mark.stack

FRANCE = "France is a country, it is in Europe."
DOG = "The old dog chased the cats."
LARGE = "word " * 60_000
NOBODY = "http://127.0.0.1:9"


@pytest.fixture
def pipeline(stack: EmbeddedStack) -> Callable[..., Language]:
    """Makes a blank English pipeline with the component."""

    def make(**config: Any) -> Language:
        nlp = spacy.blank("en")
        nlp.max_length = 10_000_000
        nlp.add_pipe("bifocal_relations", config={"url": stack.url, **config})
        return nlp

    return make


@pytest.fixture
def nlp(pipeline: Callable[..., Language]) -> Language:
    return pipeline()


def between(doc: Doc, a: str, b: str) -> bifocal.spacy.SpanRelation:
    return next(one for one in doc._.relations if {one.a.text, one.b.text} == {a, b})


def told(doc: Doc) -> list[tuple[str, str, Verdict]]:
    return [(one.a.text, one.b.text, one.verdict) for one in doc._.relations]


def n_jobs(stack: EmbeddedStack) -> int:
    (line,) = (
        line
        for line in httpx.get(f"{stack.url}/metrics").text.splitlines()
        if line.startswith("bifocal_jobs_accepted_total")
    )
    return int(float(line.split()[-1]))


def test_a_document_has_the_relations_of_its_report_with_spans_at_both_ends(
    nlp: Language, client: Client
) -> None:
    doc = nlp(FRANCE)
    (report,) = client.compare([Document(id="0", text=FRANCE)])
    assert isinstance(report, Report)
    assert doc._.bifocal == report
    assert [one.figures for one in doc._.relations] == report.relations
    for one in doc._.relations:
        assert one.a.doc is one.b.doc is doc
        assert (one.a.text, one.b.text) == (one.figures.a.text, one.figures.b.text)


def test_a_relation_says_which_end_refers_to_which(nlp: Language) -> None:
    relation = between(nlp(FRANCE), "it", "France")
    assert relation.kind is not None
    assert relation.kind.name == "refers_to"
    assert (str(relation.source), str(relation.target)) == ("it", "France")


def test_a_token_knows_the_relations_that_touch_it(nlp: Language) -> None:
    doc = nlp(FRANCE)
    for token in doc:
        touching = [one for one in doc._.relations if token in one.a or token in one.b]
        assert token._.relations == touching
        assert all(token not in one.other(token) for one in touching)
    assert any(token._.relations for token in doc)


def test_words_and_tokens_that_differ_meet_by_their_characters(nlp: Language) -> None:
    text = "👋🏽  The dog doesn't chase cats\u00a0—\n\nŁódź e\u0301te\u0301."
    nlp.tokenizer = spacy.tokenizer.Tokenizer(nlp.vocab)  # by white space alone
    doc = nlp(text)
    assert doc._.relations
    for one in doc._.relations:
        for span, word in ((one.a, one.figures.a), (one.b, one.figures.b)):
            assert span.start_char <= word.start < word.end <= span.end_char
            assert word.text in span.text
    does = next(one for one in doc._.relations if "n't" in (one.figures.a.text, one.figures.b.text))
    assert "doesn't" in (one.text for one in (does.a, does.b))


def test_tokens_merged_later_are_the_ends_from_then_on(nlp: Language) -> None:
    doc = nlp(DOG)
    with doc.retokenize() as retokenizer:
        retokenizer.merge(doc[1:3])
    ends = {span.text for one in doc._.relations for span in (one.a, one.b)}
    assert "old dog" in ends
    assert ends.isdisjoint({"old", "dog"})


def test_a_stream_is_read_as_few_jobs_and_keeps_its_order(
    nlp: Language, stack: EmbeddedStack, client: Client
) -> None:
    texts = [f"The {word} dog chased {number} cats." for number in range(10) for word in ("old", "", "young")]
    texts[4] = "  "
    n_before = n_jobs(stack)
    docs = list(nlp.pipe(texts, batch_size=20))
    assert n_jobs(stack) == n_before + 2
    assert [doc.text for doc in docs] == texts
    found = list(
        client.compare(Document(id=str(n), text=text) for n, text in enumerate(texts) if text.strip())
    )
    relations = [result.relations for result in found if isinstance(result, Report)]
    assert [[one.figures for one in doc._.relations] for doc in docs if doc.text.strip()] == relations


def test_text_without_a_word_has_no_relations_and_is_no_error(nlp: Language, stack: EmbeddedStack) -> None:
    n_before = n_jobs(stack)
    docs = [nlp(""), *nlp.pipe([" \n ", ""])]
    assert [(doc._.relations, doc._.bifocal, doc._.bifocal_error) for doc in docs] == [([], None, None)] * 3
    assert n_jobs(stack) == n_before


@pytest.mark.parametrize("keep", ["bytes", "bin", "pickle"])
def test_a_saved_document_keeps_its_relations(keep: str, pipeline: Callable[..., Language]) -> None:
    nlp = pipeline(on_error="keep")
    doc, failed = nlp(FRANCE), nlp(LARGE)

    def saved(one: Doc) -> Doc:
        if keep == "bytes":
            return Doc(nlp.vocab).from_bytes(one.to_bytes())
        if keep == "pickle":
            read: Doc = pickle.loads(pickle.dumps(one))  # noqa: S301
            return read
        (read,) = DocBin().from_bytes(DocBin(docs=[one], store_user_data=True).to_bytes()).get_docs(nlp.vocab)
        return read

    assert doc._.relations
    assert told(saved(doc)) == told(doc)
    assert saved(doc)._.bifocal == doc._.bifocal
    assert saved(failed)._.bifocal_error == failed._.bifocal_error


def test_a_part_of_a_document_does_not_pass_for_the_whole(nlp: Language) -> None:
    part = nlp(FRANCE)[3:9].as_doc(copy_user_data=True)
    assert (part._.relations, part._.bifocal) == ([], None)
    assert nlp(part)._.relations


def test_a_saved_pipeline_reads_as_it_did(pipeline: Callable[..., Language], tmp_path: Path) -> None:
    nlp = pipeline(options={"listing": "all", "neighbours": 2})
    nlp.to_disk(tmp_path)
    again = spacy.load(tmp_path)
    assert again(DOG)._.bifocal == nlp(DOG)._.bifocal
    copied = pickle.loads(pickle.dumps(nlp.get_pipe("bifocal_relations")))  # noqa: S301
    assert copied(again.make_doc(DOG))._.bifocal == nlp(DOG)._.bifocal


def test_options_are_the_jobs_and_the_language_is_the_pipelines(pipeline: Callable[..., Language]) -> None:
    nlp = pipeline(options={"candidates": "terms"}, terms=["old dog", "cats"])
    report = nlp(DOG)._.bifocal
    assert report.provenance.options == Options(candidates="terms", language="en")
    assert report.n_candidate_pairs == 1
    with pytest.raises(InvalidOptions, match="windows"):
        pipeline(options={"windows": 3})


def test_a_document_that_fails_is_an_error_that_the_pipelines_handler_gets(nlp: Language) -> None:
    with pytest.raises(DocumentTooLarge):
        nlp(LARGE)
    with pytest.raises(DocumentTooLarge):
        list(nlp.pipe([DOG, LARGE]))
    handled: list[tuple[str, str]] = []

    def note(name: str, _: object, docs: list[Doc], error: Exception) -> None:
        handled.extend((name, type(error).__name__) for _ in docs)

    nlp.set_error_handler(note)
    assert [doc.text for doc in nlp.pipe([DOG, LARGE, FRANCE])] == [DOG, FRANCE]
    assert handled == [("bifocal_relations", "DocumentTooLarge")]


def test_kept_errors_stay_with_their_document_and_the_others_have_their_relations(
    pipeline: Callable[..., Language],
) -> None:
    docs = list(pipeline(on_error="keep").pipe([DOG, LARGE, FRANCE]))
    assert [bool(doc._.relations) for doc in docs] == [True, False, True]
    assert [doc._.bifocal_error and doc._.bifocal_error.code for doc in docs] == [
        None,
        "document_too_large",
        None,
    ]


@pytest.mark.parametrize(
    ("config", "error"),
    [({"options": {"static_models": ["word3vec"]}}, UnknownModel), ({"url": NOBODY}, GatewayUnreachable)],
)
def test_what_goes_wrong_with_a_job_goes_wrong_with_each_of_its_documents(
    config: dict[str, Any], error: type[BifocalError], pipeline: Callable[..., Language]
) -> None:
    kept = list(pipeline(on_error="keep", **config).pipe([DOG, " ", FRANCE]))
    codes = [doc._.bifocal_error and doc._.bifocal_error.code for doc in kept]
    assert codes == [error.code, None, error.code]
    with pytest.raises(error):
        pipeline(**config)(DOG)


def test_spacy_finds_the_component_by_its_entry_point() -> None:
    declared = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text())["project"][
        "entry-points"
    ]
    ((name, value),) = declared["spacy_factories"].items()
    factory = EntryPoint(name=name, value=value, group="spacy_factories").load()
    assert factory is bifocal.spacy.make_relations
    assert Language.has_factory(name)


def test_without_an_address_a_stack_starts_with_the_first_document_and_ends_with_the_process() -> None:
    script = """
import spacy, bifocal.spacy
from bifocal.spacy import deployment
nlp = spacy.blank("en")
nlp.add_pipe("bifocal_relations")
assert deployment._embedded is None
assert nlp("The old dog chased the cats.")._.relations
print(deployment._embedded.url, deployment._embedded.folder)
"""
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=300, check=True
    )
    url, folder = done.stdout.split()
    assert not Path(folder).exists()
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{url}/healthz")

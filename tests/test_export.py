"""Results taken away: what a job exports is what the command line writes of the same documents."""

import csv
import io
import json
import os
import re
import subprocess
import sys
import tempfile
import tracemalloc
from itertools import combinations
from pathlib import Path

import httpx
import networkx as nx
import pyarrow.parquet
import pytest
from playwright.sync_api import Browser, expect

from bifocal import Client, Document, EmbeddedStack, Options, Report
from bifocal.contracts import RESULT, BatchReport, ExportFormat, ExportTable
from bifocal.errors import JobInProgress, UnknownJob
from bifocal.ledger import Ledger
from bifocal.output.graph import batch_graph, graphml
from bifocal.output.tables import Kind, TableFormat, open_table
from bifocal.store import JobFiles, Store
from bifocal_gateway.export import Results, export
from report_builder import Pair, build_report
from test_graphs import WHOLE

HOSTILE = "=HYPERLINK(1) +1 -2 @me <script>alert(1)</script> & The \u0007 old king met the queen."


def nobody() -> BatchReport:
    raise AssertionError("no batch report is needed here")


# --- parts --------------------------------------------------------------------------------------


@pytest.mark.parametrize("begins", ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx", "\nx", "＝1", "－1"])
def test_no_cell_of_a_csv_is_a_formula(begins: str, tmp_path: Path) -> None:
    columns = {begins: Kind.TEXT, "category": Kind.CATEGORY, "number": Kind.FLOAT, "none": Kind.TEXT}
    table = open_table(tmp_path / "t.csv", columns, TableFormat.CSV)
    table.add({begins: [begins, "a=1"], "category": [begins, "'"], "number": [-1.5, 2.0], "none": [None, ""]})
    table.close()
    with (tmp_path / "t.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    assert rows == [
        [f"'{begins}", "category", "number", "none"],
        [f"'{begins}", f"'{begins}", "-1.5", ""],
        ["a=1", "'", "2.0", ""],
    ]


@pytest.mark.parametrize("table_format", list(TableFormat))
def test_a_table_in_a_stream_is_the_table_in_a_file(table_format: TableFormat, tmp_path: Path) -> None:
    columns = {"text": Kind.TEXT, "kind": Kind.CATEGORY, "n": Kind.INT}
    stream = io.BytesIO()
    for where in (stream, tmp_path / "table"):
        table = open_table(where, columns, table_format)
        for n in range(9):
            table.add({"text": [f"é{n}"] * 3, "kind": [str(n)] * 3, "n": range(3)})
        table.close()
    assert stream.getvalue() == (tmp_path / "table").read_bytes()


def test_the_graph_of_a_batch_has_every_pair_under_its_verdict() -> None:
    read = nx.parse_graphml(graphml(batch_graph(WHOLE)).decode())
    edges = {(a, b): verdict for a, b, verdict in read.edges(data="verdict")}
    assert {frozenset(edge): verdict for edge, verdict in edges.items()} == {
        frozenset(("king", "queen")): "both",
        frozenset(("king", "throne")): "both",
        frozenset(("bank", "river")): "context_only",
        frozenset(("bank", "money")): "meaning_only",
        # What XML cannot hold is spelled out, and what it would read as markup comes back
        frozenset(("bank", "xq<&\\u0007\ud7ff\U0001f415")): "not_comparable",
    }
    assert read.edges["king", "queen"]["tied"] == 8
    assert read.nodes["king"]["documents"] == 13


# --- memory -------------------------------------------------------------------------------------


@pytest.mark.stack
@pytest.mark.parametrize("form", [ExportFormat.CSV, ExportFormat.PARQUET, ExportFormat.JSONL])
def test_memory_does_not_grow_with_the_job(
    form: ExportFormat, ledger: Ledger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bifocal_gateway.export.tables._ROW_GROUP", 100)
    store = Store(str(tmp_path))
    pairs = [Pair(a=a, b=b) for a, b in combinations(range(12), 2)]
    lines = f"{build_report(' '.join(f'w{k}' for k in range(12)), pairs).model_dump_json()}\n"

    def peak_of(job: str, n_shards: int) -> int:
        ledger.create_job(job, options=Options(), n_documents=n_shards, n_refused=0, n_shards=n_shards)
        ledger.dispatch(n_shards)
        for shard in range(n_shards):
            JobFiles(store, job).put_results(shard, 1, lines.encode())
            ledger.finish_shard(job, shard, 1, succeeded=1)
        made = export(Results.of(store, ledger, job), nobody, form, ExportTable.RELATIONS)
        tracemalloc.start()
        n_bytes = sum(map(len, made.body))
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert n_bytes > 0
        return peak

    peak_of("warm", 1)
    # Both have several row groups of Parquet
    assert peak_of("large", 24) < 1.3 * peak_of("small", 8)


@pytest.mark.stack
@pytest.mark.parametrize("form", list(ExportFormat))
def test_an_export_that_breaks_off_is_no_whole_file(
    form: ExportFormat, ledger: Ledger, tmp_path: Path
) -> None:
    store = Store(str(tmp_path))
    lines = f"{build_report('a b', [Pair(a=0, b=1)]).model_dump_json()}\n".encode()
    ledger.create_job("job", options=Options(), n_documents=2, n_refused=0, n_shards=2)
    ledger.dispatch(2)
    JobFiles(store, "job").put_results(0, 1, lines)
    JobFiles(store, "job").put_texts(0, b"{}")
    for shard in range(2):
        ledger.finish_shard("job", shard, 1, succeeded=1)

    def broken() -> BatchReport:
        raise OSError("the store is gone")

    made = export(Results.of(store, ledger, "job"), broken, form, ExportTable.RELATIONS)
    with pytest.raises(OSError, match=r"gone|000001"):
        list(made.body)


# --- the whole way ------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def documents(lee: list[Document]) -> list[Document]:
    some = [Document(id=one.id, text=one.text[:600]) for one in lee[:15]]
    return [Document(id="=1+1", text=HOSTILE), Document(id="empty", text=""), *some]


@pytest.fixture(scope="module")
def job(client: Client, documents: list[Document]) -> str:
    return client.wait(client.submit(documents).id).id


@pytest.fixture(scope="module")
def written(
    stack: EmbeddedStack, documents: list[Document], tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """The folder that the command line writes."""
    folder = tmp_path_factory.mktemp("written")
    lines = "".join(f"{document.model_dump_json()}\n" for document in documents)
    (folder / "documents.jsonl").write_text(lines, "utf-8")
    command = [sys.executable, "-c", "from bifocal.cli import main; main()", "compare"]
    arguments = [
        *(str(folder / "documents.jsonl"), "-o", str(folder / "out")),
        *("--table-format", "parquet", "--table-format", "csv", "--json"),
    ]
    done = subprocess.run(
        [*command, *arguments], env={**os.environ, "BIFOCAL_URL": stack.url}, capture_output=True, timeout=180
    )
    assert done.returncode == 3, done.stderr.decode()
    return folder / "out"


def taken(client: Client, job: str, form: str, table: str = "relations") -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        return client.export(job, form, Path(folder, "export"), table=ExportTable(table)).read_bytes()


@pytest.mark.stack
@pytest.mark.parametrize("table", list(ExportTable))
def test_an_exported_table_is_that_of_the_command_line(
    table: ExportTable, client: Client, job: str, written: Path
) -> None:
    ours = pyarrow.parquet.read_table(io.BytesIO(taken(client, job, "parquet", table)))
    theirs = pyarrow.parquet.read_table(written / f"{table}.parquet")
    assert ours.to_pylist() == theirs.to_pylist()
    assert ours.num_rows > 0
    assert ours.schema == theirs.schema
    assert taken(client, job, "csv", table) == (written / f"{table}.csv").read_bytes()


@pytest.mark.stack
def test_no_cell_of_an_exported_csv_is_a_formula(client: Client, job: str) -> None:
    rows = list(csv.DictReader(io.StringIO(taken(client, job, "csv").decode(), newline="")))
    assert rows[0]["document"] == "'=1+1"
    for row in rows:
        for name, cell in row.items():
            number = re.fullmatch(r"-?\d+(\.\d+)?(e-?\d+)?", cell)
            assert number or not cell.startswith(("=", "+", "-", "@")), (name, cell)


@pytest.mark.stack
def test_an_exported_graph_has_the_pairs_that_the_command_line_writes(
    client: Client, job: str, written: Path
) -> None:
    ours = nx.parse_graphml(taken(client, job, "graphml").decode())
    n_edges = 0
    for path in (written / "graphs").glob("*.graphml"):
        theirs = nx.read_graphml(path)
        n_edges += theirs.number_of_edges()
        for a, b, figures in theirs.edges(data=True):
            assert ours.edges[a, b] == {**figures, "verdict": path.stem}
        for term, figures in theirs.nodes(data=True):
            assert ours.nodes[term] == figures
    assert ours.number_of_edges() == n_edges > 0


@pytest.mark.stack
def test_exported_lines_are_the_results(client: Client, job: str, written: Path) -> None:
    lines = taken(client, job, "jsonl").splitlines()
    results = [RESULT.validate_json(line) for line in lines]
    assert results == list(client.results(job))
    reports = [line for line, one in zip(lines, results, strict=True) if isinstance(one, Report)]
    assert reports == (written / "reports.jsonl").read_bytes().splitlines()


@pytest.mark.stack
@pytest.mark.browser
def test_an_exported_page_opens_and_shows_the_texts(
    browser: Browser, client: Client, job: str, documents: list[Document], tmp_path: Path
) -> None:
    path = tmp_path / "index.html"
    path.write_bytes(taken(client, job, "html"))
    found = re.search(r'id="data">(.*?)</script>', path.read_text("utf-8"), re.DOTALL)
    assert found is not None
    shown = {one["id"]: one for one in json.loads(found[1])["documents"]}
    texts = {document.id: document.text for document in documents}
    assert {name: one["text"] for name, one in shown.items()} == {name: texts[name] for name in shown}
    tab = browser.new_page()
    wrong: list[str] = []
    tab.on("pageerror", lambda error: wrong.append(str(error)))
    tab.on("console", lambda message: wrong.append(message.text))
    tab.on("dialog", lambda dialog: wrong.append(dialog.message) or dialog.dismiss())
    tab.goto(path.as_uri())
    expect(tab.get_by_test_id("summary")).to_contain_text("16 documents · 1 failure")
    tab.locator("#documents").get_by_text("=1+1").click()
    expect(tab.get_by_test_id("text")).to_contain_text("king")
    tab.get_by_test_id("text").get_by_text("king", exact=True).hover()
    expect(tab.get_by_test_id("panel")).to_contain_text("queen")
    tab.close()
    assert wrong == []


@pytest.mark.stack
def test_an_export_comes_as_a_file_and_never_as_a_page_of_the_gateway(stack: EmbeddedStack, job: str) -> None:
    answer = httpx.get(f"{stack.url}/v1/jobs/{job}/export", params={"format": "html"}, timeout=60)
    assert answer.headers["content-disposition"] == f'attachment; filename="bifocal-{job}.html"'
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-security-policy"] == "sandbox"


@pytest.mark.stack
@pytest.mark.parametrize(
    "params",
    [{}, {"format": "xls"}, {"format": "csv", "table": "secrets"}, {"format": ""}, {"format": "CSV"}],
)
def test_a_format_that_there_is_not_is_a_problem(
    params: dict[str, str], stack: EmbeddedStack, job: str
) -> None:
    answer = httpx.get(f"{stack.url}/v1/jobs/{job}/export", params=params)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")


@pytest.mark.stack
@pytest.mark.parametrize("form", list(ExportFormat))
def test_a_job_that_is_not_there_or_has_not_ended_is_not_exported(
    form: ExportFormat, client: Client, ledger: Ledger, tmp_path: Path
) -> None:
    with pytest.raises(UnknownJob):
        client.export("nobody", form, tmp_path / "export")
    ledger.create_job("job", options=Options(), n_documents=1, n_refused=0, n_shards=1)
    with pytest.raises(JobInProgress, match="has not ended"):
        Results.of(Store(str(tmp_path)), ledger, "job")


@pytest.mark.stack
@pytest.mark.parametrize("form", list(ExportFormat))
def test_a_job_without_a_single_report_is_exported_too(form: ExportFormat, client: Client) -> None:
    job = client.wait(client.submit([Document(id="empty", text="")]).id)
    body = taken(client, job.id, form)
    if form is ExportFormat.PARQUET:
        assert pyarrow.parquet.read_table(io.BytesIO(body)).num_rows == 0
    elif form is ExportFormat.GRAPHML:
        assert nx.parse_graphml(body.decode()).number_of_nodes() == 0
    else:
        assert (b"empty_document" in body) == (form is not ExportFormat.CSV)

// What is open: the batch, or a document ------------------------------------------------------------

function showPicker() {
  $("frame").classList.toggle("single", data.documents.length < 2 && !data.batch);
  data.documents.forEach((each, k) => {
    const verdicts = ["both", "meaning_only", "context_only"];
    const counts = el(
      "span",
      { class: "counts num", "aria-hidden": "true" },
      ...verdicts.map((verdict) =>
        el(
          "span",
          { class: `ink-${MARKS[verdict]}`, title: LABELS[verdict] },
          el("span", { class: `key ${verdict}` }),
          count(each.counts[verdict]),
        ),
      ),
    );
    const told = verdicts.map((verdict) => `${each.counts[verdict]} ${LABELS[verdict]}`).join(", ");
    $("documents").append(
      el(
        "li",
        null,
        el(
          "button",
          { type: "button", "data-testid": "document", "data-document": k, title: each.id },
          el("span", { class: "name", dir: "auto" }, each.id),
          el("span", { class: "aside" }, told),
          counts,
        ),
      ),
    );
  });
  $("documents").addEventListener("click", (event) => {
    const chosen = event.target.closest("button");
    if (chosen) go(`document-${Number(chosen.dataset.document) + 1}`);
  });
  $("documents").addEventListener("keydown", (event) =>
    step(event, [...$("documents").querySelectorAll("li:not([hidden]) button")], UPRIGHT),
  );
  $("search").addEventListener("input", () => {
    const sought = new RegExp(
      $("search")
        .value.trim()
        .replace(/[.*+?^${}()|[\]\\]/g, "\\$&"),
      "i",
    );
    [...$("documents").children].forEach((item, k) => {
      item.hidden = !(sought.test(data.documents[k].id) || sought.test(data.documents[k].text));
    });
  });
  if (!data.batch) return;
  $("whole").hidden = false;
  $("whole-told").append(`what ${plural(data.batch.n_documents, "document")} say together`);
  $("whole").addEventListener("click", () => go("whole-batch"));
}

/** Opens what an address names, so that the browser's way back leads through what was seen. */
function go(name) {
  if (location.hash === `#${name}`) openNamed();
  else location.hash = name;
}

function openNamed() {
  const number = /^#document-(\d+)$/.exec(location.hash);
  if (number && data.documents[number[1] - 1]) openDocument(number[1] - 1);
  else if (location.hash === "#whole-batch" && data.batch) openBatch();
  else if (location.hash === "#legend") $("legend").open = true;
  else openDefault();
}

/** The batch, where it has something to tell; else the first document. */
function openDefault() {
  if (data.batch && (tellsSomething(data.batch) || !data.documents.length)) openBatch();
  else if (data.documents.length) openDocument(0);
  else $("frame").hidden = true;
}

/** Marks what is open in the picker and shows its section. */
function turnTo(section, chosen) {
  for (const each of ["batch", "reading"]) $(each).hidden = each !== section;
  for (const each of $("frame").querySelectorAll(".picker button")) {
    if (each === chosen) each.setAttribute("aria-current", "true");
    else each.removeAttribute("aria-current");
  }
}

function openDocument(k) {
  const source = data.documents[k];
  turnTo("reading", $("documents").children[k].firstChild);
  if (current && current.source === source) return;
  // What is missing at the end of a row was not measured.
  for (const row of source.rows) while (row.length < data.row.length) row.push(null);
  const rows = new Map();
  for (const row of source.rows) {
    for (const end of [row[A], row[B]]) {
      if (!rows.has(end)) rows.set(end, []);
      rows.get(end).push(row);
    }
  }
  const settings = data.settings[source.settings];
  current = {
    source,
    rows,
    settings,
    options: settings.options,
    elements: new Map(),
    words: new Map(source.spans.map(([place, start, end]) => [place, source.text.slice(start, end)])),
    spans: new Map(source.spans.map((span) => [span[0], span])),
  };
  shown = { word: null, row: null, pinned: false };
  $("title").textContent = source.id;
  showDocumentNotices(source);
  showSummary();
  showText();
  showPanel();
  showTabs();
  showDivergent();
  showMatrix();
  showHow();
  drawSentence();
}

function showDocumentNotices(source) {
  const notices = [];
  if (source.rows.length < source.listed)
    notices.push(
      `The strongest ${count(source.rows.length)} of the ${count(source.listed)} pairs that the report lists are shown; all are in reports.jsonl.`,
    );
  if (source.left_out)
    notices.push(
      prose`Beyond the most that a report lists, ${whole("left-out", source.left_out)} pairs are counted and not listed.`,
    );
  $("document-notices").replaceChildren(...notices.map((parts) => el("p", { class: "notice" }, ...[parts].flat())));
}

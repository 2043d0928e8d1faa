// What all documents say together -------------------------------------------------------------------

const BATCH_LISTS = {
  context_only: [
    "these documents say",
    "What these documents say and the language does not: the least likely by chance first.",
  ],
  both: ["both say", "What both say: pairs near in meaning that these documents tie oftener than chance has it."],
  meaning_only: [
    "the language says",
    "What the language binds and these documents do not tie: the absence least likely by chance first.",
  ],
  not_comparable: ["not comparable", "Pairs that these documents tie, of which a term has no vector."],
};

const tellsSomething = ({ lists, companies }) =>
  ["context_only", "both"].some((name) => lists[name].length) || companies.terms.length > 0;

/** A document by its name; a way into it where the page shows it. */
function evidence(id, ...terms) {
  const k = data.documents.findIndex((each) => each.id === id);
  if (k < 0) return el("bdi", { dir: "auto", class: "evidence" }, id);
  return button(bdi(id), () => showEvidence(k, terms), { class: "link evidence", "data-testid": "evidence" });
}

/** Opens a document at a pair of terms, or at a term. */
function showEvidence(k, terms) {
  history.pushState(null, "", `#document-${k + 1}`);
  openDocument(k);
  const sought = terms.map((term) => term.toLowerCase());
  const is = (place, term) => word(place).toLowerCase() === term;
  const [one, two = one] = sought;
  const row = current.source.rows.find(
    (each) => (is(each[A], one) && is(each[B], two)) || (is(each[A], two) && is(each[B], one)),
  );
  if (row && sought.length > 1) {
    showInText(row[A], row);
    return;
  }
  const place = [...current.words.keys()].find((each) => sought.some((term) => is(each, term)));
  if (place !== undefined) showInText(place);
  else $("title").scrollIntoView({ block: "center" });
}

const documentsOf = (names, ...terms) =>
  el("td", { class: "start many" }, ...names.flatMap((id, k) => [k ? " " : "", evidence(id, ...terms)]));

function termPair({ a, b, static_spread: spread, ...each }, absent) {
  const { q, p, expected } = absent ? each.absence || {} : each;
  const names = absent ? ["absence-expected", "absence-p", "absence-q"] : ["expected", "tie-p", "tie-q"];
  const optional = (name, value, write = compact) =>
    el("td", null, value === undefined || value === null ? "–" : write(name, value));
  return el(
    "tr",
    { "data-testid": "batch-pair", "data-verdict": each.verdict },
    el("th", { scope: "row", class: "pair" }, bdi(a), " – ", bdi(b)),
    el("td", null, whole("pair-documents", each.documents)),
    el("td", null, whole("tied", each.tied)),
    optional(names[0], expected),
    absent ? null : optional("tie-lift", each.lift),
    optional(names[1], p),
    optional(names[2], q),
    optional("contextual", each.contextual, score),
    optional("contextual-spread", each.contextual_spread, score),
    optional("cosine", each.static?.cosine, score),
    optional("meaning-percentile", each.static?.percentile, score),
    optional("static-spread", spread, compact),
    el("td", null, whole("pair-occurrences", each.occurrences)),
    documentsOf(each.evidence, a, b),
  );
}

function pairTable(name) {
  const { lists, listed } = data.batch;
  const [, says] = BATCH_LISTS[name];
  if (!lists[name].length) return [el("p", { class: "empty" }, "No pair of terms is in this list.")];
  const absent = name === "meaning_only";
  const head = (label, key) => el("th", { scope: "col", title: SAYS[key] }, label);
  const rows = lists[name];
  const body = el("tbody");
  const parts = [
    el("p", { class: "small soft under" }, says),
    el(
      "div",
      { class: "scroller" },
      el(
        "table",
        null,
        el(
          "thead",
          null,
          el(
            "tr",
            { class: "over" },
            el("td"),
            el(
              "th",
              { colspan: absent ? 5 : 6, scope: "colgroup", class: "ink-context" },
              el("span", null, "documents that tie it"),
            ),
            el("th", { colspan: 2, scope: "colgroup", class: "ink-context" }, el("span", null, "contextual value")),
            el("th", { colspan: 3, scope: "colgroup", class: "ink-meaning" }, el("span", null, "static value")),
            el("td", { colspan: 2 }),
          ),
          el(
            "tr",
            null,
            el("th", { scope: "col" }, "terms"),
            head("documents", "pair-documents"),
            head("ties", "tied"),
            head("expected", absent ? "absence-expected" : "expected"),
            absent ? null : head("lift", "tie-lift"),
            head("p", absent ? "absence-p" : "tie-p"),
            head("q", absent ? "absence-q" : "tie-q"),
            head("mean", "contextual"),
            head("spread", "contextual-spread"),
            head("cosine", "cosine"),
            head("percentile", "meaning-percentile"),
            head("spread", "static-spread"),
            head("together", "pair-occurrences"),
            el("th", { scope: "col", class: "start" }, "see"),
          ),
        ),
        body,
      ),
    ),
    ...fillTable(
      body,
      rows,
      (each) => termPair(each, absent),
      (upto) =>
        upto < rows.length
          ? `The first ${count(upto)} of ${plural(rows.length, "pair")}.`
          : `${plural(rows.length, "pair")}.`,
    ),
  ];
  if (listed[name] > rows.length)
    parts.push(
      el(
        "p",
        { class: "small soft under" },
        `The first ${count(rows.length)} of ${count(listed[name])} that the batch report lists.`,
      ),
    );
  return parts;
}

function showBatchPairs(name) {
  selectTab($("batch-tabs"), "batch-pairs", name, (each) => data.batch.listed[each]);
  $("batch-pairs").replaceChildren(...pairTable(name));
}

function showBatch() {
  const { batch } = data;
  if (!batch) return;
  $("batch-said").replaceChildren(
    "These ",
    whole("batch-documents", batch.n_documents),
    batch.n_documents === 1 ? " document holds " : " documents hold ",
    whole("n-pairs", batch.n_pairs),
    " pairs of ",
    whole("n-terms", batch.n_terms),
    " terms. They say ",
    whole("batch-verdict", batch.verdicts.context_only),
    " of them that the language does not, and ",
    whole("batch-verdict", batch.verdicts.both),
    " that it does; ",
    whole("batch-verdict", batch.verdicts.meaning_only),
    " that the language binds are not tied here.",
  );
  const notes = [];
  if (!batch.complete) notes.push(["The job had not ended: this is of the documents that had been merged by then."]);
  if (batch.n_terms_left_out)
    notes.push([
      whole("terms-left-out", batch.n_terms_left_out),
      " terms of documents that have more than are followed were left out.",
    ]);
  $("batch-notices").replaceChildren(
    ...notes.map((parts) => el("p", { class: "notice" }, ...parts)),
    el(
      "p",
      { class: "small soft" },
      "In each document a pair counts once: ",
      whole("held", batch.n_held),
      " times in all, and ",
      whole("held-tied", batch.n_tied),
      " times the document ties it",
      ...(batch.base_rate === null ? ["."] : [", a share of ", score("base-rate", batch.base_rate), "."]),
      " Neither side binds ",
      whole("batch-verdict", batch.verdicts.neither),
      "; ",
      whole("batch-verdict", batch.verdicts.not_comparable),
      " have a term without a vector.",
    ),
  );
  const names = Object.keys(BATCH_LISTS).filter((name) => name !== "not_comparable" || batch.lists[name].length);
  makeTabs(
    $("batch-tabs"),
    names.map((name) => [name, el("span", { class: `key ${name}` }), BATCH_LISTS[name][0]]),
    "batch-pairs",
    showBatchPairs,
  );
  showBatchPairs(names.find((name) => batch.lists[name].length) || names[0]);
  showConstancy(batch);
  showSignificance(batch);
  showCompanies(batch);
}

function openBatch() {
  turnTo("batch", $("whole"));
}

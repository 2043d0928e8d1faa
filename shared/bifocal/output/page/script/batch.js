// What all documents say together -------------------------------------------------------------------

const BATCH_LISTS = {
  context_only: [
    "these documents say",
    "What these documents say and the language does not: the least likely by chance first.",
  ],
  both: ["both say", "What both say: pairs near in meaning that these documents tie oftener than chance has it."],
  meaning_only: [
    "the language says",
    "What the language binds and these documents are not shown to tie: the absence least likely by chance first. Only where q is low do the documents avoid the pair; the list goes on below that.",
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

/** Names of the figures of a list: of ties, or of their absence where the language alone binds the pairs. */
const TIES = ["expected", "tie-lift", "tie-p", "tie-q"];
const ABSENCE = ["absence-expected", null, "absence-p", "absence-q"];

function termPair(each, absent) {
  const { expected, p, q } = absent ? each.absence || {} : each;
  const names = absent ? ABSENCE : TIES;
  const cell = (name, value, write) => cellOf(value === undefined || value === null ? "–" : write(name, value));
  return el(
    "tr",
    { "data-testid": "batch-pair", "data-verdict": each.verdict },
    el("th", { scope: "row", class: "pair" }, bdi(each.a), " – ", bdi(each.b)),
    cell("pair-documents", each.documents, whole),
    cell("tied", each.tied, whole),
    cell(names[0], expected, compact),
    absent ? null : cell(names[1], each.lift, compact),
    cell(names[2], p, compact),
    cell(names[3], q, compact),
    cell("contextual", each.contextual, score),
    cell("contextual-spread", each.contextual_spread, score),
    cell("cosine", each.static?.cosine, score),
    cell("meaning-percentile", each.static?.percentile, score),
    cell("static-spread", each.static_spread, compact),
    cell("pair-occurrences", each.occurrences, whole),
    documentsOf(each.evidence, each.a, each.b),
  );
}

function pairHeads(absent) {
  const [expected, lift, p, q] = absent ? ABSENCE : TIES;
  return [
    el(
      "tr",
      { class: "over" },
      el("td"),
      over(absent ? 5 : 6, "documents that tie it", "context"),
      over(2, "contextual value", "context"),
      over(3, "static value", "meaning"),
      el("td", { colspan: 2 }),
    ),
    el(
      "tr",
      null,
      ...heads([
        ["terms"],
        ["documents", "pair-documents"],
        ["ties", "tied"],
        ["expected", expected],
        ...(absent ? [] : [["lift", lift]]),
        ["p", p],
        ["q", q],
        ["mean", "contextual"],
        ["spread", "contextual-spread"],
        ["cosine", "cosine"],
        ["percentile", "meaning-percentile"],
        ["spread", "static-spread"],
        ["together", "pair-occurrences"],
        ["see", null, true],
      ]),
    ),
  ];
}

function pairTable(name) {
  const rows = data.batch.lists[name];
  const listed = data.batch.listed[name];
  if (!rows.length) return [el("p", { class: "empty" }, "No pair of terms is in this list.")];
  const absent = name === "meaning_only";
  const body = el("tbody");
  const parts = [
    el("p", { class: "small soft under" }, BATCH_LISTS[name][1]),
    scrolled(pairHeads(absent), body),
    ...fillTable(body, rows, (each) => termPair(each, absent), firstOf(rows, "pair")),
  ];
  if (listed > rows.length) parts.push(beyond(rows.length, listed));
  return parts;
}

/** Says that the batch report lists more than the page has. */
const beyond = (here, listed) =>
  el(
    "p",
    { class: "small soft under" },
    `The page has the first ${count(here)} of ${count(listed)} in the batch report.`,
  );

function showBatchPairs(name) {
  selectTab($("batch-tabs"), "batch-pairs", name, (each) => data.batch.listed[each]);
  $("batch-pairs").replaceChildren(...pairTable(name));
}

function showBatch() {
  const { batch } = data;
  if (!batch) return;
  const verdict = (name) => whole("batch-verdict", batch.verdicts[name]);
  $("batch-said").replaceChildren(
    ...prose`These ${whole("batch-documents", batch.n_documents)} ${batch.n_documents === 1 ? "document holds" : "documents hold"} ${whole("n-pairs", batch.n_pairs)} pairs of ${whole("n-terms", batch.n_terms)} terms. `,
    ...prose`They say ${verdict("context_only")} of them that the language does not, and ${verdict("both")} that it does; ${verdict("meaning_only")} that the language binds are not shown to be tied here.`,
  );
  const notes = [];
  if (!batch.complete) notes.push(["The job had not ended: this is of the documents that had been merged by then."]);
  if (batch.n_terms_left_out)
    notes.push(
      prose`${whole("terms-left-out", batch.n_terms_left_out)} terms of documents that have more than are followed were left out.`,
    );
  const rate = batch.base_rate === null ? "" : [", a share of ", score("base-rate", batch.base_rate)];
  $("batch-notices").replaceChildren(
    ...notes.map((parts) => el("p", { class: "notice" }, ...parts)),
    el(
      "p",
      { class: "small soft" },
      ...prose`In each document a pair counts once: ${whole("held", batch.n_held)} times in all, and ${whole("held-tied", batch.n_tied)} times the document ties it${rate}. `,
      ...prose`Neither side binds ${verdict("neither")}; ${verdict("not_comparable")} have a term without a vector.`,
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
  showDocumentsAgreement(batch);
  showSignificance(batch);
  showCompanies(batch);
}

function openBatch() {
  turnTo("batch", $("whole"));
}

// The strongest pairs of a document -----------------------------------------------------------------

/** The table's choices: `kind` is "all", "any" or a place among the kinds; `column` the name of one. */
let table = { verdict: "both", kind: ALL, column: null, falling: true };

// Name, label, place in a row, and what it says where the legend has no entry for it.
const COLUMNS = [
  ["pair", "pair", A, "Order of the text"],
  [
    "kind",
    "kind in the text",
    KIND_PROBABILITY,
    "Sorted by probability. The arrow goes from the word that depends or refers: → from the first word, ← from the second",
  ],
  ["distance", "distance", DISTANCE],
  ["cosine", "cosine", COSINE],
  ["meaning-percentile", "percentile", MEANING],
  ["meaning-rank", "rank", MEANING_RANK],
  [
    "lexical",
    "lexical kind",
    LEXICAL_PROBABILITY,
    "Sorted by probability. The arrow goes from the kind or part: → from the first word, ← from the second",
  ],
  ["forward", "forward", FORWARD],
  ["backward", "backward", BACKWARD],
  ["lift", "lift", LIFT],
  ["context-percentile", "percentile", CONTEXT],
  ["context-rank", "rank", CONTEXT_RANK],
  ["windows", "windows", WINDOWS],
  ["joint", "joint", JOINT],
];
/** Columns that only some documents have. */
const OPTIONAL = new Set(["kind", "lexical", "joint"]);
const WORDY = new Set(["kind", "lexical"]);
const LENS_OF = {
  "meaning-percentile": "meaning",
  cosine: "meaning",
  "meaning-rank": "meaning",
  lexical: "meaning",
  forward: "context",
  backward: "context",
  lift: "context",
  "context-percentile": "context",
  "context-rank": "context",
  windows: "context",
  joint: "both",
};

const ofVerdict = (row) => table.verdict === ALL || VERDICTS[row[VERDICT]] === table.verdict;
const ofKind = (row) =>
  table.kind === ALL || (row[KIND] !== null && (table.kind === "any" || row[KIND] === Number(table.kind)));

function showTabs() {
  const { rows } = current.source;
  current.columns = COLUMNS.filter(([name, , place]) => !OPTIONAL.has(name) || rows.some((row) => row[place] !== null));
  const kept = showKinds(rows);
  // The three related verdicts always have a tab; the others where the report lists such pairs.
  const tabs = VERDICTS.filter((verdict, k) => MARKS[verdict] || rows.some((row) => row[VERDICT] === k));
  if (!$("filter").hidden) tabs.push(ALL);
  table = { verdict: tabs[0], kind: kept, column: null, falling: true };
  makeTabs(
    $("tabs"),
    tabs.map((verdict) => [verdict, verdict === ALL ? null : el("span", { class: `key ${verdict}` }), LABELS[verdict]]),
    "pairs",
    (verdict) => {
      table = { ...table, verdict, column: null, falling: true };
      showTable();
    },
  );
  // The first tab that has pairs of the chosen kind.
  const first = tabs.find((verdict) =>
    rows.some((row) => ofKind(row) && (verdict === ALL || VERDICTS[row[VERDICT]] === verdict)),
  );
  table = { ...table, verdict: first || tabs[0] };
  showTable();
}

/** Offers the kinds of a document; a kind chosen before stays chosen if it is among them. */
function showKinds(rows) {
  const numbers = new Map();
  for (const row of rows) if (row[KIND] !== null) numbers.set(row[KIND], (numbers.get(row[KIND]) || 0) + 1);
  const option = (value, label, n) => el("option", { value }, n === null ? label : `${label} (${count(n)})`);
  const sum = [...numbers.values()].reduce((all, n) => all + n, 0);
  $("filter").hidden = !sum;
  $("kinds").replaceChildren(
    option(ALL, "all pairs", null),
    option("any", "any kind", sum),
    ...[...numbers]
      .sort((left, right) => right[1] - left[1] || left[0] - right[0])
      .map(([kind, n]) => option(kind, KINDS[kind], n)),
  );
  $("kinds").value = sum && (table.kind === "any" || numbers.has(Number(table.kind))) ? table.kind : ALL;
  return $("kinds").value;
}

function listenToKinds() {
  $("kinds").addEventListener("change", () => {
    table = { ...table, kind: $("kinds").value, column: null, falling: true };
    // A kind is sought whatever the verdict, unless one was chosen that has pairs of it.
    if (!current.source.rows.some((row) => ofVerdict(row) && ofKind(row))) table.verdict = ALL;
    showTable();
  });
}

function sorted(rows) {
  // Pairs of a kind are set by its probability, others as they come: strongest first.
  const name = table.column || (table.kind === ALL ? null : "kind");
  if (name === null) return rows;
  const [, , place] = COLUMNS.find(([each]) => each === name);
  const sign = table.falling ? -1 : 1;
  // Pairs without a figure come last either way.
  const compare = (left, right) =>
    (left[place] === null ? 1 : 0) - (right[place] === null ? 1 : 0) || sign * (left[place] - right[place]);
  return [...rows].sort((left, right) => compare(left, right) || left[A] - right[A] || left[B] - right[B]);
}

function order() {
  if (table.column !== null) return `by ${COLUMNS.find(([name]) => name === table.column)[1]}`;
  if (table.kind !== ALL) return "likeliest first";
  return table.verdict === ALL ? "the strongest of each verdict in turn" : "strongest first";
}

/** An arrow from the first word of a pair to the second, or back, or neither. */
function arrow(from) {
  const [sign, label] = [
    ["→", "first to second"],
    ["←", "second to first"],
    ["–", "either way"],
  ][from ?? 2];
  return el("span", { role: "img", "aria-label": label }, sign);
}

function cell(name, row, place) {
  if (row[place] === null) return el("td", { class: WORDY.has(name) ? "start" : null }, "–");
  if (name === "kind")
    return el(
      "td",
      { class: "start", title: kindOf(row).title, "data-testid": "pair-kind" },
      arrow(row[KIND_FROM]),
      ` ${KINDS[row[KIND]]} `,
      share("kind", row[place]),
    );
  if (name === "lexical")
    return el(
      "td",
      { class: "start", title: lexicalOf(row).title, "data-testid": "pair-lexical" },
      arrow(row[LEXICAL_FROM]),
      ` ${LEXICALS[row[LEXICAL]]} `,
      share("lexical", row[place]),
    );
  return el("td", null, (name === "distance" || name === "windows" ? whole : score)(name, row[place]));
}

/** A row above the columns' names that says which lens they are of. */
function lensRow(columns, rest) {
  const runs = [];
  for (const [name] of columns) {
    const own = LENS_OF[name] || null;
    if (runs.length && runs.at(-1)[0] === own) runs.at(-1)[1] += 1;
    else runs.push([own, 1]);
  }
  return el(
    "tr",
    { class: "over" },
    ...runs.map(([own, n]) =>
      own === null
        ? el("td", { colspan: n })
        : el("th", { colspan: n, class: `ink-${own}`, scope: "colgroup" }, el("span", null, own)),
    ),
    rest,
  );
}

function sortHead([name, label, , title]) {
  const own = table.column === name;
  const sort = button(
    [label, own ? (table.falling ? " ↓" : " ↑") : ""],
    () => {
      table = { ...table, column: name, falling: own ? !table.falling : name !== "pair" };
      showTable();
      $("pairs").querySelector(`[data-sort="${name}"]`).focus();
    },
    { title: title || SAYS[name], "data-sort": name, "data-sorted": own },
  );
  return el(
    "th",
    {
      scope: "col",
      class: WORDY.has(name) ? "start" : null,
      "aria-sort": own ? (table.falling ? "descending" : "ascending") : null,
    },
    sort,
  );
}

function showTable() {
  const { source, columns } = current;
  const chosen = source.rows.filter(ofKind);
  selectTab(
    $("tabs"),
    "pairs",
    table.verdict,
    (verdict) => (verdict === ALL ? chosen : chosen.filter((row) => VERDICTS[row[VERDICT]] === verdict)).length,
  );
  const rows = chosen.filter(ofVerdict);
  if (!rows.length) {
    $("pairs").replaceChildren(
      el(
        "p",
        { class: "empty" },
        `This document has no pair ${table.kind === ALL ? "" : "of this kind "}marked “${LABELS[table.verdict]}” here.`,
      ),
    );
    return;
  }
  const reason = table.verdict === "not_comparable";
  const line = (row) => {
    const verdict = VERDICTS[row[VERDICT]];
    const key =
      table.verdict === ALL
        ? el("span", { class: `key ${verdict}`, role: "img", "aria-label": LABELS[verdict], title: LABELS[verdict] })
        : null;
    const made = el(
      "tr",
      { "data-testid": "pair", "data-verdict": verdict, "data-a": row[A], "data-b": row[B] },
      el("td", null, el("button", { type: "button", class: "keyed" }, key, pair(row, null))),
      ...columns.slice(1).map(([name, , place]) => cell(name, row, place)),
      reason ? el("td", { class: "start" }, REASONS[row[REASON]]) : null,
    );
    made.addEventListener("click", () => showInText(row[A], row));
    return made;
  };
  const head = el(
    "tr",
    null,
    ...columns.map(sortHead),
    reason ? el("th", { scope: "col", class: "start" }, "reason") : null,
  );
  const body = el("tbody");
  $("pairs").replaceChildren(
    scrolled([lensRow(columns, reason ? el("td") : null), head], body, { class: "live" }),
    ...fillTable(body, sorted(rows), line, firstOf(rows, "pair", `, ${order()}`)),
  );
  markTableRow();
}

function markTableRow() {
  for (const line of $("pairs").querySelectorAll("tbody tr")) {
    const own = shown.row && Number(line.dataset.a) === shown.row[A] && Number(line.dataset.b) === shown.row[B];
    if (own) line.setAttribute("aria-current", "true");
    else line.removeAttribute("aria-current");
  }
}

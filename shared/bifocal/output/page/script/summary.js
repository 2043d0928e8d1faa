// What a document comes to --------------------------------------------------------------------------

/** How much order two lenses have in common, in words. */
function inWords(agreement) {
  if (agreement <= -0.05) return "put the pairs of this document in rather contrary orders";
  if (agreement < 0.05) return "have next to no order of this document’s pairs in common";
  if (agreement < 0.2) return "agree a little on the order of this document’s pairs";
  if (agreement < 0.5) return "agree in part on the order of this document’s pairs";
  return "agree closely on the order of this document’s pairs";
}

function beside(chance, value) {
  if (chance.p_value <= 0.05) return "so this is more than chance";
  return value < chance.interval.low ? "so this is less than chance has it" : "so this may well be chance";
}

/** Agreement in a sentence that can be read aloud. */
function readAloud({ spearman, null: chance }) {
  if (spearman === null) return ["This document has too few pairs that the lenses could agree or differ on."];
  const told = prose`The two lenses ${inWords(spearman)}: ${brief("agreement", spearman)}, where 1 would be the same order and 0 none in common.`;
  if (!chance) return told;
  const [low, high] = [brief("chance-low", chance.interval.low), brief("chance-high", chance.interval.high)];
  return [
    ...told,
    ...prose` With its words shuffled, it comes to between ${low} and ${high}, ${beside(chance, spearman)} (${pValue("agreement-p", chance)}).`,
  ];
}

const pValue = (name, chance) => [el("i", null, "p"), "\u00a0=\u00a0", compact(name, chance.p_value)];
const between = (names, { low, high }) => [score(names[0], low), " to ", score(names[1], high)];

/** A value between low and high, on a line that also shows where chance would put it. */
function axis(from, value, interval, chance) {
  const at = (x) => `${100 * Math.min(1, Math.max(0, (x - from) / (1 - from)))}%`;
  const node = el(
    "span",
    { class: "axis", "aria-hidden": "true" },
    chance ? el("i", { class: "chance" }) : null,
    from < 0 ? el("i", { class: "zero" }) : null,
    interval ? el("i", { class: "range" }) : null,
    el("b"),
  );
  const places = {
    at: value,
    zero: 0,
    low: interval?.low,
    high: interval?.high,
    "chance-low": chance?.interval.low,
    "chance-high": chance?.interval.high,
  };
  for (const [name, x] of Object.entries(places)) if (x !== undefined) node.style.setProperty(`--${name}`, at(x));
  return node;
}

const entry = (label, name, ...parts) =>
  el(
    "div",
    { "data-figure": name, title: SAYS[name] },
    el("dt", { class: "label" }, label),
    ...parts.filter(Boolean).map((part) => el("dd", null, ...[part].flat())),
  );

function agreementEntry({ spearman, interval, null: chance, n_pairs: pairs }) {
  if (spearman === null) return null;
  return entry(
    "agreement of the lenses",
    "agreement",
    [el("span", { class: "value" }, score("agreement", spearman)), axis(-1, spearman, interval, chance)],
    interval && ["interval ", ...between(["agreement-low", "agreement-high"], interval)],
    chance && ["by chance ", ...between(["chance-low", "chance-high"], chance.interval)],
    ["over ", whole("agreement-pairs", pairs), " pairs"],
  );
}

function overlapEntry({ top_overlap: overlap, top_null: chance, n_top: top }) {
  if (overlap === null) return null;
  return entry(
    "strongest pairs in common",
    "top-overlap",
    [el("span", { class: "value" }, score("top-overlap", overlap)), axis(0, overlap, null, chance)],
    ["of the ", whole("n-top", top), " strongest of either lens"],
    chance && [
      "by chance ",
      ...between(["top-chance-low", "top-chance-high"], chance.interval),
      ", ",
      ...pValue("top-p", chance),
    ],
  );
}

function reachEntry(reach) {
  const sides = [
    ["all", "all pairs", "all_pairs"],
    ["meaning", "meaning", "static"],
    ["context", "context", "contextual"],
  ];
  if (reach.all_pairs === null) return null;
  const cell = (name, value, side) => cellOf(value === null ? "–" : score(name, value), gauge(value || 0, null, side));
  const line = ([side, label, name]) =>
    el(
      "tr",
      null,
      el("th", { scope: "row", class: side === "all" ? null : `ink-${side}` }, label),
      cell(`far-${side}`, reach[name], side),
      cell(`across-${side}`, reach[`across_sentences_${name}`], side),
    );
  const head = el(
    "tr",
    null,
    el("td"),
    el("th", { scope: "col" }, ...prose`over ${whole("beyond-words", reach.beyond_words)} words`),
    el("th", { scope: "col", title: SAYS["across-all"] }, "across sentences"),
  );
  return el(
    "div",
    { "data-figure": "reach", title: SAYS["far-all"] },
    el("dt", { class: "label" }, "how far apart the marked pairs are"),
    el("dd", null, el("table", { class: "reach" }, el("thead", null, head), el("tbody", null, ...sides.map(line)))),
  );
}

/** Attention to special tokens as bars, a layer each. */
function layers({ model, sink_by_layer: sinks }) {
  const told = sinks.map((value, k) => `layer ${k + 1}: ${value}`).join(", ");
  const bars = sinks.map((value, k) => {
    const node = el("i", { title: `layer ${k + 1}: ${value}`, "data-field": "sink-layer", "data-value": value });
    node.style.setProperty("--at", `${100 * value}%`);
    return node;
  });
  return [
    el(
      "span",
      { class: "layers", role: "img", "aria-label": `Attention to special tokens in ${model}, ${told}` },
      ...bars,
    ),
    el(
      "span",
      { class: "ends", "aria-hidden": "true" },
      el("span", null, sinks.length > 1 ? "layer 1" : "one layer"),
      sinks.length > 1 ? el("span", null, count(sinks.length)) : null,
    ),
  ];
}

function sinkEntry(summaries) {
  const several = summaries.length > 1;
  return entry(
    "attention to special tokens",
    "sink-mass",
    ...summaries.map((summary) => [
      several ? el("span", { class: "small" }, bdi(summary.model), " ") : null,
      el("span", { class: several ? null : "value" }, score("sink-mass", summary.sink_mass)),
      ...(summary.sink_by_layer.length > 1 ? layers(summary) : []),
    ]),
  );
}

function wordsEntry({ static: statics, contextual }) {
  const several = statics.length > 1;
  const of = (summary) => (several ? [" in ", bdi(summary.model)] : []);
  return entry(
    "words it could not use",
    "unknown-words",
    ...statics.map((summary) => {
      const first = summary.unknown.slice(0, 5).join(", ");
      return [
        el("span", { class: several ? null : "value" }, whole("unknown-words", summary.n_unknown)),
        el("span", { class: "soft" }, " without a vector", ...of(summary)),
        summary.n_unknown
          ? el(
              "span",
              { class: "unknown", title: summary.unknown.slice(0, 200).join(", ") },
              bdi(first),
              summary.n_unknown > 5 ? " …" : "",
            )
          : null,
      ];
    }),
    ...contextual
      .slice(0, 1)
      .map((summary) => [
        el("span", { title: SAYS.coverage }, score("coverage", summary.coverage), " of the text read by a window"),
      ]),
  );
}

function showSummary() {
  const { source } = current;
  const numbered = (name, n, what) => [whole(name, n), ` ${what}${n === 1 ? "" : "s"}`];
  $("counts").replaceChildren(
    ...numbered("n-words", source.n_words, "word"),
    " · ",
    ...numbered("n-sentences", source.n_sentences, "sentence"),
    " · ",
    ...numbered("candidate-pairs", source.n_candidate_pairs, "candidate pair"),
  );
  $("said").replaceChildren(...readAloud(source.agreement));
  $("strip").replaceChildren(
    ...[
      agreementEntry(source.agreement),
      overlapEntry(source.agreement),
      reachEntry(source.long_range),
      sinkEntry(source.contextual),
      wordsEntry(source),
    ].filter(Boolean),
  );
  $("unmarked").hidden = !source.rows.some((row) => !MARKS[VERDICTS[row[VERDICT]]]);
}

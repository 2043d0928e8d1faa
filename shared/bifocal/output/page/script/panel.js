// A word and its partners ---------------------------------------------------------------------------

const CARDS = 8;

function field(name, label, value, title, under) {
  return el(
    "div",
    { class: under ? "measured" : null, title: title || SAYS[name] },
    el("dt", null, label),
    el("dd", null, score(name, value)),
    under,
  );
}

function pair(row, emphasised) {
  const end = (place) => el(place === emphasised ? "b" : "span", null, bdi(word(place)));
  return el("span", { class: "pair" }, end(row[A]), " – ", end(row[B]));
}

function scores(name, label, ...fields) {
  return el(
    "div",
    { class: `scores of-${name}` },
    el("span", { class: `lens ${name === "loss" ? "soft" : `ink-${name}`}` }, label),
    fields.length === 1 && fields[0].tagName === "SPAN" ? fields[0] : el("dl", null, ...fields),
  );
}

const meaningFields = ([cosine, percentile, rank], from) => [
  field("cosine", "cosine", cosine),
  field("meaning-percentile", "percentile", percentile, null, gauge(percentile, from, "meaning")),
  field("meaning-rank", "rank", rank),
];

const contextFields = ([forward, backward, lift, percentile, rank], from, [a, b], windows) => [
  field("forward", "forward", forward, `Share of the attention of “${a}” that goes to “${b}”`),
  field("backward", "backward", backward, `Share of the attention of “${b}” that goes to “${a}”`),
  field("lift", "lift", lift, `Weight over what is usual at that distance; mean of ${plural(windows, "window")}`),
  field("context-percentile", "percentile", percentile, null, gauge(percentile, from, "context")),
  field("context-rank", "rank", rank),
];

function kindLine(row) {
  const { from, to, name, title } = kindOf(row);
  const heads = [];
  for (let k = 0; row[HEADS] && k < row[HEADS].length; k += 3) {
    const [layer, head, added] = row[HEADS].slice(k, k + 3);
    heads.push(
      heads.length ? ", " : "heads ",
      figure("heads", added, `${layer}-${head}\u00a0${added < 0 ? "−" : "+"}${Math.abs(added).toFixed(2)}`),
    );
  }
  return el(
    "div",
    { class: "kind-line of-context", title, "data-testid": "kind" },
    el("span", { class: "told" }, el("span", { class: "pair" }, bdi(from), " → ", bdi(to)), ": ", el("b", null, name)),
    share("kind", row[KIND_PROBABILITY]),
    heads.length ? el("span", { class: "heads", "data-testid": "heads", title: SAYS.heads }, ...heads) : null,
  );
}

function lexicalLine(row) {
  const { from, to, name, sign, title } = lexicalOf(row);
  return el(
    "div",
    { class: "kind-line of-meaning", title, "data-testid": "lexical" },
    el(
      "span",
      { class: "told" },
      el("span", { class: "pair" }, bdi(from), ` ${sign} `, bdi(to)),
      ": ",
      el("b", null, name),
    ),
    share("lexical", row[LEXICAL_PROBABILITY]),
  );
}

/** What a word loses without the other one of its pair. */
function loss(name, own, without, value) {
  return el(
    "div",
    { class: "wide", title: `How far the vector of “${own}” moves without what it takes from “${without}”, 0 to 2` },
    el("dt", null, "loss of ", bdi(own)),
    el("dd", null, score(name, value)),
  );
}

/** The figures of the job's further models, folded away. */
function further(row, ends) {
  const { static_models: statics, contextual_models: contextuals } = current.options;
  const models = [
    ...statics.slice(1).map((name) => ["meaning", name]),
    ...contextuals.slice(1).map((name) => ["context", name]),
  ];
  const node = el(
    "details",
    { class: "further", "data-testid": "further" },
    el(
      "summary",
      { class: "small", title: SAYS.further },
      whole("further", models.length),
      models.length === 1 ? " further model" : " further models",
    ),
  );
  models.forEach(([side, name], k) => {
    const own = row[FURTHER][k];
    const none = el(
      "span",
      { class: "none" },
      side === "meaning" ? "no vector for one of the words" : "no window held both",
    );
    const fields = own && (side === "meaning" ? meaningFields(own, null) : contextFields(own, null, ends, own[5]));
    node.append(
      el(
        "div",
        { "data-model": name },
        el("p", { class: `small ink-${side}` }, bdi(name)),
        scores(side, "", ...(fields || [none])),
      ),
    );
  });
  return node;
}

function card(row) {
  const { options } = current;
  const partner = other(row, shown.word);
  const ends = [word(row[A]), word(row[B])];
  const node = el("article", {
    class: "card",
    "data-testid": "relation",
    "data-verdict": VERDICTS[row[VERDICT]],
    "data-partner": partner,
  });
  node.append(
    el(
      "div",
      { class: "card-head" },
      pair(row, partner),
      el(
        "span",
        { class: "soft small" },
        figure("distance", row[DISTANCE], plural(row[DISTANCE], "word")),
        ` apart${row[SAME_SENTENCE] ? "" : ", across sentences"}`,
      ),
    ),
  );
  if (row[REASON] !== null) node.append(el("p", { class: "small soft" }, `not comparable: ${REASONS[row[REASON]]}`));
  if (row[KIND] !== null && (lens !== "meaning" || shown.row)) node.append(kindLine(row));
  if (row[LEXICAL] !== null && (lens !== "context" || shown.row)) node.append(lexicalLine(row));
  if (lens !== "context" || shown.row) {
    node.append(
      scores(
        "meaning",
        "meaning",
        ...(row[COSINE] === null
          ? [el("span", { class: "none" }, "no vector for one of the words")]
          : meaningFields([row[COSINE], row[MEANING], row[MEANING_RANK]], options.static_threshold)),
      ),
    );
  }
  if (lens !== "meaning" || shown.row) {
    const figures = [row[FORWARD], row[BACKWARD], row[LIFT], row[CONTEXT], row[CONTEXT_RANK]];
    node.append(
      scores("context", "context", ...contextFields(figures, options.contextual_threshold, ends, row[WINDOWS])),
    );
    if (row[A_WITHOUT_B] !== null) {
      node.append(
        scores(
          "loss",
          "without",
          loss("a-without-b", ends[0], ends[1], row[A_WITHOUT_B]),
          loss("b-without-a", ends[1], ends[0], row[B_WITHOUT_A]),
        ),
      );
    }
  }
  if (row[JOINT] !== null && (lens === "both" || shown.row)) {
    node.append(scores("both", "both", field("joint", "joint", row[JOINT], null, gauge(row[JOINT], null, "both"))));
  }
  if (row[FURTHER] !== null) node.append(further(row, ends));
  return node;
}

function group(verdict, rows) {
  return el(
    "section",
    { "data-verdict": verdict },
    el(
      "h4",
      null,
      el("span", { class: `key ${verdict}` }),
      LABELS[verdict],
      el("span", { class: "num" }, count(rows.length)),
    ),
    ...unfold(rows, card, CARDS, "pairs"),
  );
}

/** Vocabulary words near a word; the models know words as they stand or in lower case. */
function near(text) {
  const parts = [];
  for (const { model, unknown } of current.source.static) {
    if (unknown.some((each) => each.toLowerCase() === text.toLowerCase()))
      parts.push(el("p", { class: "small soft under" }, bdi(model), " has no vector for this word."));
    const known = Object.hasOwn(data.neighbours, model) ? data.neighbours[model] : {};
    const key = [text, text.toLowerCase()].find((form) => Object.hasOwn(known, form));
    if (key === undefined) continue;
    parts.push(
      el("h4", null, "Nearest in ", bdi(model)),
      el(
        "div",
        { class: "near", "data-testid": "neighbours", title: SAYS.neighbour },
        ...known[key].map(([neighbour, cosine]) => el("span", null, bdi(neighbour), score("neighbour", cosine))),
      ),
    );
  }
  return parts;
}

function hint() {
  const { source } = current;
  if (source.rows.length)
    return "Point at a word to colour the words it is related to. Click, or press Enter, to keep it; Escape lets it go. Arrow keys go from word to word.";
  if (source.listed) return "The pairs of this document did not fit on this page; they are in reports.jsonl.";
  return `No pair of this document is listed: no lens marks one at these thresholds${source.contextual.some((each) => each.catalogue) ? ", and none has a kind" : ""}.`;
}

function showPanel() {
  const panel = $("panel");
  panel.scrollTop = 0;
  if (shown.word === null) {
    panel.replaceChildren(el("div", { class: "hint" }, el("p", null, hint())));
    $("told").textContent = "";
    return;
  }
  const rows = rowsShown();
  const text = word(shown.word);
  const [, , , words = 1] = current.spans.get(shown.word);
  const release = shown.pinned
    ? button("let go", () => show(null), { class: "pin", "data-testid": "release" })
    : el("span", { class: "soft small" }, "click to keep");
  const groups = VERDICTS.map((verdict, k) => [verdict, rows.filter((row) => row[VERDICT] === k)]).filter(
    ([, own]) => own.length,
  );
  const told = plural(rows.length, "relation");
  const place = `${words === 1 ? "word" : "words"} ${count(shown.word + 1)}${words === 1 ? "" : ` to ${count(shown.word + words)}`}`;
  panel.replaceChildren(
    el(
      "div",
      { class: "panel-head" },
      shown.row ? el("h3", null, pair(shown.row, null)) : el("h3", { dir: "auto" }, text),
      release,
    ),
    el(
      "p",
      { class: "small soft" },
      shown.row
        ? "a pair"
        : `${place} of ${count(current.source.n_words)}, ${told}${lens === "both" ? "" : ` under the ${lens} lens`}`,
    ),
    ...groups.map(([verdict, own]) => group(verdict, own)),
    ...(shown.row ? [] : near(text)),
  );
  const kinds = rows
    .filter((row) => row[KIND] !== null && lens !== "meaning")
    .sort((left, right) => right[KIND_PROBABILITY] - left[KIND_PROBABILITY])
    .slice(0, 3)
    .map(kindOf);
  $("told").textContent = shown.row
    ? ""
    : [
        `${text}: ${groups.map(([verdict, own]) => `${own.length} ${LABELS[verdict]}`).join(", ") || told}`,
        ...kinds.map(({ from, to, name }) => `${name}: ${from} to ${to}`),
      ].join("; ");
}

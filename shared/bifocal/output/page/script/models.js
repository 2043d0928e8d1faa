// The models beside one another, and how a document was read -----------------------------------------

/** Rank correlations of every two models as a table; the static ones come first. */
function modelTable(name, models, values, statics) {
  const ink = (k) => (k < statics ? "ink-meaning" : "ink-context");
  const named = (model, k, scope) => el("th", { scope, class: ink(k) }, bdi(model));
  const cell = (value, own) => {
    const node = el("td", { class: own ? "own" : null }, value === null ? "–" : score(name, value));
    if (value !== null && !own) node.style.setProperty("--share", `${Math.round(70 * Math.abs(value))}%`);
    if (value < 0) node.classList.add("contrary");
    return node;
  };
  const head = el("tr", null, el("td"), ...models.map((model, k) => named(model, k, "col")));
  const line = (model, k) =>
    el("tr", null, named(model, k, "row"), ...values[k].map((value, j) => cell(value, j === k)));
  return scrolled([head], el("tbody", null, ...models.map(line)), { class: "matrix" });
}

function showMatrix() {
  const { model_agreement: agreement, static: statics } = current.source;
  $("matrix").hidden = !agreement || agreement.models.length < 3;
  if ($("matrix").hidden) return;
  $("matrix").replaceChildren(
    el("h3", null, "How far the models agree"),
    el("p", { class: "small soft" }, SAYS["model-agreement"]),
    modelTable("model-agreement", agreement.models, agreement.spearman, statics.length),
  );
}

function factList(facts, attribute = "data-fact") {
  return el(
    "dl",
    { class: "facts" },
    ...facts.map(([name, value]) =>
      el("div", { [attribute]: name }, el("dt", { class: "label" }, name), el("dd", null, ...[value].flat())),
    ),
  );
}

function staticFacts(summary) {
  return [
    ["space", SPACES[summary.space] || plain(summary.space)],
    ["words without a vector", whole("unknown-words", summary.n_unknown)],
  ];
}

function contextualFacts(summary) {
  const says = Object.hasOwn(METHODS, summary.method) ? METHODS[summary.method] : null;
  const windows = [whole("document-windows", summary.windows), " of ", whole("window-tokens", summary.window_tokens)];
  return [
    ["method", el("span", { title: says }, summary.method)],
    ["precision", summary.precision],
    ...(summary.catalogue
      ? Object.entries({ "head catalogue": bdi(summary.catalogue), profile: summary.profile })
      : []),
    ["windows", [...windows, " pieces"]],
    ["coverage", score("coverage", summary.coverage)],
    ["sink mass", score("sink-mass", summary.sink_mass)],
    ["lifts held against", el("span", { "data-field": "background" }, plain(summary.background))],
  ];
}

/** Models, catalogues, libraries and options: what the figures rest on. */
function showHow() {
  const { source, settings, options } = current;
  const written = (value) => (Array.isArray(value) ? value.join(", ") : value === null ? "–" : String(value));
  const models = (side, summaries, facts) =>
    summaries.flatMap((summary) => [el("h4", { class: `ink-${side}` }, bdi(summary.model)), factList(facts(summary))]);
  const hashes = [
    ["text", source.text_hash],
    ...(settings.terms ? [["terms", settings.terms]] : []),
    ...Object.entries(settings.models),
    ...Object.entries(settings.catalogues),
  ];
  const hash = ([name, value]) =>
    el("div", null, el("dt", { class: "label" }, bdi(name)), el("dd", null, el("code", null, value)));
  $("facts").replaceChildren(
    ...models("meaning", source.static, staticFacts),
    ...models("context", source.contextual, contextualFacts),
    el("h4", null, "Options"),
    factList(
      Object.entries(options).map(([name, value]) => [plain(name), bdi(written(value))]),
      "data-option",
    ),
    el("h4", null, "Provenance"),
    factList(
      Object.entries({ bifocal: settings.bifocal, ...settings.libraries }).map(([name, version]) => [
        name,
        bdi(version),
      ]),
    ),
    el("dl", { class: "hashes small" }, ...hashes.map(hash)),
  );
}

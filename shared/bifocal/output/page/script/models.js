// The models beside one another, and how a document was read -----------------------------------------

/** Rank correlation of every two models, where there are more than two. */
function showMatrix() {
  const { model_agreement: agreement, static: statics } = current.source;
  $("matrix").hidden = !agreement || agreement.models.length < 3;
  if ($("matrix").hidden) return;
  const ink = (k) => (k < statics.length ? "ink-meaning" : "ink-context");
  const cell = (value, own) => {
    const node = el("td", { class: own ? "own" : null }, value === null ? "–" : score("model-agreement", value));
    if (value !== null && !own) node.style.setProperty("--share", `${Math.round(70 * Math.abs(value))}%`);
    if (value < 0) node.classList.add("contrary");
    return node;
  };
  $("matrix").replaceChildren(
    el("h3", null, "How far the models agree"),
    el("p", { class: "small soft" }, SAYS["model-agreement"]),
    el(
      "div",
      { class: "scroller" },
      el(
        "table",
        { class: "matrix" },
        el(
          "thead",
          null,
          el(
            "tr",
            null,
            el("td"),
            ...agreement.models.map((name, k) => el("th", { scope: "col", class: ink(k) }, bdi(name))),
          ),
        ),
        el(
          "tbody",
          null,
          ...agreement.models.map((name, k) =>
            el(
              "tr",
              null,
              el("th", { scope: "row", class: ink(k) }, bdi(name)),
              ...agreement.spearman[k].map((value, j) => cell(value, j === k)),
            ),
          ),
        ),
      ),
    ),
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

/** Models, catalogues, libraries and options: what the figures rest on. */
function showHow() {
  const { source, settings, options } = current;
  const parts = source.contextual.map((summary) => [
    summary.model,
    [
      [
        "method",
        el("span", { title: Object.hasOwn(METHODS, summary.method) ? METHODS[summary.method] : null }, summary.method),
      ],
      ["precision", summary.precision],
      ...(summary.catalogue
        ? [
            ["head catalogue", bdi(summary.catalogue)],
            ["profile", summary.profile],
          ]
        : []),
      [
        "windows",
        [whole("document-windows", summary.windows), " of ", whole("window-tokens", summary.window_tokens), " pieces"],
      ],
      ["coverage", score("coverage", summary.coverage)],
      ["sink mass", score("sink-mass", summary.sink_mass)],
      ["lifts held against", el("span", { "data-field": "background" }, plain(summary.background))],
    ],
    "context",
  ]);
  parts.unshift(
    ...source.static.map((summary) => [
      summary.model,
      [
        ["space", SPACES[summary.space] || plain(summary.space)],
        ["words without a vector", whole("unknown-words", summary.n_unknown)],
      ],
      "meaning",
    ]),
  );
  const written = (value) => (Array.isArray(value) ? value.join(", ") : value === null ? "–" : String(value));
  $("facts").replaceChildren(
    ...parts.flatMap(([model, facts, side]) => [el("h4", { class: `ink-${side}` }, bdi(model)), factList(facts)]),
    el("h4", null, "Options"),
    factList(
      Object.entries(options).map(([name, value]) => [plain(name), bdi(written(value))]),
      "data-option",
    ),
    el("h4", null, "Provenance"),
    factList([
      ["bifocal", settings.bifocal],
      ...Object.entries(settings.libraries).map(([name, version]) => [name, bdi(version)]),
    ]),
    el(
      "dl",
      { class: "hashes small" },
      ...[
        ["text", source.text_hash],
        ...(settings.terms ? [["terms", settings.terms]] : []),
        ...Object.entries(settings.models),
        ...Object.entries(settings.catalogues),
      ].map(([name, hash]) =>
        el("div", null, el("dt", { class: "label" }, bdi(name)), el("dd", null, el("code", null, hash))),
      ),
    ),
  );
}

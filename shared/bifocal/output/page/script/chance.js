// What changes from document to document, and what is chance ----------------------------------------

/** Standard deviation of the contextual value by chance, and the most that of a share can be. */
const CHANCE_SPREAD = 0.289;
const MOST_SPREAD = 0.5;

/** Claim: the static value of a pair is the same in every document, the contextual one is not. */
function showConstancy({ constancy }) {
  const quantiles = Object.entries(constancy.contextual_spread);
  const least = whole("constancy-least", constancy.least_documents);
  const title = el("h3", null, "The same pair in another document");
  if (!constancy.n_pairs || !quantiles.length) {
    const nothing = prose`No pair is held in ${least} documents or more, so how its values change cannot be told.`;
    $("constancy").replaceChildren(title, el("p", null, ...nothing));
    return;
  }
  const middle = quantiles[quantiles.length >> 1][1];
  const largest = compact("largest-static-spread", constancy.static_spread ?? 0);
  $("constancy").replaceChildren(
    title,
    el(
      "p",
      null,
      ...prose`Over the ${whole("constancy-pairs", constancy.n_pairs)} pairs held in ${least} documents or more, the meaning of a pair changes by ${largest} at most: a static vector knows no document. `,
      ...prose`What the text makes of the pair changes by ${score("spread-quantile", middle)} (the middle pair’s standard deviation).`,
    ),
    spreadPlot(quantiles, middle, constancy.static_spread ?? 0),
    quantileList("spread-quantile", quantiles, "pairs"),
  );
}

function quantileList(name, quantiles, what) {
  const entry = ([share, value]) =>
    el(
      "div",
      null,
      el("dt", { class: "label" }, `${Math.round(100 * share)} % of ${what} below`),
      el("dd", null, score(name, value)),
    );
  return el("dl", { class: "facts small" }, ...quantiles.map(entry));
}

/** The spread of the static value, a line at 0, beside that of the contextual one, boxes of its quantiles. */
function spreadPlot(quantiles, middle, still) {
  const [values, last] = [quantiles.map(([, value]) => value), quantiles.length - 1];
  const at = (node, places) => {
    for (const [name, value] of Object.entries(places))
      node.style.setProperty(`--${name}`, `${(100 * value) / MOST_SPREAD}%`);
    return node;
  };
  const box = (name, from) =>
    at(el("i", { class: name }), { low: values[Math.min(from, last)], high: values[Math.max(last - from, 0)] });
  const label = (name, text, place) => at(el("span", { class: `small ${name}` }, text), { at: place });
  const told = quantiles.map(([name, value]) => `${name}: ${value}`).join(", ");
  return el(
    "div",
    {
      class: "spreads",
      role: "img",
      "aria-label": `Spread of the contextual value, quantiles ${told}; of the static value ${still}; by chance ${CHANCE_SPREAD}`,
    },
    box("box", 0),
    box("box heart", 1),
    at(el("b", { class: "middle" }), { at: middle }),
    at(el("b", { class: "zero" }), { at: still }),
    at(el("b", { class: "chance" }), { at: CHANCE_SPREAD }),
    label("ink-meaning", "meaning", 0),
    label("ink-context under-box", "context", values[0]),
    label("soft", "chance", CHANCE_SPREAD),
  );
}

/** How far the lenses agree on the documents, each by itself. */
function showDocumentsAgreement({ agreement, n_static_models: statics }) {
  const quantiles = Object.entries(agreement.spearman);
  const title = el("h3", null, "How far the lenses agree");
  if (!agreement.n_documents || !quantiles.length) {
    $("documents-agreement").replaceChildren(
      title,
      el("p", null, "No document has pairs that both lenses put in an order."),
    );
    return;
  }
  const [n, level] = [whole("agree-documents", agreement.n_documents), compact("agree-level", agreement.chance)];
  $("documents-agreement").replaceChildren(
    title,
    el(
      "p",
      null,
      ...(agreement.n_beyond_chance === null
        ? prose`Of ${n} documents it is not told whether the two lenses agree beyond chance: the job asked for too few shuffles. `
        : prose`In ${whole("beyond-chance", agreement.n_beyond_chance)} of ${n} documents the two lenses agree beyond chance (${el("i", null, "p")} at most ${level}, which without any agreement would be about that share of them). `),
      ...prose`In the middle document they agree by ${score("agree-quantile", quantiles[quantiles.length >> 1][1])}, where 1 would be the same order and 0 none in common.`,
    ),
    quantileList("agree-quantile", quantiles, "documents"),
    ...(agreement.models.length > 2
      ? [modelTable("mean-model-agreement", agreement.models, agreement.model_spearman, statics)]
      : []),
  );
}

function showSignificance({ significance: s }) {
  const near =
    s.near_rate !== null &&
    prose`Pairs near in meaning are tied ${compact("near-rate", s.near_rate)} times as often as is expected of them; of ${whole("n-near-tested", s.n_near_tested)} such pairs tested ${whole("n-absent", s.n_absent)} are tied so much more seldom that chance hardly explains it.`;
  $("significance").replaceChildren(
    el("h3", null, "How chance was kept out"),
    el(
      "p",
      null,
      ...prose`Each of the ${whole("n-tested", s.n_tested)} pairs that at least ${whole("least-documents", s.least_documents)} documents hold was tested; `,
      ...prose`a pair is called tied if at least ${whole("least-tied", s.least_tied)} documents tie it and its false discovery rate (${bdi(s.correction)}) is at most ${compact("level", s.level)}, as that of ${whole("n-tied", s.n_tied)} pairs is.`,
    ),
    ...(near ? [el("p", null, ...near)] : []),
  );
}

function company(each) {
  const with_ = each.companions.flatMap(({ term, documents }, k) => [
    k ? ", " : "",
    el("bdi", { class: "pair", dir: "auto" }, term),
    " ",
    whole("companion-documents", documents),
  ]);
  return el(
    "tr",
    { "data-testid": "company" },
    el("th", { scope: "row", class: "pair" }, bdi(each.term)),
    cellOf(whole("company-documents", each.documents)),
    cellOf(score("within", each.within)),
    cellOf(score("between", each.between)),
    cellOf(score("change", each.change)),
    cellOf(score("change-error", each.error)),
    el("td", { class: "start many" }, ...with_),
    documentsOf(each.evidence, each.term),
  );
}

function showCompanies({ companies, n_terms_told: told }) {
  const { terms } = companies;
  const least = whole("companies-least", companies.least_documents);
  const title = el("h3", null, "Terms whose company changes most from document to document");
  if (!companies.n_terms) {
    const nothing = prose`No term has company in ${least} documents or more.`;
    $("companies").replaceChildren(title, el("p", { class: "empty" }, ...nothing));
    return;
  }
  const columns = [
    ["term"],
    ["documents", "company-documents"],
    ["within", "within"],
    ["between", "between"],
    ["change", "change"],
    ["error", "change-error"],
    ["most frequent company, in documents", "companion-documents", true],
    ["see, side by side", null, true],
  ];
  const body = el("tbody");
  $("companies").replaceChildren(
    title,
    el(
      "p",
      { class: "small soft" },
      ...prose`Over the ${whole("companies-terms", companies.n_terms)} terms with company in ${least} documents or more, two companions have a cosine of ${score("mean-within", companies.within)} in one document and ${score("mean-between", companies.between)} in two, a change of ${score("mean-change", companies.change)} on average. ${SAYS.change}`,
    ),
    scrolled([el("tr", null, ...heads(columns))], body),
    ...fillTable(body, terms, company, firstOf(terms, "term")),
    ...(told > terms.length ? [beyond(terms.length, told)] : []),
  );
}

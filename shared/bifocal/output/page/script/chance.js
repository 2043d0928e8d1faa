// What changes from document to document, and what is chance ----------------------------------------

/** Claim: the static value of a pair is the same in every document, the contextual one is not. */
function showConstancy({ constancy }) {
  const quantiles = Object.entries(constancy.contextual_spread);
  const parts = [el("h3", null, "The same pair in another document")];
  if (!constancy.n_pairs || !quantiles.length) {
    parts.push(
      el(
        "p",
        null,
        "No pair is held in ",
        whole("constancy-least", constancy.least_documents),
        " documents or more, so how its values change cannot be told.",
      ),
    );
    $("constancy").replaceChildren(...parts);
    return;
  }
  const middle =
    constancy.contextual_spread["0.5"] ?? constancy.contextual_spread["0.50"] ?? quantiles[quantiles.length >> 1][1];
  parts.push(
    el(
      "p",
      null,
      "Over the ",
      whole("constancy-pairs", constancy.n_pairs),
      " pairs held in ",
      whole("constancy-least", constancy.least_documents),
      " documents or more, the meaning of a pair changes by ",
      compact("largest-static-spread", constancy.static_spread ?? 0),
      " at most: a static vector knows no document. What the text makes of the pair changes by ",
      score("spread-quantile", middle),
      " (the middle pair’s standard deviation).",
    ),
  );
  const plot = el("div", {
    class: "spreads",
    role: "img",
    "aria-label": `Spread of the contextual value, quantiles ${quantiles.map(([share, value]) => `${share}: ${value}`).join(", ")}; of the static value 0; by chance 0.289`,
  });
  // The standard deviation of a share cannot be more than a half.
  const at = (node, name, value) => {
    node.style.setProperty(name, `${200 * value}%`);
    return node;
  };
  const box = el("i", { class: "box" });
  at(at(box, "--low", quantiles[0][1]), "--high", quantiles.at(-1)[1]);
  const heart = el("i", { class: "box heart" });
  at(
    at(heart, "--low", quantiles[Math.min(1, quantiles.length - 1)][1]),
    "--high",
    quantiles.at(-Math.min(2, quantiles.length))[1],
  );
  plot.append(
    box,
    heart,
    at(el("b", { class: "middle" }), "--at", middle),
    at(el("b", { class: "zero" }), "--at", constancy.static_spread ?? 0),
    at(el("b", { class: "chance" }), "--at", 0.289),
    at(el("span", { class: "small ink-meaning" }, "meaning"), "--at", 0),
    at(el("span", { class: "small ink-context under-box" }, "context"), "--at", quantiles[0][1]),
    at(el("span", { class: "small soft" }, "chance"), "--at", 0.289),
  );
  parts.push(
    plot,
    el(
      "dl",
      { class: "facts small" },
      ...quantiles.map(([name, value]) =>
        el(
          "div",
          null,
          el("dt", { class: "label" }, `${Math.round(100 * name)} % of pairs below`),
          el("dd", null, score("spread-quantile", value)),
        ),
      ),
    ),
  );
  $("constancy").replaceChildren(...parts);
}

function showSignificance({ significance: s }) {
  $("significance").replaceChildren(
    el("h3", null, "How chance was kept out"),
    el(
      "p",
      null,
      "Each of the ",
      whole("n-tested", s.n_tested),
      " pairs that at least ",
      whole("least-documents", s.least_documents),
      " documents hold was tested; a pair is called tied if at least ",
      whole("least-tied", s.least_tied),
      " documents tie it and its false discovery rate (",
      bdi(s.correction),
      ") is at most ",
      compact("level", s.level),
      ", as that of ",
      whole("n-tied", s.n_tied),
      " pairs is.",
    ),
    s.near_rate === null
      ? null
      : el(
          "p",
          null,
          "Pairs near in meaning are tied ",
          compact("near-rate", s.near_rate),
          " times as often as is expected of them; of ",
          whole("n-near-tested", s.n_near_tested),
          " such pairs tested ",
          whole("n-absent", s.n_absent),
          " are tied so much more seldom that chance hardly explains it.",
        ),
  );
}

function showCompanies({ companies, n_terms_told: told }) {
  const { terms } = companies;
  const parts = [el("h3", null, "Terms whose company changes most from document to document")];
  if (!companies.n_terms)
    parts.push(
      el(
        "p",
        { class: "empty" },
        "No term has company in ",
        whole("companies-least", companies.least_documents),
        " documents or more.",
      ),
    );
  else {
    parts.push(
      el(
        "p",
        { class: "small soft" },
        "Over the ",
        whole("companies-terms", companies.n_terms),
        " terms with company in ",
        whole("companies-least", companies.least_documents),
        " documents or more, two companions have a cosine of ",
        score("mean-within", companies.within),
        " in one document and ",
        score("mean-between", companies.between),
        " in two, a change of ",
        score("mean-change", companies.change),
        " on average. ",
        SAYS.change,
      ),
    );
    const head = (label, key) => el("th", { scope: "col", title: SAYS[key] }, label);
    const body = el("tbody");
    const row = (each) =>
      el(
        "tr",
        { "data-testid": "company" },
        el("th", { scope: "row", class: "pair" }, bdi(each.term)),
        el("td", null, whole("company-documents", each.documents)),
        el("td", null, score("within", each.within)),
        el("td", null, score("between", each.between)),
        el("td", null, score("change", each.change)),
        el("td", null, score("change-error", each.error)),
        el(
          "td",
          { class: "start many" },
          ...each.companions.flatMap(({ term, documents }, k) => [
            k ? ", " : "",
            el("bdi", { class: "pair", dir: "auto" }, term),
            " ",
            whole("companion-documents", documents),
          ]),
        ),
        documentsOf(each.evidence, each.term),
      );
    parts.push(
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
              null,
              el("th", { scope: "col" }, "term"),
              head("documents", "company-documents"),
              head("within", "within"),
              head("between", "between"),
              head("change", "change"),
              head("error", "change-error"),
              el("th", { scope: "col", class: "start" }, "most frequent company, in documents"),
              el("th", { scope: "col", class: "start" }, "see, side by side"),
            ),
          ),
          body,
        ),
      ),
    );
    parts.push(
      ...fillTable(body, terms, row, (upto) =>
        upto < terms.length
          ? `The first ${count(upto)} of ${plural(terms.length, "term")}.`
          : `${plural(terms.length, "term")}.`,
      ),
    );
    if (told > terms.length)
      parts.push(
        el(
          "p",
          { class: "small soft under" },
          `The first ${count(terms.length)} of ${count(told)} in the batch report.`,
        ),
      );
  }
  $("companies").replaceChildren(...parts);
}

// All documents together: counts, models, failures --------------------------------------------------

function bar(shares, attributes) {
  const node = el("div", { class: "bar", ...attributes });
  for (const [verdict, n] of shares) {
    if (!n) continue;
    const part = el("i", { class: verdict, title: `${LABELS[verdict]}: ${count(n)}` });
    part.style.setProperty("--n", n);
    node.append(part);
  }
  return node;
}

function showTotals() {
  const shares = tally(data.counts);
  const told = shares.map(([verdict, n]) => `${LABELS[verdict]} ${count(n)}`).join(", ");
  const figures = el("dl", { class: "figures" });
  for (const [verdict, n] of shares) {
    const reasons =
      verdict === "not_comparable"
        ? data.reasons.map(([reason, label]) => `${label} ${count(data.counts[reason] || 0)}`).join(", ")
        : null;
    figures.append(
      el(
        "div",
        { "data-verdict": verdict, title: reasons },
        el("dt", null, el("span", { class: `key ${verdict}` }), LABELS[verdict]),
        el("dd", null, whole("verdict", n)),
      ),
    );
  }
  const marked = shares.slice(0, 3);
  const related = marked.reduce((sum, [, n]) => sum + n, 0);
  $("totals").append(
    el("div", { class: "label" }, "All candidate pairs"),
    bar(shares, { role: "img", "aria-label": told }),
    ...(related
      ? [
          el("div", { class: "label" }, `The ${plural(related, "pair")} that a lens marks`),
          bar(marked, { "aria-hidden": "true" }),
        ]
      : []),
    figures,
  );
}

function showModels({ options, bifocal }) {
  const named = ([first, ...others]) => [
    bdi(first),
    ...(others.length ? [", also ", ...others.flatMap((name, k) => [k ? ", " : "", bdi(name)])] : []),
  ];
  $("models").append(
    el(
      "div",
      null,
      el("b", { class: "ink-meaning" }, "Meaning "),
      ...named(options.static_models),
      `; ${SPACES[options.static_space] || plain(options.static_space)}, marked from percentile ${options.static_threshold}`,
    ),
    el(
      "div",
      null,
      el("b", { class: "ink-context" }, "Context "),
      ...named(options.contextual_models),
      `; method ${options.method}, marked from percentile ${options.contextual_threshold}`,
    ),
    el(
      "div",
      null,
      `bifocal ${bifocal}, language ${options.language}, pairs of ${plain(options.candidates)}${options.scope === "document" ? "" : ` within one ${options.scope}`}, listed: ${options.listing}`,
    ),
  );
}

function showHead() {
  const { documents, failures, pairs } = data.n;
  $("summary").append(
    [plural(documents, "document"), plural(failures, "failure"), plural(pairs, "candidate pair")].join(" · "),
  );
  data.settings.forEach(showModels);
  const notices = [];
  if (data.documents.length < documents)
    notices.push(
      `This page shows the first ${count(data.documents.length)} of ${count(documents)} documents; all are in reports.jsonl. The totals cover all.`,
    );
  if (data.failures.length < failures)
    notices.push(
      `It lists the first ${count(data.failures.length)} of ${count(failures)} failures; all are in failures.jsonl.`,
    );
  const cut = data.documents.filter((each) => each.rows.length < each.listed).length;
  if (cut)
    notices.push(
      `${plural(cut, "document")} ${cut === 1 ? "has" : "have"} more pairs than fit here. The strongest of each verdict are shown; all are in reports.jsonl.`,
    );
  $("notices").append(...notices.map((text) => el("p", { class: "notice" }, text)));
}

function showFailures() {
  if (!data.failures.length) return;
  $("failures").hidden = false;
  const body = $("failures").querySelector("tbody");
  for (const { id, source, error } of data.failures) {
    body.append(
      el(
        "tr",
        { "data-testid": "failure" },
        el("td", null, bdi(id), source ? el("div", { class: "soft small" }, source) : null),
        el("td", null, el("code", null, error.code)),
        el(
          "td",
          null,
          error.message,
          error.retryable ? el("span", { class: "soft" }, " May succeed if tried again.") : null,
        ),
      ),
    );
  }
}

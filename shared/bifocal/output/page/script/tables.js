// Tabs, and tables that grow ------------------------------------------------------------------------

/** Rows at first, and with each further step. */
const TABLE_ROWS = 12;
const MORE_ROWS = 50;

/** Tabs over some panel: `choose` is called with the name of the one that was chosen, by pointer or keys. */
function makeTabs(bar, names, panel, choose) {
  bar.replaceChildren(
    ...names.map(([name, ...label]) =>
      el(
        "button",
        { type: "button", role: "tab", id: `${panel}-${name}`, "data-verdict": name, "aria-controls": panel },
        ...label,
        el("span", { class: "num" }),
      ),
    ),
  );
  bar.onclick = (event) => {
    const tab = event.target.closest("button");
    if (tab) choose(tab.dataset.verdict);
  };
  bar.onkeydown = (event) => {
    const tab = step(event, [...bar.children], SIDEWAYS);
    if (!tab) return;
    choose(tab.dataset.verdict);
    tab.focus();
  };
}

function selectTab(bar, panel, chosen, numbers) {
  for (const tab of bar.children) {
    const own = tab.dataset.verdict === chosen;
    tab.setAttribute("aria-selected", String(own));
    tab.tabIndex = own ? 0 : -1;
    tab.lastChild.textContent = count(numbers(tab.dataset.verdict));
  }
  $(panel).setAttribute("aria-labelledby", `${panel}-${chosen}`);
}

/** Fills a table with its first rows; gives a line that says so, and a button for more. */
function fillTable(body, rows, line, told) {
  const said = el("span", { class: "small soft" });
  const more = button("", () => fill(), { class: "more" });
  let upto = 0;
  const fill = () => {
    const next = rows.slice(upto, upto + (upto ? MORE_ROWS : TABLE_ROWS));
    upto += next.length;
    body.append(...next.map(line));
    said.textContent = told(upto);
    more.textContent = `Show ${count(Math.min(MORE_ROWS, rows.length - upto))} more`;
    more.hidden = upto === rows.length;
  };
  fill();
  return [el("p", { class: "under" }, said, " ", more)];
}

/** Heads of columns: each a label, the name that the legend explains, and whether it is of text. */
const heads = (columns) =>
  columns.map(([label, name, wordy]) =>
    el("th", { scope: "col", class: wordy ? "start" : null, title: SAYS[name] }, label),
  );

/** A name over some columns. */
const over = (columns, name, side) =>
  el("th", { colspan: columns, scope: "colgroup", class: `ink-${side}` }, el("span", null, name));

/** A table that scrolls sideways where it has to; `headRows` are its heads. */
const scrolled = (headRows, body, attributes) =>
  el("div", { class: "scroller" }, el("table", attributes, el("thead", null, ...headRows), body));

const cellOf = (...children) => el("td", null, ...children);

/** Says how many of some rows are shown, and in which order. */
const firstOf =
  (rows, what, order = "") =>
  (upto) =>
    `${upto < rows.length ? `The first ${count(upto)} of ` : ""}${plural(rows.length, what)}${order}.`;

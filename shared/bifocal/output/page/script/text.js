// The text, and what is marked in it ----------------------------------------------------------------

const CHUNK = 2500;
const LONG = 40000;
let touched = [];

function showText() {
  const { source, elements } = current;
  const text = $("text");
  const chunks = [];
  let chunk = null;
  let length = 0;
  const begin = () => {
    chunk = el("div", { class: "chunk", dir: "auto", lang: source.language === "xx" ? null : source.language });
    chunks.push(chunk);
    length = 0;
  };
  // Long texts are cut at line ends, so that the browser can leave out what is far from sight.
  const between = (from, to) => {
    while (from < to) {
      const cut = length + to - from > CHUNK ? source.text.indexOf("\n", from + Math.max(0, CHUNK - length)) : -1;
      const upto = cut >= 0 && cut < to ? cut : to;
      if (upto > from) chunk.append(source.text.slice(from, upto));
      length += upto - from;
      from = upto;
      if (upto === cut) {
        begin();
        from += 1;
      }
    }
  };
  begin();
  let position = 0;
  for (const [place, start, end] of source.spans) {
    if (start < position) continue;
    between(position, start);
    const node = el(
      "span",
      { class: "w", "data-word": place, tabindex: elements.size ? -1 : 0, role: "button" },
      source.text.slice(start, end),
    );
    elements.set(place, node);
    chunk.append(node);
    length += end - start;
    position = end;
  }
  between(position, source.text.length);
  text.classList.toggle("long", source.text.length > LONG);
  text.replaceChildren(...chunks);
  text.scrollTop = 0;
  touched = [];
}

// Kinds are told from attention, so the context lens has them whether or not it marks the pair.
const seen = (row) =>
  LENS_VERDICTS[lens].includes(VERDICTS[row[VERDICT]]) || (lens === "context" && row[KIND] !== null);
const rowsShown = () => (shown.row ? [shown.row] : (current.rows.get(shown.word) || []).filter(seen));

/** How far above its threshold a percentile is, 0 to 1. */
const above = (value, from) => (from < 1 ? Math.min(1, Math.max(0, (value - from) / (1 - from))) : 1);

/** How deep the colour is: percentiles from the threshold to 1, under the lenses that mark the pair. */
function strength(row, mark) {
  const { static_threshold: meaning, contextual_threshold: context } = current.options;
  const parts = [];
  if (mark !== "context") parts.push(above(row[MEANING], meaning));
  if (mark !== "meaning") parts.push(above(row[CONTEXT], context));
  return 40 + 60 * (parts.reduce((sum, part) => sum + part, 0) / parts.length);
}

function colour() {
  for (const node of touched) {
    for (const name of ["data-mark", "data-verdict", "data-here", "data-pinned", "aria-pressed"])
      node.removeAttribute(name);
    node.style.removeProperty("--strength");
  }
  touched = [];
  if (shown.word === null) return;
  const here = current.elements.get(shown.word);
  if (here) {
    here.setAttribute("data-here", "");
    if (shown.pinned) {
      here.setAttribute("data-pinned", "");
      here.setAttribute("aria-pressed", "true");
    }
    touched.push(here);
  }
  for (const row of rowsShown()) {
    const node = current.elements.get(other(row, shown.word));
    if (!node) continue;
    const verdict = VERDICTS[row[VERDICT]];
    const oneLens = LENS_VERDICTS[lens].includes(verdict) ? lens : "unmarked";
    const mark = lens === "both" || shown.row ? MARKS[verdict] || "unmarked" : oneLens;
    node.setAttribute("data-mark", mark);
    node.setAttribute("data-verdict", verdict);
    if (mark !== "unmarked") node.style.setProperty("--strength", `${strength(row, mark)}%`);
    touched.push(node);
  }
}

function show(place, { row = null, pinned = false } = {}) {
  if (shown.word === place && shown.row === row && shown.pinned === pinned) return;
  const hadRow = shown.row;
  shown = { word: place, row, pinned };
  colour();
  showPanel();
  drawSentence();
  if (hadRow || row) markTableRow();
}

/** Keeps a word, or a pair, and brings it into sight. */
function showInText(place, row = null) {
  show(place, { row, pinned: true });
  rove(place);
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
  current.elements.get(place).scrollIntoView({ block: "center", behavior: still ? "auto" : "smooth" });
}

const wordAt = (event) => {
  const node = event.target instanceof Element ? event.target.closest(".w") : null;
  return node ? Number(node.dataset.word) : null;
};

function listenToText() {
  const text = $("text");
  text.addEventListener("pointerover", (event) => {
    const place = wordAt(event);
    if (place !== null && !shown.pinned && event.pointerType !== "touch") show(place);
  });
  text.addEventListener("click", (event) => {
    const place = wordAt(event);
    if (place === null) {
      if (shown.pinned && !String(getSelection())) show(null);
      return;
    }
    rove(place);
    if (shown.pinned && shown.word === place && !shown.row) show(place);
    else show(place, { pinned: true });
  });
  // Focus by keyboard shows a word; focus by pointer comes before its click, which decides.
  text.addEventListener("focusin", (event) => {
    const place = wordAt(event);
    if (place !== null && event.target.matches(":focus-visible") && !(shown.pinned && shown.word === place))
      show(place);
  });
  text.addEventListener("keydown", (event) => {
    const place = wordAt(event);
    if (place === null) return;
    if (event.key === "Enter" || event.key === " ") {
      event.preventDefault();
      show(place, { pinned: !(shown.pinned && shown.word === place) });
      return;
    }
    const words = [...current.elements.keys()];
    const at = words.indexOf(place);
    const ahead = getComputedStyle(event.target.parentNode).direction === "rtl" ? -1 : 1;
    const next = {
      ArrowRight: at + ahead,
      ArrowDown: at + 1,
      ArrowLeft: at - ahead,
      ArrowUp: at - 1,
      Home: 0,
      End: words.length - 1,
    }[event.key];
    if (next === undefined) return;
    event.preventDefault();
    if (words[next] === undefined) return;
    rove(words[next]);
    current.elements.get(words[next]).focus();
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && current && shown.word !== null) show(null);
  });
}

/** Of all words, one is reached by Tab; the arrow keys move on from it. */
function rove(place) {
  const held = $("text").querySelector(".w[tabindex='0']");
  if (held) held.tabIndex = -1;
  current.elements.get(place).tabIndex = 0;
}

// One sentence as a drawing: arcs of meaning above its words, of context below ----------------------

const INK = { paper: "#22252a", meaning: "#b8620d", context: "#2367ae", behind: "#ffffff" };
const WORD = { size: 18, family: "Palatino, Georgia, 'Noto Serif', 'Liberation Serif', serif" };
const NOTE = { size: 11, family: "'Noto Sans', 'Liberation Sans', Helvetica, Arial, sans-serif" };
const MARGIN = 12;
/** Arcs on either side of the words, and characters of a sentence, that are drawn at most. */
const MOST_ARCS = 30;
const MOST_CHARACTERS = 360;
/** Characters on either side of a word in which its sentence is looked for. */
const AROUND = 2000;

const pen = document.createElement("canvas").getContext("2d");
function width(text, { size, family }) {
  pen.font = `${size}px ${family}`;
  return pen.measureText(text).width;
}
const tenth = (x) => Math.round(10 * x) / 10;
const write = (text, font, attributes) =>
  svg("text", { "font-family": font.family, "font-size": font.size, ...attributes }, text);

/** Start and end of the sentence around a word, drawn out over what the report has in the same sentence. */
function sentenceAround(place) {
  const { source, spans, rows } = current;
  const [, from, to] = spans.get(place);
  const begin = Math.max(0, from - AROUND);
  let [start, end] = segmentAround(source.text.slice(begin, to + AROUND), from - begin).map((x) => x + begin);
  for (const row of rows.get(place) || []) {
    if (!row[SAME_SENTENCE]) continue;
    const [, first, last] = spans.get(other(row, place));
    start = Math.min(start, first);
    end = Math.max(end, last);
  }
  if (end - start <= MOST_CHARACTERS) return [start, end];
  // Of a very long one, what is around the word.
  start = Math.max(start, Math.min(from - MOST_CHARACTERS / 2, end - MOST_CHARACTERS));
  end = Math.min(end, start + MOST_CHARACTERS);
  while (start > 0 && start < from && /\S/.test(source.text[start - 1])) start += 1;
  while (end < source.text.length && end > to && /\S/.test(source.text[end])) end -= 1;
  return [start, end];
}

/** Start and end of the sentence at a place of a text, as the browser finds it. */
function segmentAround(text, place) {
  if (typeof Intl.Segmenter !== "function") return [0, text.length];
  const language = current.source.language === "xx" ? "en" : current.source.language;
  const { index, segment } = new Intl.Segmenter(language, { granularity: "sentence" }).segment(text).containing(place);
  return [index, index + segment.length];
}

/** Words and what stands between them, one after the other: `pieces` with the middle and size of each. */
function lineUp(start, end) {
  const { source, spans } = current;
  const pieces = [];
  let position = start;
  let size = 0;
  const put = (text, place) => {
    const own = width(text, WORD);
    pieces.push({ text, place, middle: size + own / 2, size: own });
    size += own;
  };
  const between = (upto) => {
    for (const part of source.text.slice(position, upto).split(/(\s+)/)) {
      if (/^\s+$/.test(part)) size += size ? width(" ", WORD) : 0;
      else if (part) put(part, null);
    }
  };
  const inside = [...spans.values()].filter(([, from, to]) => from >= start && to <= end);
  for (const [place, from, to] of inside.sort((left, right) => left[1] - right[1])) {
    if (from < position) continue;
    between(from);
    put(source.text.slice(from, to).replace(/\s+/g, " "), place);
    position = to;
  }
  between(end);
  return { pieces, size };
}

/** The strongest pairs, of words at some places, that a lens marks; those of the word that is shown first. */
function arcsOf(side, places) {
  const { rows, options } = current;
  const [percentile, from] =
    side === "meaning" ? [MEANING, options.static_threshold] : [CONTEXT, options.contextual_threshold];
  const marked = (row) => LENS_VERDICTS[side].includes(VERDICTS[row[VERDICT]]);
  const inside = (row) => places.has(row[A]) && places.has(row[B]);
  const own = (row) => shown.row === row || (!shown.row && (row[A] === shown.word || row[B] === shown.word));
  const found = [...places].flatMap((place) => (rows.get(place) || []).filter((row) => marked(row) && inside(row)));
  return [...new Set(found)]
    .sort((left, right) => own(right) - own(left) || right[percentile] - left[percentile])
    .slice(0, MOST_ARCS)
    .map((row) => ({
      row,
      side,
      percentile: row[percentile],
      bold: above(row[percentile], from),
      faint: shown.word !== null && !own(row),
    }));
}

/** Where everything goes: widths of the line and of the notes below it, and heights of the arcs. */
function layOut(start, end) {
  const { options } = current;
  const { pieces, size } = lineUp(start, end);
  const middle = new Map(pieces.filter(({ place }) => place !== null).map((piece) => [piece.place, piece.middle]));
  const sides = ["meaning", "context"].filter((side) => lens === "both" || lens === side || shown.row);
  const arcs = sides.flatMap((side) => arcsOf(side, new Set(middle.keys())));
  const height = ({ row }) => 6 + 3.6 * Math.sqrt(Math.abs(middle.get(row[A]) - middle.get(row[B])));
  const room = (side) => Math.max(14, ...arcs.filter((arc) => arc.side === side).map(height)) + 16;
  const notes = [
    ["meaning", `above: meaning, ${options.static_models[0]}`],
    ["context", `below: context, ${options.contextual_models[0]}`],
  ];
  const wide = Math.ceil(Math.max(size, ...notes.map(([, note]) => 2 * width(note, NOTE)))) + 2 * MARGIN;
  const backwards = getComputedStyle($("text").firstChild).direction === "rtl";
  const left = (wide - size) / 2;
  const across = (x) => tenth(left + (backwards ? size - x : x));
  return {
    pieces,
    arcs,
    height,
    notes,
    wide,
    backwards,
    across,
    middle,
    line: room("meaning"),
    under: room("context"),
  };
}

function sentenceDrawing(start, end) {
  const layout = layOut(start, end);
  const tall = Math.ceil(layout.line + WORD.size + layout.under + 22);
  const size = { width: layout.wide, height: tall, viewBox: `0 0 ${layout.wide} ${tall}` };
  const labels = [];
  const sentence = current.source.text.slice(start, end).trim().replace(/\s+/g, " ");
  return svg(
    "svg",
    { ...size, role: "img" },
    svg("title", null, `Relations in “${sentence}”`),
    svg("desc", null, describe(layout.arcs)),
    ...layout.arcs.map((arc) => drawArc(arc, layout, labels)),
    ...layout.pieces.map((piece) => drawWord(piece, layout)),
    ...layout.notes.map(([side, note], k) =>
      write(note, NOTE, {
        x: k ? layout.wide - MARGIN : MARGIN,
        y: tall - 6,
        "text-anchor": k ? "end" : "start",
        fill: INK[side],
        class: side,
      }),
    ),
  );
}

/** The drawing in words, with its figures. */
function describe(arcs) {
  const { source, settings, options } = current;
  const kind = (row) => `${kindOf(row).from} → ${kindOf(row).to}: ${kindOf(row).name}`;
  const told = ({ row, side, percentile }) =>
    `${word(row[A])} – ${word(row[B])} ${percentile}${side === "context" && row[KIND] !== null ? ` (${kind(row)})` : ""}`;
  const all = (side) => {
    const own = arcs.filter((arc) => arc.side === side);
    return own.map(told).join("; ") || "none";
  };
  return [
    `Document ${source.id}, read by bifocal ${settings.bifocal}.`,
    `Arcs above the words: pairs near in meaning by ${options.static_models[0]}, with their percentile: ${all("meaning")}.`,
    `Arcs below: pairs that the text ties by ${options.contextual_models[0]}, with their percentile; the arrow goes to the word that is attended to more: ${all("context")}.`,
  ].join(" ");
}

function drawArc(arc, { across, middle, height, line }, labels) {
  const { row, side, bold, faint } = arc;
  const up = side === "meaning";
  const [from, to] = [across(middle.get(row[A])), across(middle.get(row[B]))];
  const base = up ? line - 4 : line + WORD.size + 6;
  // A cubic reaches three quarters of the way to its handles.
  const handle = tenth(base + (up ? -1 : 1) * (height(arc) / 0.75));
  const node = svg(
    "g",
    { class: `arc ${side}`, "data-a": row[A], "data-b": row[B], opacity: faint ? 0.22 : 0.9 },
    svg("path", {
      d: `M${from} ${base}C${from} ${handle} ${to} ${handle} ${to} ${base}`,
      fill: "none",
      stroke: INK[side],
      "stroke-width": tenth(1 + 1.8 * bold),
    }),
  );
  if (up) return node;
  const tip = row[FORWARD] >= row[BACKWARD] ? to : from;
  node.append(svg("path", { d: `M${tip} ${base - 4}l3.6 7h-7.2z`, fill: INK[side] }));
  if (row[KIND] !== null && !faint)
    node.append(...drawLabel(KINDS[row[KIND]], (from + to) / 2, base + height(arc) + 3, labels));
  return node;
}

/** A kind on its arc, unless another label is there; `labels` are those that are. */
function drawLabel(text, x, y, labels) {
  const half = width(text, NOTE) / 2 + 3;
  const meets = ([left, right, level]) => left < x + half && x - half < right && Math.abs(level - y) <= NOTE.size;
  if (labels.some(meets)) return [];
  labels.push([x - half, x + half, y]);
  const box = { x: tenth(x - half), y: tenth(y - 9), width: tenth(2 * half), height: NOTE.size + 1 };
  return [
    svg("rect", { ...box, fill: INK.behind, class: "behind" }),
    write(text, NOTE, { x: tenth(x), y: tenth(y), "text-anchor": "middle", fill: INK.context }),
  ];
}

function drawWord({ text, place, middle, size }, { across, line, backwards }) {
  return write(text, WORD, {
    x: across(middle),
    y: tenth(line + WORD.size - 4),
    "text-anchor": "middle",
    // Arcs meet their words whatever font there is.
    textLength: tenth(size),
    direction: backwards ? "rtl" : null,
    "font-weight": place !== null && place === shown.word ? "bold" : null,
    fill: INK.paper,
    class: "word",
  });
}

let waiting = 0;
/** Draws the sentence of the word that is shown, or else the first, with the next frame. */
function drawSentence() {
  const place = shown.word ?? current.source.spans[0]?.[0];
  cancelAnimationFrame(waiting);
  $("arcs").hidden = place === undefined;
  if (place === undefined) return;
  waiting = requestAnimationFrame(() => {
    const drawing = $("drawing");
    drawing.replaceChildren(sentenceDrawing(...sentenceAround(place)));
    // A long sentence is scrolled to the word.
    const own = drawing.querySelector("[font-weight]");
    if (own) drawing.scrollLeft = own.getAttribute("x") - drawing.clientWidth / 2;
  });
}

function listenToSave() {
  $("save").addEventListener("click", () => {
    const text = new XMLSerializer().serializeToString($("drawing").firstChild);
    const file = new Blob(['<?xml version="1.0" encoding="UTF-8"?>\n', text, "\n"], { type: "image/svg+xml" });
    const address = URL.createObjectURL(file);
    const name = current.source.id.replace(/[^\p{L}\p{N}._-]+/gu, "-").slice(0, 80) || "sentence";
    el("a", { href: address, download: `${name}.svg` }).click();
    setTimeout(() => URL.revokeObjectURL(address), 10000);
  });
}

// One sentence as a drawing: arcs of meaning above its words, of context below ----------------------

const INK = { paper: "#22252a", soft: "#5d636d", meaning: "#b8620d", context: "#2367ae" };
const SERIF = "Palatino, Georgia, 'Noto Serif', 'Liberation Serif', serif";
const SANS = "'Noto Sans', 'Liberation Sans', Helvetica, Arial, sans-serif";
const WORD_SIZE = 18;
const NOTE_SIZE = 11;
const ARCS = 30;
const SENTENCE = 360;
/** Characters on either side of a word in which its sentence is looked for. */
const AROUND = 2000;

const pen = document.createElement("canvas").getContext("2d");
function width(text, size, family) {
  pen.font = `${size}px ${family}`;
  return pen.measureText(text).width;
}

/** Start and end of the sentence around a word, drawn out over what the report has in the same sentence. */
function sentenceAround(place) {
  const { source, spans, rows } = current;
  const [, from, to] = spans.get(place);
  const begin = Math.max(0, from - AROUND);
  const stretch = source.text.slice(begin, to + AROUND);
  const found =
    typeof Intl.Segmenter === "function"
      ? new Intl.Segmenter(source.language === "xx" ? "en" : source.language, { granularity: "sentence" })
          .segment(stretch)
          .containing(from - begin)
      : null;
  let [start, end] = found
    ? [begin + found.index, begin + found.index + found.segment.length]
    : [begin, begin + stretch.length];
  for (const row of rows.get(place) || []) {
    if (!row[SAME_SENTENCE]) continue;
    const [, first, last] = spans.get(other(row, place));
    start = Math.min(start, first);
    end = Math.max(end, last);
  }
  // Of a very long one, what is around the word.
  if (end - start > SENTENCE) {
    start = Math.max(start, Math.min(from - SENTENCE / 2, end - SENTENCE));
    end = Math.min(end, start + SENTENCE);
    while (start > 0 && start < from && /\S/.test(source.text[start - 1])) start += 1;
    while (end < source.text.length && end > to && /\S/.test(source.text[end])) end -= 1;
  }
  return [start, end];
}

/** Words and what stands between them, one after the other, with the place of each on the line. */
function lineUp(start, end) {
  const { source, spans } = current;
  const pieces = [];
  const inside = [...spans.values()]
    .filter(([, from, to]) => from >= start && to <= end)
    .sort((left, right) => left[1] - right[1]);
  const space = width(" ", WORD_SIZE, SERIF);
  let position = start;
  let x = 0;
  const put = (text, place) => {
    const size = width(text, WORD_SIZE, SERIF);
    pieces.push({ text, place, middle: x + size / 2, size });
    x += size;
  };
  const between = (upto) => {
    for (const part of source.text.slice(position, upto).split(/(\s+)/)) {
      if (/^\s+$/.test(part)) x += x ? space : 0;
      else if (part) put(part, null);
    }
  };
  for (const [place, from, to] of inside) {
    if (from < position) continue;
    between(from);
    put(source.text.slice(from, to).replace(/\s+/g, " "), place);
    position = to;
  }
  between(end);
  return { pieces, size: x };
}

/** The strongest marked pairs of the words on the line, on one side of it. */
function arcsOf(side, places) {
  const [percentile, from] =
    side === "meaning" ? [MEANING, current.options.static_threshold] : [CONTEXT, current.options.contextual_threshold];
  const found = new Set(
    [...places].flatMap((place) =>
      (current.rows.get(place) || []).filter(
        (row) => LENS_VERDICTS[side].includes(VERDICTS[row[VERDICT]]) && places.has(row[A]) && places.has(row[B]),
      ),
    ),
  );
  const own = (row) => shown.row === row || (!shown.row && (row[A] === shown.word || row[B] === shown.word));
  return [...found]
    .sort((left, right) => own(right) - own(left) || right[percentile] - left[percentile])
    .slice(0, ARCS)
    .map((row) => ({ row, bold: above(row[percentile], from), faint: shown.word !== null && !own(row) }));
}

function sentenceDrawing(start, end) {
  const { source, settings, options } = current;
  const { pieces, size } = lineUp(start, end);
  const middle = new Map(pieces.filter((piece) => piece.place !== null).map((piece) => [piece.place, piece.middle]));
  const places = new Set(middle.keys());
  const backwards = getComputedStyle($("text").firstChild).direction === "rtl";
  const sides = ["meaning", "context"].map((side) => [side, arcsOf(side, places)]);
  const height = (row) => 6 + 3.6 * Math.sqrt(Math.abs(middle.get(row[A]) - middle.get(row[B])));
  const [over, under] = sides.map(([, arcs]) => Math.max(14, ...arcs.map(({ row }) => height(row))) + 16);
  const notes = [`above: meaning, ${options.static_models[0]}`, `below: context, ${options.contextual_models[0]}`];
  const wide =
    Math.ceil(
      Math.max(
        size,
        notes.reduce((sum, note) => sum + width(note, NOTE_SIZE, SANS), 18),
      ),
    ) + 24;
  const tall = Math.ceil(over + WORD_SIZE + under + 22);
  const across = (x) => round(12 + (wide - 24 - size) / 2 + (backwards ? size - x : x));
  const round = (x) => Math.round(10 * x) / 10;
  const told = (side, { row }) =>
    `${word(row[A])} – ${word(row[B])} ${row[side === "meaning" ? MEANING : CONTEXT]}${side === "context" && row[KIND] !== null ? ` (${kindOf(row).from} → ${kindOf(row).to}: ${kindOf(row).name})` : ""}`;
  const title = source.text.slice(start, end).trim().replace(/\s+/g, " ");
  const drawing = svg(
    "svg",
    { width: wide, height: tall, viewBox: `0 0 ${wide} ${tall}`, role: "img" },
    svg("title", null, `Relations in “${title}”`),
    svg(
      "desc",
      null,
      `Document ${source.id}, read by bifocal ${settings.bifocal}. Arcs above the words: pairs near in meaning by ${options.static_models[0]}, with their percentile. Arcs below: pairs that the text ties by ${options.contextual_models[0]}, with their percentile; the arrow goes to the word that is attended to more. ${sides
        .map(([side, arcs]) => `${side}: ${arcs.map((arc) => told(side, arc)).join("; ") || "none"}.`)
        .join(" ")}`,
    ),
  );
  const labels = [];
  for (const [side, arcs] of sides) {
    const up = side === "meaning" ? -1 : 1;
    const base = side === "meaning" ? over - 4 : over + WORD_SIZE + 6;
    for (const { row, bold, faint } of arcs) {
      const [from, to] = [across(middle.get(row[A])), across(middle.get(row[B]))];
      const top = base + (up * height(row)) / 0.75;
      const arc = svg(
        "g",
        { class: `arc ${side}`, "data-a": row[A], "data-b": row[B], opacity: faint ? 0.22 : 0.9 },
        svg("path", {
          d: `M${from} ${base}C${from} ${round(top)} ${to} ${round(top)} ${to} ${base}`,
          fill: "none",
          stroke: INK[side],
          "stroke-width": round(1 + 1.8 * bold),
        }),
      );
      if (side === "context") {
        const tip = row[FORWARD] >= row[BACKWARD] ? to : from;
        arc.append(svg("path", { d: `M${tip} ${base - 4}l3.6 7h-7.2z`, fill: INK[side] }));
        if (row[KIND] !== null && !faint) label(arc, KINDS[row[KIND]], (from + to) / 2, base + height(row) + 3);
      }
      drawing.append(arc);
    }
  }
  function label(arc, text, x, y) {
    const half = width(text, NOTE_SIZE, SANS) / 2 + 3;
    if (
      labels.some(([left, right, level]) => left < x + half && x - half < right && Math.abs(level - y) < NOTE_SIZE + 1)
    )
      return;
    labels.push([x - half, x + half, y]);
    arc.append(
      svg("rect", {
        x: round(x - half),
        y: round(y - 9),
        width: round(2 * half),
        height: 12,
        fill: "#ffffff",
        class: "behind",
      }),
      svg(
        "text",
        {
          x: round(x),
          y: round(y),
          "text-anchor": "middle",
          "font-family": SANS,
          "font-size": NOTE_SIZE,
          fill: INK.context,
        },
        text,
      ),
    );
  }
  for (const { text, place, middle: x, size: length } of pieces) {
    drawing.append(
      svg(
        "text",
        {
          x: across(x),
          y: round(over + WORD_SIZE - 4),
          "text-anchor": "middle",
          textLength: round(length),
          "font-family": SERIF,
          "font-size": WORD_SIZE,
          direction: backwards ? "rtl" : null,
          fill: INK.paper,
          class: "word",
          "font-weight": place !== null && place === shown.word ? "bold" : null,
        },
        text,
      ),
    );
  }
  let x = 12;
  notes.forEach((note, k) => {
    drawing.append(
      svg(
        "text",
        {
          x: round(x),
          y: tall - 6,
          "font-family": SANS,
          "font-size": NOTE_SIZE,
          fill: k ? INK.context : INK.meaning,
          class: k ? "context" : "meaning",
        },
        note,
      ),
    );
    x += width(note, NOTE_SIZE, SANS) + 18;
  });
  return drawing;
}

let drawn = 0;
/** Draws the sentence of the word that is shown, or else the first, once the pointer has come to rest. */
function drawSentence() {
  const place = shown.word ?? current.source.spans[0]?.[0];
  $("arcs").hidden = place === undefined;
  cancelAnimationFrame(drawn);
  if (place === undefined) return;
  drawn = requestAnimationFrame(() => {
    const drawing = $("drawing");
    drawing.replaceChildren(sentenceDrawing(...sentenceAround(place)));
    // A long sentence is scrolled to the word.
    const own = drawing.querySelector("[font-weight]");
    if (own) drawing.scrollLeft = own.getAttribute("x") - drawing.clientWidth / 2;
    $("arcs-told").textContent = "The sentence, with meaning above it and context below.";
  });
}

function listenToSave() {
  $("save").addEventListener("click", () => {
    const text = `<?xml version="1.0" encoding="UTF-8"?>\n${new XMLSerializer().serializeToString($("drawing").firstChild)}\n`;
    const address = URL.createObjectURL(new Blob([text], { type: "image/svg+xml" }));
    const name = current.source.id.replace(/[^\p{L}\p{N}._-]+/gu, "-").slice(0, 80) || "sentence";
    el("a", { href: address, download: `${name}.svg` }).click();
    setTimeout(() => URL.revokeObjectURL(address), 10000);
  });
}

// Words that the lenses see differently -------------------------------------------------------------

const DIVERGENT = 4;

/** A stretch of the text with some of its words marked: `marks` has a mark for a word, by its place. */
function excerpt(start, end, marks) {
  const { source, spans } = current;
  const node = el("p", { class: "excerpt", dir: "auto" });
  let position = start;
  const inside = [...marks.keys()]
    .map((place) => spans.get(place))
    .filter((span) => span && span[1] >= start && span[2] <= end);
  for (const [place, from, to] of inside.sort((left, right) => left[1] - right[1])) {
    if (from < position) continue;
    node.append(source.text.slice(position, from), el("span", marks.get(place), source.text.slice(from, to)));
    position = to;
  }
  node.append(source.text.slice(position, end));
  return node;
}

function partners(label, side, places) {
  return el(
    "p",
    { class: "small" },
    el("span", { class: `ink-${side}` }, label),
    " ",
    ...places.flatMap((place, k) => [k ? ", " : "", el("bdi", { class: "pair", dir: "auto" }, word(place))]),
  );
}

function divergentCard([place, divergence, byMeaning, byContext, start, end]) {
  const marks = new Map([
    ...byMeaning.map((each) => [each, { "data-mark": "meaning" }]),
    ...byContext.map((each) => [each, { "data-mark": byMeaning.includes(each) ? "both" : "context" }]),
    [place, { class: "here" }],
  ]);
  return el(
    "article",
    { class: "card", "data-testid": "divergent-word", "data-place": place },
    el(
      "div",
      { class: "card-head" },
      button(bdi(word(place)), () => showInText(place), { class: "pair strong", title: "Show in the text" }),
      el("span", { class: "soft small" }, "divergence ", score("divergence", divergence)),
    ),
    excerpt(start, end, marks),
    partners("by meaning", "meaning", byMeaning),
    partners("by context", "context", byContext),
  );
}

function showDivergent() {
  const { divergent } = current.source;
  $("divergent").hidden = !divergent.length;
  $("divergent").replaceChildren(
    el("h3", null, "Words that the lenses see most differently"),
    el(
      "p",
      { class: "small soft" },
      "Their strongest partners by meaning and by context, and the sentence where the strongest tie is. ",
      SAYS.divergence,
    ),
    el("div", { class: "cards" }, ...unfold(divergent, divergentCard, DIVERGENT, "words")),
  );
}

// Elements of the page, and how figures are written -------------------------------------------------

const $ = (id) => document.getElementById(id);

function filled(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes || {})) {
    if (value !== null && value !== undefined && value !== false)
      node.setAttribute(name, value === true ? "" : String(value));
  }
  node.append(...children.filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}
/** An element with attributes and children; whatever is no element becomes text, never markup. */
const el = (tag, attributes, ...children) => filled(document.createElement(tag), attributes, children);
const SVG = document.querySelector("svg").namespaceURI;
const svg = (tag, attributes, ...children) => filled(document.createElementNS(SVG, tag), attributes, children);

function button(label, act, attributes) {
  const node = el("button", { type: "button", ...attributes }, ...[label].flat());
  node.addEventListener("click", act);
  return node;
}

/** What a sentence with figures in it is made of: its words, and elements or text between them. */
const prose = (words, ...parts) => words.flatMap((text, k) => (k < parts.length ? [text, parts[k]].flat() : [text]));

/** A name of the report in plain words. */
function plain(name) {
  return name.replaceAll("_", " ");
}
const bdi = (text) => el("bdi", { dir: "auto" }, text);
const plural = (n, one, many = `${one}s`) => `${count(n)} ${n === 1 ? one : many}`;
function count(n) {
  return n.toLocaleString("en");
}

/** What the legend says of the figures that the page marks with these names. */
const SAYS = Object.fromEntries(
  [...document.querySelectorAll("#legend [data-shown]")].flatMap((entry) =>
    entry.dataset.shown
      .split(" ")
      .filter(Boolean)
      .map((name) => [name, entry.querySelector("dd").textContent]),
  ),
);

/** A figure, marked with what it is and its value. */
function figure(name, value, ...written) {
  return el("span", { class: "num", "data-field": name, "data-value": value }, ...written);
}
const whole = (name, value) => figure(name, value, count(value));

/** A score with every digit of the report: three to be read, the rest to be looked up. */
function score(name, value) {
  if (/e/.test(String(value))) return power(name, value);
  const [before, digits = ""] = String(value).replace("-", "−").split(".");
  const all = digits.padEnd(6, "0");
  return figure(name, value, `${before}.${all.slice(0, 3)}`, el("span", { class: "fine" }, all.slice(3)));
}

/** A score to be read aloud, with two digits. */
const brief = (name, value) => figure(name, value, value.toFixed(2).replace("-", "−"));

/** A figure of any size, with three digits: the rest are in its title. */
function compact(name, value) {
  if (value !== 0 && Math.abs(value) < 0.001) return power(name, value);
  const node = figure(name, value, String(Number(value.toPrecision(3))).replace("-", "−"));
  node.title = value;
  return node;
}

function power(name, value) {
  if (value === 0) return figure(name, value, "0");
  const [digits, exponent] = value.toExponential(1).split("e");
  const node = figure(name, value, `${digits} × 10`, el("sup", null, exponent.replace("-", "−").replace("+", "")));
  node.title = value;
  return node;
}

/** A probability in percent; only what is certain has a hundred. */
function percent(value) {
  const rounded = Math.round(100 * value);
  return `${rounded === 100 && value < 1 ? "> 99" : rounded}\u202f%`;
}
const share = (name, value) => figure(name, value, percent(value));

/** A share as a bar, with a tick at `from` unless that is null. */
function gauge(value, from, name) {
  const node = el("span", { class: `gauge ${name}`, "aria-hidden": "true" }, el("i"), from === null ? null : el("b"));
  node.style.setProperty("--at", `${100 * value}%`);
  if (from !== null) node.style.setProperty("--from", `${100 * from}%`);
  return node;
}

/** Moves the focus among elements by keys, as in a list or among tabs. */
function step(event, nodes, keys) {
  const by = keys[event.key];
  const next = by && nodes[nodes.indexOf(document.activeElement) + by];
  if (!by) return null;
  event.preventDefault();
  if (next) next.focus();
  return next || null;
}
const SIDEWAYS = { ArrowRight: 1, ArrowLeft: -1 };
const UPRIGHT = { ArrowDown: 1, ArrowUp: -1 };

/** Shows the first of some nodes and a button for the next ones, so that a page stays small. */
function unfold(all, make, most, what) {
  const nodes = all.slice(0, most).map(make);
  const rest = all.slice(most);
  if (!rest.length) return nodes;
  const next = Math.min(rest.length, Math.max(most, 20));
  const label =
    next === rest.length
      ? `Show the other ${count(next)}`
      : `Show ${count(next)} more ${what} of ${count(rest.length)}`;
  nodes.push(
    button(label, (event) => event.currentTarget.replaceWith(...unfold(rest, make, next, what)), { class: "more" }),
  );
  return nodes;
}

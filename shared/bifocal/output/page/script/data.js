// The data, and what they are called ----------------------------------------------------------------

const data = JSON.parse($("data").textContent);
// Places in a row of `rows`.
const PLACE = Object.fromEntries(data.row.map((name, place) => [name, place]));
const {
  a: A,
  b: B,
  distance: DISTANCE,
  same_sentence: SAME_SENTENCE,
  cosine: COSINE,
  meaning_percentile: MEANING,
  meaning_rank: MEANING_RANK,
  forward: FORWARD,
  backward: BACKWARD,
  lift: LIFT,
  context_percentile: CONTEXT,
  context_rank: CONTEXT_RANK,
  windows: WINDOWS,
  verdict: VERDICT,
  reason: REASON,
  kind: KIND,
  kind_from: KIND_FROM,
  kind_probability: KIND_PROBABILITY,
  heads: HEADS,
  joint: JOINT,
  a_without_b: A_WITHOUT_B,
  b_without_a: B_WITHOUT_A,
  lexical: LEXICAL,
  lexical_from: LEXICAL_FROM,
  lexical_probability: LEXICAL_PROBABILITY,
  further: FURTHER,
} = PLACE;

const VERDICTS = data.verdicts.map(([name]) => name);
const ALL = "all";
const LABELS = { ...Object.fromEntries(data.verdicts), [ALL]: "all" };
const REASONS = data.reasons.map(([, label]) => label);
const KINDS = data.kinds.map(plain);
const LEXICALS = data.lexical.map(plain);
const MARKS = { both: "both", meaning_only: "meaning", context_only: "context" };
const LENS_VERDICTS = { meaning: ["both", "meaning_only"], context: ["both", "context_only"], both: VERDICTS };
const SPACES = { common_removed: "common directions removed", as_trained: "vectors as trained" };
const METHODS = {
  heads: "The mean of the norm-based weights of the heads that the catalogue names",
  alti: "How much nearer each output is to what a word gave than to nothing, in one block (ALTI)",
  norm: "Every head’s weight times the length of what it moves",
  mean: "The plain mean over all heads and layers",
  rollout: "The layers’ mean attention multiplied up",
};

/** The document that is open: its data, its settings, its words, their elements, and each word's rows. */
let current = null;
let lens = "both";
/** What is shown: a word, or the two ends of a row; `pinned` keeps it while the pointer moves on. */
let shown = { word: null, row: null, pinned: false };

/** Pairs by verdict, the reasons of those that are not comparable taken together. */
const tally = (counts) =>
  VERDICTS.map((verdict) => [
    verdict,
    verdict === "not_comparable"
      ? data.reasons.reduce((sum, [reason]) => sum + (counts[reason] || 0), 0)
      : counts[verdict] || 0,
  ]);

const word = (place) => current.words.get(place);
const other = (row, place) => (row[A] === place ? row[B] : row[A]);

/** The kind of a row in words: from the word that depends or refers to the other. */
function kindOf(row) {
  const [from, to] = row[KIND_FROM] === 0 ? [word(row[A]), word(row[B])] : [word(row[B]), word(row[A])];
  const name = KINDS[row[KIND]];
  const says = name === "refers to" ? `“${from}” refers to “${to}”` : `“${from}” depends on “${to}”: ${name}`;
  return { from, to, name, title: `${says}, with a probability of ${row[KIND_PROBABILITY]}` };
}

const LEXICAL_SAYS = {
  hypernym: (from, to) => `“${from}” is a kind of “${to}”`,
  meronym: (from, to) => `“${from}” is a part of “${to}”`,
  "co hyponym": (from, to) => `“${from}” and “${to}” are of one kind`,
  synonym: (from, to) => `“${from}” means much the same as “${to}”`,
  antonym: (from, to) => `“${from}” and “${to}” are opposites`,
};

/** The lexical kind of a row in words: from the kind or part to the other, or both ways. */
function lexicalOf(row) {
  const [from, to] = row[LEXICAL_FROM] === 1 ? [word(row[B]), word(row[A])] : [word(row[A]), word(row[B])];
  const name = LEXICALS[row[LEXICAL]];
  const says = Object.hasOwn(LEXICAL_SAYS, name) ? LEXICAL_SAYS[name](from, to) : `“${from}” and “${to}”: ${name}`;
  return {
    from,
    to,
    name,
    sign: row[LEXICAL_FROM] === null ? "–" : "→",
    title: `${says}, with a probability of ${row[LEXICAL_PROBABILITY]}`,
  };
}

"""What is told of a job's documents as a whole."""

from bifocal.contracts._wire import SCHEMA_VERSION, SchemaVersion, Wire
from bifocal.contracts.options import Options
from bifocal.contracts.relation import Verdict


class Absence(Wire):
    """Whether a pair that the language binds is tied more seldom than such pairs are."""

    expected: float
    """Documents that would tie the pair if it were as near pairs are."""
    p: float
    """Probability of so few ties, or fewer, by chance."""
    q: float
    """False discovery rate if this pair and all that are less likely are called absent."""


class BatchStatic(Wire):
    """Two terms under the first static model, the same in every document."""

    cosine: float
    """Cosine of the two vectors, -1 to 1."""
    percentile: float
    """Share of random vocabulary pairs of like frequency with a lower cosine."""


class BatchPair(Wire):
    """Two terms over all documents that hold both within a window."""

    a: str
    """The term that comes first by code points."""
    b: str
    verdict: Verdict
    """By the static lens, and by whether the documents tie the pair oftener than chance has it."""
    documents: int
    """Documents that hold the pair within a window."""
    tied: int
    """Of these, documents that tie it: the contextual value reaches the threshold."""
    occurrences: int
    """Pairs of words over all documents."""
    static: BatchStatic | None
    """None where a term has no vector."""
    static_spread: float | None
    """Largest less smallest cosine over the documents: 0, because a static vector knows no document."""
    contextual: float
    """Mean of the contextual value over the documents. In a document it is the pair's highest percentile to
    the power of its occurrences: uniform if nothing is special, however often the words meet."""
    contextual_spread: float
    """Standard deviation of the contextual value over the documents."""
    expected: float
    """Documents that would tie the pair if it were like any other pair of these documents and terms."""
    lift: float | None
    """`tied` over `expected`; None where no ties are expected, because its documents tie nothing."""
    p: float
    """Probability of so many ties, or more, by chance."""
    q: float
    """False discovery rate if this pair and all that are less likely are called tied; 1 for a pair seen in
    one document, which is never tested."""
    absence: Absence | None = None
    """For pairs that the static lens marks."""
    evidence: list[str]
    """Up to three documents that tie it, by id, the strongest first."""


class BatchVerdicts(Wire):
    """All pairs of terms by verdict."""

    both: int = 0
    meaning_only: int = 0
    context_only: int = 0
    neither: int = 0
    not_comparable: int = 0
    """A term has no vector."""

    @property
    def total(self) -> int:
        """Equals the report's `n_pairs`."""
        return self.both + self.meaning_only + self.context_only + self.neither + self.not_comparable


class Significance(Wire):
    """How chance was kept out of the verdicts."""

    correction: str = "Benjamini-Hochberg"
    """Over all pairs that were tested, whether they are listed or not."""
    level: float
    """Highest false discovery rate of a tied pair."""
    least_documents: int
    """Documents in which a pair has to be held to be tested."""
    least_tied: int
    """Documents that have to tie a pair."""
    n_tested: int
    """Pairs tested for more ties than expected."""
    n_tied: int
    """Pairs found to be tied; the verdicts `both`, `context_only` and part of `not_comparable`."""
    near_rate: float | None
    """Ties of pairs that the static lens marks over those expected of them; None without such pairs."""
    n_near_tested: int
    """Pairs that the static lens marks, tested for fewer ties than `near_rate` has them expect."""
    n_absent: int
    """Pairs found to be tied more seldom than that."""


class Constancy(Wire):
    """Whether the static value of a pair is the same in every document, and how much the contextual one
    changes."""

    least_documents: int
    """Documents that a pair is held in to count here."""
    n_pairs: int
    static_spread: float | None
    """The largest of the pairs' differences between largest and smallest cosine; None without pairs."""
    contextual_spread: dict[str, float]
    """Quantiles (`0.05` … `0.95`) of the contextual value's standard deviation; that of chance is 0.289."""


class Companion(Wire):
    """A term tied to another."""

    term: str
    documents: int
    """Documents that tie the two."""


class TermCompany(Wire):
    """A term whose company, the terms tied to it, was compared from document to document."""

    term: str
    documents: int
    """Documents where its company is two or more."""
    within: float
    """Mean cosine of two companions in the same document."""
    between: float
    """Mean cosine of a companion in one document and a companion in another."""
    change: float
    """`within` less `between`: 0, up to the error, if the documents draw on the same company, whatever the
    sizes; the higher, the more the company changes."""
    error: float
    """Standard error of `change` if the company were the same everywhere."""
    companions: list[Companion]
    """The most frequent ones."""
    evidence: list[str]
    """Two documents, by id, whose companies lie far apart."""


class Companies(Wire):
    """The terms whose company changes most."""

    least_documents: int
    """Documents with a company of two or more that a term needs to be compared."""
    n_terms: int
    """Terms compared."""
    within: float | None
    """Mean over the terms compared, the baseline; None without terms."""
    between: float | None
    change: float | None
    terms: list[TermCompany]
    """Ordered by `change` less two errors, the largest first."""


class BatchAgreement(Wire):
    """How far the lenses agree on the documents, each by itself."""

    n_documents: int
    """Documents whose pairs both lenses put in an order."""
    spearman: dict[str, float]
    """Quantiles (`0.05` … `0.95`) of the documents' rank correlations."""
    chance: float
    """Probability of as much agreement by chance, by its own null, up to which a document is beyond it."""
    n_beyond_chance: int | None
    """Documents beyond chance; of documents without any agreement this share would be. None where the job has
    too few shuffles to tell."""
    models: tuple[str, ...]
    """Static ones first; none where the job has one model a side."""
    model_spearman: tuple[tuple[float | None, ...], ...]
    """Rank correlation of each two models, mean over the documents that have one."""


class BatchReport(Wire):
    """The documents of a job as a whole, by pairs of *terms*: content words in the static vocabulary's form.

    A pair is counted once for each document that holds it within a window, and a document *ties* it if its
    contextual value there reaches the job's contextual threshold.
    """

    schema_version: SchemaVersion = SCHEMA_VERSION
    complete: bool
    """Whether the job has ended; if not, this is of the documents that have been merged by now."""
    options: Options
    """The job's; its thresholds are those of the pairs."""
    n_documents: int
    """Documents with a report."""
    n_terms: int
    """Terms in them."""
    n_terms_left_out: int
    """Terms of documents that have more than are followed, counted in each document."""
    n_pairs: int
    """Pairs of terms that some document holds within a window; the verdicts add up to it."""
    n_held: int
    """The same, counted in each document."""
    n_tied: int
    """Of these, those that the document ties."""
    base_rate: float | None
    """`n_tied` over `n_held`; None where there are none."""
    verdicts: BatchVerdicts
    significance: Significance
    most_pairs: int
    """Most pairs in each of the lists."""
    context_only: list[BatchPair]
    """What these documents say and the language does not: the least likely by chance first."""
    both: list[BatchPair]
    """What both say, in the same order."""
    meaning_only: list[BatchPair]
    """What the language binds and these documents do not tie, by the absence least likely by chance."""
    not_comparable: list[BatchPair]
    """Pairs these documents tie of which a term has no vector, in the order of `context_only`."""
    term_documents: dict[str, int]
    """Documents that hold each term of the lists."""
    agreement: BatchAgreement
    constancy: Constancy
    companies: Companies

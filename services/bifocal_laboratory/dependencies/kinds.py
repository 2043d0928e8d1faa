"""Names of relations, and which of UD's each one stands for (https://universaldependencies.org/u/dep)."""

from types import MappingProxyType

#: For relations that none of the kinds names.
OTHER = "other"

_RELATIONS = {
    "subject": ("nsubj", "nsubj:pass", "nsubj:outer", "csubj", "csubj:pass", "csubj:outer"),
    "object": ("obj",),
    "indirect_object": ("iobj",),
    "oblique": ("obl", "obl:unmarked", "obl:agent"),
    "noun_modifier": ("nmod", "nmod:unmarked", "nmod:desc"),
    "possessive": ("nmod:poss",),
    "adjective": ("amod",),
    "adverb": ("advmod",),
    "number": ("nummod",),
    "determiner": ("det", "det:predet"),
    "case": ("case",),
    "compound": ("compound",),
    "particle": ("compound:prt",),
    "name_part": ("flat",),
    "fixed_part": ("fixed",),
    "auxiliary": ("aux", "aux:pass"),
    "copula": ("cop",),
    "marker": ("mark",),
    "conjunct": ("conj",),
    "coordinator": ("cc", "cc:preconj"),
    "clausal_complement": ("ccomp",),
    "open_complement": ("xcomp",),
    "adverbial_clause": ("advcl", "advcl:relcl"),
    "adjectival_clause": ("acl",),
    "relative_clause": ("acl:relcl",),
    "apposition": ("appos",),
    "parataxis": ("parataxis",),
    "expletive": ("expl",),
    "discourse": ("discourse",),
    "punctuation": ("punct",),
}

#: Kinds in the order of every table; the last one is `OTHER`.
KINDS: tuple[str, ...] = (*_RELATIONS, OTHER)

_KINDS = MappingProxyType({relation: kind for kind, group in _RELATIONS.items() for relation in group})


def kind_of(relation: str) -> str:
    """Kind of one of UD's relations; of a subtype that is not named, its universal relation's."""
    return _KINDS.get(relation) or _KINDS.get(relation.partition(":")[0]) or OTHER

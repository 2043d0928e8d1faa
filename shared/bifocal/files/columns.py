"""Which column of a table holds the texts, and which the ids."""

from collections.abc import Mapping, Sequence

from bifocal.errors import InvalidDocument
from bifocal.files.content import Reading

_TEXTS = ("text", "content", "body", "document", "sentence", "abstract", "message", "review", "description")
_IDS = ("id", "doc_id", "document_id", "uuid", "key")

#: Mean characters from which a column may be taken for the texts though its name does not say so.
_LEAST_MEAN_CHARS = 10


def text_column(names: Sequence[str], samples: Mapping[str, Sequence[str]], reading: Reading) -> str:
    """The column of the texts: the one that was named, one that is called so, or that of the longest values.

    Raises:
        InvalidDocument: there is none.
    """
    if reading.text_column is not None:
        return _chosen(reading.text_column, names)
    for wanted in _TEXTS:
        for name in names:
            if name.strip().lower() == wanted and name in samples:
                return name
    means = {name: sum(map(len, values)) / len(values) for name, values in samples.items() if values}
    longest = max(means, key=lambda name: means[name], default=None)
    if longest is None or means[longest] < _LEAST_MEAN_CHARS:
        raise InvalidDocument(
            f"which column holds the texts cannot be told; name it (there are {_listed(names)})"
        )
    return longest


def id_column(names: Sequence[str], text: str, reading: Reading) -> str | None:
    """The column of the ids, if there is one.

    Raises:
        InvalidDocument: the one that was named is not there.
    """
    if reading.id_column is not None:
        return _chosen(reading.id_column, names)
    return next((n for w in _IDS for n in names if n.strip().lower() == w and n != text), None)


def is_named(names: Sequence[str], reading: Reading) -> bool:
    """Whether one of `names` is that of a column of texts or ids, so that they are names."""
    known = {*_TEXTS, *_IDS, *filter(None, (reading.text_column, reading.id_column))}
    return any(name.strip().lower() in known or name in known for name in names)


def _chosen(wanted: str, names: Sequence[str]) -> str:
    if wanted not in names:
        raise InvalidDocument(f"there is no column {wanted!r}; there are {_listed(names)}")
    return wanted


def _listed(names: Sequence[str]) -> str:
    shown = [repr(name[:40]) for name in names[:20]]
    return ", ".join(shown) + (", …" if len(names) > len(shown) else "")

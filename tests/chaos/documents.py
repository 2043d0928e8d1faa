"""Documents to submit: a pool of texts, each with an id of its own, so that a report is known by its id."""

import random

_WORDS = """
    river bank loan money water judge court trial law crime doctor nurse patient hospital virus
    king queen castle army war peace ship harbour storm wind forest tree bird song music piano
""".split()  # noqa: SIM905


def pool(size: int, *, seed: int = 7) -> list[dict[str, str]]:
    """Short documents, the same ones for the same seed."""
    drawn = random.Random(seed)  # noqa: S311
    return [
        {"id": f"text-{number}", "text": " ".join(drawn.choices(_WORDS, k=drawn.randint(4, 9))) + "."}
        for number in range(size)
    ]


def telling(document: dict[str, str], what: str) -> dict[str, str]:
    """The document with a word in it that a fake lens obeys."""
    return {"id": f"{document['id']} {what}", "text": f"{document['text']} {what}"}

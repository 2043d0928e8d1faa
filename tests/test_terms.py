"""Terms of a list found in a text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bifocal.text import Segmenter, TermFinder, shard_document

SEGMENTER = Segmenter("en")


def found(text: str, *terms: str) -> list[str]:
    finder = TermFinder(terms, SEGMENTER)
    document = shard_document(text, SEGMENTER, index=0, name="d", finder=finder)
    return [text[document.word_starts[first] : document.word_ends[end - 1]] for first, end in document.terms]


@pytest.mark.parametrize(
    ("text", "terms", "expected"),
    [
        ("A Prime Minister met a minister", ["prime minister", "minister"], ["Prime Minister", "minister"]),
        ("A catalogue of cats.", ["cat"], []),
        ("New York City and New York", ["new york", "New York City"], ["New York City", "New York"]),
        ("a b a b c", ["a b a", "b a b c"], ["a b a"]),
        ("the king's crown", ["king"], ["king"]),
        ("nothing here", ["absent", "   ,"], []),
    ],
)  # fmt: skip
def test_terms_are_whole_words_in_any_case_the_first_and_longest_where_they_overlap(
    text: str, terms: list[str], expected: list[str]
) -> None:
    assert found(text, *terms) == expected


def test_a_list_has_one_hash_whatever_its_order_and_case() -> None:
    one, other, third = (
        TermFinder(terms, SEGMENTER).content_hash for terms in (["A b", "c"], ["C", "a B"], ["a", "b c"])
    )
    assert one == other != third


_WORDS = st.lists(st.sampled_from("abc"), min_size=1, max_size=12)


@given(_WORDS, st.lists(_WORDS, min_size=1, max_size=4))
def test_what_is_found_is_in_the_list_in_order_and_nothing_is_passed_over(
    words: list[str], terms: list[list[str]]
) -> None:
    spans = TermFinder([" ".join(term) for term in terms], SEGMENTER).find(words)
    wanted = {tuple(term) for term in terms}
    end = 0
    for first, last in spans:
        assert first >= end
        assert tuple(words[first:last]) in wanted
        # No term begins in the gap, and none that begins here is longer.
        for start in (*range(end, first), first):
            for term in wanted:
                fits = tuple(words[start : start + len(term)]) == term
                assert not fits or (start == first and len(term) <= last - first)
        end = last
    rest = words[end:]
    assert not any(
        tuple(rest[start : start + len(term)]) == term for term in wanted for start in range(len(rest))
    )


def test_many_terms_that_begin_alike_take_no_longer() -> None:
    finder = TermFinder([f"new place{number}" for number in range(3_000)], SEGMENTER)
    assert finder._lengths == {"new": [2]}
    assert finder.find(["new", "place7", "new", "other"]) == [(0, 2)]

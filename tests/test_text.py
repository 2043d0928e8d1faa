"""Words, sentences and offsets."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bifocal.errors import DocumentTooLarge, EmptyDocument, InvalidText, UnknownLanguage
from bifocal.text import Segmenter, checked_text, is_candidate, is_term
from bifocal.text.segment import LONG_RUN_CHARS

ENGLISH = Segmenter("en")
NO_LANGUAGE = Segmenter("xx")

any_text = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\x00"), max_size=300)
scripts = st.text("ab é中文日ーテスไทยกำ مرحبا שלום 한국 👩‍👩‍👧🇫🇷 .,'()-\n\t\u200b\u00a0", max_size=200)


def words(text: str, segmenter: Segmenter = ENGLISH) -> list[str]:
    found = segmenter.segment(text)
    return [text[s:e] for s, e in zip(found.starts, found.ends, strict=True)]


@settings(deadline=None, max_examples=300)
@given(any_text | scripts, st.sampled_from([ENGLISH, NO_LANGUAGE]))
def test_words_cover_every_sign_once_and_in_order(text: str, segmenter: Segmenter) -> None:
    found = segmenter.segment(text)
    position = 0
    for start, end in zip(found.starts.tolist(), found.ends.tolist(), strict=True):
        assert start < end <= len(text)
        assert not text[position:start].strip(), "what lies between words is white space"
        assert text[start:end].strip(), "a word is more than white space"
        position = end
    assert not text[position:].strip()


@settings(deadline=None, max_examples=200)
@given(any_text | scripts)
def test_sentences_begin_at_words_and_the_first_at_the_first(text: str) -> None:
    found = ENGLISH.segment(text)
    starts = found.sentence_starts.tolist()
    assert starts == sorted(set(starts))
    assert all(0 <= start < len(found.starts) for start in starts)
    assert not len(found.starts) or starts[0] == 0


def test_words_are_split_as_in_treebanks_and_gloves_corpus() -> None:
    assert words("Mr. Smith doesn't own the king's (old) dog.") == [
        "Mr.", "Smith", "does", "n't", "own", "the", "king", "'s", "(", "old", ")", "dog", ".",
    ]  # fmt: skip


def test_stop_words_are_the_words_that_carry_grammar() -> None:
    text = "The dog is not in it, and doesn't THE bark. " + "(" * 30 + "the"
    found = ENGLISH.segment(text)
    named = [text[found.starts[n] : found.ends[n]] for n in found.stop_words]
    # The last is beside a run of signs, which spaCy does not see.
    assert named == ["The", "is", "not", "in", "it", "and", "does", "n't", "THE"]


def test_terms_are_more_than_numbers_and_signs() -> None:
    words = ["dog", "3rd", "1999", "3,000", "...", "%", "東", "🐕", "½"]
    assert [word for word in words if is_term(word)] == ["dog", "3rd", "東", "🐕"]


def test_an_abbreviation_does_not_end_a_sentence() -> None:
    assert ENGLISH.segment("Mr. Smith went home. He slept.").sentence_starts.tolist() == [0, 5]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("你好世界!", ["你", "好", "世", "界", "!"]),
        ("東京はコーヒー。", ["東", "京", "は", "コーヒー", "。"]),
        ("สวัสดี hello", ["ส", "วั", "ส", "ดี", "hello"]),
    ],
)
def test_unspaced_scripts_give_words_by_the_documented_fallback(text: str, expected: list[str]) -> None:
    assert words(text) == expected


@pytest.mark.parametrize("sign", ["(", "a", "-", "'", "你", ".", "a-", f"{')(' * 400} "])
def test_a_megabyte_with_little_white_space_takes_linear_time(sign: str) -> None:
    # Without the fallback the first of these takes hours, so the test would not end.
    text = sign * (1_000_000 // len(sign))
    assert "".join(words(text)) == text.replace(" ", "")


def test_a_long_run_keeps_the_words_around_it_in_place() -> None:
    text = f"One word, {'(' * LONG_RUN_CHARS} then others. End."
    assert words(text) == ["One", "word", ",", "(" * LONG_RUN_CHARS, "then", "others", ".", "End", "."]


def test_offsets_are_code_points_even_beyond_the_basic_plane() -> None:
    text = "👋🏽 France"
    found = ENGLISH.segment(text)
    assert text[found.starts[-1] : found.ends[-1]] == "France"


def test_an_unknown_language_is_refused_by_name() -> None:
    with pytest.raises(UnknownLanguage, match="'qq'"):
        Segmenter("qq")


def test_a_language_that_needs_another_package_is_refused_and_not_half_read() -> None:
    with pytest.raises(UnknownLanguage, match="'ja'"):
        Segmenter("ja")


@pytest.mark.parametrize(
    ("word", "counts"), [("it", True), ("2003", True), ("👋", True), (",", False), ("…", False)]
)
def test_only_punctuation_is_no_end_of_a_pair(word: str, counts: bool) -> None:
    assert is_candidate(word) is counts


def test_a_lone_surrogate_is_named_with_its_place() -> None:
    with pytest.raises(InvalidText, match=r"U\+D800.* at character 2"):
        checked_text("ab\ud800", max_bytes=100)


def test_a_nul_is_named_with_its_place() -> None:
    with pytest.raises(InvalidText, match="NUL at character 3"):
        checked_text("abc\x00", max_bytes=100)


def test_a_text_over_the_limit_is_refused_with_both_sizes() -> None:
    with pytest.raises(DocumentTooLarge, match="101 bytes, the limit is 100"):
        checked_text("a" * 101, max_bytes=100)


@pytest.mark.parametrize("text", ["", " \n\t\u00a0"])
def test_white_space_is_no_document(text: str) -> None:
    with pytest.raises(EmptyDocument):
        checked_text(text, max_bytes=100)

"""Tokens: as RFC 2104 says, apart by field and by key, the same for documents and queries."""

import hmac
import re
from base64 import urlsafe_b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serve_app.capabilities.search.analysis import Analyser
from serve_app.capabilities.search.blind import Blinder, IndexKey, beginnings

SECRET = bytes(range(32))
ENGLISH = Analyser()
BLINDER = Blinder(IndexKey("k1", SECRET), ENGLISH)


@given(st.text(min_size=1))
def test_a_token_is_nine_bytes_of_hmac(text: str) -> None:
    whole = hmac.digest(SECRET, b"words\0" + text.encode("utf-8", "surrogatepass"), "sha256")
    assert BLINDER.token("words", text) == urlsafe_b64encode(whole[:9]).decode()
    assert re.fullmatch(r"[\w-]{12}", BLINDER.token("words", text))


def test_fields_and_keys_have_nothing_in_common() -> None:
    other = Blinder(IndexKey("k2", SECRET[::-1]), ENGLISH)
    assert len({BLINDER.token("words", "a"), BLINDER.token("beginnings", "a"), other.token("words", "a")}) == 3


@given(st.text(alphabet="abcde ", max_size=60))
def test_what_a_query_asks_for_stands_in_the_document(text: str) -> None:
    document = BLINDER.document([], [text], beginnings_of_texts=True)
    for word in ENGLISH.words(text):
        assert {term.token for term in BLINDER.terms(word)} <= set(document.words)
        for length in range(3, min(len(word), 11)):
            assert BLINDER.beginning(word[:length]).token in document.beginnings


def test_words_are_counted_and_beginnings_are_not() -> None:
    document = BLINDER.document(["Night"], ["night nights"], beginnings_of_texts=False)
    assert len(document.words) == 3
    assert len(set(document.words)) == 1
    assert len(document.beginnings) == len({*document.beginnings}) == 2  # nig, nigh: of the name alone


@pytest.mark.parametrize(
    ("word", "found"),
    [
        ("ab", []),
        ("abc", []),
        ("abcde", ["abc", "abcd"]),
        ("abcdefghij", [f"{'abcdefghijklm'[:n]}" for n in range(3, 10)]),
        ("abcdefghijklm", [f"{'abcdefghijklm'[:n]}" for n in range(3, 11)]),
    ],
)
def test_beginnings_have_three_to_ten_letters(word: str, found: list[str]) -> None:
    assert beginnings(word) == found


def test_a_long_beginning_is_looked_for_by_its_first_letters() -> None:
    assert BLINDER.beginning("schizophrenia") == BLINDER.beginning("schizophre")


def test_a_key_does_not_show_itself() -> None:
    assert "x" * 8 not in repr(IndexKey("k1", b"x" * 32))

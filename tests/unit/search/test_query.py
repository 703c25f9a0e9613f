"""What people type, and what nobody can have meant."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.decoding import decode
from common.errors import InvalidArgument
from serve_app.capabilities.search.analysis import Analyser
from serve_app.capabilities.search.doors.requests import Ask, AskRoom, Suggest
from serve_app.capabilities.search.query import LONGEST, Beginning, Part, Phrase, SearchQuery, Word, parse

ENGLISH = Analyser()


def words(*texts: str) -> tuple[Part, ...]:
    return tuple(map(Word, texts))


QUERIES: list[tuple[str, SearchQuery]] = [
    ("panic attack", SearchQuery(words("panic", "attack"))),
    ("  Panic\tATTACK\n", SearchQuery(words("panic", "attack"))),
    ("panic panic", SearchQuery(words("panic"))),
    ('"panic attack"', SearchQuery((Phrase(("panic", "attack")),))),
    ('"panic"', SearchQuery(words("panic"))),
    ('""', SearchQuery()),
    ('a "b c" d', SearchQuery((Word("a"), Phrase(("b", "c")), Word("d")))),
    ('"panic attack', SearchQuery((Phrase(("panic", "attack")),))),
    ('panic" attack', SearchQuery(words("panic", "attack"))),
    ('a"b c"d', SearchQuery((Word("a"), Phrase(("b", "c")), Word("d")))),
    ("“panic attack”", SearchQuery(words("panic", "attack"))),
    ("-panic", SearchQuery((), words("panic"))),
    ("-a -b", SearchQuery((), words("a", "b"))),
    ('sleep -"panic attack"', SearchQuery(words("sleep"), (Phrase(("panic", "attack")),))),
    ("well-being", SearchQuery(words("well", "being"))),
    ("a -well-being", SearchQuery(words("a"), words("well", "being"))),
    ("--panic", SearchQuery((), words("panic"))),
    ("- panic", SearchQuery(words("panic"))),
    ("-", SearchQuery()),
    ("*", SearchQuery()),
    ('* - "" \'', SearchQuery()),
    ("pan*", SearchQuery((Beginning("pan"),))),
    ("PÄN*", SearchQuery((Beginning("pan"),))),
    ("pan**", SearchQuery((Beginning("pan"),))),
    ("-pan*", SearchQuery((), (Beginning("pan"),))),
    ("*pan", SearchQuery(words("pan"))),
    ("p*n", SearchQuery(words("p", "n"))),
    ("pan-da*", SearchQuery((Word("pan"), Beginning("da")))),
    ("field:x", SearchQuery(words("field", "x"))),
    ("title:(a AND b)", SearchQuery(words("title", "a", "and", "b"))),
    ("[a TO b]", SearchQuery(words("a", "to", "b"))),
    ("/reg.*x/", SearchQuery(words("reg", "x"))),
    ('{"$gt":""}', SearchQuery(words("gt"))),
    ("a~2 b^3", SearchQuery(words("a", "2", "b", "3"))),
    ("a && b || !c", SearchQuery(words("a", "b", "c"))),
    ("\\u0000 \\", SearchQuery(words("u0000"))),
    ("<script>alert(1)</script>", SearchQuery(words("script", "alert", "1"))),
    ("'; drop table x --", SearchQuery(words("drop", "table", "x"))),
    ("the", SearchQuery(words("the"))),
    ("the of", SearchQuery(words("the", "of"))),
    ("2026-11-29", SearchQuery(words("2026", "11", "29", "2026-11-29"))),
    ("\u202epanic\u202c", SearchQuery(words("panic"))),
    ("pa\u200bnic", SearchQuery(words("panic"))),
    ("\u0301\u0301\u0301", SearchQuery()),
    ("a\u0301" * 3, SearchQuery(words("aaa"))),
    ("😀", SearchQuery(words("😀"))),
    ("❤️ 👍🏽", SearchQuery(words("❤", "👍"))),
    ("東京都", SearchQuery(words("東京", "京都"))),
    ("", SearchQuery()),
    (" \t\n", SearchQuery()),
    ("?!.,;:()[]{}", SearchQuery()),
    ("usr_01ab", SearchQuery(words("usr_01ab"))),
    ("x" * LONGEST, SearchQuery(words("x" * LONGEST))),
]

REFUSED = [
    ("too long", "x" * 257),
    ("too long by marks", "a" + "\u0301" * 10_000),
    ("too many words", " ".join(f"w{n}" for n in range(17))),
    ("too many in a phrase", '"' + " ".join(f"w{n}" for n in range(17)) + '"'),
    ("too many with those unwanted", " ".join(f"w{n} -v{n}" for n in range(9))),
    ("NUL", "pa\0nic"),
    ("a control character", "pa\x1bnic"),
    ("a lone surrogate", "pa\ud800nic"),
    ("no character", "pa\uffffnic"),
]

TYPED: list[tuple[str, tuple[Part, ...]]] = [
    ("pan", (Beginning("pan"),)),
    ("panic att", (Word("panic"), Beginning("att"))),
    ("panic -att", (Word("panic"),)),
    ('"panic att', (Phrase(("panic", "att")),)),
    ("pan*", (Beginning("pan"),)),
    ("", ()),
    ("-", ()),
]


@pytest.mark.parametrize(("text", "query"), QUERIES)
def test_a_query_is_read(text: str, query: SearchQuery) -> None:
    assert parse(text, ENGLISH) == query


@pytest.mark.parametrize("text", [case[1] for case in REFUSED], ids=[case[0] for case in REFUSED])
def test_what_no_query_is_is_refused_and_not_repeated(text: str) -> None:
    with pytest.raises(InvalidArgument) as refused:
        parse(text, ENGLISH)
    assert refused.value.details == {"field": "q"}
    assert text[:3] not in str(refused.value.to_wire()).replace("q", "")


@pytest.mark.parametrize(("text", "wanted"), TYPED)
def test_while_it_is_typed_the_last_word_is_a_beginning(text: str, wanted: tuple[Part, ...]) -> None:
    assert parse(text, ENGLISH, typeahead=True).wanted == wanted


@given(st.text(max_size=LONGEST) | st.text(alphabet='ab"-* \u0301', max_size=60), st.booleans())
def test_whatever_is_typed_is_read_or_refused(text: str, typeahead: bool) -> None:
    try:
        query = parse(text, ENGLISH, typeahead=typeahead)
    except InvalidArgument:
        return
    known = set(ENGLISH.words(text.replace('"', " ").replace("*", " ")))
    for part in (*query.wanted, *query.unwanted):
        assert set(part.words if isinstance(part, Phrase) else [part.text]) <= known | set(ENGLISH.words(text))


@pytest.mark.parametrize("kind", [Ask, AskRoom, Suggest])
@pytest.mark.parametrize("half", [rb"\ud800", rb"a \udfff b", rb"\udc00\ud800"])
def test_half_a_surrogate_pair_comes_in_by_no_door(kind: type[Any], half: bytes) -> None:
    sent = b'{"room_id":"r1","q":"' + half + b'"}' if kind is AskRoom else b'{"q":"' + half + b'"}'
    with pytest.raises(InvalidArgument, match="surrogate"):
        decode([msgspec.Raw(sent)], kind, 1000)

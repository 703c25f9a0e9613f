"""What people type, and what nobody can have meant."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.errors import InvalidArgument
from serve_app.capabilities.search.analysis import Analyser
from serve_app.capabilities.search.query import LONGEST, Beginning, Part, Phrase, Query, Word, parse

ENGLISH = Analyser()


def words(*texts: str) -> tuple[Part, ...]:
    return tuple(map(Word, texts))


QUERIES: list[tuple[str, Query]] = [
    ("panic attack", Query(words("panic", "attack"))),
    ("  Panic\tATTACK\n", Query(words("panic", "attack"))),
    ("panic panic", Query(words("panic"))),
    ('"panic attack"', Query((Phrase(("panic", "attack")),))),
    ('"panic"', Query(words("panic"))),
    ('""', Query()),
    ('a "b c" d', Query((Word("a"), Phrase(("b", "c")), Word("d")))),
    ('"panic attack', Query((Phrase(("panic", "attack")),))),
    ('panic" attack', Query(words("panic", "attack"))),
    ('a"b c"d', Query((Word("a"), Phrase(("b", "c")), Word("d")))),
    ("“panic attack”", Query(words("panic", "attack"))),
    ("-panic", Query((), words("panic"))),
    ("-a -b", Query((), words("a", "b"))),
    ('sleep -"panic attack"', Query(words("sleep"), (Phrase(("panic", "attack")),))),
    ("well-being", Query(words("well", "being"))),
    ("a -well-being", Query(words("a"), words("well", "being"))),
    ("--panic", Query((), words("panic"))),
    ("- panic", Query(words("panic"))),
    ("-", Query()),
    ("*", Query()),
    ('* - "" \'', Query()),
    ("pan*", Query((Beginning("pan"),))),
    ("PÄN*", Query((Beginning("pan"),))),
    ("pan**", Query((Beginning("pan"),))),
    ("-pan*", Query((), (Beginning("pan"),))),
    ("*pan", Query(words("pan"))),
    ("p*n", Query(words("p", "n"))),
    ("pan-da*", Query((Word("pan"), Beginning("da")))),
    ("field:x", Query(words("field", "x"))),
    ("title:(a AND b)", Query(words("title", "a", "and", "b"))),
    ("[a TO b]", Query(words("a", "to", "b"))),
    ("/reg.*x/", Query(words("reg", "x"))),
    ('{"$gt":""}', Query(words("gt"))),
    ("a~2 b^3", Query(words("a", "2", "b", "3"))),
    ("a && b || !c", Query(words("a", "b", "c"))),
    ("\\u0000 \\", Query(words("u0000"))),
    ("<script>alert(1)</script>", Query(words("script", "alert", "1"))),
    ("'; drop table x --", Query(words("drop", "table", "x"))),
    ("the", Query(words("the"))),
    ("the of", Query(words("the", "of"))),
    ("2026-11-29", Query(words("2026", "11", "29", "2026-11-29"))),
    ("\u202epanic\u202c", Query(words("panic"))),
    ("pa\u200bnic", Query(words("panic"))),
    ("\u0301\u0301\u0301", Query()),
    ("a\u0301" * 3, Query(words("aaa"))),
    ("😀", Query(words("😀"))),
    ("❤️ 👍🏽", Query(words("❤", "👍"))),
    ("東京都", Query(words("東京", "京都"))),
    ("", Query()),
    (" \t\n", Query()),
    ("?!.,;:()[]{}", Query()),
    ("usr_01ab", Query(words("usr_01ab"))),
    ("x" * LONGEST, Query(words("x" * LONGEST))),
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
def test_a_query_is_read(text: str, query: Query) -> None:
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

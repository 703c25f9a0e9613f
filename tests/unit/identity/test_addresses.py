"""Which e-mail addresses can be one, what a person is told about the others, and when two are the same."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from serve_app.capabilities.identity.accounts.email_addresses import Email, KnownEmail, folded, known_mailbox, mailbox

GOOD = [
    "ada@example.org",
    "mary.o'brien@example.ie",
    "r&d@example.org",
    "jane@students.med.dept.example.ac.uk",
    "a.b+c!#$%&'*/=?^_`{|}~-d@example.org",
    "jürgen@example.org",
    "用户@例子.广告",
    "info@bücher.example",
    "info@xn--bcher-kva.example",
    "nurse@clinic.local",
    "x@y.z.a.b.c.d.example.museum",
    "1@1.example",
]


@pytest.mark.parametrize("text", GOOD)
@pytest.mark.parametrize("around", ["{}", "{} ", " {}", "{}\u00a0", "\t{}\r\n", "{}\u200b", "\ufeff{}"])
def test_an_address_that_exists_can_be_registered_with_what_a_phone_puts_around_it(text: str, around: str) -> None:
    assert mailbox(around.format(text)) == mailbox(text)
    assert folded(around.format(text)) == folded(text)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("ada.example.org", "must have an @-sign"),
        ("ada@example", "not valid. It should have a period"),
        ("ada..ü@example.org", "two periods in a row"),
        ("ada@exa mple.org", "contains invalid characters"),
        ("Ada <ada@example.org>", "display name"),
        ("ada@@example.org", "invalid characters"),
        ("ada@" + "a" * 64 + ".org", "so many characters"),
        ("ada\u202e@example.org", "unsafe characters"),
        ("ada@example.org\r\nBcc: x@example.org", "invalid characters"),
        ("", "must have an @-sign"),
        ("x" * 400, "at most 320 characters"),
    ],
)
def test_whoever_mistypes_is_told_what_is_wrong_and_sees_no_pattern(text: str, told: str) -> None:
    for kind in (Email, KnownEmail):
        with pytest.raises(ValidationError) as refused:
            TypeAdapter(kind).validate_python(text)
        message = refused.value.errors()[0]["msg"]
        assert told in message
        assert not re.search(r"[\\^]|Value error", message)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("ADA@Example.ORG", "ada@example.org"),
        ("JÜRGEN@example.org", "jürgen@example.org"),
        ("ju\u0308rgen@example.org", "jürgen@example.org"),
        ("info@BÜCHER.example", "info@xn--bcher-kva.example"),
        ("O'Brien@example.ie ", "o'brien@EXAMPLE.ie"),
    ],
)
def test_spellings_of_one_address_are_one(one: str, other: str) -> None:
    assert folded(one) == folded(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("straße@example.org", "strasse@example.org"),
        ("ada@faß.example", "ada@fass.example"),
        ("ａda@example.org", "ada@example.org"),  # noqa: RUF001 - full width
        ("аda@example.org", "ada@example.org"),  # noqa: RUF001 - a Cyrillic letter, on purpose
        ("mıke@example.org", "mike@example.org"),  # noqa: RUF001 - no dot
        ("ada+1@example.org", "ada@example.org"),
    ],
)
def test_addresses_that_look_alike_stay_two(one: str, other: str) -> None:
    assert folded(one) != folded(other)


FIRST_RELEASE = r"[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63}){1,3}"


@given(st.from_regex(re.compile(FIRST_RELEASE, re.ASCII), fullmatch=True))
def test_whoever_has_an_account_is_found_as_they_were(text: str) -> None:
    """The first release kept a hash of this; what it let in and the standards do not, may still sign in."""
    assert folded(text) == text.strip().casefold()
    assert folded(known_mailbox(text)) == folded(text)


@pytest.mark.parametrize("text", [".ada@example.org", "a..b@example.org", "ada@-x.example"])
def test_what_is_no_address_may_sign_in_if_it_has_an_account_and_makes_no_new_one(text: str) -> None:
    assert TypeAdapter(KnownEmail).validate_python(text) == text
    with pytest.raises(ValidationError):
        TypeAdapter(Email).validate_python(text)

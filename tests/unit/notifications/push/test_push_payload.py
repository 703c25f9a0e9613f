"""What every push says, however long its words are; and when it is sent again."""

import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.notifications.activities import FcmAddress, Push
from serve_app.capabilities.notifications.connectors.push import MOST_BYTES, life_s, payload_of, topic_of
from serve_app.edge.conventions.retry_after import retry_after_s

NOW_MS = 1_763_631_000_000
PUSH = Push(to=FcmAddress(token="t"), delivery="dlv_" + "a" * 26, seq=7, category="appointments")
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=4000)


@given(title=TEXT.map(lambda text: text[:200]), body=TEXT)
def test_a_payload_is_never_too_long_and_always_whole(title: str, body: str) -> None:
    payload = payload_of(msgspec.structs.replace(PUSH, title=title, body=body))
    assert len(payload) <= MOST_BYTES
    members = json.loads(payload)
    assert {"v", "n", "d", "t", "u"} <= members.keys()
    shown = members.get("body", "")
    assert shown == body or body.startswith(shown.removesuffix("…"))


def test_the_last_byte_is_used() -> None:
    empty = len(payload_of(msgspec.structs.replace(PUSH, title="t")))
    fits = msgspec.structs.replace(PUSH, title="t", body="a" * (MOST_BYTES - empty))
    assert len(payload_of(fits)) == MOST_BYTES
    assert json.loads(payload_of(fits))["body"] == fits.body
    longer = msgspec.structs.replace(fits, body=fits.body + "a")
    assert len(payload_of(longer)) == MOST_BYTES
    assert json.loads(payload_of(longer))["body"] == "a" * (len(fits.body) - len("…".encode())) + "…"


def test_topics_of_two_addresses_have_nothing_in_common() -> None:
    about = msgspec.structs.replace(PUSH, topic="booking:bkg_1")
    assert topic_of(about, "one") == topic_of(about, "one") != topic_of(about, "other")
    assert len(topic_of(about, "one")) == 32
    assert topic_of(PUSH, "one") == ""


@pytest.mark.parametrize(
    ("expires_at_ms", "seconds"), [(0, 28 * 86_400), (NOW_MS + 45_999, 45), (NOW_MS - 1, 0), (NOW_MS * 2, 28 * 86_400)]
)
def test_a_push_lives_until_it_is_of_no_use(expires_at_ms: int, seconds: int) -> None:
    assert life_s(msgspec.structs.replace(PUSH, expires_at_ms=expires_at_ms), NOW_MS) == seconds


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("7", 7.0),
        ("0", 0.0),
        ("Thu, 20 Nov 2025 09:30:20 GMT", 20.0),
        ("Thu, 20 Nov 2025 09:29:00 GMT", 0.0),
        ("Thu, 20 Nov 3025 09:29:00 GMT", 86_400.0),
        ("99999999999999999999", None),
        ("-1", None),
        ("soon", None),
        ("", None),
    ],
)
def test_a_pause_is_understood_however_it_is_written(value: str, seconds: float | None) -> None:
    assert retry_after_s({"Retry-After": value}, NOW_MS) == seconds
    assert retry_after_s({}, NOW_MS, 60.0) == 60.0

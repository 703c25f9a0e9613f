"""Whose data an answer holds."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.persons import MOST, persons_in

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(["client_id", "sender_id", "user_id", "subject", "x"]), inner, max_size=4)
    ),
    max_leaves=20,
)


@pytest.mark.parametrize(
    ("answer", "persons"),
    [
        ({"bookings": [{"client_id": "ann"}, {"client_id": "bob"}, {"client_id": "ann"}]}, ["ann", "bob"]),
        ({"messages": [{"sender_id": "ann", "client_id": "mark-1"}, {"sender_id": "tess"}]}, ["ann"]),
        ({"items": [{"subject": "ann", "actor": "mo"}, {"subject": ""}]}, ["ann"]),
        ({"user_id": "ann", "members": [{"user_id": "bob"}]}, ["ann"]),
        ({"user_id": "tess"}, []),
        ([], []),
        ("ann", []),
    ],
)
def test_clients_senders_and_subjects_are_found_and_the_reader_is_not(answer: Any, persons: list[str]) -> None:
    assert persons_in(json.dumps(answer).encode(), but="tess") == persons


@pytest.mark.parametrize("answer", [b"", b"BEGIN:VCALENDAR", b"\xff", b"{"])
def test_what_is_no_json_tells_of_nobody(answer: bytes) -> None:
    assert persons_in(answer, but="") == []


def test_a_page_is_bounded() -> None:
    page = json.dumps([{"client_id": f"u{n}"} for n in range(1000)]).encode()
    assert len(persons_in(page, but="")) == MOST


@given(JSON)
def test_no_answer_is_too_strange(answer: Any) -> None:
    found = persons_in(json.dumps(answer).encode(), but="me")
    assert all(isinstance(one, str) and one != "me" for one in found)

"""Whose data an answer holds: said by its type."""

import json
from typing import Annotated, Any, Generic, TypeVar

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from common.persons import MOST, NothingToTell, OtherId, UserId, persons_in, unmarked, way_of

T = TypeVar("T")
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(["owner_id", "members", "read", "tree", "x"]), inner, max_size=4)
    ),
    max_leaves=20,
)


class Part(msgspec.Struct, rename={"user": "user_id"}):
    """A part, whose member is called otherwise in JSON."""

    user: UserId
    client_id: OtherId | None = None


class Tree(msgspec.Struct):
    """A part of itself."""

    payer_id: UserId
    branches: list["Tree"] = []


class Whole(msgspec.Struct):
    """People in every place that a type has."""

    owner_id: UserId | None = None
    members: list[Part] = []
    participants: tuple[Annotated[UserId, msgspec.Meta(max_length=9)], ...] = ()
    read: dict[UserId, int] = {}
    reactions: dict[str, list[UserId]] = {}
    either: Part | list[UserId] | None = None
    tree: Tree | None = None
    therapist_id: str = ""


class Line(BaseModel):
    """The same in a model."""

    assignee_id: UserId
    notes: dict[str, list[UserId]] = {}


class Page(BaseModel, Generic[T]):
    """A page of them."""

    items: list[T]


@pytest.mark.parametrize(
    ("kind", "answer", "persons"),
    [
        (Whole, {"owner_id": "ann", "therapist_id": "tom"}, ["ann"]),
        (Whole, {"owner_id": None}, []),
        (Whole, {"members": [{"user_id": "ann", "client_id": "mark-1"}, {"user_id": "bob"}]}, ["ann", "bob"]),
        (Whole, {"participants": ["ann", "bob", "ann"]}, ["ann", "bob"]),
        (Whole, {"read": {"ann": 7, "bob": 8}}, ["ann", "bob"]),
        (Whole, {"reactions": {"👍": ["ann"], "ann": ["bob"]}}, ["ann", "bob"]),
        (Whole, {"either": {"user_id": "ann"}}, ["ann"]),
        (Whole, {"either": ["ann", "bob"]}, ["ann", "bob"]),
        (Whole, {"tree": {"payer_id": "ann", "branches": [{"payer_id": "bob", "branches": []}]}}, ["ann", "bob"]),
        (Whole, {"owner_id": "tess", "participants": ["tess", "ann", ""]}, ["ann"]),
        (Page[Line], {"items": [{"assignee_id": "ann", "notes": {"x": ["bob"]}}]}, ["ann", "bob"]),
        (list[Line], [{"assignee_id": "ann"}], ["ann"]),
        (NothingToTell, {"user_id": "ann"}, []),
        (Whole, [], []),
        (Whole, "ann", []),
    ],
)
def test_whoever_is_marked_is_found_wherever_they_stand_and_the_reader_is_not(
    kind: Any, answer: Any, persons: list[str]
) -> None:
    assert persons_in(json.dumps(answer).encode(), kind, but="tess") == persons


@pytest.mark.parametrize("answer", [b"", b"BEGIN:VCALENDAR", b"\xff", b"{", b"[" * 100_000])
def test_what_is_no_json_tells_of_nobody(answer: bytes) -> None:
    assert persons_in(answer, Whole, but="") == []


def test_a_page_is_bounded() -> None:
    page = json.dumps({"participants": [f"u{n}" for n in range(MOST + 100)]}).encode()
    assert len(persons_in(page, Whole, but="")) == MOST


def test_a_type_without_people_is_not_even_decoded() -> None:
    assert way_of(NothingToTell) is None
    assert way_of(Whole) is way_of(Whole)  # walked once


@given(JSON)
def test_no_answer_is_too_strange(answer: Any) -> None:
    found = persons_in(json.dumps(answer).encode(), Whole, but="me")
    assert all(isinstance(one, str) and one != "me" for one in found)


class Forgetful(msgspec.Struct):
    """Somebody wrote an endpoint in a hurry."""

    payer_id: str
    watcher_ids: list[str]
    nested: dict[str, "Careless | None"]
    anything: list[Any]
    booking_id: str
    mark_id: OtherId
    user_id: UserId


class Careless(BaseModel):
    """In a part of a part."""

    assignee_id: str | None


def test_a_member_that_is_called_like_an_id_and_not_marked_is_named() -> None:
    assert unmarked(Forgetful) == [
        "Careless.assignee_id",
        "Forgetful.anything",
        "Forgetful.payer_id",
        "Forgetful.watcher_ids",
    ]

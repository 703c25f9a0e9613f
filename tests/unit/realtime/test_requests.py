"""Requests: types and bounds, and errors that name the member at fault."""

import json
from typing import Annotated, Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from actors.rooms.room import commands
from common.decoding import INSTANT_PATTERN, Request, decode
from common.errors import InvalidArgument
from realtime.delivery.requests import Hello
from serve_app.capabilities.rooms import requests
from serve_app.capabilities.rooms.requests import PostMessage
from serve_app.capabilities.rooms.writing.composing import post_of

LIMIT = 64 * 1024


def parsed(kind: type[Any], text: str) -> Any:
    return decode([msgspec.Raw(text.encode())], kind, LIMIT)


def refused(kind: type[Any], text: str) -> InvalidArgument:
    with pytest.raises(InvalidArgument) as error:
        parsed(kind, text)
    return error.value


def test_each_request_becomes_the_command_it_says() -> None:
    post = parsed(PostMessage, '{"room_id":"r","body":"hi","client_id":"c 1","attachments":[{"url":"x"}]}')
    assert post_of(post) == commands.Post(
        body="hi", client_id="c 1", kind="text", reply_to=None, attachments=b'[{"url":"x"}]'
    )
    assert parsed(requests.JoinRoom, '{"room_id":"r","since":null}').command("alice") == commands.Join(None, "alice")
    assert parsed(requests.MarkReadRequest, '{"room_id":"r","seq":3}').command("alice") == commands.MarkRead("alice", 3)
    create = parsed(requests.CreateRoom, '{"kind":"direct","members":["bob"]}')
    assert create.command("alice") == commands.Create(
        kind="direct", title="", members=("bob",), open=False, user="alice"
    )
    remove = parsed(requests.RemoveMemberRequest, '{"room_id":"r","user_id":"bob"}')
    assert remove.command("alice") == commands.RemoveMember("bob")


def test_no_argument_stands_for_an_empty_object() -> None:
    assert decode([], requests.ListRooms, LIMIT) == requests.ListRooms()
    with pytest.raises(InvalidArgument, match="room_id is missing"):
        decode([], requests.JoinRoom, LIMIT)


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ('{"body":"x"}', "room_id"),
        ('{"room_id":"r"}', "body"),
        ('{"room_id":7,"body":"x"}', "room_id"),
        ('{"room_id":"r\\n","body":"x"}', "room_id"),
        ('{"room_id":"r","body":"a\\u0000b"}', "body"),
        ('{"room_id":"r","body":"x","attachments":[1]}', "attachments[0]"),
        ('{"room_id":"r","body":"x","__proto__":1}', "__proto__"),
        ('{"room_id":"r","body":"x","' + "k" * 500 + '":1}', "k" * 64),
    ],
)
def test_an_error_names_the_member_at_fault(text: str, field: str) -> None:
    error = refused(PostMessage, text)
    assert error.details == {"field": field}
    assert error.message.startswith(field)


def test_errors_do_not_repeat_what_was_sent() -> None:
    secret = "a diagnosis"
    for text in (
        json.dumps({"room_id": secret, "body": "x"}),
        json.dumps({"room_id": "r", "body": [secret]}),
        json.dumps({"room_id": "r", "kind": secret}),
    ):
        for kind in (PostMessage, requests.CreateRoom):
            assert secret not in refused(kind, text).message


def test_a_payload_over_the_limit_is_refused_before_it_is_parsed() -> None:
    error = refused(PostMessage, '{"not even": json' + "x" * LIMIT)
    assert error.details == {"limit": LIMIT}
    assert str(LIMIT) in error.message


def test_attachments_are_shallow_and_their_numbers_small() -> None:
    def with_attachment(value: str) -> Any:
        return parsed(PostMessage, '{"room_id":"r","body":"","attachments":[{"a":' + value + "}]}")

    post_of(with_attachment("[" * 12 + "]" * 12))
    post_of(with_attachment(str(2**53 - 1)))
    for value in ("[" * 20 + "]" * 20, str(2**53), "-" + "9" * 400):
        with pytest.raises(InvalidArgument):
            post_of(with_attachment(value))


def test_the_hello_of_a_connection_ignores_what_others_add_but_not_nonsense_of_its_own() -> None:
    hello = parsed(Hello, '{"token":"t","recover":{"r1":5},"inbox":2,"from_a_proxy":true}')
    assert (hello.token, hello.recover, hello.inbox) == ("t", {"r1": 5}, 2)
    for text in ('{"recover":{"r 1":5}}', '{"recover":{"r1":-5}}', '{"recover":[]}', '{"inbox":"2"}', "[]", "null"):
        refused(Hello, text)


ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=12,
)
KINDS = [kind for kind in vars(requests).values() if isinstance(kind, type) and issubclass(kind, Request)]


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(KINDS), ANY_JSON)
def test_whatever_is_sent_is_a_request_or_an_invalid_argument(kind: type[Any], value: object) -> None:
    try:
        request = parsed(kind, json.dumps(value))
    except InvalidArgument as error:
        msgspec.json.encode(error.to_wire())
    else:
        assert isinstance(request, kind)


class Weighed(Request, frozen=True):
    """A request with whole numbers and others."""

    room_id: str
    limit: int | None = None
    seqs: list[int] = []
    weight: float = 0.5


def test_a_number_without_a_fraction_is_an_integer_however_it_is_written() -> None:
    wanted = Weighed(room_id="r", limit=994, seqs=[1000, 0, 7], weight=3.0)
    assert parsed(Weighed, '{"room_id":"r","limit":994.0,"seqs":[1e3,-0.0,7],"weight":3.0}') == wanted
    assert parsed(requests.MarkReadRequest, '{"room_id":"r","seq":3.0}') == requests.MarkReadRequest(room_id="r", seq=3)


@pytest.mark.parametrize("number", ["994.5", "1e300", "9007199254740993.0", '"994.0"', "true", "1e400"])
def test_what_is_no_whole_number_is_refused_as_before(number: str) -> None:
    assert refused(Weighed, f'{{"room_id":"r","seqs":[1.0],"limit":{number}}}').code == "invalid_argument"


def test_what_else_is_wrong_is_still_named_beside_such_a_number() -> None:
    assert (refused(Weighed, '{"limit":1.0}').details or {}).get("field") == "room_id"
    assert (refused(Weighed, '{"room_id":"r","limit":1.0,"seqs":["x"]}').details or {}).get("field") == "seqs[0]"


class Timed(Request, frozen=True):
    """A request with a time in the form of RFC 3339."""

    at: Annotated[str, msgspec.Meta(pattern=INSTANT_PATTERN)]


@pytest.mark.parametrize("at", ["2026-11-20", "2026-11-20T09:30:00", "2026-11-20T09:30:00Z\\n", "tomorrow"])
def test_a_time_in_another_form_is_refused_with_one_in_the_right_form(at: str) -> None:
    assert refused(Timed, f'{{"at":"{at}"}}').message == "at is a time with an offset, such as 2026-11-20T09:30:00Z."

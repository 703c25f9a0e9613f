"""What a capability declares of its doors."""

import msgspec
import pytest

from actors.kernel.contract.answers import Reply
from common.persons import NothingToTell
from serve_app.edge.operation import Result, encoded, result_of, version_of
from serve_app.edge.server_events import ServerEvent, by_name


def test_an_event_of_the_server_is_declared_once() -> None:
    one, other = (ServerEvent(name, NothingToTell, "everybody") for name in ("message", "reaction"))
    assert by_name([one, other]) == {"message": one, "reaction": other}
    with pytest.raises(LookupError, match="'message' is declared twice"):
        by_name([one, other, ServerEvent("message", NothingToTell, "nobody")])


def test_whatever_an_operation_gives_back_is_encoded_once() -> None:
    ready = b'{"seq":7}'
    assert encoded(result_of(Reply(ready, 3, False)).body) is ready
    assert encoded(result_of({"seq": 7}).body) == ready
    assert encoded(result_of(NothingToTell()).body) == b"{}"


def test_an_answer_says_its_version_only_when_the_operation_does() -> None:
    assert result_of(Reply(b"{}", 3, False)).version is None
    result = Result({}, status=201, version=4, persons=["ada"])
    assert result_of(result) is result


class Thing(msgspec.Struct):
    version: int
    label: str = ""


class ThingReply(msgspec.Struct):
    thing: Thing
    because: str = ""


class TwoThings(msgspec.Struct):
    one: Thing
    other: Thing


@pytest.mark.parametrize(
    ("result", "version"),
    [
        (Result(Thing(7)), 7),
        (Result(ThingReply(Thing(7))), 7),
        (Result(ThingReply(Thing(7)), version=9), 9),
        (Result(TwoThings(Thing(7), Thing(8))), None),
        (Result(NothingToTell()), None),
        (Result(b'{"version":7}'), None),
    ],
)
def test_a_version_is_that_of_the_one_thing_that_is_shown(result: Result, version: int | None) -> None:
    assert version_of(result) == version

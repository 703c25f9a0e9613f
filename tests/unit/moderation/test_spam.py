"""The same text to many is slowed down, for a while, and only for those who have no reason to send it."""

from typing import Any

import msgspec
import pytest
from typing_extensions import override

from actors.kernel.contract.entity import Principal
from common.clock import SystemClock
from common.errors import RateLimited
from common.persons import NothingToTell
from serve_app.capabilities.files.requests import ShareFile, ShareImage
from serve_app.capabilities.moderation.spam import BURST, LINKS, ROOMS, SAME_TEXT, SHORTEST, WINDOW_MS, Spreading
from serve_app.capabilities.rooms.later.operations import ScheduleMessage
from serve_app.capabilities.rooms.requests import PostMessage
from serve_app.edge.operation import Caller, Operation

TEXT = "Come and see my new shop, everything is cheap"


class Stopped(SystemClock):
    """Stands still until it is put forward."""

    at_ms = 1_000_000

    @override
    def now_ms(self) -> int:
        return self.at_ms


@pytest.fixture
def clock() -> Stopped:
    return Stopped()


def said_to(same: Spreading, count: int, text: str = TEXT, *, user: str = "ann", role: str = "client") -> None:
    for number in range(count):
        same.note(user, role, f"room-{number}", text)


def test_one_room_too_many_waits_and_is_told_for_how_long(clock: Stopped) -> None:
    same = Spreading(clock)
    said_to(same, ROOMS["client"][SAME_TEXT])
    clock.at_ms += 60_000
    with pytest.raises(RateLimited) as refused:
        same.note("ann", "client", "room-x", f"  {TEXT.upper()}\n")
    assert refused.value.details == {"reason": SAME_TEXT}
    assert refused.value.retry_after_s == (WINDOW_MS - 60_000) // 1000
    same.note("ann", "client", "room-0", TEXT)  # where it was said already it may be said again
    clock.at_ms += WINDOW_MS - 60_000
    same.note("ann", "client", "room-x", TEXT)


def test_others_other_texts_short_ones_and_staff_go_on(clock: Stopped) -> None:
    same = Spreading(clock)
    said_to(same, ROOMS["client"][SAME_TEXT])
    same.note("bob", "client", "room-x", TEXT)
    same.note("ann", "client", "room-x", TEXT + "!!")
    said_to(same, ROOMS["client"][BURST], "x" * (SHORTEST - 1), user="cyd")
    said_to(same, 50, user="tess", role="therapist")


async def said(_: Any, __: Caller) -> NothingToTell:
    return NothingToTell()


LATER = "2126-01-01T00:00:00Z"


@pytest.mark.parametrize(
    ("name", "request_", "more"),
    [
        ("message", PostMessage, {"body": TEXT}),
        ("schedule_message", ScheduleMessage, {"body": TEXT, "send_at": LATER}),
        ("share_file", ShareFile, {"file_id": "file_1", "caption": TEXT}),
        ("share_image", ShareImage, {"file_id": "file_1", "caption": TEXT}),
    ],
)
async def test_however_it_is_said_it_counts(
    clock: Stopped, name: str, request_: type[msgspec.Struct], more: dict[str, str]
) -> None:
    same = Spreading(clock)
    operation: Operation[Any] = Operation(
        name=name, action="room.post", request=request_, call=said, rest=None, limit="message"
    )
    slowed, ann = same.slowed(operation), Caller(Principal("ann", "client"), "t")
    for number in range(ROOMS["client"][SAME_TEXT]):
        await slowed.call(msgspec.convert({"room_id": f"room-{number}"} | more, request_), ann)
    with pytest.raises(RateLimited):
        await slowed.call(msgspec.convert({"room_id": "room-x"} | more, request_), ann)


def test_no_text_is_kept(clock: Stopped) -> None:
    same = Spreading(clock)
    said_to(same, 2)
    assert "shop" not in repr(vars(same))


@pytest.mark.parametrize(("reason", "text"), [(LINKS, "see www.example.org/{}"), (BURST, "hello {}")])
def test_other_links_and_other_words_to_many_wait_too_and_staff_goes_on(clock: Stopped, reason: str, text: str) -> None:
    spreading = Spreading(clock)
    most = ROOMS["client"][reason]
    for number in range(most):
        spreading.note("ann", "client", f"room-{number}", text.format(number))
        spreading.note("tess", "therapist", f"room-{number}", text.format(number))
    with pytest.raises(RateLimited) as refused:
        spreading.note("ann", "client", "room-x", text.format("x"))
    assert refused.value.details == {"reason": reason}
    assert refused.value.retry_after_s == WINDOW_MS // 1000
    spreading.note("ann", "client", "room-0", text.format("x"))
    spreading.note("tess", "therapist", "room-x", text.format("x"))
    clock.at_ms += WINDOW_MS
    spreading.note("ann", "client", "room-x", text.format("x"))


def test_what_was_refused_is_not_counted(clock: Stopped) -> None:
    spreading = Spreading(clock)
    said_to(spreading, ROOMS["client"][SAME_TEXT])
    for number in range(100, 150):
        with pytest.raises(RateLimited):
            spreading.note("ann", "client", f"room-{number}", TEXT)
    spreading.note("ann", "client", "room-x", "something else")

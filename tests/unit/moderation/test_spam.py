"""The same text to many is slowed down, for a while, and only for those who have no reason to send it."""

import pytest
from typing_extensions import override

from common.clock import SystemClock
from common.errors import RateLimited
from serve_app.capabilities.moderation.spam import ROOMS, SAME_TEXT, SHORTEST, WINDOW_MS, SameText

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


def said_to(same: SameText, count: int, text: str = TEXT, *, user: str = "ann", role: str = "client") -> None:
    for number in range(count):
        same.note(user, role, f"room-{number}", text)


def test_one_room_too_many_waits_and_is_told_for_how_long(clock: Stopped) -> None:
    same = SameText(clock)
    said_to(same, ROOMS["client"])
    clock.at_ms += 60_000
    with pytest.raises(RateLimited) as refused:
        same.note("ann", "client", "room-x", f"  {TEXT.upper()}\n")
    assert refused.value.details == {"reason": SAME_TEXT}
    assert refused.value.retry_after_s == (WINDOW_MS - 60_000) // 1000
    same.note("ann", "client", "room-0", TEXT)  # where it was said already it may be said again
    clock.at_ms += WINDOW_MS - 60_000
    same.note("ann", "client", "room-x", TEXT)


def test_others_other_texts_short_ones_and_staff_go_on(clock: Stopped) -> None:
    same = SameText(clock)
    said_to(same, ROOMS["client"])
    same.note("bob", "client", "room-x", TEXT)
    same.note("ann", "client", "room-x", TEXT + "!!")
    said_to(same, 50, "x" * (SHORTEST - 1))
    said_to(same, 50, user="tess", role="therapist")


def test_no_text_is_kept(clock: Stopped) -> None:
    same = SameText(clock)
    said_to(same, 2)
    assert "shop" not in repr(vars(same))

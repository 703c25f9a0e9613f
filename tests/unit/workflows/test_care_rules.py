"""What follows from care: everybody hears of a cover, and the conversation is as the care is."""

from typing import Any, Final

import pytest
from msgspec.structs import replace

from actors.care.events import CareAccepted, CareBound, CareEnded, CareEvent, CarePaused, CareResumed, CoverChanged
from actors.care.state import CareRecord, Cover
from actors.rooms.conversation.binding import Bond
from actors.rooms.conversation.commands import FollowCare, Stead
from tests.unit.workflows.test_alarm_rules import AT, heard, letters

COVER: Final = Cover(id="cov_1", therapist="eve", since=AT, until=AT + 60_000, hidden=True, state="active")
CARE: Final = CareRecord(
    id="care_1", client="ann", therapist="tess", state="active", by="tess", since=AT, room="room_1", covers=(COVER,)
)
FOLLOWED: Final[dict[str, type[CareEvent]]] = {
    "follow_care_bound": CareBound,
    "follow_care_accepted": CareAccepted,
    "follow_care_paused": CarePaused,
    "follow_care_resumed": CareResumed,
    "follow_care_ended": CareEnded,
}
TOLD: Final = {"tell_cover", "follow_cover", *FOLLOWED}


def the_event(kind: type[CareEvent], care: CareRecord = CARE) -> CareEvent:
    more: dict[str, Any] = {"cover": COVER} if kind is CoverChanged else {}
    return kind(care=care, **more)


def test_everybody_hears_of_a_cover_who_is_named() -> None:
    told = heard("tell_cover", CoverChanged(care=CARE, cover=COVER, told=("ann", "eve")))
    assert [(to, name) for to, name, _ in told] == [("user:ann", "cover_updated"), ("user:eve", "cover_updated")]
    assert told[0][2]["cover"] == {
        "cover_id": "cov_1",
        "care_id": "care_1",
        "therapist_id": "eve",
        "from": "2025-11-20T09:30:00.000Z",
        "until": "2025-11-20T09:31:00.000Z",
        "history": "none",
        "state": "active",
    }


@pytest.mark.parametrize(("rule", "kind"), [*FOLLOWED.items(), ("follow_cover", CoverChanged)])
def test_the_conversation_is_told_all_that_is_true_of_the_care(rule: str, kind: type[CareEvent]) -> None:
    ((to, said),) = letters(rule, the_event(kind, replace(CARE, state="paused", until=9)), FollowCare)
    assert to == "room:room_1"
    assert said == FollowCare(Bond("care_1", AT, 7, "paused"), 9, (Stead("eve", True),))


@pytest.mark.parametrize(("rule", "kind"), [*FOLLOWED.items(), ("follow_cover", CoverChanged)])
def test_where_there_is_no_conversation_nobody_is_told(rule: str, kind: type[CareEvent]) -> None:
    assert letters(rule, the_event(kind, replace(CARE, room="")), FollowCare) == []


def test_a_cover_that_is_to_come_is_in_no_conversation_yet() -> None:
    planned = replace(COVER, state="planned")
    ((_, said),) = letters("follow_cover", the_event(CoverChanged, replace(CARE, covers=(planned,))), FollowCare)
    assert said.covers == ()

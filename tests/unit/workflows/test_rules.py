"""Rule by rule: the event, and what follows."""

from dataclasses import dataclass, field
from typing import Any

import msgspec
import pytest

from actors.calendars.booking.answers import shown
from actors.calendars.booking.events import BookingChanged, Reminded, Resolution
from actors.calendars.booking.state import BookingDetails
from actors.calendars.waitlist.answers import shown as offered
from actors.calendars.waitlist.events import OfferMade
from actors.calendars.waitlist.state import FreedSlot, Offer
from actors.care.events import CareAccepted, CareBegun, CareEnded, CarePaused, CareResumed
from actors.care.state import CareRecord
from actors.care.state import shown as care_shown
from actors.kernel.contract.commands import command_id_of
from actors.kernel.contract.entity import SYSTEM, Event, Recorded
from actors.kernel.contract.reactions import owed_by
from actors.rooms.conversation.binding import Binding
from actors.rooms.conversation.policy import PLAIN
from actors.rooms.room.events import Created, Joined, Left, Profile
from tests.unit.rooms.harness import World
from tests.unit.workflows.safety_rules import SAFETY_RULES
from tests.unit.workflows.test_alarm_rules import TOLD as ALARMS
from tests.unit.workflows.test_care_rules import TOLD as CARE_RULES
from tests.unit.workflows.test_conversation_rules import TOLD as CONVERSATION_RULES
from tests.unit.workflows.test_device_key_rules import TOLD as KEYS
from tests.unit.workflows.test_file_rules import TOLD as FILES
from tests.unit.workflows.test_notice_rules import TOLD as NOTICES
from tests.unit.workflows.test_payment_rules import TESTED as PAYMENT_RULES
from tests.unit.workflows.test_said_rules import TOLD as SAID
from tests.unit.workflows.test_table import KINDS, RULES
from tests.unit.workflows.test_worksheet_rules import TOLD as WORKSHEETS
from tests.unit.workflows.video.test_call_rules import TOLD as CALLS
from tests.unit.workflows.video.test_media_rules import TOLD as MEDIA
from tests.unit.workflows.video.test_meeting_rules import TOLD as MEETINGS

AT = 1_763_631_000_000
PROFILE = Profile(kind="group", title="Team", open=False, owner="ann", created_at=AT)
ROOM = {
    "room_id": "1",
    "kind": "group",
    "title": "Team",
    "open": False,
    "owner_id": "ann",
    "created_at": "2025-11-20T09:30:00.000Z",
    "last_seq": 7,
    "state": "open",
    "policy": msgspec.to_builtins(PLAIN),
    "policy_version": 0,
}
REQUESTED = msgspec.structs.replace(
    PROFILE, binding=Binding(relation="client_client", state="requested", maker="ann", asked="bob", policy_version=1)
)
ASKED_FOR = ROOM | {"state": "requested", "policy_version": 1, "relation": "client_client"}
RECORD = BookingDetails(
    id="1",
    therapist="doc",
    client="ann",
    service="talk",
    start=AT,
    end=AT + 3_600_000,
    tz="UTC",
    status="confirmed",
    key="1.1",
    parties=("calendar:doc",),
    former="eve",
)
BOOKING = msgspec.json.decode(msgspec.json.encode(shown(RECORD, 7)))
TAKEN = Resolution("calendar:doc", "1.1", "taken")
CARE = CareRecord(id="1", client="ann", therapist="doc", state="active", by="doc", since=AT)
OFFER = Offer(id="1", entry="w1", client="ann", calendar="doc", service="talk", opening=FreedSlot("doc", AT, AT + 1))


@dataclass
class Case:
    """The event numbered 7 of the entity 1, whom it tells what, and the place of the first letter among all that the
    event sends."""

    rule: str
    event: Event
    told: list[tuple[str, str, dict[str, Any]]] = field(default_factory=list)
    first_place: int = 0
    beside: tuple[str, dict[str, Any]] | None = None  # what each of them is told besides, in the same letter


EXPIRED = BOOKING | {"status": "expired"}
CASES = [
    Case(
        "tell_first_members",
        Created(author="ann", at=AT, profile=PROFILE, members=("ann", "bob", "cyd")),
        [("user:bob", "room_added", {"room": ROOM}), ("user:cyd", "room_added", {"room": ROOM})],
    ),
    Case(
        "tell_first_members",
        Created(author="ann", at=AT, profile=REQUESTED, members=("ann", "bob")),
        [("user:bob", "conversation_requested", {"room": ASKED_FOR})],
    ),
    Case(
        "tell_added_member",
        Joined(author="ann", at=AT, user="bob", profile=PROFILE),
        [("user:bob", "room_added", {"room": ROOM})],
    ),
    Case("tell_added_member", Joined(author="bob", at=AT, user="bob", profile=PROFILE)),
    Case(
        "tell_removed_member",
        Left(author="ann", at=AT, user="bob"),
        [("user:bob", "room_removed", {"room_id": "1"})],
    ),
    Case("tell_removed_member", Left(author="bob", at=AT, user="bob")),
    Case(
        "tell_booking_changed",
        BookingChanged(change="confirmed", record=RECORD, verdicts=(TAKEN,)),
        [(f"user:{user}", "booking_updated", {"booking": BOOKING, "change": "confirmed"}) for user in ("ann", "doc")],
        first_place=1,
        beside=("booking_notification", {"success": True, "booking": BOOKING}),
    ),
    Case(
        "tell_booking_changed",
        BookingChanged(change="transferred", record=RECORD),
        [
            (f"user:{user}", "booking_updated", {"booking": BOOKING, "change": "transferred"})
            for user in ("ann", "doc", "eve")
        ],
        beside=("booking_notification", {"success": True, "booking": BOOKING}),
    ),
    Case(
        "tell_booking_changed",
        BookingChanged(change="created", record=msgspec.structs.replace(RECORD, wish="w1"), verdicts=(TAKEN, TAKEN)),
        [(f"user:{user}", "booking_updated", {"booking": BOOKING, "change": "created"}) for user in ("ann", "doc")],
        first_place=3,  # behind two verdicts and the end of the offer
        beside=("booking_notification", {"success": True, "booking": BOOKING}),
    ),
    Case(
        "tell_booking_changed",
        BookingChanged(change="expired", record=msgspec.structs.replace(RECORD, status="expired")),
        [(f"user:{user}", "booking_updated", {"booking": EXPIRED, "change": "expired"}) for user in ("ann", "doc")],
        beside=("booking_notification", {"success": False, "booking": EXPIRED}),
    ),
    Case(
        "tell_reminder",
        Reminded(record=RECORD, starts_in_ms=60_000),
        [(f"user:{user}", "appointment_reminder", {"booking": BOOKING, "starts_in": 60}) for user in ("ann", "doc")],
    ),
    *[
        Case(
            f"tell_care_{name}",
            event(care=CARE, told=("ann", "doc")),
            [(f"user:{user}", "care_updated", msgspec.to_builtins(care_shown(CARE))) for user in ("ann", "doc")],
        )
        for name, event in (
            ("begun", CareBegun),
            ("accepted", CareAccepted),
            ("paused", CarePaused),
            ("resumed", CareResumed),
            ("ended", CareEnded),
        )
    ],
    Case(
        "tell_offer",
        OfferMade(offer=OFFER),
        [("user:ann", "waitlist_offer", {"offer": msgspec.to_builtins(offered(OFFER))})],
        first_place=1,  # behind the letter that takes the time
    ),
]


def names(case: Case) -> str:
    return f"{case.rule}-{case.event.__class__.__name__}"


def test_every_rule_has_a_case_that_tells_somebody() -> None:
    assert (
        {case.rule for case in CASES if case.told}
        | ALARMS
        | SAFETY_RULES
        | CALLS
        | CARE_RULES
        | CONVERSATION_RULES
        | FILES
        | KEYS
        | MEDIA
        | MEETINGS
        | NOTICES
        | PAYMENT_RULES
        | SAID
        | WORKSHEETS
        == RULES.keys()
    )


@pytest.mark.parametrize("case", CASES, ids=names)
def test_what_follows_from_the_event(case: Case) -> None:
    rule = RULES[case.rule]
    assert isinstance(case.event, rule.event)
    letters = owed_by([rule], f"{rule.kind}:1", Recorded(7, AT, 3, case.event), "7").letters
    assert all(letter.to.partition(":")[0] in rule.to for _, letter in letters)
    told = []
    for _, letter in letters:
        host = World(KINDS[letter.to.partition(":")[0]])
        done = host.do(letter.to, host.host.decode_command(letter.command), SYSTEM)  # as its receiver understands it
        for number, (_, payload) in enumerate(packets := done.packets, 1):
            assert payload.pop("event_id").startswith("evt_")
            assert payload.pop("inbox_seq") == number
        (name, payload), *beside = packets
        told.append((letter.to, name, payload))
        assert beside == ([] if case.beside is None else [list(case.beside)])
    assert told == case.told


@pytest.mark.parametrize("case", CASES, ids=names)
def test_what_was_told_before_there_was_a_table_is_told_under_the_same_ids(case: Case) -> None:
    """Else going over the journal with a rule would tell it twice."""
    rule = RULES[case.rule]
    letters = owed_by([rule], f"{rule.kind}:1", Recorded(7, AT, 3, case.event), "7").letters
    numbered = enumerate(case.told, case.first_place)
    before = [command_id_of(to, f"{rule.kind}:1", 7, place) for place, (to, _, _) in numbered]
    assert [command_id for command_id, _ in letters] == before

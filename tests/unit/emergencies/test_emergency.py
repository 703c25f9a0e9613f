"""An emergency: who is asked when, who has it, and how it ends."""

from collections.abc import Sequence

import msgspec
import pytest

from actors.emergencies.emergency.commands import (
    AcknowledgeEmergency,
    CancelEmergency,
    Cry,
    ForgetPerson,
    GetEmergency,
    HandOff,
    Raise,
    Resolve,
)
from actors.emergencies.emergency.entity import look_key
from actors.emergencies.emergency.events import EmergencyChanged, LocationForgotten
from actors.emergencies.emergency.kind import EmergencyKind
from actors.emergencies.records import Location
from actors.kernel.contract.activities import Answered
from actors.kernel.contract.entity import SYSTEM, Principal
from common.errors import Conflict, FailedPrecondition, InvalidArgument, NotFound, PermissionDenied
from tests.unit.emergencies.rig import ADA, BOSS, MO, RUNGS, STEPS, TESS, Bedside
from tests.unit.rooms.harness import World

CRY = msgspec.msgpack.encode(Cry(message="I am not safe", location=Location(lat=52.5, lon=13.4)))


def nobody(rung: int) -> None:
    """No look-up is ever answered."""


def test_the_first_rung_is_asked_in_the_turn_of_the_cry_and_the_next_ones_with_all_before_them() -> None:
    bedside = Bedside()
    bedside.cry()
    bedside.later(215)
    assert bedside.asked == [
        (0, ("tess",)),
        (60, ("tess", "mo")),
        (90, ("tess", "mo", "boss")),
        (210, ("tess", "mo", "boss")),
    ]


def test_the_last_rung_is_asked_again_after_twice_the_time_and_never_later_than_a_quarter_of_an_hour() -> None:
    bedside = Bedside()
    bedside.cry()
    bedside.later(90 + 120 + 240 + 480 + 900 + 900 + 1)
    assert [at for at, _ in bedside.asked[2:]] == [90, 210, 450, 930, 1830, 2730]


def test_mail_goes_out_once_a_rung() -> None:
    bedside = Bedside()
    bedside.cry()
    bedside.later(3000)
    mailed = [event.mailed for _, event in bedside.events if isinstance(event, EmergencyChanged) and event.asked]
    assert mailed[:3] == [("tess",), ("tess", "mo"), ("tess", "mo", "boss")]
    assert not any(mailed[3:])


def test_a_rung_names_its_channels() -> None:
    bedside = Bedside()
    quiet = (RUNGS[0], msgspec.structs.replace(RUNGS[1], channels=("push",)))
    bedside.cry(rungs=quiet, known=(("tess",), ("mo",)))
    bedside.later(61)
    told = [event for _, event in bedside.events if isinstance(event, EmergencyChanged)][-1]
    assert (told.channels, told.mailed) == (("push",), ())


@pytest.mark.parametrize("empty", [0, 1])
def test_a_rung_of_nobody_is_skipped_at_once(empty: int) -> None:
    people: list[Sequence[str]] = [["tess"], ["mo"], ["boss"]]
    people[empty] = []
    bedside = Bedside(on=people.__getitem__)
    bedside.cry(known=tuple(map(tuple, people)))
    bedside.later(61)
    assert bedside.asked == (
        [(0, ("mo",)), (30, ("mo", "boss"))] if empty == 0 else [(0, ("tess",)), (60, ("tess", "boss"))]
    )
    assert "skipped" in [line.what for line in bedside.emergency.log]


def test_who_joins_a_rung_before_it_begins_is_asked_and_who_leaves_it_is_not() -> None:
    people = [["tess"], ["mo"], ["boss"]]
    bedside = Bedside(on=people.__getitem__)
    bedside.cry()
    people[1] = ["mia"]
    bedside.later(61)
    assert bedside.asked[-1] == (60, ("tess", "mia"))


def test_where_nobody_looks_them_up_those_are_asked_who_stood_there_when_it_was_raised() -> None:
    bedside = Bedside(on=nobody)
    bedside.cry()
    bedside.later(62)
    assert bedside.asked == [(0, ("tess",)), (60, ("tess", "mo"))]


def test_who_is_found_too_late_is_asked_all_the_same() -> None:
    bedside = Bedside(on=nobody)
    bedside.cry()
    bedside.later(60.1)
    late = look_key(bedside.emergency.step)
    bedside.later(2)
    bedside.answer(Answered(key=late, outcome="done", result=msgspec.msgpack.encode({"users": ["mo", "mia", "ada"]})))
    assert bedside.asked[-1] == (62, ("mia",))
    bedside.answer(Answered(key=late, outcome="done", result=msgspec.msgpack.encode({"users": ["mo", "mia"]})))
    assert len(bedside.asked) == 3


def test_a_look_up_that_fails_is_no_reason_to_wait() -> None:
    bedside = Bedside(on=nobody)
    bedside.cry()
    bedside.later(60.1)
    bedside.answer(Answered(key=look_key(bedside.emergency.step), outcome="dropped"))
    assert bedside.asked[-1][1] == ("tess", "mo")


def test_what_carewire_raises_finds_its_ladder_by_itself() -> None:
    bedside = Bedside()
    bedside.cry(by="", rungs=(), known=())
    bedside.look()
    assert bedside.emergency.rungs == RUNGS
    assert bedside.asked == [(0, ("tess",))]
    alone = Bedside(on=nobody)
    alone.cry(by="", rungs=(), known=())
    alone.later(1)
    assert [rung.role for rung in alone.emergency.rungs] == ["", "moderator", "admin"]


def test_the_first_to_acknowledge_has_it() -> None:
    bedside = Bedside()
    bedside.cry(known=(("tess", "tom"), (), ()))
    bedside.do(AcknowledgeEmergency(), TESS)
    assert bedside.do(AcknowledgeEmergency(), TESS).events == ()
    with pytest.raises(Conflict) as refused:
        bedside.do(AcknowledgeEmergency(), Principal("tom", "therapist"))
    assert refused.value.details == {"acknowledged_by": "tess"}
    bedside.later(500)
    assert len(bedside.asked) == 1


@pytest.mark.parametrize("who", [ADA, MO, Principal("eve", "therapist")])
def test_who_was_not_asked_and_the_person_themselves_do_not_acknowledge(who: Principal) -> None:
    bedside = Bedside()
    bedside.cry()
    with pytest.raises((NotFound, PermissionDenied)):
        bedside.do(AcknowledgeEmergency(), who)
    with pytest.raises((NotFound, PermissionDenied)):
        bedside.do(Resolve(), who)
    assert bedside.status == "raised"


def test_an_administrator_may_acknowledge_unasked() -> None:
    bedside = Bedside()
    bedside.cry()
    bedside.do(AcknowledgeEmergency(), BOSS)
    assert bedside.emergency.owner == "boss"


def test_what_is_handed_over_comes_back_unless_they_acknowledge_in_time() -> None:
    bedside = Bedside()
    bedside.cry()
    with pytest.raises(PermissionDenied):
        bedside.do(HandOff("mo"), TESS)
    bedside.do(AcknowledgeEmergency(), TESS)
    bedside.do(HandOff("mo"), TESS)
    assert bedside.asked[-1] == (0, ("mo",))
    bedside.later(61)
    assert (bedside.emergency.status, bedside.emergency.owner) == ("acknowledged", "tess")
    assert bedside.asked[-1] == (60, ("tess",))
    bedside.do(HandOff("mo"), TESS)
    bedside.do(AcknowledgeEmergency(), MO)
    bedside.later(61)
    assert (bedside.emergency.status, bedside.emergency.owner) == ("acknowledged", "mo")


def test_it_cannot_be_handed_to_whom_it_is_about_or_to_oneself() -> None:
    bedside = Bedside()
    bedside.cry()
    bedside.do(AcknowledgeEmergency(), TESS)
    for to in ("ada", "tess"):
        with pytest.raises(InvalidArgument):
            bedside.do(HandOff(to), TESS)


def test_what_is_not_resolved_is_raised_again_and_all_are_asked_at_once() -> None:
    bedside = Bedside()
    bedside.cry()
    bedside.later(61)
    bedside.do(AcknowledgeEmergency(), MO)
    bedside.later(900)
    assert bedside.status == "raised"
    assert bedside.asked[2] == (961, ("tess", "mo"))
    bedside.do(AcknowledgeEmergency(), TESS)
    bedside.do(Resolve(), TESS)
    bedside.later(100_000)
    assert bedside.status == "resolved"


def test_after_a_day_without_an_answer_nobody_is_asked_any_more() -> None:
    bedside = Bedside()
    bedside.cry()
    bedside.later(86_401)
    assert bedside.status == "unanswered"
    told = len(bedside.asked)
    bedside.later(10_000)
    assert len(bedside.asked) == told
    assert len(bedside.emergency.log) < 201


def test_a_second_cry_joins_and_the_graver_kind_counts() -> None:
    bedside = Bedside()
    bedside.cry(kind="medical")
    bedside.cry(kind="other")
    kinds = [bedside.emergency.kind]
    bedside.cry(kind="self_harm")
    assert [*kinds, bedside.emergency.kind] == ["medical", "self_harm"]
    assert [line.what for line in bedside.emergency.log] == ["raised", "joined", "joined"]
    assert len(bedside.asked) == 1


def test_who_raised_it_cancels_it_and_nobody_else_does() -> None:
    bedside = Bedside()
    bedside.cry(by="tess")
    with pytest.raises(PermissionDenied):
        bedside.do(CancelEmergency(), ADA)
    bedside.do(CancelEmergency(), TESS)
    assert bedside.do(CancelEmergency(), TESS).events == ()
    with pytest.raises(FailedPrecondition):
        bedside.do(AcknowledgeEmergency(), TESS)


def test_what_carewire_raised_staff_cancels_and_not_the_person() -> None:
    bedside = Bedside()
    bedside.cry(by="")
    with pytest.raises(PermissionDenied):
        bedside.do(CancelEmergency(), ADA)
    bedside.do(CancelEmergency(), TESS)
    assert bedside.status == "cancelled"


def test_a_person_cannot_join_what_is_over_but_carewire_raises_it_again() -> None:
    bedside = Bedside()
    bedside.cry()
    bedside.do(CancelEmergency(), ADA)
    with pytest.raises(FailedPrecondition):
        bedside.cry()
    bedside.cry(by="", kind="self_harm")
    assert (bedside.emergency.status, bedside.emergency.kind) == ("raised", "self_harm")


def test_only_carewire_itself_raises_one() -> None:
    with pytest.raises(PermissionDenied):
        Bedside().do(Raise(user="ada", kind="other"), ADA)


def test_who_is_erased_leaves_nobody_alone() -> None:
    bedside = Bedside()
    bedside.cry(known=(("tess", "tom"), (), ()))
    bedside.do(AcknowledgeEmergency(), TESS)
    bedside.do(ForgetPerson("tess"), SYSTEM)
    assert bedside.status == "raised"
    assert bedside.asked[-1] == (0, ("tom",))
    bedside.do(AcknowledgeEmergency(), Principal("tom", "therapist"))
    bedside.do(HandOff("mo"), Principal("tom", "therapist"))
    bedside.do(ForgetPerson("mo"), SYSTEM)
    assert (bedside.emergency.status, bedside.emergency.owner) == ("acknowledged", "tom")
    bedside.do(ForgetPerson("ada"), SYSTEM)
    assert bedside.status == "cancelled"


def test_the_log_keeps_its_first_line_and_its_newest() -> None:
    bedside = Bedside()
    for _ in range(300):
        bedside.cry()
    assert len(bedside.emergency.log) == 200
    assert bedside.emergency.log[0].what == "raised"


def test_where_they_are_is_told_to_who_was_asked_while_it_is_open_and_then_forgotten() -> None:
    world = World(EmergencyKind(STEPS))
    cry = Raise(user="ada", kind="other", by="ada", rungs=RUNGS, known=(("tess",), (), ()), secret=CRY)
    raised = world.ask("emergency:emg_1", cry, SYSTEM)
    assert "location" not in raised
    assert "message" not in raised
    for who, sees in ((TESS, True), (ADA, True), (BOSS, False)):
        seen = world.ask("emergency:emg_1", GetEmergency(), who)
        assert ("location" in seen, seen["message"]) == (sees, "I am not safe")
    with pytest.raises(NotFound):
        world.ask("emergency:emg_1", GetEmergency(), MO)
    world.ask("emergency:emg_1", AcknowledgeEmergency(), TESS)
    world.ask("emergency:emg_1", Resolve(secret=b"She is at home."), TESS)
    over = world.ask("emergency:emg_1", GetEmergency(), TESS)
    assert "location" not in over
    assert over["message"] == "I am not safe"


def test_the_bytes_of_a_location_are_gone_a_day_after_the_end() -> None:
    bedside = Bedside()
    bedside.cry(secret=CRY)
    assert list(bedside.emergency.places) == [2]
    bedside.do(CancelEmergency(), ADA)
    bedside.later(86_401)
    (forgotten,) = [event for _, event in bedside.events if isinstance(event, LocationForgotten)]
    assert forgotten.places == (2,)
    assert list(bedside.emergency.places) == []


def test_nothing_that_is_kept_in_the_clear_says_what_was_said_or_where() -> None:
    world = World(EmergencyKind(STEPS))
    cry = Raise(user="ada", kind="other", by="ada", rungs=RUNGS, known=(("tess",), (), ()), secret=CRY)
    world.ask("emergency:emg_1", cry, SYSTEM)
    kept = [world.state("emergency:emg_1"), *(view.data for view in world.views("emergencies"))]
    kept += [letter.command for letter in world.letters]
    assert not any(b"not safe" in one or b"52.5" in one or b"13.4" in one for one in kept)


def test_one_that_has_changed_meanwhile_is_left_as_it_is_and_a_stranger_learns_no_version() -> None:
    for command, by, before in (
        (AcknowledgeEmergency, TESS, None),
        (lambda versions: HandOff("mo", versions), TESS, AcknowledgeEmergency()),
        (lambda versions: Resolve(versions=versions), TESS, AcknowledgeEmergency()),
        (CancelEmergency, ADA, None),
    ):
        bedside = Bedside()
        bedside.cry()
        if before is not None:
            bedside.do(before, TESS)
        version, status = bedside.version, bedside.status
        with pytest.raises(FailedPrecondition) as refused:
            bedside.do(command((version - 1,)), by)
        assert refused.value.details == {"reason": "version", "version": version}
        assert bedside.status == status
        with pytest.raises(NotFound):
            bedside.do(command((version - 1,)), Principal("eve", "client"))
        assert bedside.do(command((version,)), by).events

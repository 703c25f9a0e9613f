"""Care relationships: who may do what to them, and what follows."""

import msgspec
import pytest

from actors.care.commands import (
    AcceptCare,
    BeginCare,
    CareCommand,
    CarryOver,
    EndCare,
    ForgetCareParty,
    LapsePause,
    PauseCare,
    ResumeCare,
)
from actors.care.kind import CareKind
from actors.care.pairs import CarePairKind, ClaimCare, care_pair_id
from actors.care.state import CareRecord
from actors.care.views import CARE, pair_of, record_in
from actors.inboxes import commands as inbox
from actors.inboxes.commands import Deliver
from actors.kernel.contract.entity import SYSTEM, Attach, Principal
from actors.worksheets.desk.letters import CareOver, CareRests
from common.errors import AlreadyExists, FailedPrecondition, InvalidArgument, NotFound, PermissionDenied
from tests.unit.rooms.harness import START_MS, World

TESS = Principal("tess", "therapist")
ADA = Principal("ada", "client")
ROOT = Principal("root", "admin")
CARE_1 = "care:c1"


def a_world(*, accepted: bool = True) -> World:
    world = World(CareKind())
    world.do(CARE_1, BeginCare("ada", "tess"), TESS)
    if accepted:
        world.do(CARE_1, AcceptCare(), ADA)
    world.letters.clear()
    return world


def state_of(world: World) -> str:
    """As the read model has it."""
    (view,) = world.views(CARE)
    return record_in(view).state


def told(world: World) -> dict[str, dict[str, str]]:
    """Who was told what since the letters were cleared."""
    letters = [one for one in world.letters if not one.to.startswith("desk:")]
    deliveries = [(one.to, msgspec.msgpack.decode(one.command, type=Deliver)) for one in letters]
    assert all(one.name == "care_updated" for _, one in deliveries)
    return {to: msgspec.json.decode(one.payload) for to, one in deliveries}


def work_told(world: World) -> list[tuple[str, CareOver | CareRests]]:
    """What the work of a client was told since the letters were cleared."""
    letters = [one for one in world.letters if one.to.startswith("desk:")]
    return [(one.to, msgspec.msgpack.decode(one.command, type=CareOver | CareRests)) for one in letters]


def test_a_therapist_proposes_the_client_accepts_and_each_hears_what_the_other_did() -> None:
    world = World(CareKind())
    world.do(CARE_1, BeginCare("ada", "tess"), TESS)
    assert state_of(world) == "pending"
    assert told(world) == {
        "user:ada": {
            "care_id": "c1",
            "client_id": "ada",
            "therapist_id": "tess",
            "state": "pending",
            "proposed_by": "tess",
            "since": "2025-11-20T09:30:01.000Z",
        }
    }
    world.letters.clear()
    world.do(CARE_1, AcceptCare(), ADA)
    assert state_of(world) == "active"
    assert told(world)["user:tess"]["state"] == "active"
    world.letters.clear()
    assert world.do(CARE_1, AcceptCare(), ADA).data[3] == "active"  # again: nothing happens
    assert not world.letters


def test_what_an_administrator_establishes_is_in_force_and_both_are_told() -> None:
    world = World(CareKind())
    world.do(CARE_1, BeginCare("ada", "tess"), ROOT)
    assert state_of(world) == "active"
    assert set(told(world)) == {"user:ada", "user:tess"}
    with pytest.raises(AlreadyExists):
        world.ask(CARE_1, BeginCare("ada", "tess"), ROOT)


@pytest.mark.parametrize(
    ("client", "therapist", "field"), [("ada", "tom", "therapist_id"), ("tess", "tess", "client_id")]
)
def test_a_proposal_for_somebody_else_or_oneself_is_refused(client: str, therapist: str, field: str) -> None:
    world = World(CareKind())
    with pytest.raises(FailedPrecondition) as refused:
        world.ask(CARE_1, BeginCare(client, therapist), TESS)
    assert refused.value.details == {"field": field}
    assert not world.views(CARE)


@pytest.mark.parametrize("snapshot", [False, True])
def test_a_pause_lasts_until_it_is_resumed(snapshot: bool) -> None:
    world = a_world()
    world.do(CARE_1, PauseCare(), TESS)
    assert state_of(world) == "paused"
    assert told(world)["user:ada"]["state"] == "paused"
    assert work_told(world) == [("desk:ada", CareRests("tess", stopped=True))]
    world.passivate(CARE_1, snapshot=snapshot)
    world.do(CARE_1, LapsePause(0), SYSTEM)  # no timer of this pause
    assert state_of(world) == "paused"
    world.letters.clear()
    world.do(CARE_1, ResumeCare(), ROOT)
    assert state_of(world) == "active"
    assert set(told(world)) == {"user:ada", "user:tess"}
    assert work_told(world) == [("desk:ada", CareRests("tess", stopped=False))]


def test_a_pause_with_an_end_is_over_by_then_unless_it_was_set_anew() -> None:
    world = a_world()
    first, second = START_MS + 60_000, START_MS + 120_000
    world.do(CARE_1, PauseCare(first), TESS)
    assert told(world)["user:ada"]["until"] == "2025-11-20T09:31:00.000Z"
    world.do(CARE_1, PauseCare(second), TESS)
    world.now_ms = first
    world.do(CARE_1, LapsePause(first), SYSTEM)
    assert state_of(world) == "paused"  # the timer of the pause before
    world.do(CARE_1, LapsePause(second), SYSTEM)
    assert state_of(world) == "paused"  # too early
    world.now_ms = second
    world.letters.clear()
    world.do(CARE_1, LapsePause(second), SYSTEM)
    assert state_of(world) == "active"
    assert set(told(world)) == {"user:ada", "user:tess"}
    assert all("until" not in one for one in told(world).values())


def test_an_end_that_has_passed_is_refused_and_changes_nothing() -> None:
    world = a_world()
    with pytest.raises(InvalidArgument) as refused:
        world.ask(CARE_1, PauseCare(START_MS), TESS)
    assert refused.value.details == {"field": "until"}
    assert state_of(world) == "active"


def test_the_same_pause_again_changes_nothing() -> None:
    world = a_world()
    world.do(CARE_1, PauseCare(), TESS)
    world.letters.clear()
    world.do(CARE_1, PauseCare(), TESS)
    world.do(CARE_1, AcceptCare(), ADA)  # does not wake it
    assert state_of(world) == "paused"
    assert not world.letters


@pytest.mark.parametrize("command", [PauseCare(), ResumeCare()])
def test_only_its_therapist_and_administrators_pause_and_resume(command: CareCommand) -> None:
    world = a_world()
    for by, error in (
        (ADA, PermissionDenied),
        (Principal("tess", "client"), PermissionDenied),
        (Principal("ada", "therapist"), PermissionDenied),
        (Principal("tom", "therapist"), NotFound),
        (Principal("mo", "moderator"), NotFound),
    ):
        with pytest.raises(error):
            world.ask(CARE_1, command, by)
    for by in (TESS, ROOT):
        world.ask(CARE_1, command, by)


@pytest.mark.parametrize("command", [PauseCare(), ResumeCare()])
def test_what_was_not_accepted_cannot_be_paused(command: CareCommand) -> None:
    world = a_world(accepted=False)
    with pytest.raises(FailedPrecondition) as refused:
        world.ask(CARE_1, command, TESS)
    assert refused.value.details == {"reason": "pending"}


@pytest.mark.parametrize("paused", [False, True])
@pytest.mark.parametrize("by", [TESS, ADA, ROOT])
def test_either_party_ends_it_and_it_stays_so(by: Principal, paused: bool) -> None:
    world = a_world()
    if paused:
        world.do(CARE_1, PauseCare(START_MS + 60_000), TESS)
    world.letters.clear()
    world.do(CARE_1, EndCare(), by)
    assert state_of(world) == "ended"
    assert set(told(world)) == {f"user:{user}" for user in {"ada", "tess"} - {by.user}}
    assert work_told(world) == [("desk:ada", CareOver("tess"))]
    for command, who in ((AcceptCare(), ADA), (PauseCare(), TESS), (ResumeCare(), TESS), (EndCare(), by)):
        with pytest.raises(FailedPrecondition):
            world.ask(CARE_1, command, who)
    world.now_ms = START_MS + 60_000
    world.do(CARE_1, LapsePause(START_MS + 60_000), SYSTEM)
    assert state_of(world) == "ended"


def test_strangers_cannot_tell_whether_it_exists() -> None:
    world = a_world()
    commands: list[tuple[CareCommand, Principal]] = [
        (AcceptCare(), Principal("eve")),
        (EndCare(), Principal("eve")),
        (EndCare(), Principal("tom", "therapist")),
        (PauseCare(), Principal("tom", "therapist")),
        (AcceptCare(), TESS),
    ]
    for command, by in commands:
        messages = set()
        for entity in (CARE_1, "care:none"):
            with pytest.raises(NotFound) as refused:
                world.ask(entity, command, by)
            messages.add(refused.value.message)
        assert len(messages) == 1


def test_erasing_a_party_ends_it_without_a_word() -> None:
    world = a_world()
    world.do(CARE_1, ForgetCareParty("eve"), SYSTEM)
    assert state_of(world) == "active"
    world.do(CARE_1, ForgetCareParty("ada"), SYSTEM)
    world.do(CARE_1, ForgetCareParty("ada"), SYSTEM)
    assert state_of(world) == "ended"
    assert not told(world)
    assert work_told(world) == [("desk:ada", CareOver("tess"))]


@pytest.mark.parametrize("state", ["pending", "active", "ended"])
def test_what_was_a_document_is_carried_over_once_and_nobody_is_told(state: str) -> None:
    world = World(CareKind())
    old = msgspec.convert(["c1", "ada", "tess", state, "tess", 17, 23 if state == "ended" else 0], CareRecord)
    world.do(CARE_1, CarryOver(old), SYSTEM)
    (view,) = world.views(CARE)
    assert record_in(view) == old
    assert not world.letters
    if old.open:
        world.do(CARE_1, EndCare(), ADA)
    world.do(CARE_1, CarryOver(old), SYSTEM)
    assert state_of(world) == "ended" if old.open else record_in(view) == old


@pytest.mark.parametrize(
    "command",
    [
        ForgetCareParty("ada"),
        LapsePause(0),
        CarryOver(CareRecord(id="c1", client="a", therapist="b", state="active", by="b", since=1)),
    ],
)
def test_nobody_says_what_only_the_system_says(command: CareCommand) -> None:
    with pytest.raises(PermissionDenied):
        a_world().ask(CARE_1, command, ROOT)
    with pytest.raises(PermissionDenied):
        a_world().ask(CARE_1, Attach(), TESS)


def test_a_pair_keeps_its_relationship_until_that_has_ended() -> None:
    world, pair = World(CarePairKind()), care_pair_id("ada", "tess")
    assert world.ask(pair, ClaimCare("c1"), SYSTEM) == {"care": "c1"}
    world.passivate(pair)
    assert world.ask(pair, ClaimCare("c2"), SYSTEM) == {"care": "c1"}
    assert world.ask(pair, ClaimCare("c2", after="c1"), SYSTEM) == {"care": "c2"}
    world.passivate(pair, snapshot=True)
    assert world.ask(pair, ClaimCare("c3", after="c1"), SYSTEM) == {"care": "c2"}  # somebody was quicker
    for by in (ROOT, TESS):
        with pytest.raises(PermissionDenied):
            world.ask(pair, ClaimCare("c4"), by)
        with pytest.raises(PermissionDenied):
            world.ask(pair, Attach(), by)
    assert care_pair_id("tess", "ada") != pair


def test_a_pair_is_found_whichever_is_the_client() -> None:
    assert pair_of("ada", "tess") == pair_of("tess", "ada")
    assert len({pair_of("a", "b"), pair_of("a", "c"), pair_of("ab", "c"), pair_of("a", "bc")}) == 4


def test_its_letter_is_what_inboxes_take() -> None:
    letter = Deliver("evt_1", "care_updated", b"{}")
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(letter), type=inbox.Deliver) == inbox.Deliver(
        "evt_1", "care_updated", b"{}"
    )

"""While a legal hold lies over somebody, a room or a case, evidence and recordings of them stay after their time."""

import asyncio
from collections.abc import Sequence
from itertools import count
from typing import Any, cast

import msgspec
import pytest

from actors.keeping.hold import Over, PlaceHold, ReleaseHold
from actors.keeping.kind import HoldKind
from actors.kernel.contract.entity import SYSTEM, Context, Library, Principal, Recorded
from actors.moderation.case.commands import ForgetEvidence
from actors.moderation.case.events import EvidenceForgotten
from actors.moderation.case.kind import CaseKind
from actors.moderation.case.opening import CaseDeadlines
from actors.moderation.records import Case
from actors.recordings.commands import DestroyRecording, ExpireRecording
from actors.recordings.entity import RecordingEntity
from actors.recordings.events import RecordingDeleted
from actors.recordings.kind import RecordingKind
from actors.recordings.state import ParticipantConsent, RecordingState
from common.errors import FailedPrecondition
from store.memory.views import MemoryViews
from store.ports.views import Scalar, View, ViewQuery

DAY = 86_400_000
ANN, HOST, OTHER = "ann", "tess", "ben"
ROOT, OTHER_ROOT = Principal("root", "admin"), Principal("vera", "admin")
CASE, ROOM = "case_1", "room-1"
OVER_IT: list[tuple[Over, str, str, str]] = [
    ("user", ANN, "", ANN),
    ("case", CASE, ROOM, ANN),
    ("case", "case_2", "", ANN),
]
ELSEWHERE: list[tuple[Over, str, str, str]] = [("user", OTHER, "", OTHER), ("room", "room-2", "", "")]


class Holds:
    """Holds as administrators place and release them, and their read model, as entities look it up."""

    def __init__(self) -> None:
        self._kind, self._views, self._versions = HoldKind(), MemoryViews(HoldKind.indexes), count(1)
        self._placed: list[Any] = []

    async def place(self, over: Over, subject: str, room: str, person: str) -> None:
        entity = self._kind.create(f"lgh_{len(self._placed)}")
        self._placed.append(entity)
        await self._ask(entity, PlaceHold(over=over, subject=subject, room=room, person=person), ROOT)

    async def release(self) -> None:
        for entity in self._placed:
            await self._ask(entity, ReleaseHold(), OTHER_ROOT)

    async def _ask(self, entity: Any, command: Any, by: Principal) -> None:
        (event,) = entity.decide(command, Context(by, 1), 0).events
        entity.apply(event, 1, 1)
        made = self._kind.effects(f"hold:{entity.id}", Recorded(next(self._versions), 0, 1, event), None)
        await self._views.write(made.views)

    async def views(self, query: ViewQuery) -> list[View]:
        return await self._views.find(query)


def a_case() -> tuple[CaseKind, Any]:
    """Closed a day after its beginning, about something in a room."""
    kind = CaseKind(CaseDeadlines({}, 30 * DAY))
    entity = kind.create(CASE)
    entity.case = Case(
        id=CASE, kind="report", severity="high", state="closed", subject=ANN, created=0, due=1, room=ROOM, closed=DAY
    )
    return kind, entity


def a_recording() -> tuple[RecordingKind, RecordingEntity]:
    """Of a session of two, that is kept for 30 days."""
    kind = RecordingKind(30 * DAY)
    entity = kind.create("rec_1")
    entity.record = RecordingState(
        id="rec_1",
        meeting="mtg_1",
        host=HOST,
        by="prt_host",
        status="ready",
        text_version="1",
        audio_only=False,
        shared=True,
        reason="",
        people=(("prt_host", HOST), ("prt_ann", ANN)),
        consents=(ParticipantConsent("prt_host", "granted", "1"), ParticipantConsent("prt_ann", "granted", "1")),
        asked=1,
        started=1000,
        stopped=9000,
        keep_until=30 * DAY,
    )
    return kind, entity


async def decided(kind: Any, entity: Any, name: str, command: Any, holds: Holds) -> Any:
    """What it decides, with the parts that it asks for."""
    keys: Sequence[str] = kind.needs(entity, command)
    assert all(kind.is_passing(key) for key in keys)
    parts = await kind.fetch(name, keys, cast(Library, holds))
    return entity.decide(command, Context(SYSTEM, 31 * DAY, parts=parts), 1)


async def forgets(holds: Holds) -> bool:
    """Is the evidence of the case forgotten when its time is over? Else it is looked at again a day later."""
    kind, entity = a_case()
    decision = await decided(kind, entity, f"case:{CASE}", ForgetEvidence(DAY), holds)
    if decision.events:
        assert isinstance(decision.events[0], EvidenceForgotten)
        return True
    (again,) = decision.timers
    assert again.due_ms == 32 * DAY
    assert msgspec.msgpack.decode(again.command, type=CaseKind.commands) == ForgetEvidence(DAY)
    return False


async def expires(holds: Holds) -> bool:
    """Is the recording deleted when its time is over?"""
    kind, entity = a_recording()
    decision = await decided(kind, entity, "recording:rec_1", ExpireRecording(30 * DAY), holds)
    if decision.events:
        assert isinstance(decision.events[0], RecordingDeleted)
        return True
    (again,) = decision.timers
    assert again.due_ms == 32 * DAY
    return False


async def kept_and_released(over: tuple[Over, str, str, str], gone: Any) -> tuple[bool, bool]:
    """Is it gone under the hold, and after it?"""
    holds = Holds()
    await holds.place(*over)
    under = await gone(holds)
    await holds.release()
    return under, await gone(holds)


@pytest.mark.parametrize("over", [*OVER_IT, ("room", ROOM, ROOM, "")], ids=["person", "case", "another case", "room"])
def test_evidence_stays_under_a_hold_and_goes_after_it(over: tuple[Over, str, str, str]) -> None:
    assert asyncio.run(kept_and_released(over, forgets)) == (False, True)


@pytest.mark.parametrize("over", OVER_IT, ids=["person", "case", "another case"])
def test_a_recording_stays_under_a_hold_and_expires_after_it(over: tuple[Over, str, str, str]) -> None:
    assert asyncio.run(kept_and_released(over, expires)) == (False, True)


@pytest.mark.parametrize("over", ELSEWHERE, ids=["another person", "another room"])
def test_a_hold_over_something_else_keeps_neither(over: tuple[Over, str, str, str]) -> None:
    assert asyncio.run(kept_and_released(over, forgets)) == (True, True)
    assert asyncio.run(kept_and_released(over, expires)) == (True, True)


def test_nobody_deletes_a_recording_of_whom_a_held_case_is_about() -> None:
    async def refused() -> Any:
        holds = Holds()
        await holds.place("case", "case_2", "", ANN)
        kind, entity = a_recording()
        with pytest.raises(FailedPrecondition) as refusal:
            await decided(kind, entity, "recording:rec_1", DestroyRecording(), holds)
        return refusal.value.details

    assert asyncio.run(refused()) == {"reason": "held"}


def test_where_a_hold_is_looked_for_by_its_own_subject_alone_the_words_of_a_case_go(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def by_subject(self: Any, entity_id: str, keys: Sequence[str], library: Library) -> dict[str, Any]:
        equal: dict[str, Scalar] = {"active": True, "user": ANN}
        found = await library.views(ViewQuery(collection="holds", equal=equal, order_by="hold", limit=1))
        return dict.fromkeys(keys, found)

    monkeypatch.setattr(RecordingKind, "fetch", by_subject)
    assert asyncio.run(kept_and_released(("case", "case_2", "", ANN), expires)) == (True, True)

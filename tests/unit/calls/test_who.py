"""Who may call whom: who may write to them in private, or shares a conversation with them in which something may be
said now. What rests, or has ended, is no way to reach somebody."""

import asyncio
from collections.abc import Collection, Mapping
from typing import Any

import msgspec
import pytest

from actors.calls.call.commands import Ring
from actors.kernel.contract.entity import Principal
from actors.rooms.conversation.commands import See
from actors.rooms.messages.views import membership_view
from common.clock import SystemClock
from common.errors import NotFound, PermissionDenied
from common.reach import Reach
from serve_app.capabilities.calls.service import Calls
from store.memory.views import MemoryViews

TESS = Principal("tess", "therapist")


class Seen(msgspec.Struct):
    """What a call looks at of a room."""

    state: str


class Shown(msgspec.Struct):
    """As the room answers."""

    room: Seen


class House:
    """Rooms in these states, in which both are. Nobody may write to anybody in private."""

    def __init__(self, states: Mapping[str, str], *, video: bool = False) -> None:
        self.states, self.rang = states, list[Ring]()
        self.views = MemoryViews()
        self.video = video

    async def may_open_direct(self, user: str, role: str, members: Collection[str]) -> None:
        raise PermissionDenied("Care has ended.")

    async def ask(self, entity_id: str, command: Any, **_: Any) -> Any:
        if isinstance(command, Ring):
            self.rang.append(command)
            return command
        assert isinstance(command, See)
        state = self.states[entity_id.removeprefix("room:")]
        if state == "left":
            raise NotFound("There is no such room.")
        return Shown(Seen(state))

    async def submit(self, *_: Any, **__: Any) -> None:
        """Lines are free."""

    async def _call(self, room: str, meeting: str) -> None:
        await self.views.write(
            [
                membership_view(room, who, version=1, at_ms=1, left=False)
                for room in self.states
                for who in ("tess", "ada")
            ]
        )
        calls = Calls(self, self.views, self, Reach(), SystemClock(), ring_ms=45_000, video=self.video)  # type: ignore[arg-type]
        await calls.ring("ada", "audio", room=room, meeting=meeting, by=TESS, trace="")

    def call(self, room: str = "", meeting: str = "") -> Ring:
        asyncio.run(self._call(room, meeting))
        return self.rang[-1]


@pytest.mark.parametrize("state", ["requested", "declined", "paused", "closed", "left"])
@pytest.mark.parametrize("room", ["", "r1"])
def test_nobody_rings_where_nothing_may_be_said(state: str, room: str) -> None:
    with pytest.raises(PermissionDenied):
        House({"r1": state}).call(room)


@pytest.mark.parametrize("room", ["", "r2"])
def test_one_that_is_open_is_enough(room: str) -> None:
    assert House({"r1": "paused", "r2": "open"}).call(room).callee == "ada"


def test_who_shares_none_does_not_ring() -> None:
    with pytest.raises(PermissionDenied):
        House({}).call()


def test_a_call_has_a_meeting_only_where_there_are_any() -> None:
    assert House({"r": "open"}).call(meeting="mtg_1").meeting == ""
    assert House({"r": "open"}, video=True).call(meeting="mtg_1").meeting == "mtg_1"

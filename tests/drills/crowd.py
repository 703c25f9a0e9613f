"""A kind that has very many things done, and a partner that keeps the books of them."""

import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec
from typing_extensions import override

from actors.kernel.contract.activities import Activity, Answered, Urgency
from actors.kernel.contract.entity import Command, Context, Decision, Effects, Event, Kind, Principal, Recorded
from serve_app.activities.connector import FOR_EVER_S, Call, Capacity, Connector, Later

MASS: Final = "mass"
_pack: Final = msgspec.msgpack.Encoder().encode


class Piece(msgspec.Struct, frozen=True, array_like=True):
    """What an activity says."""

    entity: str
    number: int
    urgency: Urgency
    is_late: bool


class Have(Command[None], frozen=True, kw_only=True, tag="have"):
    """Have so many done, from this number on; every other one of them by `deadline_ms`, if there is one."""

    first: int
    count: int
    urgency: Urgency = "bulk"
    deadline_ms: int | None = None


class Ask(Command[dict[str, int]], frozen=True, tag="ask"):
    """How many ended how?"""


class Wanted(Event, frozen=True, kw_only=True, array_like=True, tag="wanted"):
    """They are to be done."""

    have: Have


class Ended(Event, frozen=True, kw_only=True, array_like=True, tag="ended"):
    """One has ended so."""

    outcome: str


@dataclass
class Crowd:
    """Counts how they ended."""

    ended: Counter[str] = field(default_factory=Counter)

    def decide(self, command: Any, context: Context, version: int) -> Decision:
        if isinstance(command, Have):
            return Decision(events=[Wanted(have=command)])
        return Decision(dict(self.ended))

    def apply(self, event: Any, seq: int, at_ms: int) -> None:
        if isinstance(event, Ended):
            self.ended[event.outcome] += 1


class CrowdKind(Kind[Crowd, Any, Any]):
    """`crowd:<name>`: what is bulk in one lane, what is urgent in none."""

    name = "crowd"
    commands = Have | Ask
    events = Wanted | Ended

    @override
    def create(self, key: str) -> Crowd:
        return Crowd()

    @override
    def snapshot(self, entity: Crowd) -> bytes:
        return _pack(entity.ended)

    @override
    def restore(self, key: str, state: bytes) -> Crowd:
        return Crowd(Counter(msgspec.msgpack.decode(state, type=dict[str, int])))

    @override
    def admit(self, entity: Crowd, by: Principal) -> None:
        """Everybody may listen."""

    @override
    def show(self, entity_id: str, recorded: Recorded[Any], part: Any) -> None:
        """Nobody does."""

    @override
    def effects(self, entity_id: str, recorded: Recorded[Any], part: Any) -> Effects | None:
        if not isinstance(recorded.event, Wanted):
            return None
        have = recorded.event.have
        owed = []
        for number in range(have.first, have.first + have.count):
            deadline_ms = have.deadline_ms if number % 2 else None
            piece = Piece(entity_id, number, have.urgency, deadline_ms is not None)
            owed.append(
                Activity(
                    connector=MASS,
                    key=f"{have.urgency}{number}",
                    payload=_pack(piece),
                    lane="bulk" if have.urgency == "bulk" else "",
                    urgency=have.urgency,
                    deadline_ms=deadline_ms,
                )
            )
        return Effects(activities=owed)

    @override
    def answered(self, entity: Crowd, answered: Answered, context: Context) -> Decision:
        return Decision(events=[Ended(outcome=answered.outcome)])


class Bookkeeper(Connector):
    """Refuses everything until it `is_open`. Then: what it did, what was wrong with it, and when each urgency was
    done."""

    name = MASS
    capacity = Capacity(at_once=400)
    remembers_s = FOR_EVER_S

    def __init__(self) -> None:
        self.is_open = False
        self.refused = 0
        self.done: Counter[Urgency] = Counter()
        self.last_at: dict[Urgency, int] = {}  # how many had been done in all when the last one of an urgency was
        self.again = 0
        self.faults: list[str] = []
        self.began_s = 0.0
        self._last: dict[str, int] = {}  # of each lane
        self._urgent: set[Piece] = set()

    @override
    async def carry_out(self, call: Call) -> bytes:
        if not self.is_open:
            self.refused += 1
            raise Later("busy", "Not now.")
        piece = msgspec.msgpack.decode(call.payload, type=Piece)
        if piece.is_late:
            self.faults.append(f"{piece} was sent after its deadline")
        if self._is_new(piece):
            self.done[piece.urgency] += 1
            self.last_at[piece.urgency] = sum(self.done.values())
        else:
            self.again += 1
        return b""

    def _is_new(self, piece: Piece) -> bool:
        if piece.urgency != "bulk":
            is_new = piece not in self._urgent
            self._urgent.add(piece)
            return is_new
        last = self._last.get(piece.entity, -1)
        if piece.number < last:
            self.faults.append(f"{piece} came after {last}")
        self._last[piece.entity] = max(last, piece.number)
        return piece.number > last

    @override
    async def find(self, call: Call) -> bytes | None:
        return None

    @override
    async def close(self) -> None:
        return None

    def open(self) -> None:
        """Take what comes."""
        self.is_open, self.began_s = True, time.monotonic()

    def shares(self) -> Mapping[Urgency, float]:
        """How far through all of it the last one of each urgency was."""
        whole = max(1, sum(self.done.values()))
        return {urgency: at / whole for urgency, at in self.last_at.items()}

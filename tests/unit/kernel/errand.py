"""A small kind that has others do things: each event entails an activity, and it remembers what became of them."""

from dataclasses import dataclass, field
from typing import Any

import msgspec
from typing_extensions import override

from actors.kernel.contract.activities import Activity, Answered, Urgency
from actors.kernel.contract.entity import Context, Decision, Effects, Event, Kind, Letter, Principal, Recorded, Shown
from common.errors import FailedPrecondition


class Send(msgspec.Struct, frozen=True, kw_only=True, tag="send"):
    """Have `text` sent, `copies` times. `tell` gets a letter as well."""

    text: str
    connector: str = "email"
    owner: str = ""
    lane: str = ""
    urgency: Urgency = "soon"
    lifetime_ms: int | None = None
    copies: int = 1
    tell: str = ""


class Recount(msgspec.Struct, frozen=True, tag="recount"):
    """What became of all that was sent?"""


class Sent(Event, frozen=True, tag="sent"):
    """Something is to be sent."""

    wish: Send
    deadline_ms: int | None


class Answer(Event, frozen=True, tag="answer"):
    """What became of it."""

    key: str
    outcome: str
    code: str = ""


@dataclass
class Errand:
    """The answers, in the order in which they came."""

    answers: list[tuple[str, str]] = field(default_factory=list)

    def decide(self, command: Any, context: Context, version: int) -> Decision:
        if isinstance(command, Recount):
            return Decision(self.answers)
        deadline_ms = None if command.lifetime_ms is None else context.now_ms + command.lifetime_ms
        return Decision(version + 1, events=[Sent(wish=command, deadline_ms=deadline_ms)])

    def apply(self, event: Any, seq: int, at_ms: int) -> None:
        if isinstance(event, Answer):
            self.answers.append((event.key, event.outcome))


class ErrandKind(Kind[Errand, Any, Any]):
    """`errand:<name>`. A text that begins with "deaf" is refused when its answer comes, "quiet" changes nothing, "bug"
    meets one, and "stale" is no longer true."""

    name = "errand"
    commands = Send | Recount
    events = Sent | Answer

    @override
    def create(self, key: str) -> Errand:
        return Errand()

    @override
    def snapshot(self, entity: Errand) -> bytes:
        return msgspec.msgpack.encode(entity.answers)

    @override
    def restore(self, key: str, state: bytes) -> Errand:
        return Errand(msgspec.msgpack.decode(state, type=list[tuple[str, str]]))

    @override
    def admit(self, entity: Errand, by: Principal) -> None:
        """Everybody may listen."""

    @override
    def show(self, entity_id: str, recorded: Recorded[Any], part: Any) -> Shown:
        return Shown(type(recorded.event).__name__.lower(), b"{}")

    @override
    def effects(self, entity_id: str, recorded: Recorded[Any], part: Any) -> Effects | None:
        event = recorded.event
        if not isinstance(event, Sent):
            return None
        wish = event.wish
        activities = [
            Activity(
                connector=wish.connector,
                key=f"{wish.text}|{recorded.seq}|{copy}",
                payload=wish.text.encode(),
                owner=wish.owner,
                lane=wish.lane,
                urgency=wish.urgency,
                deadline_ms=event.deadline_ms,
            )
            for copy in range(wish.copies)
        ]
        told = msgspec.msgpack.encode(Send(text=f"told by {wish.text}"))
        return Effects(activities=activities, letters=[Letter(wish.tell, told)] if wish.tell else [])

    @override
    def answered(self, entity: Errand, answered: Answered, context: Context) -> Decision:
        if answered.key.startswith("deaf"):
            raise FailedPrecondition("It does not want to know.")
        if answered.key.startswith("bug"):
            raise ZeroDivisionError("a bug")
        if answered.key.startswith("quiet"):
            return Decision()
        return Decision(events=[Answer(key=answered.key, outcome=answered.outcome, code=answered.code)])

    @override
    def still(self, entity: Errand, key: str, payload: bytes) -> bool:
        return payload != b"stale"

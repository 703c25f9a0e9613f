"""Laws of what is kept: whatever people say, change, take back and pin, whatever falls due, whichever holds begin and
end in between, in whatever order: what went under a hold is with that hold, word for word; what went under none is
nowhere; nobody in the room sees either."""

from collections import defaultdict
from dataclasses import dataclass, field

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from actors.kernel.contract.entity import SYSTEM
from actors.rooms.keeping.commands import Age, Expire, Overdue, RoomRetention
from actors.rooms.marks.commands import Pin
from actors.rooms.room import commands as c
from actors.rooms.safety.commands import TakeDown
from common.errors import CarewireError
from common.safety.evidence import unpack
from store.ports.holds import COPIES, HOLDS, owner_of
from store.ports.views import Scalar, View
from tests.unit.rooms.chat import ROOM, Chat, everything_stored
from tests.unit.rooms.harness import run

DAY_MS = 86_400_000
Step = tuple[str, int]
KINDS = (
    *(("post",) * 4),
    *("edit", "delete", "take_down", "pin", "unpin", "day", "day", "expire", "expire"),
    *("hold", "hold_ann", "release", "forget"),
)
lives = st.lists(st.tuples(st.sampled_from(KINDS), st.integers(0, 30)), max_size=40)


@dataclass
class Line:
    """A message of the model: who said it, when, all that it said, and whether it is there."""

    id: str
    seq: int
    sender: str
    at: int
    bodies: list[str]
    live: bool = True
    pinned: bool = False


@dataclass
class Life:
    """A room, and what is to be true of it."""

    terms: RoomRetention
    chat: Chat = field(default_factory=Chat)
    lines: list[Line] = field(default_factory=list)
    holds: dict[str, str] = field(default_factory=dict)  # by id: whose words ("": everybody's)
    kept: dict[str, set[tuple[str, ...]]] = field(default_factory=lambda: defaultdict(set))
    count: int = 0

    def __post_init__(self) -> None:
        self.chat.do(c.Create(members=("bob",)), "ann")

    def step(self, what: str, which: int) -> None:
        self.count += 1
        match what:
            case "post":
                self._post("ann" if which % 2 else "bob")
            case "day":
                self.chat.world.now_ms += DAY_MS
            case "hold" | "hold_ann":
                self._place("" if what == "hold" else "ann")
            case "release" if self.holds:
                self._release(sorted(self.holds)[which % len(self.holds)])
            case "forget":
                self.chat.world.passivate(ROOM, snapshot=bool(which % 2))
            case "expire":
                self._expire()
            case _ if self.lines:
                self._change(what, self.lines[which % len(self.lines)])

    def _post(self, sender: str) -> None:
        body = f"words-{self.count}."
        made = self.chat.post(sender, body)
        self.lines.append(Line(made["id"], made["seq"], sender, self.chat.world.now_ms, [body]))

    def _change(self, what: str, line: Line) -> None:
        body = f"words-{self.count}."
        commands: dict[str, tuple[c.RoomCommand, object]] = {
            "edit": (c.Edit(line.id, body), line.sender),
            "delete": (c.RetractMessage(line.id), line.sender),
            "take_down": (TakeDown(message_id=line.id), SYSTEM),
            "pin": (Pin(line.id, pinned=True), "ann"),
            "unpin": (Pin(line.id, pinned=False), "ann"),
        }
        command, by = commands.get(what, (None, None))
        if command is None or (not line.live and what in ("edit", "pin")):
            return
        self.chat.do(command, by)  # type: ignore[arg-type] # a user's id, or Carewire itself
        if what == "edit":
            self._keep(line)
            line.bodies.append(body)
        elif what in ("pin", "unpin"):
            line.pinned = what == "pin" and line.live
        elif line.live:
            self._gone(line)

    def _expire(self) -> None:
        """As the job does it."""
        after, age = 0, self.terms.usual
        while True:
            due = self.chat.do(Overdue(terms=self.terms, after=after, limit=3), SYSTEM)
            seqs = tuple(due["seqs"])
            if seqs:
                self.chat.do(Expire(terms=self.terms, seqs=seqs, upto=due["upto"]), SYSTEM)
            after = due["upto"]
            if not due["more"]:
                break
        before = self.chat.world.now_ms - (age.days or 0) * DAY_MS
        for line in self.lines:
            if line.live and line.at < before and not (line.pinned and age.pins):
                self._gone(line)

    def _gone(self, line: Line) -> None:
        self._keep(line)
        line.live = line.pinned = False

    def _keep(self, line: Line) -> None:
        for hold, whose in self.holds.items():
            if whose in ("", line.sender):
                self.kept[hold].add(tuple(line.bodies))

    def _place(self, user: str) -> None:
        hold = f"lgh_{self.count:03d}"
        self.holds[hold] = user
        self._write(hold, user, active=True)

    def _release(self, hold: str) -> None:
        self._write(hold, self.holds.pop(hold), active=False)
        self.kept.pop(hold, None)
        run(self.chat.world.stores.vault.erase(owner_of(hold)))

    def _write(self, hold: str, user: str, *, active: bool) -> None:
        room = None if user else "r1"
        fields: dict[str, Scalar] = {"hold": hold, "active": active, "user": user or None, "room": room, "case": None}
        run(self.chat.world.stores.views.write([View(HOLDS, hold, 1 if active else 2, fields)]))

    def check(self) -> None:
        """What the room shows, what holds have, and what is nowhere."""
        shown = {one["id"]: one["body"] for one in self.chat.messages("bob", limit=200)}
        assert [one["id"] for one in self.chat.messages("bob", after=0, limit=200)] == list(shown)  # notes are opened
        assert shown == {line.id: line.bodies[-1] if line.live else "" for line in self.lines}
        views = run(self.chat.world.host.codec.open_views(self.chat.world.views(COPIES)))
        found: dict[str, set[tuple[str, ...]]] = defaultdict(set)
        for view in views:
            if view.secret is not None:
                one = unpack(view.secret)
                found[str(view.fields["hold"])].add((*(old.body for old in one.versions), one.body))
        assert found == {hold: kept for hold, kept in self.kept.items() if kept}
        stored = everything_stored(self.chat)
        kept_words = {body for kept in self.kept.values() for bodies in kept for body in bodies}
        for line in self.lines:
            for body in line.bodies:
                assert line.live or body in kept_words or body.encode() not in stored, body


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(life=lives, pins=st.booleans(), days=st.integers(1, 3))
def test_what_goes_under_a_hold_is_with_it_and_what_goes_under_none_is_nowhere(
    life: list[Step], pins: bool, days: int
) -> None:
    one = Life(RoomRetention(usual=Age(days, pins)))
    for what, which in life:
        one.step(what, which)
    one.check()


def test_the_law_sees_a_text_that_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    """The guard taken away: nothing is looked up, and what went under a hold is gone."""
    one = Life(RoomRetention())
    for what in ("hold", "post"):
        one.step(what, 0)
    monkeypatch.setattr(type(one.chat.world.host.kind), "is_passing", lambda *_: False)
    monkeypatch.setattr("actors.rooms.keeping.holds.copies", lambda *_: ())
    one.step("delete", 0)
    with pytest.raises(AssertionError):
        one.check()


def test_what_is_due_goes_and_what_is_pinned_stays_until_it_is_not() -> None:
    one = Life(RoomRetention(usual=Age(2, pins=True)))
    for what, which in (("post", 0), ("post", 0), ("pin", 0), ("day", 0), ("expire", 0), ("day", 0), ("post", 0)):
        one.step(what, which)
    assert one.chat.bodies("bob") == ["words-1.", "words-2.", "words-7."]
    one.step("expire", 0)
    assert one.chat.bodies("bob") == ["words-1.", "", "words-7."]
    one.step("unpin", 0)
    one.step("expire", 0)
    assert one.chat.bodies("bob") == ["", "", "words-7."]
    one.check()


def test_only_carewire_itself_lets_messages_expire() -> None:
    one = Life(RoomRetention(usual=Age(1)))
    for command in (Overdue(terms=one.terms), Expire(terms=one.terms, seqs=(2,), upto=2)):
        for user in ("ann", "nobody"):
            with pytest.raises(CarewireError) as refused:
                one.chat.do(command, user)
            assert refused.value.code == "permission_denied"

"""Laws of a room: whatever people do, in whatever order and turns, it agrees with a model too simple to be wrong."""

from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from actors.kernel.contract.entity import Context, Effects, Principal
from actors.rooms.marks.delivery import marks_for
from actors.rooms.room import commands as c
from actors.rooms.room.state import RoomState
from common.errors import CarewireError
from store.ports.views import View
from tests.unit.rooms.chat import ROOM, Chat, everything_stored
from tests.unit.rooms.harness import run

USERS = ("ann", "bob", "cyd", "eve")
EMOJI = ("👍", "❤️")


@dataclass
class Said:
    """A message of the model."""

    sender: str
    body: str
    id: str = ""
    live: bool = True
    bodies: list[str] = field(default_factory=list)  # all that it ever said
    reactions: dict[str, list[str]] = field(default_factory=dict)


@dataclass
class Model:
    """A room as anybody would write it who need not store it: every message in memory, everything counted anew."""

    owner: str = "ann"
    version: int = 1
    members: dict[str, tuple[int, int]] = field(default_factory=lambda: {"ann": (1, 0), "bob": (1, 0)})
    said: dict[int, Said] = field(default_factory=dict)

    def unread(self, user: str) -> int:
        """Messages by others, not deleted, above the watermark (or the joining, if that was later)."""
        floor = max(self.members[user])
        return sum(seq > floor and one.live and one.sender != user for seq, one in self.said.items())

    def take(self, user: str, command: Any) -> bool:
        """Do it, if it is allowed. Was it?"""
        if isinstance(command, c.Join) and user not in self.members:
            self._join(user)
            if not self.owner:
                self.owner = user
                self.version += 1
            return True
        return user in self.members and bool(getattr(self, "_" + type(command).__name__.lower())(user, command))

    def _join(self, user: str, _: Any = None) -> bool:
        if user not in self.members:
            self.version += 1
            self.members[user] = (self.version, 0)
        return True

    def _leave(self, user: str, _: Any) -> bool:
        self.version += 1
        del self.members[user]
        if user == self.owner:
            self.version += 1
            self.owner = next(iter(self.members), "")
        return True

    def _addmembers(self, user: str, command: c.AddMembers) -> bool:
        return user == self.owner and all(self._join(other) for other in command.users)

    def _removemember(self, user: str, command: c.RemoveMember) -> bool:
        if user != self.owner or command.user == user:
            return False
        if command.user in self.members:
            self.version += 1
            del self.members[command.user]
        return True

    def _markread(self, user: str, command: c.MarkRead) -> bool:
        joined, read = self.members[user]
        self.members[user] = (joined, max(read, min(command.seq, self.version)))
        return True

    def _post(self, user: str, command: c.Post) -> bool:
        self.version += 1
        self.said[self.version] = Said(user, command.body, bodies=[command.body])
        return True

    def _edit(self, user: str, command: c.Edit) -> bool:
        one = self._named(command)
        if one.sender != user or not one.live:
            return False
        self.version += 1
        one.body = command.body
        one.bodies.append(command.body)
        return True

    def _retractmessage(self, user: str, command: c.RetractMessage) -> bool:
        one = self._named(command)
        if user not in (one.sender, self.owner):
            return False
        if one.live:
            self.version += 1
            one.live, one.body = False, ""
            one.reactions.clear()
        return True

    def _react(self, user: str, command: c.React) -> bool:
        one = self._named(command)
        if one.live and user not in one.reactions.get(command.emoji, ()):
            self.version += 1
            one.reactions.setdefault(command.emoji, []).append(user)
        return one.live

    def _unreact(self, user: str, command: c.Unreact) -> bool:
        one = self._named(command)
        if one.live and user in one.reactions.get(command.emoji, ()):
            self.version += 1
            one.reactions[command.emoji].remove(user)
            if not one.reactions[command.emoji]:
                del one.reactions[command.emoji]
        return one.live

    def _named(self, command: Any) -> Said:
        return next(one for one in self.said.values() if one.id == command.message_id)


Step = tuple[str, str, int, str]  # user, what, a number (which message, how far), whom or which emoji
step = st.tuples(
    st.sampled_from(USERS),
    st.sampled_from(
        ("post",) * 6 + ("mark",) * 4 + ("delete",) * 3 + ("edit", "react", "unreact", "join", "leave", "add", "remove")
    ),
    st.integers(0, 40),
    st.sampled_from(USERS),
)
turns = st.lists(st.tuples(st.lists(step, min_size=1, max_size=8), st.sampled_from("nnsr")), max_size=12)


def command_of(given: Step, model: Model, number: int) -> c.RoomCommand | None:
    """The command of a step; None when it names a message and there is none yet."""
    user, what, which, other = given
    known = [one.id for one in model.said.values() if one.id]
    emoji = EMOJI[which % 2]
    plain: dict[str, c.RoomCommand] = {
        "post": c.Post(body=f"body-{number}."),
        "mark": c.MarkRead(user, which),
        "join": c.Join(),
        "leave": c.Leave(),
        "add": c.AddMembers((other,)),
        "remove": c.RemoveMember(other),
    }
    if what in plain:
        return plain[what]
    if not known:
        return None
    message_id = known[which % len(known)]
    to_message: dict[str, c.RoomCommand] = {
        "delete": c.RetractMessage(message_id),
        "edit": c.Edit(message_id, f"body-{number}."),
        "react": c.React(message_id, emoji),
        "unreact": c.Unreact(message_id, emoji),
    }
    return to_message[what]


def play(script: list[tuple[list[Step], str]]) -> tuple[Chat, Model]:
    """Let the room and the model live through the same, comparing them as they go."""
    chat, model, number = Chat(window=2), Model(), 0
    chat.do(c.Create(members=("bob",), open=True), "ann")
    for steps, then in script:
        asked = []
        for one in steps:
            number += 1
            if (command := command_of(one, model, number)) is not None:
                asked.append((command, one[0]))
        for (command, user), done in zip(asked, chat.world.turn(ROOM, asked), strict=True):
            assert model.take(user, command) is not bool(done.answer.code), (user, command, done.answer)
            if isinstance(command, c.Post) and not done.answer.code:
                model.said[done.data["seq"]].id = done.data["id"]
        compare(chat, model)
        if then != "n":
            before = chat.world.state(ROOM)
            chat.world.passivate(ROOM, snapshot=then == "s")
            assert chat.world.state(ROOM) == before  # a replay, with notes behind the events of their turn
            compare(chat, model)
    return chat, model


def compare(chat: Chat, model: Model) -> None:
    assert chat.version == model.version
    room = chat.world.resident(ROOM).entity
    assert isinstance(room, RoomState)
    assert {user: room.unread(user) for user in room.members} == {user: model.unread(user) for user in model.members}
    assert dict(marks_for(room, "ann")) == {user: read for user, (_, read) in model.members.items() if read}
    assert room.profile is not None
    assert room.profile.owner == model.owner


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(turns)
def test_a_room_agrees_with_its_model(script: list[tuple[list[Step], str]]) -> None:
    chat, model = play(script)
    seqs = [payload["seq"] for name, payload in chat.world.replay(ROOM) if name != "read_receipt"]
    assert seqs == list(range(1, model.version + 1))
    if not model.members:
        return
    reader = next(iter(model.members))
    told = {m["seq"]: (m["sender_id"], m["body"], m["reactions"]) for m in chat.messages(reader, limit=200)}
    assert told == {seq: (one.sender, one.body, one.reactions) for seq, one in model.said.items()}
    stored = everything_stored(chat)
    for one in model.said.values():
        if one.live:
            assert one.body.encode() in stored
        else:
            assert not any(body.encode() in stored for body in one.bodies)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(turns, st.lists(step, max_size=10))
def test_deciding_changes_nothing(script: list[tuple[list[Step], str]], steps: list[Step]) -> None:
    chat, model = play(script)
    resident = chat.world.resident(ROOM)
    before = chat.world.state(ROOM), repr(resident.parts)
    for one in steps:
        if (command := command_of(one, model, 0)) is None:
            continue
        parts = {key: resident.parts.get(key) for key in resident.entity.needs(command)}
        with suppress(CarewireError):
            resident.entity.decide(command, Context(Principal(one[0]), chat.world.now_ms, parts), resident.version)
        assert (chat.world.state(ROOM), repr(resident.parts)) == before


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(turns, st.integers(0, 60))
def test_whoever_left_off_anywhere_ends_with_what_everybody_sees(
    script: list[tuple[list[Step], str]], since: int
) -> None:
    """What one had by `since`, with the join's answer laid over it, is the history as it is."""
    chat, model = play(script)
    if "ann" not in model.members:
        return
    before = min(since, chat.version)
    now = {m["seq"]: m for m in chat.messages(limit=200)}
    changed_at: dict[int, int] = {}
    for name, payload in chat.world.replay(ROOM):
        if "message" in payload:
            changed_at[payload["message"]["seq"]] = payload["seq"]
        elif name == "message":
            changed_at[payload["seq"]] = payload["seq"]
    joined = chat.do(c.Join(since=before), "ann")
    told = {m["seq"]: m for m in joined["messages"]}
    assert told == {seq: now[seq] for seq, at in changed_at.items() if at > before}
    assert not joined["has_more"]


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(turns)
def test_read_models_can_be_made_again_from_the_journal_alone(script: list[tuple[list[Step], str]]) -> None:
    chat, _ = play(script)
    world, kind = chat.world, chat.world.host.kind
    made: dict[tuple[str, str], View] = {}
    parts: dict[str, Any] = {}
    for recorded in run(world.host.codec.opened(ROOM, run(world.turns(ROOM)))):
        part = None
        if (key := kind.part_of(recorded)) is not None:
            part = parts[key] = kind.fold(parts.get(key), recorded)
        for view in (kind.effects(ROOM, recorded, part) or Effects()).views:
            made[view.collection, view.id] = view
    kept = [view for name in ("messages", "memberships", "room_searching") for view in world.views(name)]
    assert made == {(one.collection, one.id): one for one in run(world.host.codec.open_views(kept))}


def test_without_settling_late_deletions_a_replay_would_count_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    """The twin of the law: a mark and a deletion behind it in one turn, as turns of old have them, without the guard
    that lets them commute."""
    monkeypatch.setattr("actors.rooms.room.entity.with_holds", lambda keys: keys)

    def unread_after_replay() -> tuple[int, int]:
        chat = Chat()
        chat.do(c.Create(members=("bob",)), "ann")
        sent = [chat.post("ann") for _ in range(3)]
        chat.world.turn(ROOM, [(c.MarkRead("bob", 3), "bob"), (c.RetractMessage(sent[0]["id"]), "ann")])
        live = chat.unread("bob")
        chat.world.passivate(ROOM)
        return live, chat.unread("bob")

    assert unread_after_replay() == (1, 1)
    monkeypatch.setattr(RoomState, "_deleted", _forgetful(RoomState._deleted))
    live, replayed = unread_after_replay()
    assert live != replayed


def _forgetful(deleted: Any) -> Any:
    def without_memory(self: RoomState, *arguments: Any) -> None:
        deleted(self, *arguments)
        self.fresh_deletions.clear()

    return without_memory

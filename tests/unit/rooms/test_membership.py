"""Who may be in a room, and what becomes of it when they come and go."""

from typing import Any, get_args

import msgspec
import pytest

from actors.kernel.contract.entity import SYSTEM, Attach, Principal
from actors.rooms.conversation.commands import ConversationCommand
from actors.rooms.conversation.policy import PLAIN
from actors.rooms.keeping.commands import KeepingCommand
from actors.rooms.marks import commands as m
from actors.rooms.room import commands as c
from actors.rooms.safety.commands import SafetyCommand
from common.errors import AlreadyExists, CarewireError, FailedPrecondition, InvalidArgument, NotFound, PermissionDenied
from tests.unit.rooms.chat import ROOM, Chat, a_group, a_pair, an_open_room
from tests.unit.rooms.harness import World


def letters(world: World) -> list[tuple[str, str, Any]]:
    """`(to, event name, payload)` of every letter sent so far."""
    found = []
    for letter in world.letters:
        command = msgspec.msgpack.decode(letter.command)
        found.append((letter.to, command["name"], msgspec.json.decode(command["payload"])))
    return found


def members(chat: Chat, by: str = "ann") -> dict[str, str]:
    return {one["user_id"]: one["role"] for one in chat.do(c.Join(), by)["members"]}


def test_a_new_room_has_its_creator_as_owner_and_the_named_as_members() -> None:
    chat = Chat()
    done = chat.done(c.Create(title="  Team  ", members=("bob", "ann", "bob", "cyd")), "ann")
    room = {
        "room_id": "r1",
        "kind": "group",
        "title": "Team",
        "open": False,
        "owner_id": "ann",
        "created_at": "2025-11-20T09:30:01.000Z",
        "last_seq": 1,
        "state": "open",
        "policy": msgspec.to_builtins(PLAIN),
        "policy_version": 0,
    }
    assert done.data == {"room": room, "created": True}
    assert done.packets == [["room_updated", {"room_id": "r1", "seq": 1, "room": room}]]
    assert members(chat) == {"ann": "owner", "bob": "member", "cyd": "member"}
    assert [(to, name, payload) for to, name, payload in letters(chat.world)] == [
        ("user:bob", "room_added", {"room": room}),
        ("user:cyd", "room_added", {"room": room}),
    ]


@pytest.mark.parametrize(
    ("command", "field"),
    [
        (c.Create(title="x" * 201), "title"),
        (c.Create(title="a\nb"), "title"),
        (c.Create(members=("not an id",)), "members"),
        (c.Create(members=("bob\n",)), "members"),
        (c.Create(members=tuple(f"u{number}" for number in range(1001))), "members"),
        (c.Create(kind="direct"), "members"),
        (c.Create(kind="direct", members=("ann",)), "members"),
        (c.Create(kind="direct", members=("bob", "cyd")), "members"),
        (c.Create(kind="direct", members=("bob",), open=True), "open"),
    ],
)
def test_a_room_that_cannot_be_is_refused_and_nothing_exists(command: c.Create, field: str) -> None:
    chat = Chat()
    with pytest.raises(InvalidArgument) as refusal:
        chat.do(command, "ann")
    assert refusal.value.details == {"field": field}
    assert chat.version == 0
    assert not chat.world.letters


def test_a_room_is_not_larger_than_the_settings_allow() -> None:
    chat = Chat(max_members=3)
    with pytest.raises(FailedPrecondition):
        chat.do(c.Create(members=("bob", "cyd", "dan")), "ann")
    chat.do(c.Create(members=("bob", "cyd"), open=True), "ann")
    with pytest.raises(FailedPrecondition):
        chat.do(c.AddMembers(("dan",)), "ann")
    with pytest.raises(FailedPrecondition):
        chat.do(c.Join(), "dan")
    assert chat.version == 1


def test_nobody_without_a_name_creates_or_joins() -> None:
    with pytest.raises(PermissionDenied):
        Chat().do(c.Create(), SYSTEM)
    with pytest.raises(PermissionDenied):
        an_open_room().do(c.Join(), SYSTEM)


def test_creating_a_room_that_exists_finds_it_for_those_who_may_be_in_it() -> None:
    chat = a_group("bob")
    for user in ("ann", "bob"):
        found = chat.do(c.Create(title="Other"), user)
        assert found["created"] is False
        assert found["room"]["title"] == ""
    with pytest.raises(PermissionDenied):
        chat.do(c.Create(), "eve")
    assert an_open_room().do(c.Create(), "eve")["created"] is False
    assert chat.version == 1


CAREWIRES_OWN = {c.AnnounceUnread, c.ShowFile}
EVERY_OTHER_COMMAND: tuple[c.RoomCommand, ...] = (
    c.Join(),
    c.AddMembers(("eve",)),
    c.RemoveMember("bob"),
    c.Update(title="Mine"),
    c.Leave(),
    c.Post(body="hello"),
    c.Edit("msg_1", "other"),
    c.RetractMessage("msg_1"),
    c.React("msg_1", "👍"),
    c.Unreact("msg_1", "👍"),
    c.MarkRead("eve", 1),
    c.TypingStart(),
    c.TypingStop(),
    c.History(),
    c.Peek(),
    c.Glance(),
    c.Witness("msg_1"),
    c.Say(user="ann", role="client", scheduled_id="sch_1"),
    m.MarkDelivered(1),
    m.SetQuiet(receipts=False, typing=False),
    m.GetState("msg_1"),
    m.AcknowledgeMessage("msg_1"),
    m.RemindOf("msg_1", 1),
    m.Pin("msg_1"),
    m.ListPins(),
    m.GetThread("msg_1"),
    m.GetVersions("msg_1"),
    m.GetBlock("msg_1", "blk_1"),
    m.Choose("msg_1", "blk_1"),
    m.ReserveBlock("msg_1", "blk_1"),
    m.SettleBlock(message_id="msg_1", block_id="blk_1", state="open"),
    m.SettleFile("msg_1", "file_1", "erased"),
    Attach(),  # type: ignore[assignment]  # the kernel's own, admitted by the kind
)


@pytest.mark.parametrize("command", EVERY_OTHER_COMMAND, ids=lambda command: type(command).__name__)
def test_strangers_are_refused_and_where_no_room_is_there_is_nothing_to_find(command: c.RoomCommand) -> None:
    ours = isinstance(command, m.RemindOf | m.SettleBlock | m.SettleFile | c.Say)  # for Carewire to ask
    for stranger in (Principal("eve", "admin"), *(() if ours else (SYSTEM,))):
        with pytest.raises(NotFound):
            Chat().do(command, stranger)
        chat = a_group("bob")
        with pytest.raises(PermissionDenied):
            chat.do(command, stranger)
        assert chat.version == 1


def test_every_command_is_tried_by_strangers() -> None:
    tried = {type(command) for command in EVERY_OTHER_COMMAND} | {c.Create, *CAREWIRES_OWN}
    assert tried == {*get_args(c.RoomCommand), Attach} - {
        *get_args(ConversationCommand),  # see test_conversations.py
        *get_args(SafetyCommand),  # see test_safety.py
        *get_args(KeepingCommand),  # see keeping/test_lives.py
    }


def test_whoever_joins_an_open_room_is_a_member_at_once() -> None:
    chat = an_open_room()
    done = chat.done(c.Join(), "bob")
    assert done.data["members"] == [{"user_id": "ann", "role": "owner"}, {"user_id": "bob", "role": "member"}]
    assert done.data["last_seq"] == done.data["room"]["last_seq"] == 2
    assert done.packets == [
        [
            "member_joined",
            {
                "room_id": "r1",
                "seq": 2,
                "user_id": "bob",
                "role": "member",
                "by": "bob",
                "at": "2025-11-20T09:30:02.000Z",
            },
        ]
    ]
    assert chat.seen(c.Join(), "bob") == []
    assert not chat.world.letters  # nobody else put them in
    assert chat.version == 2


def test_the_owner_adds_members_who_hear_of_it() -> None:
    chat = a_group("bob")
    done = chat.done(c.AddMembers(("cyd", "bob", "dan", "cyd")), "ann")
    assert [one["user_id"] for one in done.data["members"]] == ["ann", "bob", "cyd", "dan"]
    assert [(name, p["seq"], p["user_id"], p["by"]) for name, p in done.packets] == [
        ("member_joined", 2, "cyd", "ann"),
        ("member_joined", 3, "dan", "ann"),
    ]
    told = [(to, name, p["room"]["last_seq"]) for to, name, p in letters(chat.world)]
    assert told[1:] == [("user:cyd", "room_added", 2), ("user:dan", "room_added", 3)]
    assert chat.seen(c.AddMembers(("cyd",)), "ann") == []


def test_a_thousand_members_fit_into_one_turn() -> None:
    users = tuple(f"user-number-{number}" for number in range(1000))
    chat = Chat()
    chat.do(c.Create(title="Everybody", members=users), "ann")
    assert len(chat.world.letters) == 1000
    chat = a_group()
    assert len(chat.do(c.AddMembers(users), "ann")["members"]) == 1001
    assert chat.version == 1001
    assert len(chat.world.letters) == 1000


def test_the_owner_removes_a_member_whose_sockets_hear_nothing_later() -> None:
    chat = a_group("bob", "cyd")
    done = chat.done(c.RemoveMember("bob"), "ann")
    assert [one["user_id"] for one in done.data["members"]] == ["ann", "cyd"]
    [delivery] = done.deliveries
    assert delivery.evict == "bob"
    [[name, payload]] = done.packets
    assert name == "member_left"
    assert (payload["user_id"], payload["by"], payload["seq"]) == ("bob", "ann", 2)
    assert letters(chat.world)[-1] == ("user:bob", "room_removed", {"room_id": "r1"})
    with pytest.raises(PermissionDenied):
        chat.post("bob")
    assert chat.seen(c.RemoveMember("bob"), "ann") == []  # gone is gone
    with pytest.raises(FailedPrecondition):
        chat.do(c.RemoveMember("ann"), "ann")


@pytest.mark.parametrize("command", [c.AddMembers(("dan",)), c.RemoveMember("cyd"), c.Update(title="Mine")])
def test_only_the_owner_changes_the_room(command: c.RoomCommand) -> None:
    chat = a_group("bob", "cyd")
    with pytest.raises(PermissionDenied):
        chat.do(command, "bob")
    assert chat.version == 1
    assert chat.done(command, "ann").packets


def test_the_owner_changes_title_and_openness() -> None:
    chat = a_group("bob")
    done = chat.done(c.Update(title="Team", open=True), "ann")
    assert done.data["room"]["title"] == "Team"
    assert done.data["room"]["open"] is True
    assert done.packets == [["room_updated", {"room_id": "r1", "seq": 2, "room": done.data["room"]}]]
    assert chat.seen(c.Update(title=" Team "), "ann") == []
    assert chat.do(c.Update(open=False), "ann")["room"]["title"] == "Team"
    assert chat.do(c.Update(title=""), "ann")["room"]["title"] == ""
    with pytest.raises(InvalidArgument):
        chat.do(c.Update(), "ann")


def test_a_member_who_leaves_for_ever_is_gone_and_hears_no_more() -> None:
    chat = a_group("bob")
    done = chat.done(c.Leave(), "bob")
    assert done.data == {}
    assert [one.evict for one in done.deliveries] == ["bob"]
    assert len(chat.world.letters) == 1  # of having been added; leaving is no news to the leaver
    with pytest.raises(PermissionDenied):
        chat.do(c.Join(), "bob")


def test_when_the_owner_leaves_the_longest_standing_member_takes_over() -> None:
    chat = a_group("bob", "cyd")
    chat.do(c.RemoveMember("bob"), "ann")
    chat.do(c.AddMembers(("bob",)), "ann")  # stands behind cyd now
    [[left, who], [updated, now]] = chat.seen(c.Leave(), "ann")
    assert (left, who["user_id"], updated, now["room"]["owner_id"]) == ("member_left", "ann", "room_updated", "cyd")
    assert members(chat, "cyd") == {"cyd": "owner", "bob": "member"}
    assert chat.do(c.Update(title="Mine"), "cyd")


def test_an_empty_open_room_falls_to_whoever_joins_next() -> None:
    chat = an_open_room()
    [_, [_, now]] = chat.seen(c.Leave(), "ann")
    assert now["room"]["owner_id"] is None
    done = chat.done(c.Join(), "bob")
    assert [(name, p["seq"]) for name, p in done.packets] == [("member_joined", 4), ("room_updated", 5)]
    assert done.packets[0][1]["role"] == "owner"
    assert done.packets[1][1]["room"]["owner_id"] == "bob"
    assert done.data["members"] == [{"user_id": "bob", "role": "owner"}]
    assert done.data["room"]["owner_id"] == "bob"


def test_nobody_joins_an_empty_private_room() -> None:
    chat = a_group()
    chat.do(c.Leave(), "ann")
    for command in (c.Join(), c.Create()):
        with pytest.raises(PermissionDenied):
            chat.do(command, "ann")


def test_a_direct_room_keeps_its_two_members() -> None:
    chat = a_pair()
    for command, by in (
        (c.AddMembers(("cyd",)), "ann"),
        (c.RemoveMember("bob"), "ann"),
        (c.Leave(), "bob"),
        (c.Update(open=True), "ann"),
    ):
        with pytest.raises(FailedPrecondition):
            chat.do(command, by)
    assert chat.version == 1
    assert chat.do(c.Create(kind="direct", members=("ann",)), "bob")["created"] is False


def test_a_direct_room_does_not_begin_under_the_id_of_another_room() -> None:
    for chat in (a_group("bob"), a_pair(), an_open_room()):
        errors: list[type[CarewireError]] = []
        for user in ("ann", "eve"):
            with pytest.raises(CarewireError) as refusal:
                chat.do(c.Create(kind="direct", members=("cyd",)), user)
            errors.append(type(refusal.value))
        is_open = chat.do(c.Glance(), "ann")["room"]["open"]
        assert errors == [AlreadyExists, AlreadyExists if is_open else PermissionDenied]


def test_memberships_are_in_the_read_model_before_the_answer() -> None:
    chat = a_group("bob", "cyd")
    chat.do(c.Leave(), "bob")
    chat.do(c.RemoveMember("cyd"), "ann")
    chat.do(c.AddMembers(("cyd",)), "ann")
    found = {view.id: (view.version, view.fields["left"]) for view in chat.world.views("memberships", room="r1")}
    assert found == {"ann|r1": (1, False), "bob|r1": (2, True), "cyd|r1": (4, False)}


def test_coming_back_begins_a_new_membership() -> None:
    chat = a_group("bob")
    chat.post("ann")
    chat.do(c.MarkRead("bob", 2), "bob")
    chat.do(c.RemoveMember("bob"), "ann")
    chat.post("ann")
    chat.do(c.AddMembers(("bob",)), "ann")
    chat.post("ann")
    joined = chat.do(c.Join(), "bob")
    assert joined["read"] == {}
    assert chat.unread("bob") == 1  # what was said before they came is not news to them


def test_the_whole_room_survives_its_memory() -> None:
    for snapshot in (False, True):
        chat = a_group("bob", "cyd")
        chat.do(c.Update(title="Team"), "ann")
        chat.do(c.Leave(), "ann")
        before = chat.world.state(ROOM)
        chat.world.passivate(ROOM, snapshot=snapshot)
        assert chat.world.state(ROOM) == before
        assert members(chat, "bob") == {"bob": "owner", "cyd": "member"}

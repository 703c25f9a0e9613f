"""The room's own rules and the table of who may do what say the same, in every cell: role x relation x action.

The entity decides by relation alone (it never looks at roles), so for every role it must decide as the table does.
"""

from collections.abc import Callable
from typing import get_args

import pytest

from actors.kernel.contract.entity import Principal
from actors.rooms.conversation.commands import ConversationCommand
from actors.rooms.keeping.commands import KeepingCommand
from actors.rooms.marks import commands as m
from actors.rooms.messages.more import More, Rich
from actors.rooms.room import commands as c
from actors.rooms.safety.commands import SafetyCommand
from common.auth.tokens import ROLES
from common.errors import PermissionDenied
from common.policy import POLICY, RULES, Relation
from tests.unit.rooms.chat import Chat

# Who asks, what they are to the room (or to the message in it, which is bob's), and whether the room is open.
CALLERS: dict[str, tuple[str, set[Relation], bool]] = {
    "the owner": ("ann", {Relation.OWNER}, False),
    "a member": ("cyd", {Relation.MEMBER}, False),
    "the sender": ("bob", {Relation.SELF, Relation.MEMBER}, False),
    "a stranger to an open room": ("eve", {Relation.OPEN}, True),
    "a stranger": ("eve", {Relation.NONE}, False),
}
ACTIONS: dict[str, Callable[[str, str], c.RoomCommand]] = {
    "room.join": lambda user, message: c.Join(),
    "room.read": lambda user, message: c.History(),
    "room.post": lambda user, message: c.Post(body="hello"),
    "room.react": lambda user, message: c.React(message, "👍"),
    "room.mark_read": lambda user, message: c.MarkRead(user, 1),
    "room.type": lambda user, message: c.TypingStart(),
    "room.edit_message": lambda user, message: c.Edit(message, "changed"),
    "room.delete_message": lambda user, message: c.RetractMessage(message),
    "room.manage": lambda user, message: c.Update(title="another"),
    "room.leave": lambda user, message: c.Leave(),
    "room.status": lambda user, message: m.GetState(message),
    "room.acknowledge": lambda user, message: m.AcknowledgeMessage(message),
    "room.pin": lambda user, message: m.Pin(message),
    "room.use_block": lambda user, message: m.GetBlock(message, "blk_1"),
}
MORE: dict[str, tuple[Callable[[str, str], c.RoomCommand], ...]] = {  # other commands under the same action
    "room.react": (lambda user, message: c.Unreact(message, "👍"),),
    "room.type": (lambda user, message: c.TypingStop(),),
    "room.mark_read": (lambda user, message: m.MarkDelivered(1), lambda user, message: m.SetQuiet(True, False)),
    "room.pin": (lambda user, message: m.Pin(message, pinned=False),),
    "room.read": (
        lambda user, message: m.GetThread(message),
        lambda user, message: m.GetVersions(message),
        lambda user, message: m.ListPins(),
    ),
    "room.use_block": (
        lambda user, message: m.Choose(message, "blk_1", (0,)),
        lambda user, message: m.ReserveBlock(message, "blk_1"),
    ),
    "room.manage": (lambda user, message: c.AddMembers(("fay",)), lambda user, message: c.RemoveMember("cyd")),
}
BLOCKS = b'[{"type":"choice","block_id":"blk_1","prompt":"?","options":["a","b"],"state":"open"}]'
READ_BY_GRANT = {"room.read", "breakglass.read"}
GRANTED = {"moderator": READ_BY_GRANT, "admin": READ_BY_GRANT | {"recording.read", "recordings.content"}}
ELSEWHERE = {"room.create", "room.list", "room.monitor"}  # no room yet; the caller's memberships


def test_every_action_and_every_command_of_a_room_is_in_this_test() -> None:
    assert {rule.action for rule in RULES if rule.action.startswith("room.")} == set(ACTIONS) | ELSEWHERE
    tested = {type(make("ann", "m")) for make in (*ACTIONS.values(), *(one for more in MORE.values() for one in more))}
    ours = {
        c.AnnounceUnread,
        c.Say,
        c.Witness,
        c.ShowFile,
        m.RemindOf,
        m.SettleBlock,
        m.SettleFile,
    }  # for Carewire to ask
    elsewhere = {c.Create, c.Peek, c.Glance, *get_args(ConversationCommand), *get_args(SafetyCommand)}
    elsewhere |= {*get_args(KeepingCommand)}
    assert tested | ours | elsewhere == set(get_args(c.RoomCommand))


@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize("caller", CALLERS)
@pytest.mark.parametrize("role", sorted(ROLES))
def test_the_room_decides_as_the_table_does(role: str, caller: str, action: str) -> None:
    user, relations, open_ = CALLERS[caller]
    allowed = any(POLICY.allows(role, relation, action) for relation in relations)
    for make in (ACTIONS[action], *MORE.get(action, ())):
        chat = Chat()
        chat.do(c.Create(members=("bob", "cyd"), open=open_), "ann")
        ask = More(ack_requested=action == "room.acknowledge")
        message = chat.post(
            "ann" if ask.ack_requested and user == "bob" else "bob", rich=Rich(blocks=BLOCKS), more=ask
        )["id"]
        command = make(user, message)
        if allowed:
            chat.do(command, Principal(user, role))
            continue
        before = chat.version
        with pytest.raises(PermissionDenied):
            chat.do(command, Principal(user, role))
        assert chat.version == before


@pytest.mark.parametrize("role", sorted(ROLES))
def test_everybody_may_begin_a_room_and_lists_only_their_own(role: str) -> None:
    assert POLICY.allows(role, Relation.NONE, "room.create")
    assert Chat().do(c.Create(), Principal("eve", role))["created"]
    assert POLICY.allows(role, Relation.SELF, "room.list")
    assert not POLICY.allows(role, Relation.NONE, "room.list")
    chat = Chat()
    chat.do(c.Create(members=("bob",)), "ann")
    for command in (c.Peek(), c.Glance()):
        chat.do(command, Principal("bob", role))
        with pytest.raises(PermissionDenied):
            chat.do(command, Principal("eve", role))


@pytest.mark.parametrize("role", sorted(ROLES))
def test_a_grant_opens_reading_only_and_to_those_whose_role_may_hold_one(role: str) -> None:
    """Break-glass reads as the person concerned, so the entity sees a member; the table bounds what a grant is for."""
    opened = {rule.action for rule in RULES if Relation.GRANT in rule.by_role.get(role, ()) and _narrow(rule.action)}
    assert opened == GRANTED.get(role, set())


def _narrow(action: str) -> bool:
    """Is it an action that not every relation allows?"""
    return any(not POLICY.allows(role, Relation.NONE, action) for role in ROLES) and not POLICY.allows(
        "admin", Relation.NONE, action
    )

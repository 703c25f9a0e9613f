"""Hostile payloads and the answer that each must get. Used over live sockets, raw, so no client tidies them up.

Each is sent as an event with an ack, on a connection of a user who is a member of one room (`Scene.room`) and not of
another (`Scene.foreign`). The ack must carry the code, the socket must live, and no room may have changed.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

LIMIT_BYTES = 64 * 1024  # gateway.max_message_bytes, by default


@dataclass(frozen=True)
class Scene:
    """What is there to be attacked. `message` is somebody else's, `own` the attacker's, both in `room`."""

    room: str
    foreign: str
    message: str
    own: str
    foreign_message: str
    user: str
    other: str


@dataclass(frozen=True)
class Hostile:
    """`arguments` are JSON text: what stands behind the event's name in the packet, "" for nothing."""

    name: str
    event: str
    arguments: Callable[[Scene], str]
    code: str = "invalid_argument"
    attachments: tuple[bytes, ...] = ()

    def frames(self, scene: Scene, ack_id: int) -> list[str | bytes]:
        """The WebSocket frames of the event."""
        text = self.arguments(scene)
        kind = f"45{len(self.attachments)}-" if self.attachments else "42"
        packet = f"{kind}{ack_id}[{json.dumps(self.event)}{',' if text else ''}{text}]"
        return [packet, *self.attachments]


def members(**values: Any) -> Callable[[Scene], str]:
    """An object with these members; `Scene` attributes are named as `"$room"`."""

    def text(scene: Scene) -> str:
        return json.dumps({name: filled(value, scene) for name, value in values.items()})

    return text


def filled(value: Any, scene: Scene) -> Any:
    """`value`, with the scene's names put in."""
    if isinstance(value, str) and value.startswith("$") and hasattr(scene, value[1:]):
        return getattr(scene, value[1:])
    if isinstance(value, list):
        return [filled(member, scene) for member in value]
    return value


def literal(text: str) -> Callable[[Scene], str]:
    """These very characters; `$room` stands for the room."""
    return lambda scene: text.replace("$room", scene.room)


def nested(depth: int, opening: str = "[", closing: str = "]") -> str:
    """JSON, `depth` levels deep."""
    return opening * depth + "1" + closing * depth


PAYLOADS: tuple[Hostile, ...] = (
    # no object, or not only one
    Hostile("no payload", "message", literal("")),
    Hostile("null", "message", literal("null")),
    Hostile("true", "message", literal("true")),
    Hostile("a number", "message", literal("17")),
    Hostile("a string", "message", literal('"hello"')),
    Hostile("a list", "message", literal("[]")),
    Hostile("a list of the members", "message", literal('["$room","hello"]')),
    Hostile("a second argument", "message", literal('{"room_id":"$room","body":"x"},{"room_id":"$room"}')),
    Hostile("twenty arguments", "message", literal(",".join(["{}"] * 20))),
    Hostile("an empty object", "message", literal("{}")),
    # wrong types and operators
    Hostile("room id is an operator", "message", members(room_id={"$gt": ""}, body="x")),
    Hostile("room id is a list", "message", members(room_id=["$room"], body="x")),
    Hostile("room id is a number", "message", members(room_id=42, body="x")),
    Hostile("room id is null", "message", members(room_id=None, body="x")),
    Hostile("body is an operator", "message", members(room_id="$room", body={"$ne": None})),
    Hostile("body is a list", "message", members(room_id="$room", body=["a"])),
    Hostile("body is null", "message", members(room_id="$room", body=None)),
    Hostile("body is missing", "message", members(room_id="$room")),
    Hostile("body is empty", "message", members(room_id="$room", body="")),
    Hostile("client id is an object", "message", members(room_id="$room", body="x", client_id={"$regex": ".*"})),
    Hostile("client id is empty", "message", members(room_id="$room", body="x", client_id="")),
    Hostile("client id is too long", "message", members(room_id="$room", body="x", client_id="c" * 300)),
    Hostile("client id has a line feed", "message", members(room_id="$room", body="x", client_id="a\nb")),
    Hostile("kind is a number", "message", members(room_id="$room", body="x", kind=1)),
    Hostile("kind is code", "message", members(room_id="$room", body="x", kind="<script>alert(1)</script>")),
    Hostile("reply to an operator", "message", members(room_id="$room", body="x", reply_to={"$exists": True})),
    Hostile("attachments are text", "message", members(room_id="$room", body="x", attachments="file.png")),
    Hostile("attachments are numbers", "message", members(room_id="$room", body="x", attachments=[1, 2])),
    Hostile("a hundred attachments", "message", members(room_id="$room", body="x", attachments=[{"a": 1}] * 100)),
    Hostile("open is text", "create_room", members(room_id="new", open="yes")),
    Hostile("members are an object", "create_room", members(room_id="new", members={"$in": ["alice"]})),
    Hostile("forever is a number", "leave_room", members(room_id="$room", forever=1)),
    # ids that are none
    Hostile("room id with a path", "message", members(room_id="../../etc/passwd", body="x")),
    Hostile("room id with a newline at its end", "message", members(room_id="general\n", body="x")),
    Hostile("room id with a null byte", "join_room", members(room_id="general\0")),
    Hostile("room id of a look-alike letter", "join_room", members(room_id="gen\u0435ral")),
    Hostile("room id right to left", "join_room", members(room_id="\u202egeneral")),
    Hostile("room id too long", "join_room", members(room_id="r" * 129)),
    Hostile("room id empty", "join_room", members(room_id="")),
    Hostile("room id with a dollar", "join_room", members(room_id="$where")),
    Hostile("member that is no id", "add_members", members(room_id="$room", user_ids=["alice", "b c"])),
    Hostile("no members", "add_members", members(room_id="$room", user_ids=[])),
    Hostile("five thousand members", "add_members", members(room_id="$room", user_ids=["u"] * 5000)),
    # numbers
    Hostile("negative seq", "mark_read", members(room_id="$room", seq=-1)),
    Hostile("seq of 2 to the 80", "mark_read", members(room_id="$room", seq=2**80)),
    Hostile("seq with a fraction", "mark_read", members(room_id="$room", seq=1.5)),
    Hostile("seq as text", "mark_read", members(room_id="$room", seq="1")),
    Hostile("seq true", "mark_read", members(room_id="$room", seq=True)),
    Hostile("seq not a number", "mark_read", literal('{"room_id":"$room","seq":NaN}')),
    Hostile("seq infinite", "mark_read", literal('{"room_id":"$room","seq":Infinity}')),
    Hostile("seq 1e999", "mark_read", literal('{"room_id":"$room","seq":1e999}')),
    Hostile("negative since", "join_room", members(room_id="$room", since=-5)),
    Hostile("limit 0", "history", members(room_id="$room", limit=0)),
    Hostile("limit 201", "history", members(room_id="$room", limit=201)),
    Hostile("limit a billion", "history", members(room_id="$room", limit=10**9)),
    Hostile("before is an operator", "history", members(room_id="$room", before={"$gt": 0})),
    Hostile("cursor made up", "list_rooms", members(cursor="AAAA")),
    Hostile("inbox seq in the future", "inbox_ack", members(inbox_seq=10**9)),
    # size and depth
    Hostile("body over the limit", "message", members(room_id="$room", body="x" * (LIMIT_BYTES + 1))),
    Hostile("half a megabyte", "message", members(room_id="$room", body="x" * 500_000)),
    Hostile("half a megabyte of members", "message", literal("{" + ",".join(f'"k{n}":1' for n in range(40_000)) + "}")),
    Hostile("ten thousand levels", "message", literal(nested(10_000))),
    Hostile("ten thousand levels of objects", "message", literal(nested(5_000, '{"a":', "}"))),
    Hostile(
        "attachments 500 levels deep",
        "message",
        literal('{"room_id":"$room","body":"x","attachments":[{"a":' + nested(500) + "}]}"),
    ),
    Hostile(
        "attachment with a huge number",
        "message",
        literal('{"room_id":"$room","body":"x","attachments":[{"a":' + "9" * 400 + "}]}"),
    ),
    # members that nobody knows
    Hostile("a prototype", "message", literal('{"room_id":"$room","body":"x","__proto__":{"role":"admin"}}')),
    Hostile("a constructor", "message", literal('{"room_id":"$room","body":"x","constructor":{"prototype":{}}}')),
    Hostile("a sender of one's choice", "message", members(room_id="$room", body="x", sender_id="$other")),
    Hostile("a seq of one's choice", "message", members(room_id="$room", body="x", seq=1)),
    Hostile("a role of one's choice", "join_room", members(room_id="$room", role="owner")),
    Hostile(
        "a placeholder of an attachment", "message", members(room_id="$room", body={"_placeholder": True, "num": 0})
    ),
    # text that is none
    Hostile("half a surrogate pair", "message", literal('{"room_id":"$room","body":"\\ud800"}')),
    Hostile("surrogates swapped", "message", literal('{"room_id":"$room","body":"\\udc00\\ud800"}')),
    Hostile("null byte in the body", "message", members(room_id="$room", body="a\0b")),
    Hostile("control character in the title", "create_room", members(room_id="new", title="a\x1b[2Jb")),
    Hostile(
        "emoji of a thousand characters", "react", members(room_id="$room", message_id="$message", emoji="x" * 1000)
    ),
    Hostile("emoji of white space", "react", members(room_id="$room", message_id="$message", emoji="   ")),
    Hostile("broken JSON", "message", literal('{"room_id":"$room","body":')),
    Hostile("JSON with a comment", "message", literal('{"room_id":"$room"/*,"body":"x"*/}')),
    Hostile("JSON in single quotes", "message", literal("{'room_id':'$room','body':'x'}")),
    # binary
    Hostile("a binary payload", "message", literal('{"_placeholder":true,"num":0}'), attachments=(b"\0\1\2",)),
    Hostile(
        "a binary body",
        "message",
        literal('{"room_id":"$room","body":{"_placeholder":true,"num":0}}'),
        attachments=(b"hello",),
    ),
    Hostile("a placeholder out of range", "message", literal('{"_placeholder":true,"num":9}'), attachments=(b"x",)),
    # events that do not exist
    Hostile("unknown event", "drop_database", literal("{}")),
    Hostile("empty event name", "", literal("{}")),
    Hostile("event of a thousand characters", "e" * 1000, literal("{}")),
    Hostile("connect as an event", "connect", literal("{}")),
    Hostile("disconnect as an event", "disconnect", literal('"client disconnect"')),
    Hostile("a method as an event", "__init__", literal("{}")),
    Hostile("an attribute as an event", "trigger_event", literal("{}")),
    Hostile("a server's event", "session", members(user_id="$other")),
    Hostile("an event in capitals", "MESSAGE", members(room_id="$room", body="x")),
    # what is not theirs
    Hostile("message to a foreign room", "message", members(room_id="$foreign", body="x"), "permission_denied"),
    Hostile("join a foreign room", "join_room", members(room_id="$foreign"), "permission_denied"),
    Hostile("history of a foreign room", "history", members(room_id="$foreign"), "permission_denied"),
    Hostile("typing in a foreign room", "typing_start", members(room_id="$foreign"), "permission_denied"),
    Hostile("read mark in a foreign room", "mark_read", members(room_id="$foreign", seq=1), "permission_denied"),
    Hostile("create a foreign room", "create_room", members(room_id="$foreign"), "permission_denied"),
    Hostile(
        "leave a foreign room for ever", "leave_room", members(room_id="$foreign", forever=True), "permission_denied"
    ),
    Hostile("message to no room", "message", members(room_id="room_that_is_not", body="x"), "not_found"),
    Hostile("join another's mailbox", "join_room", members(room_id="user:bob"), "not_found"),
    Hostile(
        "add members to another's room", "add_members", members(room_id="$room", user_ids=["eve"]), "permission_denied"
    ),
    Hostile("remove the owner", "remove_member", members(room_id="$room", user_id="$other"), "permission_denied"),
    Hostile("rename another's room", "update_room", members(room_id="$room", title="mine"), "permission_denied"),
    Hostile(
        "edit another's message",
        "edit_message",
        members(room_id="$room", message_id="$message", body="x"),
        "permission_denied",
    ),
    Hostile(
        "delete another's message",
        "delete_message",
        members(room_id="$room", message_id="$message"),
        "permission_denied",
    ),
    Hostile(
        "a message of another room",
        "react",
        members(room_id="$room", message_id="$foreign_message", emoji="x"),
        "not_found",
    ),
    Hostile(
        "reply to a message of another room",
        "message",
        members(room_id="$room", body="x", reply_to="$foreign_message"),
        "not_found",
    ),
    Hostile(
        "edit a message that is not",
        "edit_message",
        members(room_id="$room", message_id="msg_0", body="x"),
        "not_found",
    ),
    Hostile(
        "a message id of 200 characters", "delete_message", members(room_id="$room", message_id="m" * 200), "not_found"
    ),
    Hostile(
        "take off an emoji of no message",
        "unreact",
        members(room_id="$room", message_id="msg_own", emoji="x"),
        "not_found",
    ),
    # who they are
    Hostile("authenticate with an operator", "authenticate", members(token={"$gt": ""})),
    Hostile("authenticate with nothing", "authenticate", members(token="")),
    Hostile("authenticate with rubbish", "authenticate", members(token="a.b.c"), "unauthenticated"),
    Hostile(
        "authenticate without a signature",
        "authenticate",
        members(token="eyJhbGciOiJub25lIn0.eyJzdWIiOiJib2IiLCJyb2xlIjoiYWRtaW4iLCJleHAiOjk5OTk5OTk5OTl9."),
        "unauthenticated",
    ),
    Hostile(
        "ids reused: a direct room under the id of a group",
        "create_room",
        members(room_id="$room", kind="direct", members=["$other"]),
        "already_exists",
    ),
    Hostile("a direct room with oneself", "create_room", members(room_id="new", kind="direct", members=["$user"])),
)

# Frames that are not even events. Each gets an `error` event with invalid_argument, because it names no ack.
FRAMES: tuple[tuple[str, str], ...] = (
    ("an event without brackets", "42{}"),
    ("an empty event", "42[]"),
    ("an event named by a number", '42[1,{"room_id":"x"}]'),
    ("an event named by an object", '42[{"$gt":""}]'),
    ("an event without anything", "42"),
    ("letters behind the kind", "42abc"),
    ("an unknown kind", "49[]"),
    ("no kind", "4abc"),
    ("an empty message", "4"),
    ("an object", '4{"type":2}'),
    ("a bare list, ten thousand levels deep", "4" + nested(10_000)),
    ("an error packet", '44{"message":"no"}'),
    ("a binary ack", '461-1["x"]'),
    ("a binary event that waits for nothing", '450-["x",{"_placeholder":true,"num":0}]'),
    ("a binary event that waits for a billion attachments", '459999999999-["message",{}]'),
    ("an ack id of a hundred digits", "42" + "1" * 100 + '["message",{}]'),
)

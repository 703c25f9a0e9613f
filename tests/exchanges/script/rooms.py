"""Rooms and their messages."""

from typing import Any

from tests.exchanges.script.asking import EVERYBODY, STRANGERS, Asking


async def rooms(ask: Asking) -> None:
    for who in EVERYBODY:
        await ask.emit(who, "create_room", {"room_id": f"of-{who}", "title": "Talk", "members": ["bob"]})
    await ask.emit("ann", "create_room", {"room_id": "of-bob"})
    await ask.emit("ann", "create_room", {"room_id": "of-ann"})
    await ask.emit("ann", "create_room", {"kind": "direct", "members": ["doc"]})
    await ask.emit("ann", "create_room", {"kind": "direct", "members": ["bob"]})
    await ask.emit("ann", "create_room", {"kind": "direct", "members": ["ann"]})
    await ask.emit("doc", "create_room", {"room_id": "open", "open": True})
    for payload in (
        {"kind": "x"},
        {"title": 7},
        {"members": "bob"},
        {"colour": "red"},
        {"room_id": "a b"},
        {"open": "yes"},
    ):
        await ask.emit("ann", "create_room", payload)
    for number in range(5):
        await ask.emit("ann", "message", {"room_id": "of-ann", "body": f"line {number}", "client_id": f"c{number}"})
    said = await ask.emit("bob", "message", {"room_id": "of-ann", "body": "mine"})
    await ask.emit("ann", "message", {"room_id": "of-ann", "body": "again", "client_id": "c1"})
    commands: tuple[tuple[str, dict[str, Any]], ...] = (
        ("join_room", {}),
        ("history", {"limit": 2}),
        ("message", {"body": "hello", "kind": "text", "attachments": [{"a": 1}]}),
        ("edit_message", {"message_id": said["id"], "body": "mine too"}),
        ("react", {"message_id": said["id"], "emoji": "x"}),
        ("unreact", {"message_id": said["id"], "emoji": "x"}),
        ("mark_read", {"seq": 3}),
        ("typing_start", {}),
        ("typing_stop", {}),
        ("update_room", {"title": "Talks"}),
        ("add_members", {"user_ids": ["dan"]}),
        ("remove_member", {"user_id": "dan"}),
        ("delete_message", {"message_id": said["id"]}),
        ("leave_room", {}),
    )
    for event, more in commands:
        good = {"room_id": "of-ann"} | more
        for who in (*STRANGERS, "doc", "root", "bob", "ann"):
            await ask.emit(who, event, good)
        for payloads in (
            ["x"],
            [None],
            [],
            [good, good],
            [good | {"colour": 1}],
            [good | {"room_id": "a b"}],
            [good | {"room_id": "none"}],
        ):
            await ask.emit("ann", event, *payloads)
        for name in more:
            for wrong in (None, {"$gt": ""}, -1, ""):
                await ask.emit("ann", event, good | {name: wrong})
            await ask.emit("ann", event, {k: v for k, v in good.items() if k != name})
    for payload in (
        {"before": 3},
        {"after": 3, "limit": 1},
        {"before": 3, "after": 1},
        {"limit": 201},
        {"cursor": "b3"},
    ):
        await ask.emit("ann", "history", {"room_id": "of-ann"} | payload)
    await ask.emit("ann", "join_room", {"room_id": "of-ann", "since": 4})
    for who in EVERYBODY:
        await ask.emit(who, "list_rooms", {"limit": 2})
        await ask.rest(who, "GET", "/api/rooms?limit=2")
        await ask.rest(who, "GET", "/api/rooms/of-ann/messages?limit=2")
        await ask.emit(who, "inbox_ack", {"inbox_seq": 0})
    await ask.emit("ann", "inbox_ack", {"inbox_seq": 10**6})
    await ask.emit("ann", "inbox_ack", {})
    await _pages_of_rooms(ask)
    for who in ("bob", "doc", "ann"):
        await ask.emit(who, "leave_room", {"room_id": "of-ann", "forever": True})


async def _pages_of_rooms(ask: Asking) -> None:
    page = await ask.rest("bob", "GET", "/api/rooms?limit=1")
    await ask.rest("bob", "GET", f"/api/rooms?limit=1&cursor={page['next_cursor']}")
    listed = await ask.emit("bob", "list_rooms", {"limit": 1})
    await ask.emit("bob", "list_rooms", {"limit": 1, "cursor": listed["cursor"]})
    for query in (
        "limit=0",
        "limit=x",
        "limit=201",
        "cursor=x",
        "cursor=",
        "cursor=" + "x" * 300,
        "cursor=" + "x" * 600,
        "colour=red",
        "limit=",
        "limit=3.0",
    ):
        await ask.rest("bob", "GET", f"/api/rooms?{query}")
    for payload in (
        {"limit": 0},
        {"limit": "1"},
        {"cursor": "x"},
        {"cursor": ""},
        {"cursor": "x" * 300},
        {"colour": 1},
    ):
        await ask.emit("bob", "list_rooms", payload)
    path = "/api/rooms/of-ann/messages"
    for query in (
        "before=3",
        "after=3",
        "after=1&limit=2",
        "before=3&after=1",
        "cursor=b3",
        "cursor=a2&limit=1",
        "cursor=a0",
        "cursor=x3",
        "cursor=",
        "cursor=b" + "9" * 30,
        "cursor=" + "x" * 600,
        "cursor=a2&before=1",
        "before=-1",
        "before=x",
        "before=",
        "before=2.0",
        "after=9007199254740992",
        "after=9007199254740993",
        "limit=0",
        "limit=201",
        "limit=200",
        "colour=red",
        "limit=x&before=y",
        "room_id=none",
    ):
        await ask.rest("bob", "GET", f"{path}?{query}")
    for room in ("-x", "a%20b", "a%0a", "x" * 129, "nothing-there", "user:bob", "%00"):
        await ask.rest("bob", "GET", f"/api/rooms/{room}/messages")
        await ask.rest("nobody", "GET", f"/api/rooms/{room}/messages?limit=x")

"""The answers of rooms, pairs and inboxes, byte for byte: clients, stored replies and repeats rely on them."""

from typing import get_args

from actors.inboxes.commands import AckInbox, Deliver, ReadInbox
from actors.inboxes.kind import InboxKind
from actors.kernel.contract.entity import SYSTEM, Principal
from actors.rooms.conversation.commands import ConversationCommand
from actors.rooms.keeping.commands import KeepingCommand
from actors.rooms.marks.commands import MessageCommand
from actors.rooms.pairs import ClaimPair, PairKind, Release
from actors.rooms.room import commands as c
from actors.rooms.room.kind import RoomKind
from actors.rooms.safety.commands import SafetyCommand
from config.settings import RoomSettings
from tests.unit.rooms.harness import World

ROOM = "room:r1"
FIRST, SECOND = "msg_01KAG9JXBR00000002EKBKHK", "msg_01KAG9JZA800000003EKBKHK"
UP = "\N{THUMBS UP SIGN}"

POLICY = (
    '"state":"open","policy":{"screening":"signal","monitored":false,"links":"allow","images":"shown",'
    '"edit_history":"members","edit_window_s":0,"delete_window_s":0,"receipts":"members","max_first_messages":0},'
    '"policy_version":0'
)


def room(title: str, last_seq: int) -> str:
    return (
        f'{{"room_id":"r1","kind":"group","title":"{title}","open":true,"owner_id":"ann",'
        f'"created_at":"2025-11-20T09:30:01.000Z","last_seq":{last_seq},{POLICY}}}'
    )


HELLO = (
    f'{{"id":"{FIRST}","room_id":"r1","seq":2,"sender_id":"ann","kind":"text","body":"hi <é>","client_id":"c1",'
    f'"reply_to":null,"attachments":[{{"name":"a.pdf"}}],"reactions":{{"{UP}":["ann"]}},'
    '"sent_at":"2025-11-20T09:30:03.000Z","edited_at":null,"deleted_at":null%s}'
)
COUNT = '"replies":1,"last_reply_at":"2025-11-20T09:30:05.000Z"'
THREAD = f',"thread":{{"root_id":"{FIRST}",{COUNT}}}'
GONE = (
    f'{{"id":"{SECOND}","room_id":"r1","seq":3,"sender_id":"bob","kind":"text","body":"","client_id":null,'
    f'"reply_to":"{FIRST}","attachments":[],"reactions":{{}},"sent_at":"2025-11-20T09:30:05.000Z",'
    '"edited_at":"2025-11-20T09:30:06.000Z","deleted_at":"2025-11-20T09:30:11.000Z"%s}'
)
HELLO, GONE, GLANCED = HELLO % THREAD, GONE % THREAD, GONE % f',"thread":{{"root_id":"{FIRST}"}}'
OWNER_AND_BOB = '{"user_id":"ann","role":"owner"},{"user_id":"bob","role":"member"}'
JOINED = (
    f'{{"room":{room("Hall", 12)},"members":[{OWNER_AND_BOB},{{"user_id":"dan","role":"member"}}],"last_seq":12,'
    f'"messages":[{HELLO},{GONE}],"read":{{"bob":4}},"has_more":false}}'
)
CALLED = b"0" * 16  # the id of one command
TALK: tuple[tuple[c.RoomCommand, str, bytes, str], ...] = (
    (
        c.Create(members=("bob",), title="Lobby é", open=True),
        "ann",
        b"",
        f'{{"room":{room("Lobby é", 1)},"created":true}}',
    ),
    (c.Create(), "ann", b"", f'{{"room":{room("Lobby é", 1)},"created":false}}'),
    (
        c.Post(body="hi <é>", client_id="c1", attachments=b'[{"name":"a.pdf"}]'),
        "ann",
        CALLED,
        f'{{"id":"{FIRST}","seq":2,"sent_at":"2025-11-20T09:30:03.000Z"}}',
    ),
    (
        c.Post(body="hi <é>", client_id="c1"),
        "ann",
        CALLED,
        f'{{"id":"{FIRST}","seq":2,"sent_at":"2025-11-20T09:30:03.000Z","duplicate":true}}',
    ),
    (
        c.Post(body="two", reply_to=FIRST),
        "bob",
        b"",
        f'{{"id":"{SECOND}","seq":3,"sent_at":"2025-11-20T09:30:05.000Z"}}',
    ),
    (c.Edit(SECOND, "two!"), "bob", b"", '{"seq":4,"edited_at":"2025-11-20T09:30:06.000Z"}'),
    (c.React(FIRST, UP), "bob", b"", f'{{"seq":5,"reactions":{{"{UP}":["bob"]}}}}'),
    (c.Unreact(FIRST, UP), "bob", b"", '{"seq":6,"reactions":{}}'),
    (c.React(FIRST, UP), "ann", b"1" * 16, f'{{"seq":7,"reactions":{{"{UP}":["ann"]}}}}'),
    (c.React(FIRST, UP), "ann", b"1" * 16, f'{{"seq":7,"reactions":{{"{UP}":["ann"]}}}}'),  # no `duplicate`
    (c.RetractMessage(SECOND), "bob", b"", '{"seq":8,"deleted_at":"2025-11-20T09:30:11.000Z"}'),
    (
        c.AddMembers(("cyd",)),
        "ann",
        b"",
        f'{{"members":[{OWNER_AND_BOB},{{"user_id":"cyd","role":"member"}}]}}',
    ),
    (c.RemoveMember("cyd"), "ann", b"", f'{{"members":[{OWNER_AND_BOB}]}}'),
    (c.Update(title="Hall"), "ann", b"", f'{{"room":{room("Hall", 11)}}}'),
    (c.Update(title="Hall"), "ann", b"", f'{{"room":{room("Hall", 11)}}}'),
    (c.MarkRead("bob", 4), "bob", b"", "{}"),
    (c.TypingStart(), "ann", b"", "{}"),
    (c.TypingStop(), "ann", b"", "{}"),
    (c.History(), "ann", b"", f'{{"messages":[{HELLO},{GONE}],"has_more":false}}'),
    (c.History(before=3, limit=1), "ann", b"", f'{{"messages":[{HELLO}],"has_more":false}}'),
    (c.Peek(), "ann", b"", '{"active_at":1763631005000}'),
    (c.Glance(), "bob", b"", f'{{"room":{room("Hall", 11)},"last_seq":11,"unread":0,"last_message":{GLANCED}}}'),
    (c.Witness(FIRST), "bob", b"", '{"sender":"ann","shown_as":"ann","files":[],"blurred":false}'),
    (c.Join(), "dan", b"", JOINED),
    (c.Join(3), "bob", b"", JOINED),
    (c.Leave(), "ann", b"", "{}"),
)


def test_a_room_answers_these_bytes() -> None:
    world = World(RoomKind(RoomSettings()))
    for command, by, command_id, expected in TALK:
        answered = world.do(ROOM, command, by, command_id=command_id).answer
        assert answered.data.decode() == expected, command


def test_a_silent_room_answers_a_join_with_these_bytes() -> None:
    world = World(RoomKind(RoomSettings()))
    world.ask(ROOM, c.Create(open=True, title="Hall"), "ann")
    joined = world.do(ROOM, c.Join(), "ann").answer.data.decode()
    members = '[{"user_id":"ann","role":"owner"}]'
    rest = '"last_seq":1,"messages":[],"read":{},"has_more":false'
    assert joined == f'{{"room":{room("Hall", 1)},"members":{members},{rest}}}'
    assert world.do(ROOM, c.Glance(), "ann").answer.data.endswith(b'"last_seq":1,"unread":0,"last_message":null}')


def test_every_command_of_a_room_is_among_them() -> None:
    elsewhere = {
        *get_args(ConversationCommand),
        *get_args(MessageCommand),
        *get_args(SafetyCommand),
        *get_args(KeepingCommand),
    }  # test_conversations.py, test_marks.py
    ours = {c.AnnounceUnread, c.Say, c.ShowFile}
    assert {type(command) for command, *_ in TALK} | ours == {*get_args(c.RoomCommand)} - elsewhere


def test_a_pair_answers_these_bytes() -> None:
    world = World(PairKind())
    asked = ((ClaimPair("r1"), b'{"room_id":"r1"}'), (ClaimPair("r2"), b'{"room_id":"r1"}'), (Release("r1"), b"{}"))
    for command, expected in asked:
        assert world.do("pair:x", command, SYSTEM).answer.data == expected


def test_an_inbox_answers_these_bytes() -> None:
    world, ann = World(InboxKind()), Principal("ann")
    event = b'{"event":"room_added","data":{"room":{"a":[1]},"event_id":"evt_1","inbox_seq":1}}'
    for command, by, expected in (
        (Deliver("evt_1", "room_added", b'{"room":{"a":[1]}}'), SYSTEM, b"{}"),
        (AckInbox(1), ann, b"{}"),
        (ReadInbox(), ann, b'{"events":[' + event + b'],"inbox_seq":1,"seen":1,"has_more":false}'),
    ):
        assert world.do("user:ann", command, by).answer.data == expected

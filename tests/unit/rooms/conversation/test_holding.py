"""Where words are held, nothing that others read goes round it; and what was released is posted where it may be."""

from collections.abc import Callable
from typing import Any, Final

import msgspec
import pytest

from actors.inboxes.commands import Deliver
from actors.kernel.contract.entity import SYSTEM, Principal
from actors.outgoing.commands import TellSaid
from actors.rooms.conversation.binding import Opening
from actors.rooms.conversation.commands import Bar, ChangeState, Converse, Respond
from actors.rooms.conversation.policy import STRANGERS
from actors.rooms.marks.commands import Pin
from actors.rooms.messages.chat_message import Content, pack
from actors.rooms.messages.more import More
from actors.rooms.room import commands as c
from actors.rooms.room.kind import RoomKind
from actors.rooms.safety.commands import DropHeld, HeldFate, PostHeld, TakeDown
from common.errors import CarewireError, FailedPrecondition, InvalidArgument, PermissionDenied
from config.settings import RoomSettings
from store.ports.restrictions import RESTRICTIONS
from store.ports.views import Scalar, View
from tests.unit.rooms.chat import Chat
from tests.unit.rooms.harness import World, run

ANN: Final = Principal("ann", "client")
BOB: Final = Principal("bob", "client")
ADMIN: Final = Principal("root", "admin")
NUMBER: Final = "call 0171 5551234"
REQUEST: Final = Converse(
    relation="client_client", other="bob", policy=STRANGERS, policy_version=1, asks=True, accepted=1
)


def a_screened_room() -> Chat:
    chat = Chat()
    screen: Callable[[str, str], tuple[str, ...]] = lambda text, _: ("phone",) if "0171" in text else ()  # noqa: E731
    chat.world = World(RoomKind(RoomSettings(), screen=screen))
    return chat


def two_clients() -> Chat:
    chat = a_screened_room()
    chat.do(REQUEST, ANN)
    chat.do(Respond(True, 1), BOB)
    return chat


def held(chat: Chat, body: str = NUMBER) -> str:
    found: str = chat.do(c.Post(body=body), ANN)["held_id"]
    return found


def release(chat: Chat, held_id: str, sender: str = "ann") -> Any:
    chat.world.letters.clear()
    done = chat.done(PostHeld(held=held_id, sender=sender, content=pack(Content(NUMBER))), SYSTEM)
    return done, chat.do(HeldFate(held=held_id), SYSTEM)


def closed(chat: Chat) -> None:
    chat.do(ChangeState("closed"), BOB)


def paused(chat: Chat) -> None:
    chat.do(ChangeState("paused"), ADMIN)


def barred(chat: Chat) -> None:
    chat.do(Bar("bob", "ann", True), SYSTEM)


@pytest.mark.parametrize(("end", "why"), [(closed, "closed"), (paused, "paused"), (barred, "unreachable")])
def test_what_is_released_where_nothing_may_be_said_any_more_goes_nowhere_and_its_sender_hears_why(
    end: Callable[[Chat], None], why: str
) -> None:
    chat = two_clients()
    held_id = held(chat)
    assert chat.do(HeldFate(held=held_id), SYSTEM)["refusal"] == ""
    end(chat)
    assert chat.do(HeldFate(held=held_id), SYSTEM)["refusal"] == why
    done, fate = release(chat, held_id)
    assert not done.packets
    assert (fate["state"], fate["refusal"], chat.bodies("bob")) == ("rejected", why, [])
    [told] = [letter for letter in chat.world.letters if letter.to == "user:ann"]
    assert msgspec.msgpack.decode(told.command, type=Deliver).name == "message_rejected"


def test_what_is_released_where_it_may_be_said_is_posted_once() -> None:
    chat = two_clients()
    held_id = held(chat)
    assert release(chat, held_id)[1]["state"] == "released"
    assert not release(chat, held_id)[0].packets
    assert chat.bodies("bob") == [NUMBER]


def test_what_was_rejected_may_be_released_yet_as_it_was_written() -> None:
    chat = two_clients()
    first = chat.do(c.Post(body="hello"), BOB)["id"]
    held_id = chat.do(c.Post(body=NUMBER, client_id="c-1", reply_to=first), ANN)["held_id"]
    chat.do(DropHeld(held=held_id), SYSTEM)
    assert release(chat, held_id)[1]["state"] == "released"
    [message] = chat.messages("bob")[1:]
    assert (message["body"], message["client_id"], message["reply_to"]) == (NUMBER, "c-1", first)
    assert not release(chat, held_id)[0].packets


def test_a_note_or_a_title_that_would_be_held_is_refused_and_says_why() -> None:
    chat = a_screened_room()
    noted = msgspec.structs.replace(REQUEST, opening=msgspec.msgpack.encode(Opening(note=NUMBER)))
    for command in (noted, c.Update(title=NUMBER)):
        with pytest.raises(FailedPrecondition) as refused:
            chat.do(command, ANN)
        assert (refused.value.details or {})["reason"] == "held"
        assert (refused.value.details or {})["matched"] == ["phone"]
        if command is noted:
            chat.do(REQUEST, ANN)
    assert chat.do(c.Update(title="Tea"), ANN)["room"]["title"] == "Tea"


def test_a_note_of_who_asks_anew_is_looked_at_too() -> None:
    chat = a_screened_room()
    chat.do(REQUEST, ANN)
    chat.do(Respond(False, 1), BOB)
    noted = msgspec.structs.replace(REQUEST, other="ann", opening=msgspec.msgpack.encode(Opening(note=NUMBER)))
    with pytest.raises(FailedPrecondition) as refused:
        chat.do(noted, BOB)
    assert (refused.value.details or {})["reason"] == "held"


@pytest.mark.parametrize(
    "attached", [{"url": "x"}, {"file_id": "file_1", "more": NUMBER}, {"alt": "a"}, {"file_id": 1}], ids=str
)
def test_files_alone_are_attached_where_words_are_held(attached: dict[str, Any]) -> None:
    chat = two_clients()
    with pytest.raises(InvalidArgument):
        chat.do(c.Post(body="look", attachments=msgspec.json.encode([attached])), ANN)
    chat.do(c.Post(body="look", attachments=msgspec.json.encode([{"file_id": "file_1", "alt": "a"}])), ANN)
    attachment = msgspec.json.encode([{"file_id": "file_1", "alt": NUMBER}])
    assert chat.do(c.Post(body="look", attachments=attachment), ANN)["state"] == "held"


def test_of_two_who_do_not_reach_each_other_neither_edits_reacts_or_pins() -> None:
    chat = Chat()
    chat.do(c.Create(kind="direct", members=("bob",)), ANN)
    message = chat.do(c.Post(body="hello"), ANN)["id"]
    chat.do(Bar("bob", "ann", True), SYSTEM)
    for command in (c.Edit(message, "more words"), c.React(message, "👍"), Pin(message)):
        with pytest.raises(PermissionDenied) as refused:
            chat.do(command, ANN)
        assert (refused.value.details or {})["reason"] == "unreachable"
    chat.do(c.RetractMessage(message), ANN)


def said_later(chat: Chat, body: str, user: str = "ann") -> TellSaid:
    chat.world.letters.clear()
    post = msgspec.msgpack.encode(c.Post(body=body))
    chat.done(c.Say(user=user, role="client", scheduled_id="sch_1", secret=post), SYSTEM)
    [told] = [letter for letter in chat.world.letters if letter.to == f"outgoing:{user}"]
    return msgspec.msgpack.decode(told.command, type=TellSaid)


def test_what_was_to_be_said_later_and_is_held_was_not_said() -> None:
    chat = two_clients()
    told = said_later(chat, NUMBER)
    assert (told.message_id, told.reason) == ("", "held")
    assert said_later(chat, "hello").message_id.startswith("msg_")


def test_whoever_may_say_nothing_for_now_says_nothing_later_either() -> None:
    chat = two_clients()
    now = chat.world.now_ms

    def restricted(scope: str, until: int, version: int) -> None:
        fields: dict[str, Scalar] = {"user": "ann", "restriction": "rst_1", "active": True}
        fields |= {"until": until, "scope": scope}
        run(chat.world.stores.views.write([View(RESTRICTIONS, "rst_1", version, fields)]))

    restricted("file,message", 0, 1)
    assert said_later(chat, "hello").reason == "restricted"
    assert said_later(chat, "hello", "bob").reason == ""
    restricted("file,message", now - 1, 2)
    assert said_later(chat, "hello").reason == ""
    restricted("call", 0, 3)
    assert said_later(chat, "hello").reason == ""


def test_nobody_but_carewire_releases() -> None:
    chat = two_clients()
    with pytest.raises(CarewireError):
        chat.do(PostHeld(held=held(chat), sender="ann", content=pack(Content(NUMBER))), ANN)


def test_the_names_of_files_are_held_like_words_and_a_client_id_says_nothing() -> None:
    chat = two_clients()
    attached = msgspec.json.encode([{"file_id": "file_1"}])
    chat.do(c.Post(body="Hello"), BOB)
    named = ("plan.pdf", f"{NUMBER}.pdf")
    assert chat.do(c.Post(body="look", attachments=attached, named=named), ANN)["state"] == "held"
    assert "state" not in chat.do(c.Post(body="look", attachments=attached, named=("plan.pdf",)), ANN)
    with pytest.raises(InvalidArgument) as refused:
        chat.do(c.Post(body="Hi", client_id="01715551234"), ANN)
    assert (refused.value.details or {})["field"] == "client_id"
    for counts in ("0171f3c1-5678-4abc-8def-017155512345", "c-0171-1", "m0171"):
        assert "seq" in chat.do(c.Post(body="Hi", client_id=counts), ANN)


def test_a_message_of_which_an_edit_alone_was_read_is_taken_down_by_its_place() -> None:
    chat = two_clients()
    chat.do(c.Post(body="Hello"), ANN)
    chat.do(c.Post(body="Stays"), BOB)
    seq = chat.messages("bob")[0]["seq"]
    for place in (
        f"{chat.room}#{seq}",
        f"{chat.room}#{seq}",
        "room:other#1",
        f"{chat.room}#99",
        "room:#x",
    ):
        chat.do(TakeDown(message_id=place), SYSTEM)
    assert [bool(message.get("deleted_at")) for message in chat.messages("bob")] == [True, False]


def a_call(**more: Any) -> c.Post:
    return c.Post(body=NUMBER, more=More(**more))


@pytest.mark.parametrize(
    ("command", "refusal"),
    [
        (a_call(priority="urgent"), PermissionDenied),
        (a_call(mentions=("eve",)), InvalidArgument),
        (c.Post(body=NUMBER, reply_to="msg_nobody"), CarewireError),
    ],
    ids=("priority", "stranger", "reply"),
)
def test_what_nobody_may_say_is_refused_and_never_waits(command: c.Post, refusal: type[CarewireError]) -> None:
    chat = two_clients()
    with pytest.raises(refusal):
        chat.do(command, ANN)


def test_whom_a_released_message_mentions_hears_of_it_then() -> None:
    chat = two_clients()
    held_id = chat.do(a_call(mentions=("bob",), ack_requested=True), ANN)["held_id"]
    assert not [letter for letter in chat.world.letters if letter.to == "user:bob" and b"mentioned" in letter.command]
    release(chat, held_id)
    told = [letter for letter in chat.world.letters if letter.to == "user:bob"]
    assert [one for one in told if msgspec.msgpack.decode(one.command, type=Deliver).name == "mentioned"]
    [message] = chat.messages("bob")
    assert (message["mentions"], message["ack"]) == (["bob"], {"requested": True, "by": []})

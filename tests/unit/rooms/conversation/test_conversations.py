"""Conversations, as the room decides them: requests, consents, pauses, closing, aliases, and who may see what."""

from typing import Any, Final, get_args

import msgspec
import pytest

from actors.kernel.contract.entity import SYSTEM, Attach, Principal
from actors.rooms.conversation.binding import REFUSED_FOR_MS, Bond, Opening
from actors.rooms.conversation.commands import (
    AboutWhom,
    Bar,
    ChangeState,
    ConversationCommand,
    Converse,
    FollowCare,
    LapseRest,
    MaySearch,
    Respond,
    See,
    Stead,
    Unveil,
)
from actors.rooms.conversation.policy import PLAIN, STRANGERS
from actors.rooms.conversation.words import refuse_names, words_of
from actors.rooms.marks.commands import AcknowledgeMessage, Choose
from actors.rooms.messages.more import More, Rich
from actors.rooms.room import commands as c
from actors.rooms.room.sight import Sight
from actors.rooms.sealed.rules import ACCEPTED
from common.errors import CarewireError, FailedPrecondition, NotFound, PermissionDenied, RateLimited
from common.numbered_ids import mark_of, seq_in
from tests.unit.rooms.chat import ROOM, Chat
from tests.unit.rooms.harness import START_MS

ANN: Final = Principal("ann", "client")
BOB: Final = Principal("bob", "client")
TESS: Final = Principal("tess", "therapist")
ADMIN: Final = Principal("root", "admin")
REQUEST: Final = Converse(
    relation="client_client", other="bob", policy=STRANGERS, policy_version=1, asks=True, accepted=1
)
BOND: Final = Bond("care_1", START_MS, 3, "active")
WITH_CARE: Final = Converse(
    relation="client_therapist", other="tess", policy=PLAIN, policy_version=1, therapist="tess", bond=BOND
)
CONSULT: Final = Converse(
    relation="therapist_therapist",
    other="eve",
    policy=PLAIN,
    policy_version=1,
    about=True,
    opening=msgspec.msgpack.encode(Opening("ann", "Birch", "May I ask you something?")),
)
STATES: Final = ("requested", "declined", "paused", "closed")


def a_request(accepted: bool | None = None) -> Chat:
    chat = Chat()
    chat.do(REQUEST, ANN)
    if accepted is not None:
        chat.do(Respond(accepted, 1), BOB)
    return chat


def a_conversation() -> Chat:
    chat = Chat()
    chat.do(WITH_CARE, ANN)
    return chat


def in_state(state: str) -> Chat:
    if state in ("requested", "declined"):
        return a_request(False if state == "declined" else None)
    chat = a_conversation()
    chat.do(ChangeState("paused" if state == "paused" else "closed"), TESS)
    return chat


def state_of(chat: Chat, by: Principal = ANN) -> str:
    found: str = chat.do(See(), by)["room"]["state"]
    return found


def reason(error: pytest.ExceptionInfo[CarewireError]) -> Any:
    return (error.value.details or {}).get("reason")


def test_a_request_waits_for_consent_to_the_policy_from_both() -> None:
    chat = Chat()
    with pytest.raises(FailedPrecondition) as refused:
        chat.do(msgspec.structs.replace(REQUEST, accepted=None), ANN)
    assert refused.value.details == {
        "reason": "policy",
        "policy": msgspec.to_builtins(STRANGERS),
        "policy_version": 1,
    }
    made = chat.do(REQUEST, ANN)
    assert (made["created"], made["room"]["state"], made["room"]["policy"]["screening"]) == (True, "requested", "hold")
    with pytest.raises(FailedPrecondition) as refused:
        chat.do(Respond(True), BOB)
    assert reason(refused) == "policy"
    with pytest.raises(PermissionDenied):
        chat.do(Respond(True, 1), ANN)
    seen = chat.seen(Respond(True, 1), BOB)
    assert [(name, said["room"]["state"]) for name, said in seen] == [("conversation_updated", "open")]
    assert chat.seen(Respond(True, 1), BOB) == []
    with pytest.raises(FailedPrecondition) as refused:
        chat.do(Respond(False), BOB)
    assert reason(refused) == "open"


@pytest.mark.parametrize("state", STATES)
def test_nothing_is_said_where_it_is_not_open_and_all_is_read(state: str) -> None:
    chat = in_state(state)
    other = BOB if state in ("requested", "declined") else TESS
    before = chat.version
    for by in (ANN, other):
        with pytest.raises(FailedPrecondition) as refused:
            chat.do(c.Post(body="hello"), by)
        assert reason(refused) == state
        assert refused.value.details is not None
        assert refused.value.details["help"]
        assert chat.done(c.TypingStart(), by).packets == []
        assert chat.do(c.History(), by)["messages"] == []
    assert chat.version == before


def test_nothing_is_edited_or_reacted_to_where_it_is_not_open_but_taken_back() -> None:
    chat = a_conversation()
    message = chat.do(c.Post(body="hello"), ANN)["id"]
    chat.do(ChangeState("closed"), TESS)
    for command in (c.Edit(message, "other"), c.React(message, "👍")):
        with pytest.raises(FailedPrecondition) as refused:
            chat.do(command, ANN)
        assert reason(refused) == "closed"
    chat.do(c.RetractMessage(message), ANN)


def test_whoever_was_refused_asks_again_after_thirty_days_and_the_other_at_once() -> None:
    chat = a_request(False)
    with pytest.raises(RateLimited) as refused:
        chat.do(REQUEST, ANN)
    assert reason(refused) == "refused"
    turned = msgspec.structs.replace(REQUEST, other="ann")
    assert chat.do(turned, BOB)["room"]["state"] == "requested"
    chat = a_request(False)
    chat.world.now_ms += REFUSED_FOR_MS
    assert chat.do(REQUEST, ANN)["room"]["state"] == "requested"


def with_note(command: Converse, note: str) -> Converse:
    return msgspec.structs.replace(command, opening=msgspec.msgpack.encode(Opening(note=note)))


@pytest.mark.parametrize("snapshot", [None, False, True])
@pytest.mark.parametrize("note", ["Now I would like to.", ""])
def test_who_asks_anew_says_something_else_and_nobody_says_what_another_said(note: str, snapshot: bool | None) -> None:
    chat = Chat()
    chat.do(with_note(REQUEST, "We met in the group."), ANN)
    assert chat.do(See(), BOB)["note"] == "We met in the group."
    chat.do(Respond(False, 1), BOB)
    turned = msgspec.structs.replace(REQUEST, other="ann")
    chat.do(with_note(turned, note) if note else turned, BOB)
    if snapshot is not None:
        chat.world.passivate(ROOM, snapshot=snapshot)
    assert chat.do(See(), ANN).get("note") == (note or None)
    chat.do(Respond(True, 1), ANN)
    assert chat.do(See(), ANN).get("note") == (note or None)


def test_three_first_messages_until_there_is_an_answer() -> None:
    chat = a_request(True)
    for _ in range(3):
        chat.do(c.Post(body="hello"), ANN)
    with pytest.raises(RateLimited) as refused:
        chat.do(c.Post(body="hello?"), ANN)
    assert reason(refused) == "first_messages"
    chat.do(c.Post(body="yes"), BOB)
    chat.do(c.Post(body="at last"), ANN)


MANAGE: Final = (ChangeState("paused"), ChangeState("open"), ChangeState("closed"))


@pytest.mark.parametrize("command", MANAGE, ids=lambda one: one.to)
def test_its_therapist_and_administrators_pause_and_close_it(command: ChangeState) -> None:
    for by in (ANN, Principal("mo", "moderator"), Principal("eve", "therapist")):
        chat = a_conversation()
        with pytest.raises(PermissionDenied):
            chat.do(command, by)
        assert chat.version == 1
    for by in (TESS, ADMIN, SYSTEM):
        chat = a_conversation()
        chat.do(command, by)
        assert state_of(chat) == command.to


def test_either_of_two_clients_closes_theirs_and_does_not_pause_it() -> None:
    for by in (ANN, BOB):
        chat = a_request(True)
        with pytest.raises(PermissionDenied):
            chat.do(ChangeState("paused"), by)
        chat.do(ChangeState("closed"), by)
        assert state_of(chat) == "closed"
        with pytest.raises(PermissionDenied):
            chat.do(ChangeState("open"), by)
        assert chat.do(ChangeState("open"), ADMIN)["room"]["state"] == "open"


def test_a_pause_ends_by_itself_and_a_later_word_counts() -> None:
    chat = a_conversation()
    first, later = chat.world.now_ms + 100_000, chat.world.now_ms + 200_000
    chat.do(ChangeState("paused", first), TESS)
    chat.do(ChangeState("paused", later), TESS)
    chat.world.now_ms = first
    chat.do(LapseRest(first), SYSTEM)
    assert state_of(chat) == "paused"
    chat.world.now_ms = later
    chat.do(LapseRest(later), SYSTEM)
    assert state_of(chat) == "open"


def followed(state: str, version: int, *covers: Stead, care: str = "care_1", since: int = START_MS) -> FollowCare:
    return FollowCare(Bond(care, since, version, state), covers=covers)


def test_it_is_as_the_care_is_and_old_news_count_for_nothing() -> None:
    chat = a_conversation()
    chat.do(followed("ended", 5), SYSTEM)
    assert state_of(chat) == "closed"
    version = chat.version
    for old in (followed("active", 4), followed("paused", 5)):
        assert chat.done(old, SYSTEM).packets == []
    assert (chat.version, state_of(chat)) == (version, "closed")
    with pytest.raises(FailedPrecondition) as refused:
        chat.do(ChangeState("open"), ADMIN)
    assert reason(refused) == "no_care"
    chat.do(followed("active", 1, care="care_2", since=START_MS + 1), SYSTEM)
    found = chat.do(See(), ANN)["room"]
    assert (found["state"], found["care_id"]) == ("open", "care_2")
    chat.do(followed("ended", 9), SYSTEM)
    assert state_of(chat) == "open"


def test_news_of_care_that_come_before_the_room_are_remembered() -> None:
    chat = Chat()
    chat.do(followed("ended", 4), SYSTEM)
    with pytest.raises(FailedPrecondition) as refused:
        chat.do(WITH_CARE, ANN)
    assert reason(refused) == "no_care"
    with pytest.raises(NotFound):
        chat.do(See(), ANN)


def test_a_pause_by_hand_outlasts_news_that_tell_of_no_change() -> None:
    chat = a_conversation()
    chat.do(ChangeState("paused"), TESS)
    chat.do(followed("active", 4, Stead("eve", True)), SYSTEM)
    assert state_of(chat) == "paused"
    chat.do(followed("paused", 5), SYSTEM)
    chat.do(followed("active", 6), SYSTEM)
    assert state_of(chat) == "open"


def covered(hidden: bool) -> tuple[Chat, str]:
    """With one message from before the cover, reacted to since."""
    chat = a_conversation()
    old: str = chat.do(c.Post(body="old"), ANN)["id"]
    chat.do(followed("active", 4, Stead("eve", hidden)), SYSTEM)
    return chat, old


def test_who_stands_in_sees_nothing_older_than_their_coming() -> None:
    chat, old = covered(hidden=True)
    eve = Principal("eve", "therapist")
    joined = chat.do(c.Join(0), eve)
    assert [one["role"] for one in joined["members"]] == ["member", "owner", "cover"]
    assert (joined["messages"], chat.do(c.Glance(), eve)["last_message"]) == ([], None)
    for command in (c.React(old, "👍"), c.Post(body="x", reply_to=old)):
        with pytest.raises(NotFound):
            chat.do(command, eve)
    done = chat.done(c.Edit(old, "changed"), ANN)
    assert done.deliveries[0].packet_for("eve") is None
    assert done.deliveries[0].packet_for("tess") is not None
    chat.do(c.Post(body="new"), ANN)
    for page in (c.History(), c.History(after=0), c.History(before=100)):
        assert [one["body"] for one in chat.do(page, eve)["messages"]] == ["new"]
    permits = {who.user: msgspec.convert(chat.do(MaySearch(), who)["sight"], Sight) for who in (eve, ANN)}
    new, posted = chat.version, seq_in(old, mark_of(ROOM.removeprefix("room:")))
    assert posted is not None
    assert (permits["eve"].sees(new), permits["eve"].sees(posted)) == (True, False)
    assert (permits["ann"].sees(new), permits["ann"].sees(posted)) == (True, True)
    assert [name for name, _ in chat.world.replay(ROOM, 3, user="eve")] == ["message"]
    chat.do(followed("active", 5), SYSTEM)
    with pytest.raises(PermissionDenied):
        chat.do(c.History(), eve)


def test_who_stands_in_with_all_of_it_sees_all_of_it() -> None:
    chat, old = covered(hidden=False)
    eve = Principal("eve", "therapist")
    assert [one["body"] for one in chat.do(c.Join(0), eve)["messages"]] == ["old"]
    chat.do(c.React(old, "👍"), eve)
    chat.do(c.Post(body="x", reply_to=old), eve)


def test_who_stands_in_hears_nothing_of_what_becomes_of_older_messages() -> None:
    chat = a_conversation()
    block = {"type": "choice", "prompt": "?", "options": ["a", "b"], "block_id": "blk_1", "state": "open"}
    post = c.Post(body="old", more=More(ack_requested=True), rich=Rich(blocks=msgspec.json.encode([block])))
    old: str = chat.do(post, TESS)["id"]
    chat.do(followed("active", 4, Stead("eve", True)), SYSTEM)
    for command, by in ((AcknowledgeMessage(old), ANN), (Choose(old, "blk_1", close=True), TESS)):
        [told] = chat.done(command, by).deliveries
        assert told.packet_for("eve") is None
        assert told.packet_for("ann") is not None


def test_what_is_missed_is_read_from_where_one_may_see() -> None:
    chat, _ = covered(hidden=True)
    kind, room = chat.world.host.kind, chat.world.resident(ROOM).entity
    assert kind.missed(room, Principal("eve"), 0) == 3
    assert kind.missed(room, Principal("ann"), 0) == 0
    assert kind.missed(room, Principal("eve"), None) is None


def test_the_client_of_whom_two_speak_is_an_alias_to_the_other() -> None:
    chat = Chat()
    made = chat.do(CONSULT, TESS)["room"]
    assert made["about"] == {"alias": "Birch", "client_id": "ann"}
    eve = Principal("eve", "therapist")
    for command in (See(), c.Join(), c.Glance()):
        assert chat.do(command, eve)["room"]["about"] == {"alias": "Birch"}
    assert chat.do(See(), eve)["note"] == "May I ask you something?"
    done = chat.done(ChangeState("paused"), TESS)
    packet = done.deliveries[0]
    assert b"ann" not in (packet.packet_for("eve") or b"")
    assert b'"client_id":"ann"' in (packet.packet_for("tess") or b"")
    assert all(b"Birch" not in turn.events[0] for turn in _turns(chat) if turn.events)


def _turns(chat: Chat) -> Any:
    from tests.unit.rooms.harness import run

    return run(chat.world.turns(ROOM))


def test_a_message_that_names_them_is_refused_and_so_is_one_that_nobody_looked_at() -> None:
    chat = Chat()
    chat.do(CONSULT, TESS)
    words = words_of("ann", "Ann-Marie Lo Smith", "ann@example.org")
    assert words == ("ann", "ann@example.org", "marie", "smith")
    with pytest.raises(FailedPrecondition) as refused:
        chat.do(c.Post(body="anything"), TESS)
    assert reason(refused) == "words"
    for body in ("I saw Smith.", "mail ANN@example.org", "\uff2d\uff21\uff32\uff29\uff25 said", "it was ann"):
        with pytest.raises(FailedPrecondition) as refused:
            chat.do(c.Post(body=body, words=words), TESS)
        assert reason(refused) == "names_client"
    message = chat.do(c.Post(body="Annual smithing, lo and behold", words=words), TESS)["id"]
    with pytest.raises(FailedPrecondition):
        chat.do(c.Edit(message, "Smith", words), TESS)
    with pytest.raises(FailedPrecondition):
        chat.do(c.Update(title="Smith", words=words), TESS)


def test_no_words_are_no_names() -> None:
    refuse_names(("anything at all",), ())


def test_two_of_whom_one_wants_nothing_of_the_other_say_nothing() -> None:
    chat = Chat()
    chat.do(c.Create(kind="direct", members=("bob",)), "ann")
    chat.do(Bar("ann", "bob", True), SYSTEM)
    for by in ("ann", "bob"):
        with pytest.raises(PermissionDenied) as refused:
            chat.do(c.Post(body="hello"), by)
        assert reason(refused) == "unreachable"
    assert not any(one.packet_for("bob") for one in chat.done(c.TypingStart(), "ann").deliveries)
    assert all(one.packet_for("ann") for one in chat.done(c.TypingStart(), "bob").deliveries)
    chat.do(Bar("ann", "bob", False), SYSTEM)
    chat.do(c.Post(body="hello"), "bob")


def test_whoever_was_barred_hears_no_receipts_and_reads_none() -> None:
    chat = Chat()
    chat.do(c.Create(members=("bob", "cyd")), "ann")
    chat.do(Bar("ann", "bob", True), SYSTEM)
    chat.do(c.Post(body="hello"), "bob")
    done = chat.done(c.MarkRead("ann", 2), "ann")
    assert [one.packet_for("bob") for one in done.deliveries] == [None]
    assert all(one.packet_for("cyd") for one in done.deliveries)
    assert (chat.do(c.Join(), "bob")["read"], chat.do(c.Join(), "cyd")["read"]) == ({}, {"ann": 2})


STRANGERS_ASK: Final[tuple[ConversationCommand, ...]] = (
    Respond(True, 1),
    ChangeState("paused"),
    LapseRest(1),
    FollowCare(BOND),
    Bar("ann", "bob", True),
    MaySearch(),
    See(),
    AboutWhom(),
    Unveil(),
)


@pytest.mark.parametrize("command", STRANGERS_ASK, ids=lambda one: type(one).__name__)
def test_strangers_change_nothing_and_learn_nothing(command: ConversationCommand) -> None:
    chat = a_conversation()
    with pytest.raises(PermissionDenied):
        chat.do(command, Principal("eve", "therapist"))
    assert chat.version == 1


def test_every_command_of_conversations_is_tried_by_strangers() -> None:
    assert {type(command) for command in STRANGERS_ASK} | {Converse} == set(get_args(ConversationCommand))


def test_a_stranger_does_not_find_the_conversation_of_two_others() -> None:
    chat = a_conversation()
    with pytest.raises(CarewireError):
        chat.do(WITH_CARE, Principal("eve", "client"))


def test_a_plain_room_is_no_conversation() -> None:
    chat = Chat()
    chat.do(c.Create(members=("bob",)), "ann")
    for command in (See(), ChangeState("closed"), Respond(True, 1)):
        with pytest.raises((NotFound, PermissionDenied)):
            chat.do(command, ANN)


def test_what_was_decided_is_remembered_over_replays_and_snapshots() -> None:
    chat, _ = covered(hidden=True)
    chat.do(c.Post(body="new"), ANN)
    chat.do(Bar("ann", "tess", True), SYSTEM)
    chat.do(ChangeState("paused", chat.world.now_ms + 60_000), TESS)
    state = chat.world.state(ROOM)
    for snapshot in (False, True):
        chat.world.passivate(ROOM, snapshot=snapshot)
        assert chat.world.state(ROOM) == state
    room: Any = chat.world.resident(ROOM).entity
    assert room.guarded


def with_link(**rest: Any) -> c.Post:
    rich = Rich(
        html='<p>see <a href="https://example.org/?a=&quot;1&quot;" rel="ugc">here</a></p>\n',
        links=b'[{"url":"https://example.org","host":"example.org","verdict":"ok"}]',
    )
    return c.Post(body="see [here](https://example.org)", more=More(format="markdown"), rich=rich, **rest)


@pytest.mark.parametrize(
    ("links", "verdict", "anchors"), [("block", "blocked", 0), ("allow", "ok", 1), ("warn", "ok", 1)]
)
def test_where_links_are_blocked_they_are_shown_and_lead_nowhere(links: Any, verdict: str, anchors: int) -> None:
    chat = Chat()
    policy = msgspec.structs.replace(PLAIN, links=links)
    chat.do(msgspec.structs.replace(WITH_CARE, policy=policy), ANN)
    chat.do(with_link(), ANN)
    edited = chat.post("ann", "nothing")["id"]
    words = with_link()
    chat.do(c.Edit(edited, words.body, rich=words.rich), ANN)
    first, second = chat.messages()
    assert [one["verdict"] for shown in (first, second) for one in shown["links"]] == [verdict] * 2
    assert first["html"].count("<a ") == first["html"].count("</a>") == anchors
    assert "here" in first["html"]


def test_an_encrypted_conversation_is_so_from_its_beginning_or_never() -> None:
    sealed = msgspec.structs.replace(WITH_CARE, e2ee=True, accept=ACCEPTED)
    chat = Chat()
    with pytest.raises(FailedPrecondition) as refused:
        chat.do(msgspec.structs.replace(sealed, accept=ACCEPTED[:3]), ANN)
    assert reason(refused) == "accept"
    assert chat.do(sealed, ANN)["room"]["e2ee"] is True
    theirs = msgspec.structs.replace(WITH_CARE, other="ann")
    assert chat.do(theirs, TESS)["room"]["e2ee"] is True, "it is found as it is"
    with pytest.raises(CarewireError) as spoken:
        chat.post("ann", "in clear")
    assert reason(spoken) == "e2ee"
    encrypted = c.Post(body="", kind="encrypted", rich=Rich(encrypted=b"{}"))
    with pytest.raises(FailedPrecondition) as refused:
        chat.do(encrypted, TESS)
    assert reason(refused) == "accept", "its other member has accepted nothing yet"
    assert chat.do(msgspec.structs.replace(sealed, other="ann"), TESS)["created"] is False
    assert chat.do(encrypted, TESS)["seq"] == 2
    plain = a_conversation()
    with pytest.raises(FailedPrecondition) as refused:
        plain.do(sealed, ANN)
    assert reason(refused) == "e2ee"


def test_whoever_may_not_be_there_may_not_listen() -> None:
    chat = a_conversation()
    with pytest.raises(PermissionDenied):
        chat.do(Attach(), "eve")  # type: ignore[arg-type] # the kernel's own

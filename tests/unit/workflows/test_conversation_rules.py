"""What follows from conversations: whoever is asked hears of it."""

from typing import Final

import msgspec
from msgspec.structs import replace

from actors.outgoing.commands import NoteAsked
from actors.rooms.conversation.binding import Binding, Consent
from actors.rooms.conversation.policy import STRANGERS
from actors.rooms.room.events import Created, Profile, Rebound
from tests.unit.workflows.test_alarm_rules import AT, heard
from tests.unit.workflows.test_said_rules import letters_of

TOLD: Final = {"tell_asked_again", "note_asked", "note_answered"}
BOUND: Final = Binding(
    relation="client_client", state="requested", maker="ann", asked="bob", policy=STRANGERS, policy_version=1
)
PROFILE: Final = Profile(kind="direct", title="", open=False, owner="ann", created_at=AT, binding=BOUND)


def told(profile: Profile) -> list[tuple[str, str, str]]:
    event = Rebound(author="ann", at=AT, profile=profile)
    return [(to, name, payload["room"]["state"]) for to, name, payload in heard("tell_asked_again", event)]


def test_whoever_is_asked_hears_of_it_each_time() -> None:
    assert told(PROFILE) == [("user:bob", "conversation_requested", "requested")]


def test_what_is_open_or_was_declined_asks_nobody() -> None:
    for state in ("open", "declined", "closed"):
        assert told(replace(PROFILE, binding=replace(BOUND, state=state))) == []


def test_what_keeps_count_hears_of_each_request_and_of_its_answer() -> None:
    asked = replace(BOUND, consents=(Consent("ann", 1, AT),))
    begun = Created(author="ann", at=AT, profile=replace(PROFILE, binding=asked), members=("ann", "bob"))
    answered = Rebound(author="bob", at=AT, profile=replace(PROFILE, binding=replace(asked, state="open")))
    noted = {
        "note_asked": (begun, NoteAsked(room="r1", waits=True, seq=0)),
        "note_answered": (answered, NoteAsked(room="r1", waits=False, seq=0)),
    }
    for rule, (event, command) in noted.items():
        [(to, packed, _)] = letters_of(rule, event, "room:r1")
        assert (to, msgspec.msgpack.decode(packed, type=NoteAsked)) == ("outgoing:ann", command)
    plain = Created(author="ann", at=AT, profile=replace(PROFILE, binding=None), members=("ann",))
    assert letters_of("note_asked", plain, "room:r1") == []

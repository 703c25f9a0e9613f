"""What follows from conversations: whoever is asked hears of it."""

from typing import Final

from msgspec.structs import replace

from actors.rooms.conversation.binding import Binding
from actors.rooms.conversation.policy import STRANGERS
from actors.rooms.room.events import Profile, Rebound
from tests.unit.workflows.test_alarm_rules import AT, heard

TOLD: Final = {"tell_asked_again"}
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

"""A notifier owes a mail once, forgets it when it is settled, and what it stores is stored for ever."""

import msgspec
import pytest

from actors.kernel.contract.activities import Answered
from actors.kernel.contract.entity import SYSTEM, Context, Event, Principal, Recorded
from actors.notifications.activities import Mail
from actors.notifications.notifier.commands import SendMail
from actors.notifications.notifier.entity import Notifier
from actors.notifications.notifier.events import MailOwed, MailSettled, NotifierEvent
from actors.notifications.notifier.kind import NotifierKind
from common.errors import InvalidArgument, PermissionDenied
from tests.unit.notifications.notifier_world import HOUSE

KIND = NotifierKind(HOUSE)
MAIL = msgspec.msgpack.encode(Mail("password_reset", user="usr_1", code="12345678"))
CODE = SendMail("mail_1", "usr_1", "now", 60_000, MAIL)
BY_US = Context(SYSTEM, 0)


def owing() -> Notifier:
    notifier = KIND.create("usr_1")
    (event,) = notifier.decide(CODE, BY_US, 0).events
    assert isinstance(event, MailOwed)
    notifier.apply(event, 1, 0)
    return notifier


def answered(key: str = "mail|mail_1") -> Answered:
    return Answered(key=key, outcome="refused", code="address_refused", attempts=1)


def test_a_mail_is_owed_under_the_key_of_its_owner() -> None:
    (event,) = KIND.create("usr_1").decide(CODE, BY_US, 0).events
    assert (event.author, event.secret) == ("usr_1", MAIL)
    effects = KIND.effects("notifier:usr_1", Recorded(1, 0, 1, event), None)  # type: ignore[arg-type]
    assert effects is not None
    (activity,) = effects.activities
    assert (activity.connector, activity.key, activity.owner) == ("email", "mail|mail_1", "usr_1")
    assert (activity.urgency, activity.deadline_ms, activity.payload) == ("now", 60_000, MAIL)


def test_the_same_mail_is_owed_once() -> None:
    assert owing().decide(CODE, BY_US, 1).events == ()


def test_a_settled_mail_is_forgotten_and_its_words_are_redacted() -> None:
    notifier = owing()
    (event,) = KIND.answered(notifier, answered(), BY_US).events
    assert event == MailSettled(mail_id="mail_1", outcome="refused", owed=1, code="address_refused")
    effects = KIND.effects("notifier:usr_1", Recorded(2, 0, 2, event), None)
    assert effects is not None
    assert list(effects.redact) == [1]
    notifier.apply(event, 2, 0)
    assert notifier == KIND.create("usr_1")
    assert KIND.answered(notifier, answered(), BY_US).events == ()  # once


def test_a_snapshot_is_the_whole_state() -> None:
    notifier = owing()
    assert KIND.restore("usr_1", KIND.snapshot(notifier)) == notifier


def test_only_carewire_itself_sends_mail_and_nobody_listens() -> None:
    for by in (Principal("usr_1"), Principal("root", "admin")):
        with pytest.raises(PermissionDenied):
            owing().decide(CODE, Context(by, 0), 1)
        with pytest.raises(PermissionDenied):
            KIND.admit(owing(), by)


@pytest.mark.parametrize(
    "command",
    [
        SendMail("", "usr_1", secret=MAIL),
        SendMail("mail 1", "usr_1", secret=MAIL),
        SendMail("m", ""),
        SendMail("m", "u"),
    ],
)
def test_a_mail_has_an_id_an_owner_and_something_to_say(command: SendMail) -> None:
    with pytest.raises(InvalidArgument):
        KIND.create("usr_1").decide(command, BY_US, 0)


STORED: tuple[tuple[NotifierEvent, bytes], ...] = (
    (
        MailOwed(author="usr_1", mail_id="mail_1", urgency="now", deadline_ms=5),
        b"\x96\xa9mail_owed\xa5usr_1\xc0\xa6mail_1\xa3now\x05",
    ),
    (
        MailSettled(mail_id="mail_1", outcome="done", owed=1),
        b"\x97\xacmail_settled\xa0\xc0\xa6mail_1\xa4done\x01\xa0",
    ),
)


@pytest.mark.parametrize(("event", "packed"), STORED, ids=lambda value: type(value).__name__)
def test_what_is_stored_are_these_bytes_and_they_are_read_back(event: Event, packed: bytes) -> None:
    assert msgspec.msgpack.encode(event) == packed
    assert msgspec.msgpack.decode(packed, type=NotifierEvent) == event


def test_a_payload_without_the_newer_members_has_their_defaults() -> None:
    packed = msgspec.msgpack.encode({"template": "new_sign_in", "a_member_of_tomorrow": 1})
    assert msgspec.msgpack.decode(packed, type=Mail) == Mail("new_sign_in")

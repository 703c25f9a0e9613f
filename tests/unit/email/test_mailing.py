"""What is told of a mail counts once, and whoever told it hears that it was taken."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.kernel.contract.activities import Activity
from actors.kernel.contract.entity import SYSTEM, Context, Principal, Recorded
from actors.notifications.activities import MAIL_FATES, MailOutcome, MailTraced
from actors.notifications.mailing.commands import TellFate
from actors.notifications.mailing.entity import Mailing, traced
from actors.notifications.mailing.events import FateTold, MailingEvent, Traced
from actors.notifications.mailing.kind import MailingKind
from common.errors import PermissionDenied

KIND = MailingKind()
CONTEXT = Context(now_ms=1, by=SYSTEM)
FATES = ("delivered", "bounced", "deferred", "complained")


@given(st.lists(st.sampled_from(FATES), max_size=12))
def test_each_fate_is_owed_once_and_each_arrival_answered(fates: list[str]) -> None:
    mailing, answered = Mailing(), 0
    owed: list[Activity] = []
    for number, fate in enumerate(fates, 1):
        command = TellFate(fate=fate, provider="sendgrid", arrival=f"arrival:sendgrid:{number}")  # type: ignore[arg-type]
        (event,) = mailing.decide(command, CONTEXT, number).events
        assert isinstance(event, FateTold)
        recorded: Recorded[MailingEvent] = Recorded(number, 1, SYSTEM.user, event)  # type: ignore[arg-type]
        effects = KIND.effects("mailing:atv_1", recorded, None)
        assert effects is not None
        answered += [letter.to for letter in effects.letters] == [f"arrival:sendgrid:{number}"]
        owed += effects.activities
        mailing.apply(event, number, 1)
        assert KIND.restore("atv_1", KIND.snapshot(mailing)) == mailing
    assert answered == len(fates)
    told = [msgspec.msgpack.decode(one.payload, type=MailOutcome) for one in owed]
    assert sorted(one.fate for one in told) == sorted(set(fates))
    assert {one.mail for one in told} <= {"atv_1"}
    assert {one.connector for one in owed} <= {MAIL_FATES}


def test_nobody_but_carewire_tells_it() -> None:
    with pytest.raises(PermissionDenied):
        Mailing().decide(
            TellFate(fate="bounced", provider="x", arrival="y"), Context(now_ms=1, by=Principal("usr_1")), 0
        )


def test_what_was_of_no_delivery_changes_nothing() -> None:
    for answer in (b"", msgspec.msgpack.encode(MailTraced())):
        assert not traced("bounced", answer).events
    (event,) = traced("bounced", msgspec.msgpack.encode(MailTraced(user="usr_1", delivery="dlv_1"))).events
    assert event == Traced(fate="bounced", user="usr_1", delivery="dlv_1")

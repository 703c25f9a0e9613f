"""Mails in their final form, and the appointments in them, as two other readers understand them."""

import json
import subprocess
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest
from icalendar import Calendar

from actors.notifications.activities import CalendarInvitation, Mail
from serve_app.capabilities.email.invitation import ics
from serve_app.capabilities.email.message import Composer, Letterhead
from serve_app.capabilities.email.rendering import Templates

HEAD = Letterhead("Carewire <mail@carewire.test>", "https://app.carewire.test")
COMPOSER = Composer(HEAD, Templates(HEAD.public_url))
AT_MS = 1_763_631_000_000
SESSION = CalendarInvitation(
    method="REQUEST",
    uid="bkg_1@carewire",
    sequence=3,
    start_ms=AT_MS,
    end_ms=AT_MS + 3_600_000,
    tz="Europe/Berlin",
    summary="Session, first; \n with\\out",
    description="Bring\nnothing",
    url="https://app.carewire.test/open/booking/bkg_1",
    organizer='Dr. "Ada" Ädler',
)
WEEKLY = msgspec.structs.replace(SESSION, uid="ser_1@carewire", rrule="FREQ=WEEKLY;COUNT=12")
_JS = Path(__file__).parents[2] / "js"


def composed(mail: Mail, to: str = "ann@mail.test", key: str = "atv_1") -> EmailMessage:
    raw = COMPOSER.compose(mail, to=to, key=key, made_at_ms=AT_MS).as_bytes()
    message = message_from_bytes(raw, policy=default)
    assert isinstance(message, EmailMessage)
    return message


def made(invitation: CalendarInvitation) -> bytes:
    return ics(invitation, organizer="mail@carewire.test", attendee="ann@mail.test", made_at_ms=AT_MS)


def test_the_same_mail_is_the_same_bytes() -> None:
    mail = Mail("booking_confirmed", invitations=(SESSION,), unsubscribe="tok")
    one, other = (COMPOSER.compose(mail, to="a@b.test", key="atv_1", made_at_ms=AT_MS).as_bytes() for _ in "12")
    assert one == other
    assert one.isascii()
    assert max(map(len, one.splitlines())) <= 998  # RFC 5322, 2.1.1


def test_who_can_do_without_such_mails_is_told_how() -> None:
    message = composed(Mail("chat_message", unsubscribe="tok"))
    assert message["List-Unsubscribe"] == "<https://app.carewire.test/l/tok>"
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    transactional = composed(Mail("password_reset", code="1"))
    assert transactional["List-Unsubscribe"] is None


def test_a_mail_says_its_language() -> None:
    assert composed(Mail("new_sign_in", locale="de-AT"))["Content-Language"] == "de-AT"


def test_one_appointment_is_another_form_of_the_mail() -> None:
    message = composed(Mail("booking_confirmed", invitations=(SESSION,)))
    assert message.get_content_type() == "multipart/alternative"
    assert [part.get_content_type() for part in message.iter_parts()] == ["text/plain", "text/html", "text/calendar"]
    *_, calendar = message.iter_parts()
    assert calendar.get_param("method") == "REQUEST"


def test_several_appointments_stand_each_for_itself() -> None:
    others = (SESSION, msgspec.structs.replace(SESSION, uid="bkg_2@carewire", method="CANCEL"))
    message = composed(Mail("booking_changed", invitations=others))
    attached = list(message.iter_attachments())
    assert [part.get_filename() for part in attached] == ["1.ics", "2.ics"]
    assert [part.get_param("method") for part in attached] == ["REQUEST", "CANCEL"]
    assert message.get_body(("html",)) is not None


@pytest.mark.parametrize("method", ["REQUEST", "CANCEL"])
def test_a_calendar_reads_an_invitation(method: Any) -> None:
    calendar = Calendar.from_ical(made(msgspec.structs.replace(SESSION, method=method)))
    event: Any = calendar.walk("VEVENT")[0]
    assert calendar["METHOD"] == method
    assert (event["UID"], event["SEQUENCE"]) == ("bkg_1@carewire", 3)
    assert event["STATUS"] == ("CONFIRMED" if method == "REQUEST" else "CANCELLED")
    assert event["DTSTART"].dt.astimezone(ZoneInfo("Europe/Berlin")).isoformat() == "2025-11-20T10:30:00+01:00"
    assert event["ORGANIZER"] == "mailto:mail@carewire.test"
    assert event["ATTENDEE"] == "mailto:ann@mail.test"
    assert str(event["SUMMARY"]) == SESSION.summary
    assert [zone["TZID"] for zone in calendar.walk("VTIMEZONE")] == ["Europe/Berlin"]


def read_by_another(calendar: bytes) -> dict[str, Any]:
    """As ical.js has it, which Thunderbird reads invitations with."""
    script = """
        import ICAL from "ical.js";
        let text = "";
        for await (const piece of process.stdin) text += piece;
        const calendar = new ICAL.Component(ICAL.parse(text));
        for (const zone of calendar.getAllSubcomponents("vtimezone")) ICAL.TimezoneService.register(zone);
        const [event] = calendar.getAllSubcomponents("vevent").map((one) => new ICAL.Event(one));
        const times = [];
        const iterator = event.iterator();
        for (let time = iterator.next(); time && times.length < 50; time = iterator.next()) {
            times.push(time.toJSDate().toISOString());
        }
        const { uid, sequence, summary, description, organizer } = event;
        const method = calendar.getFirstPropertyValue("method");
        console.log(JSON.stringify({ uid, sequence, summary, description, organizer, method, times }));
    """
    done = subprocess.run(
        ["node", "--input-type=module", "-e", script], cwd=_JS, input=calendar, capture_output=True, timeout=60
    )
    assert done.returncode == 0, done.stderr.decode()
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_a_second_reader_understands_it_too() -> None:
    assert read_by_another(made(SESSION)) == {
        "uid": "bkg_1@carewire",
        "sequence": 3,
        "summary": SESSION.summary,
        "description": SESSION.description,
        "organizer": "mailto:mail@carewire.test",
        "method": "REQUEST",
        "times": ["2025-11-20T09:30:00.000Z"],
    }


def test_a_series_is_one_rule_at_the_same_time_of_day_all_year() -> None:
    autumn = msgspec.structs.replace(WEEKLY, start_ms=AT_MS - 6 * 7 * 86_400_000 - 3_600_000, end_ms=AT_MS)
    times = read_by_another(made(autumn))["times"]
    assert len(times) == 12
    assert times[0] == "2025-10-09T08:30:00.000Z"  # 10:30 in summer
    assert times[-1] == "2025-12-25T09:30:00.000Z"  # 10:30 in winter


def test_a_zone_that_is_none_is_utc() -> None:
    calendar = Calendar.from_ical(made(msgspec.structs.replace(SESSION, tz="Mars/Olympus")))
    event: Any = calendar.walk("VEVENT")[0]
    assert event["DTSTART"].to_ical() == b"20251120T093000Z"
    assert not calendar.walk("VTIMEZONE")


def test_nobody_writes_a_line_of_their_own() -> None:
    evil = "x\r\nATTENDEE:mailto:eve@evil.test\r\nEND:VEVENT"
    described = dict.fromkeys(("summary", "description", "organizer", "uid"), evil)
    calendar = Calendar.from_ical(made(msgspec.structs.replace(SESSION, **described)))
    (event,) = calendar.walk("VEVENT")
    assert event["ATTENDEE"] == "mailto:ann@mail.test"

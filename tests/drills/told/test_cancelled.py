"""Never after the cancellation: bookings are made, confirmed, moved and cancelled at random, and people are reminded of
them throughout, while the mail server is away, slow or hangs up, the push service loses answers, and the shard dies.
What each peer was handed is held against the bookings: no word of a version comes after one of a later version, on
either way, and the last word comes.

And what came to be owed while nobody could be reached is sent as its last word alone; without subjects, all of it is.

`make drill cancelled` makes 2,000 bookings; with `SIZE=50` fewer.
"""

import asyncio
import email
import itertools
import os
import random
import time
import uuid
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from email.message import EmailMessage, Message
from email.policy import default
from typing import Any, Final

import pytest
from icalendar import Calendar

from actors.notifications.activities import WEBPUSH
from actors.workflows.notices import bookings
from config.capabilities.notifications import NotificationSettings
from config.settings import ActivitySettings
from serve_app.activities.connector import Connector
from tests.activity_rig import a_runner, connectors_in
from tests.drills.mortal import mortal_shards
from tests.drills.told.phones import Phones, register
from tests.identity_rig import House, house
from tests.integration.identity.attacks.victim import HOURS, SERVICE, when
from tests.mongo import url_of
from tests.partners.mail_server import MailServer
from tests.waiting import eventually

SIZE: Final = int(os.environ.get("DRILL_SIZE", "0")) or 10
SEED: Final = int(os.environ.get("FIRST_SEED", "1"))
A_DAY: Final = 20  # bookings of one therapist, each at an hour of its own
AT_ONCE: Final = 8
DEEDS: Final = 4
QUICK: Final = NotificationSettings(push_wait_s=0.1, online_wait_s=0.2, email_wait_s=0.3, pushes_per_subject=1000)
AGAIN: Final = ActivitySettings(first_retry_s=0.05, longest_retry_s=1.0, breaker_pause_s=0.5)
pytestmark = pytest.mark.timeout(600 + SIZE)


@dataclass(frozen=True)
class Booked:
    """A booking, and the account of its client, who has no other."""

    id: str
    number: int
    client: str
    bearer: str
    staff: str

    @property
    def address(self) -> str:
        return f"c{self.number}@mail.test"


@asynccontextmanager
async def _a_house(mongo_port: int, tmp_path: Any, server: MailServer) -> AsyncIterator[House]:
    await server.start()
    rig = house(
        url_of(mongo_port),
        f"test_{uuid.uuid4().hex}",
        tmp_path,
        smtp_url=f"smtp://127.0.0.1:{server.port}?tls=none",
        notifications=QUICK,
        activities=AGAIN,
    )
    try:
        async with rig as home:
            yield home
    finally:
        await server.stop()


async def _booked(home: House, number: int, therapists: dict[int, Any]) -> Booked:
    staff = therapists[number // A_DAY]
    client = await home.register(f"c{number}@mail.test")
    user, bearer = client["user"]["user_id"], client["access_token"]
    await register(home, user, user, bearer=bearer)
    body = {"therapist_id": staff["user"]["user_id"], "service_id": "talk", "start": when(number % A_DAY, 5)}
    made = await _done(home, "POST", "/api/bookings", bearer, body, key=f"book-{number}")
    return Booked(made["id"], number, user, bearer, staff["access_token"])


async def _therapist(home: House, number: int) -> Any:
    staff = await home.staff(f"t{number}@mail.test", "therapist")
    schedule = {
        "tz": "UTC",
        "weekly": HOURS,
        "slot_minutes": 60,
        "services": [SERVICE],
        "rules": {"requires_confirmation": True},
    }
    await home.ok("PUT", f"/api/calendars/{staff['user']['user_id']}", schedule, bearer=staff["access_token"])
    return staff


async def _done(home: House, method: str, path: str, bearer: str, body: Any, *, key: str) -> Any:
    """However often it takes. What is refused for good (it is cancelled by then) is no fault."""
    while True:
        answer = await home.call(method, path, body, bearer=bearer, Idempotency_Key=key)
        if answer.status_code < 500:
            return answer.json()
        await asyncio.sleep(0.05)


async def _lived(home: House, one: Booked, deeds: Sequence[str], pause_s: float) -> None:
    path = f"/api/bookings/{one.id}"
    for number, deed in enumerate(["confirm", *deeds]):
        key = f"{one.id}-{number}"
        body = {"start": when(one.number % A_DAY, 6 + number)} if deed == "reschedule" else {}
        await _done(home, "POST", f"{path}/{deed}", one.staff, body, key=key)
        await asyncio.sleep(pause_s)


def _lives(dice: random.Random) -> Iterator[list[str]]:
    """Moved and reminded of at random; two of three are cancelled in the end."""
    while True:
        deeds = dice.choices(["reschedule", "reminders"], k=dice.randrange(DEEDS + 1))
        yield deeds + (["cancel"] if dice.random() < 2 / 3 else [])


def _mails(server: MailServer, one: Booked) -> list[tuple[str, int]]:
    """What each mail about the booking is, in the order in which they came, and the version of the booking in it (0: it
    says none). One that came twice, under one Message-ID, counts as it came first."""
    found: dict[str, tuple[str, int]] = {}
    for taken in server.taken:
        if taken.to == one.address and taken.message_id not in found:
            message = email.message_from_string(taken.data, policy=default)
            if "session" in str(message["Subject"]):
                found[taken.message_id] = _meant(message)
    return list(found.values())


def _meant(message: Message) -> tuple[str, int]:
    for part in message.walk():
        if isinstance(part, EmailMessage) and part.get_content_type() == "text/calendar":
            calendar = Calendar.from_ical(part.get_content())
            (event,) = calendar.walk("VEVENT")
            return str(calendar["METHOD"]), int(str(event["SEQUENCE"]))
    return str(message["Subject"]), 0


def _faults(server: MailServer, service: Phones, one: Booked) -> list[str]:
    """What came after something later."""
    faults, newest, is_over = [], 0, False
    for what, version in _mails(server, one):
        if is_over:
            faults.append(f"mail: {what} {version} of {one.id} after the cancellation")
        if 0 < version < newest:
            faults.append(f"mail: version {version} of {one.id} after {newest}")
        newest, is_over = max(newest, version), is_over or what == "CANCEL"
    pushed = service.order.get(one.client, [])
    faults += [f"push: {two} of {one.id} after {first}" for first, two in itertools.pairwise(pushed) if two < first]
    return faults


def _connectors(home: House, service: Phones) -> list[Connector]:
    """As the house has them, but for the push service."""
    return [*(one for one in connectors_in(home) if one.name != WEBPUSH), service.behind(home)]


async def _quiet(home: House, people: Sequence[Booked]) -> None:
    """Until nothing of the newest notification of each is under way."""

    async def so() -> bool:
        for one in people:
            page = await home.ok("GET", "/api/notifications?category=appointments&limit=1", bearer=one.bearer)
            newest = page["notifications"][0]["id"]
            answer = await home.call("GET", f"/api/notifications/{newest}/deliveries", bearer=one.bearer)
            if not answer.is_success:  # a later one has taken its place a moment ago
                return False
            if any(delivery["state"] in ("held", "queued") for delivery in answer.json()["deliveries"]):
                return False
        return True

    await eventually(so, "something is still to be sent", timeout_s=120 + SIZE / 4)


async def _troubled(server: MailServer, dice: random.Random) -> None:
    """The mail server goes away and comes back."""
    while True:
        await asyncio.sleep(dice.uniform(0.5, 1.5))
        await server.stop()
        await asyncio.sleep(dice.uniform(0.2, 1.0))
        await server.start()


async def _everybody(home: House, count: int = SIZE) -> list[Booked]:
    therapists = {number: await _therapist(home, number) for number in range(-(-count // A_DAY))}
    people: list[Booked] = []
    for first in range(0, count, AT_ONCE):
        some = range(first, min(count, first + AT_ONCE))
        people += await asyncio.gather(*(_booked(home, number, therapists) for number in some))
    return people


async def test_nothing_of_an_earlier_version_comes_after_a_later_one(
    mongo_port: int, tmp_path: Any, record_property: Any
) -> None:
    dice, began_s = random.Random(SEED), time.monotonic()
    weather = [None, None, None, "slow 0.1", "cut", "cut at rcpt", "450 busy", "data 451 busy"]
    server = MailServer(chance=lambda: dice.choice(weather))
    service = Phones(dice, torn=0.2)
    async with _a_house(mongo_port, tmp_path, server) as home:
        people = await _everybody(home)
        lives = dict(zip((one.id for one in people), _lives(dice), strict=False))
        async with a_runner(home, _connectors(home, service)):
            trouble = asyncio.create_task(_troubled(server, dice))
            async with mortal_shards(home, 2.0, dice) as deaths:
                for first in range(0, SIZE, AT_ONCE):
                    some = people[first : first + AT_ONCE]
                    await asyncio.gather(*(_lived(home, one, lives[one.id], dice.uniform(0, 0.5)) for one in some))
            trouble.cancel()
            await asyncio.gather(trouble, return_exceptions=True)
            await server.start()
            server.chance = lambda: None
            await _quiet(home, people)
    faults = [fault for one in people for fault in _faults(server, service, one)]
    figures = {
        "bookings": SIZE,
        "mails": len(server.taken),
        "pushes": sum(map(len, service.order.values())),
        "deaths": deaths.count,
        "took_s": round(time.monotonic() - began_s),
    }
    print(f"\ncancelled: {figures}")
    record_property("figures", figures)
    assert faults == []
    for one in people:
        if lives[one.id][-1:] == ["cancel"]:
            assert _mails(server, one)[-1][0] == "CANCEL", one


@pytest.mark.parametrize("subjects", [True, False], ids=["with subjects", "without"])
async def test_what_was_owed_while_nobody_could_be_reached_is_its_last_word(
    mongo_port: int, tmp_path: Any, subjects: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not subjects:
        monkeypatch.setattr(bookings, "_subject", lambda record, version: None)
    server, service = MailServer(), Phones(random.Random(SEED))
    async with _a_house(mongo_port, tmp_path, server) as home:
        people = await _everybody(home, min(SIZE, A_DAY))
        for one in people:
            await _lived(home, one, ["reschedule", "reminders", "cancel"], 0.0)
        async with a_runner(home, _connectors(home, service)):
            await _quiet(home, people)
    told = {one.id: [what for what, _ in _mails(server, one)] for one in people}
    assert all((what == ["CANCEL"]) if subjects else (len(what) > 2) for what in told.values()), told

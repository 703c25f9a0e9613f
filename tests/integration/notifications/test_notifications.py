"""Notifications from end to end: made at a door, heard at sockets, pushed by a runner, over the real kernel and a real
mongod. The push service is a connector that remembers what it was given."""

import uuid
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any

import msgspec
import pytest
import pytest_asyncio
from prometheus_client import CollectorRegistry
from typing_extensions import override

from actors.kernel.contract.entity import SYSTEM
from actors.notifications.activities import WEBPUSH, Push, Pushed
from actors.notifications.notifier.commands import Tell
from actors.notifications.notifier.subjects import Subject
from actors.rooms.room.commands import AnnounceUnread
from common.timeline import WEEKDAYS
from config.capabilities.notifications import NotificationSettings
from serve_app.activities.connector import FOR_EVER_S, Call, Capacity, Connector
from serve_app.capabilities.carrying import WithWords
from serve_app.capabilities.identity.sessions.living import LivingSessions
from serve_app.capabilities.notifications.analytics import Fares
from serve_app.capabilities.notifications.funnel import Funnel
from tests.activity_rig import a_runner
from tests.gateway_rig import token
from tests.identity_rig import House, house
from tests.mongo import url_of
from tests.waiting import eventually

pytestmark = pytest.mark.asyncio(loop_scope="module")
ROOT = "/api/notifications"
ALWAYS = {"enabled": True, "hours": {day: [["00:00", "00:00"]] for day in WEEKDAYS}}
KEYS = {
    "p256dh": "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4",
    "auth": "BTBZMqHH6r4Tts7J_aSIgg",
}


@dataclass
class Services(Connector):
    """A push service: remembers every push to the endpoints of these people (others may be left over from another
    test), and says of `dead` endpoints that they are gone."""

    people: tuple[str, ...]
    pushes: list[Push] = field(default_factory=list)
    dead: set[str] = field(default_factory=set)
    name = WEBPUSH
    capacity = Capacity()
    remembers_s = FOR_EVER_S

    @override
    async def carry_out(self, call: Call) -> bytes:
        push = msgspec.msgpack.decode(call.payload, type=Push)
        endpoint = getattr(push.to, "endpoint", "")
        if any(user in endpoint for user in self.people):
            self.pushes.append(push)
        return msgspec.msgpack.encode(Pushed(gone=endpoint in self.dead))

    @override
    async def find(self, call: Call) -> bytes | None:
        return None

    @override
    async def close(self) -> None:
        """There is nobody to hang up on."""

    def shown(self, number: int) -> list[Push]:
        return [one for one in self.pushes if one.seq == number and one.kind == "show"]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared(mongo_port: int, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    quick = NotificationSettings(push_wait_s=0.2, online_wait_s=0.6, email_wait_s=0.3)
    place = tmp_path_factory.mktemp("house")
    async with house(url_of(mongo_port), f"test_{uuid.uuid4().hex}", place, notifications=quick) as made:
        await made.gateway()
        yield made


@pytest_asyncio.fixture(loop_scope="module")
async def home(shared: House) -> House:
    await shared.empty()
    return shared


async def until(met: Callable[[], Any], missing: str) -> None:
    """Wait for something that can be looked at without asking anybody."""

    async def so() -> bool:
        return bool(met())

    await eventually(so, missing)


def a_user() -> str:
    return f"usr_{uuid.uuid4().hex}"


def wrapped(home: House, services: Services) -> Connector:
    """The connector as a runner has it."""
    sessions = LivingSessions(home.database, home.clock)
    return WithWords(services, home.region, sessions, home.is_online, home.clock)


async def create(home: House, user: str, **more: Any) -> Any:
    body = {"user_id": user, "title": "Closed on Friday", "body": "Back on Monday."} | more
    return (await home.ok("POST", ROOT, body, bearer=home.admin()))["notification"]


def without_buttons(notification: Any) -> Any:
    """As whoever made it saw it: buttons are the person's."""
    assert notification.pop("actions")
    return notification


async def subscribe(home: House, user: str, name: str, *, bearer: str = "") -> Any:
    body = {"subscription": {"endpoint": f"https://fcm.googleapis.com/{name}", "keys": KEYS}}
    return await home.ok("POST", "/api/push/subscriptions", body, bearer=bearer or token(user))


async def why(home: House, user: str, notification: Any, channel: str) -> tuple[str, str]:
    path = f"{ROOT}/{notification['id']}/deliveries"
    plan = (await home.ok("GET", path, bearer=token(user)))["why"][channel]
    return plan["verdict"], plan["steps"][-1]["rule"]


async def test_it_is_made_heard_listed_and_read_on_every_device(home: House) -> None:
    ann = a_user()
    phone, laptop = await home.socket(token(ann)), await home.socket(token(ann))
    made = await create(home, ann, data={"a": 1}, priority="high")
    heard = await phone.next("notification")
    told = heard["notification"]
    assert without_buttons(dict(told)) == made
    assert (made["seq"], made["category"], made["data"], heard["inbox_seq"]) == (1, "system", {"a": 1}, 1)
    assert (await laptop.next("unread")) == {"unread": 1, "by_category": {"system": 1}}
    page = await home.ok("GET", f"{ROOT}?unread=true", bearer=token(ann))
    assert (page["notifications"], page["unread"]) == ([told], 1)
    read = await phone.ok("read_notification", {"notification_id": made["id"]})
    assert read["notification"]["read_at"] is not None
    updated = await laptop.next("notification_updated")
    assert (updated["id"], updated["read_at"]) == (made["id"], read["notification"]["read_at"])
    assert (await laptop.next("unread", 2))["unread"] == 0
    assert (await home.ok("GET", f"{ROOT}/unread", bearer=token(ann)))["unread"] == 0


async def test_read_all_is_heard_by_the_others(home: House) -> None:
    ann = a_user()
    laptop = await home.socket(token(ann))
    for _ in range(3):
        await create(home, ann)
    assert await home.ok("POST", f"{ROOT}/read-all", {"up_to": 2}, bearer=token(ann)) == {"up_to": 2, "unread": 1}
    assert await laptop.next("notifications_read") == {"up_to": 2, "unread": 1}
    unread = await home.ok("GET", f"{ROOT}?unread=true", bearer=token(ann))
    assert [one["seq"] for one in unread["notifications"]] == [3]


async def test_what_nobody_saw_is_pushed_once_to_each_device_and_taken_back_when_it_is_read(home: House) -> None:
    ann = a_user()
    services = Services((ann,))
    for name in ("one", "two"):
        await subscribe(home, ann, f"{ann}-{name}")
    async with a_runner(home, [wrapped(home, services)]):
        made = await create(home, ann)
        await until(lambda: len(services.shown(1)) == 2, "not both devices were pushed to")
        assert {(one.title, one.category) for one in services.shown(1)} == {("", "system")}  # no preview was chosen

        async def told() -> bool:
            return await why(home, ann, made, "push") == ("sent", "rate_capped")

        await eventually(told, "the plan does not say that it was sent")
        await home.ok("POST", f"{ROOT}/{made['id']}/read", bearer=token(ann))
        await until(
            lambda: sum(one.kind == "take_back" for one in services.pushes) == 2, "it was not taken back from both"
        )
    assert len(services.shown(1)) == 2


async def test_what_was_acknowledged_at_a_socket_is_not_pushed(home: House) -> None:
    ann = a_user()
    services = Services((ann,))
    await subscribe(home, ann, f"{ann}-one")
    phone = await home.socket(token(ann))
    async with a_runner(home, [wrapped(home, services)]):
        made = await create(home, ann)
        heard = await phone.next("notification")
        await phone.ok("inbox_ack", {"inbox_seq": heard["inbox_seq"]})

        async def judged() -> bool:
            return await why(home, ann, made, "push") == ("skipped", "acknowledged")

        await eventually(judged, "the push was not dropped")
    assert services.pushes == []


async def test_a_push_waits_longer_while_somebody_is_online(home: House) -> None:
    ann = a_user()
    services = Services((ann,))
    await subscribe(home, ann, f"{ann}-one")
    phone = await home.socket(token(ann))

    async def online() -> bool:
        return await home.is_online(ann)

    await eventually(online, "nobody came online")
    async with a_runner(home, [wrapped(home, services)]):
        before = home.clock.platform_ms()
        await create(home, ann)
        await phone.next("notification")
        await until(lambda: services.shown(1), "it was never pushed")
        assert home.clock.platform_ms() - before >= 600


async def test_a_device_that_is_gone_is_pushed_to_no_more(home: House) -> None:
    ann = a_user()
    services = Services((ann,))
    device = (await subscribe(home, ann, f"{ann}-one"))["device"]
    services.dead.add(f"https://fcm.googleapis.com/{ann}-one")
    async with a_runner(home, [wrapped(home, services)]):
        made = await create(home, ann)

        async def gone() -> bool:
            (one,) = (await home.ok("GET", "/api/push/devices", bearer=token(ann)))["devices"]
            return (one["device_id"], one["state"]) == (device["device_id"], "gone")

        await eventually(gone, "the device is not gone")
        assert await why(home, ann, made, "push") == ("failed", "device_gone")
    assert (await why(home, ann, await create(home, ann), "push")) == ("skipped", "no_device")


async def test_a_token_that_another_registers_becomes_theirs(home: House) -> None:
    ann, bob = a_user(), a_user()
    services = Services((ann, bob))
    await subscribe(home, ann, f"{ann}-shared")
    await subscribe(home, bob, f"{ann}-shared")
    (one,) = (await home.ok("GET", "/api/push/devices", bearer=token(ann)))["devices"]
    assert (one["state"], one["gone_reason"]) == ("gone", "taken_over")
    async with a_runner(home, [wrapped(home, services)]):
        await create(home, ann)
        await create(home, bob)
        await until(lambda: services.pushes, "bob was not pushed to")
    assert len(services.pushes) == 1


async def test_a_session_that_ended_ends_pushes_at_once(home: House) -> None:
    signed_in = await home.register(f"{a_user()}@example.org")
    bearer, ann = signed_in["access_token"], signed_in["user"]["user_id"]
    services = Services((ann,))
    registered = await subscribe(home, ann, f"{ann}-one", bearer=bearer)
    made = await create(home, ann)
    pull = f"/api/push/pull?after=0&pull_token={registered['pull_token']}"
    assert len((await home.ok("GET", pull))["notifications"]) == 1
    await home.ok("POST", "/api/auth/logout", {}, bearer=bearer)
    await home.refused(401, "unauthenticated", "GET", pull)
    (device,) = (await home.ok("GET", "/api/push/devices", bearer=token(ann)))["devices"]
    assert (device["state"], device["gone_reason"]) == ("gone", "session_ended")
    async with a_runner(home, [wrapped(home, services)]):

        async def refused() -> bool:
            return await why(home, ann, made, "push") == ("skipped", "session_ended")

        await eventually(refused, "the push was not refused")
    assert services.pushes == []


async def test_a_worker_pulls_and_tells_with_its_own_token(home: House) -> None:
    ann = a_user()
    services = Services((ann,))
    registered = await subscribe(home, ann, f"{ann}-one")
    async with a_runner(home, [wrapped(home, services)]):
        made = await create(home, ann)
        await until(lambda: services.pushes, "it was not pushed")
    pull = f"/api/push/pull?after=0&pull_token={registered['pull_token']}"
    pulled = await home.ok("GET", pull)
    assert pulled["next"] == 1
    assert [without_buttons(one) for one in pulled["notifications"]] == [made]
    receipt = {"delivery_id": services.pushes[0].delivery, "event": "opened"}
    told = await home.ok("POST", "/api/push/receipts", {"receipts": [receipt], "pull_token": registered["pull_token"]})
    assert told == {"recorded": 1}
    listed = await home.ok("GET", f"{ROOT}/{made['id']}/deliveries", bearer=token(ann))
    assert [one["state"] for one in listed["deliveries"] if one["channel"] == "webpush"] == ["opened"]
    assert (await home.ok("GET", f"{ROOT}/unread", bearer=token(ann)))["unread"] == 0
    await home.refused(401, "unauthenticated", "GET", "/api/push/pull?after=0&pull_token=AAAA")
    await home.refused(401, "unauthenticated", "GET", "/api/push/pull?after=0")


async def test_nothing_of_an_earlier_version_is_sent_after_a_later_one(home: House) -> None:
    ann = a_user()
    services = Services((ann,))
    await subscribe(home, ann, f"{ann}-one")

    async def tell(name: str, version: int) -> None:
        tell = Tell(name=name, subject=Subject("booking", "b", version))
        await home.region.ask(f"notifier:{ann}", tell, by=SYSTEM)

    await tell("booking_confirmed", 1)
    await tell("booking_cancelled", 3)
    await tell("booking_changed", 2)
    async with a_runner(home, [wrapped(home, services)]):
        await until(lambda: services.shown(2), "the cancellation was not pushed")
    assert [(one.kind, one.seq) for one in services.pushes] == [("show", 2)]
    page = await home.ok("GET", ROOT, bearer=token(ann))
    assert [one["type"] for one in page["notifications"]] == ["booking_cancelled"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"title": "a\r\nBcc: b"}, "title"),
        ({"title": "a" * 201}, "title"),
        ({"body": "b" * 4001}, "body"),
        ({"data": {"a": "b" * 5000}}, "data"),
        ({"type": "nonsense"}, "type"),
        ({"expires_at": "2001-01-01T00:00:00Z"}, "expires_at"),
        ({"send_at": "2001-01-01T00:00:00Z"}, "send_at"),
        ({"channels": ["pigeon"]}, "channels"),
        ({"what": 1}, "what"),
    ],
)
async def test_what_cannot_be_told_is_refused_and_leaves_nothing(home: House, body: Any, field: str) -> None:
    ann = a_user()
    asked = {"user_id": ann, "title": "t", "body": "b"} | body
    problem = await home.refused(400, "invalid_argument", "POST", ROOT, asked, bearer=home.admin())
    assert problem["details"]["field"].startswith(field)
    assert (await home.ok("GET", ROOT, bearer=token(ann)))["notifications"] == []


@pytest.mark.parametrize(
    "endpoint",
    [
        "http://fcm.googleapis.com/a",
        "https://10.0.0.1/a",
        "https://localhost/a",
        "https://evil.example/a",
        "https://user:pass@fcm.googleapis.com/a",
        "https://fcm.googleapis.com:8080/a",
        "https://fcm.googleapis.com.evil.example/a",
    ],
)
async def test_an_endpoint_that_is_not_a_browsers_service_is_refused(home: House, endpoint: str) -> None:
    body = {"subscription": {"endpoint": endpoint, "keys": KEYS}}
    await home.refused(400, "invalid_argument", "POST", "/api/push/subscriptions", body, bearer=token(a_user()))


@pytest.mark.parametrize("keys", [{"p256dh": "BA" * 43}, {"p256dh": "AA"}, {"auth": "AA"}])
async def test_keys_that_are_none_are_refused(home: House, keys: dict[str, str]) -> None:
    body = {"subscription": {"endpoint": "https://fcm.googleapis.com/a", "keys": KEYS | keys}}
    await home.refused(400, "invalid_argument", "POST", "/api/push/subscriptions", body, bearer=token(a_user()))


async def test_strangers_are_refused(home: House) -> None:
    ann, eve = a_user(), a_user()
    made = await create(home, ann)
    for method, path in (("GET", ""), ("POST", "/read"), ("POST", "/archive"), ("GET", "/deliveries")):
        await home.refused(404, "not_found", method, f"{ROOT}/{made['id']}{path}", bearer=token(eve))
    body = {"user_id": ann, "title": "t", "body": "b"}
    await home.refused(403, "permission_denied", "POST", ROOT, body, bearer=token(eve))
    await home.refused(403, "permission_denied", "POST", ROOT, body, bearer=token(eve, "therapist"))
    await home.refused(401, "unauthenticated", "GET", ROOT)


async def test_operators_see_what_became_of_a_notification_and_no_text(home: House) -> None:
    made = await create(home, a_user(), title="Secret", body="Secret")
    path = f"{ROOT}/{made['id']}/deliveries"
    found = await home.ok("GET", path, bearer=home.admin())
    assert found["why"]["in_app"]["verdict"] == "sent"
    assert "Secret" not in str(found)
    await home.refused(404, "not_found", "GET", f"{ROOT}/ntf_nothing/deliveries", bearer=home.admin())


async def test_several_are_made_each_on_its_own(home: House) -> None:
    ann = a_user()
    good = {"user_id": ann, "title": "t", "body": "b", "dedupe_key": "k"}
    body = {"notifications": [good, {"user_id": ann}, good]}
    results = (await home.ok("POST", f"{ROOT}/bulk", body, bearer=home.admin()))["results"]
    assert [one["status"] for one in results] == ["created", "refused", "duplicate"]
    assert results[1]["error"]["code"] == "invalid_argument"
    assert results[0]["id"] == results[2]["id"]


async def test_a_deed_that_is_repeated_tells_nobody_twice(home: House) -> None:
    ann = a_user()
    body = {"user_id": ann, "title": "t", "body": "b"}
    first = await home.ok("POST", ROOT, body, bearer=home.admin(), Idempotency_Key="k1")
    await home.database["idempotency"].delete_many({})  # as if the process had died before it could keep the answer
    again = await home.ok("POST", ROOT, body, bearer=home.admin(), Idempotency_Key="k1")
    assert again["notification"]["id"] == first["notification"]["id"]
    assert (await home.ok("GET", f"{ROOT}/unread", bearer=token(ann)))["unread"] == 1
    named = body | {"request_id": "r1"}
    there = await (await home.socket(home.admin())).ok("create_notification", named)
    assert await home.ok("POST", ROOT, named, bearer=home.admin()) == there
    assert (await home.ok("GET", f"{ROOT}/unread", bearer=token(ann)))["unread"] == 2


async def test_preferences_are_versioned_explained_and_obeyed(home: House) -> None:
    ann = a_user()
    services = Services((ann,))
    await subscribe(home, ann, f"{ann}-one")
    path = f"{ROOT}/preferences"
    asked = {"type": "announcement", "channel": "push"}
    assert (await home.ok("POST", f"{ROOT}/explain", asked, bearer=token(ann)))["verdict"] == "sent"
    chosen = {"types": {"announcement": {"push": False}}, "tz": "Europe/Berlin"}
    assert (await home.ok("PUT", path, chosen, bearer=token(ann)))["version"] == 1
    explained = await home.ok("POST", f"{ROOT}/explain", asked, bearer=token(ann))
    made = await create(home, ann)
    listed = await home.ok("GET", f"{ROOT}/{made['id']}/deliveries", bearer=token(ann))
    assert (
        listed["why"]["push"]
        == explained
        == {
            "verdict": "skipped",
            "steps": [{"rule": "not_configured", "outcome": "pass"}, {"rule": "type_off", "outcome": "skip"}],
        }
    )
    await home.refused(412, "failed_precondition", "PUT", path, chosen, bearer=token(ann), if_match='"7"')
    mistakes: tuple[Any, ...] = (
        {"tz": "Mars/Olympus"},
        {"types": {"nonsense": {}}},
        {"digest": {"email": "daily", "at": "25:00"}},
    )
    for wrong in mistakes:
        await home.refused(400, "invalid_argument", "PUT", path, wrong, bearer=token(ann))
    assert services.pushes == []


async def test_who_does_not_look_is_told_of_a_room_without_a_word_of_it(home: House) -> None:
    ann, bob, room = a_user(), a_user(), f"room_{uuid.uuid4().hex}"
    services = Services((bob,))
    await subscribe(home, bob, f"{bob}-one")
    phone = await home.socket(token(ann))
    await phone.ok("create_room", {"room_id": room, "members": [bob]})
    question = await phone.ok("message", {"room_id": room, "body": "a secret"})
    listener = await home.socket(token(bob))
    await home.region.ask(f"room:{room}", AnnounceUnread(), by=SYSTEM)
    heard = (await listener.next("notification"))["notification"]
    assert (heard["type"], heard["title"], heard["body"], heard["count"]) == (
        "chat_message",
        "New messages",
        "1 unread",
        1,
    )
    await listener.close()
    async with a_runner(home, [wrapped(home, services)]):
        await until(lambda: services.shown(1), "it was not pushed")
        assert (services.pushes[0].title, services.pushes[0].body) == ("", "")
        await home.ok("PUT", f"{ROOT}/preferences", {"preview": "full"}, bearer=token(bob))
        other = await home.socket(token(bob))
        await other.ok("message", {"room_id": room, "body": "hm", "client_id": "1"})
        await phone.ok("message", {"room_id": room, "body": "no", "reply_to": question["id"]})
        await phone.ok("message", {"room_id": room, "body": "a second secret"})
        await other.close()
        await home.region.ask(f"room:{room}", AnnounceUnread(), by=SYSTEM)
        await until(lambda: services.shown(2), "the later word was not pushed")
        assert (services.shown(2)[0].title, services.shown(2)[0].body) == (ann, "a second secret")
        reader = await home.socket(token(bob))
        page = await reader.ok("history", {"room_id": room})
        await reader.ok("mark_read", {"room_id": room, "seq": page["messages"][-1]["seq"]})
        await until(lambda: services.pushes[-1].kind == "take_back", "it was not taken back")
    assert (await home.ok("GET", ROOT, bearer=token(bob)))["notifications"] == []


async def test_lines_stream_in_and_results_stream_out(home: House) -> None:
    ann, count = a_user(), 300

    async def lines() -> AsyncIterator[bytes]:
        for number in range(count):
            body = {"user_id": ann, "title": f"t{number}", "body": "b" * 3000}
            yield msgspec.json.encode(body) + b"\n"
        yield b"nonsense\n" + b'{"user_id": "' + b"x" * 70_000 + b'"}\n\n{"title": "t"}'

    async with home.http(home.admin()) as http:
        answer = await http.post(f"{ROOT}/bulk", content=lines(), headers={"Content-Type": "application/x-ndjson"})
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/x-ndjson")
    results = [msgspec.json.decode(line) for line in answer.text.splitlines()]
    assert [one["index"] for one in results] == list(range(count + 3))
    assert {one["status"] for one in results[:count]} == {"created"}
    assert [one["error"]["code"] for one in results[count:]] == ["invalid_argument"] * 3
    assert (await home.ok("GET", f"{ROOT}/unread", bearer=token(ann)))["unread"] == count
    await home.refused(403, "permission_denied", "POST", f"{ROOT}/bulk", {"notifications": [{}]}, bearer=token(ann))


async def test_operators_see_how_todays_notifications_fare(home: House) -> None:
    ann = a_user()
    await subscribe(home, ann, f"{ann}-one")
    services, registry = Services((ann,)), CollectorRegistry()
    async with a_runner(home, [wrapped(home, services)]):
        await create(home, ann)
        await until(lambda: services.shown(1), "it was not pushed")

    def counted(channel: str, became: str) -> float | None:
        return registry.get_sample_value("carewire_notifications_today", {"channel": channel, "became": became})

    await home.ok("PUT", f"{ROOT}/preferences", {"quiet_hours": ALWAYS}, bearer=token(ann))
    await create(home, ann)
    finding = await Funnel(Fares(home.database), home.clock, registry).look()
    assert (finding.status, set(finding.details)) == ("ok", {"held", "oldest_held_s"})
    assert 0 < (registry.get_sample_value("carewire_notifications_oldest_held_seconds") or 0) < 60
    assert (counted("in_app", "accepted") or 0) >= 1
    assert (counted("push", "sent") or 0) >= 1
    assert (counted("email", "skipped") or 0) >= 1

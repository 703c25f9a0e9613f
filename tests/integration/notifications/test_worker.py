"""The reference worker (`/push/sw.js`) in a real Chromium: a push wakes it up, it pulls from the real API, shows, is
pressed, and says so. Only the push service between is left out: DevTools deliver what it would. And the reference page
(`/console/notifications`), in the same browser."""

import asyncio
import json
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
import pytest_asyncio
import uvicorn

from tests.clients.chromium import BINARY, Chromium, Session, chromium
from tests.gateway_rig import token
from tests.identity_rig import House, house
from tests.mongo import free_port, url_of
from tests.waiting import eventually

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.skipif(BINARY is None, reason="there is no Chromium here"),
]
KEYS = {
    "p256dh": "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4",
    "auth": "BTBZMqHH6r4Tts7J_aSIgg",
}
SHOWN = """(async () => (await registration.getNotifications()).map(
    ({ title, body, tag, data, actions }) => ({ title, body, tag, data, actions })))()"""
ENTER = """(async (token) => {
    const form = document.querySelector('[data-part="enter"]');
    form.token.value = token;
    form.requestSubmit();
})"""
BUTTON = """((id, text) => [...document.querySelectorAll(`li[data-id="${id}"] button`)].find(
    (button) => button.textContent === text)?.click())"""
ASKED = f"""(() => {{
    window.asked = 0;
    Notification.requestPermission = async () => {{ window.asked += 1; return 'granted'; }};
    const kept = {{ endpoint: 'https://fcm.googleapis.com/console', keys: {json.dumps(KEYS)} }};
    PushManager.prototype.subscribe = async (options) => ({{ toJSON: () => kept, options }});
}})()"""
PRESS = """(async (action) => {
    const [notification] = await registration.getNotifications();
    const pressed = new NotificationEvent("notificationclick", { notification, action });
    let done; Object.defineProperty(pressed, "waitUntil", { value: (promise) => { done = promise.catch(() => {}); } });
    dispatchEvent(pressed);
    await done;
})"""


@asynccontextmanager
async def served(home: House) -> AsyncIterator[str]:
    """The API at an address of its own."""
    port = free_port()
    server = uvicorn.Server(uvicorn.Config(home.app, "127.0.0.1", port, log_level="error", lifespan="off"))
    serving = asyncio.create_task(server.serve())

    async def started() -> bool:
        return server.started

    await eventually(started, "the API does not listen")
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        await serving


class Device:
    """A browser whose worker runs, and the person who has it."""

    def __init__(self, home: House, browser: Chromium, origin: str, page: Session, worker: Session, user: str) -> None:
        self.home, self.browser, self.origin, self.page, self.worker, self.user = (
            home,
            browser,
            origin,
            page,
            worker,
            user,
        )
        self.device_id = ""
        self.pushes = 0

    async def push(self, **payload: Any) -> None:
        """What a push service would deliver."""
        registration = self.browser.last(
            "ServiceWorker.workerRegistrationUpdated",
            lambda told: [
                one["registrationId"] for one in told["registrations"] if one["scopeURL"].startswith(self.origin)
            ],
        )[0]
        await self.page.call(
            "ServiceWorker.deliverPushMessage",
            origin=f"{self.origin}/",
            registrationId=registration,
            data=json.dumps({"v": 1, **payload}),
        )
        self.pushes += 1
        await self.worker.ready(f"self.pushes === {self.pushes}")
        await self.worker.evaluate("last.then(() => true)")

    async def shows(self, count: int) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []

        async def so_many() -> bool:
            found[:] = await self.worker.evaluate(SHOWN)
            return len(found) == count

        await eventually(so_many, f"{count} notifications are shown; {found}", timeout_s=20)
        return found

    async def tell(self, **more: Any) -> dict[str, Any]:
        body = {"user_id": self.user, "title": "Closed on Friday", "body": "Back on Monday."} | more
        made: dict[str, Any] = await self.home.ok("POST", "/api/notifications", body, bearer=self.home.admin())
        notification: dict[str, Any] = made["notification"]
        return notification

    async def states(self, notification: dict[str, Any]) -> list[str]:
        path = f"/api/notifications/{notification['id']}/deliveries"
        told = await self.home.ok("GET", path, bearer=token(self.user))
        return [one["state"] for one in told["deliveries"] if one["channel"] == "webpush"]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def device(mongo_port: int, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Device]:
    place = tmp_path_factory.mktemp("house")
    rig = house(url_of(mongo_port), f"test_{uuid.uuid4().hex}", place)
    async with rig as home, served(home) as origin, chromium() as browser:
        user = f"usr_{uuid.uuid4().hex}"
        await Session(browser).call("Browser.grantPermissions", permissions=["notifications"], origin=origin)
        page = await browser.open(f"{origin}/console/notifications")
        await page.call("ServiceWorker.enable")
        registered = "navigator.serviceWorker.register('/push/sw.js', {scope: '/'})"
        await page.evaluate(f"{registered}.then(() => navigator.serviceWorker.ready).then(() => true)")
        worker = await browser.worker(f"{origin}/push/sw.js")
        await worker.evaluate("self.pushes = 0; self.addEventListener('push', () => { self.pushes += 1; })")
        made = Device(home, browser, origin, page, worker, user)
        body = {"subscription": {"endpoint": f"https://fcm.googleapis.com/{user}", "keys": KEYS}}
        answer = await home.ok("POST", "/api/push/subscriptions", body, bearer=token(user))
        made.device_id = answer["device"]["device_id"]
        config = json.dumps({"pull_token": answer["pull_token"], "locale": "de", "after": 0})
        await worker.evaluate(f"configure({config}).then(() => true)")
        yield made


async def cleared(device: Device) -> None:
    await device.worker.evaluate("registration.getNotifications().then((all) => all.forEach((one) => one.close()))")
    await device.shows(0)


async def test_a_push_shows_what_it_pulls(device: Device) -> None:
    await cleared(device)
    made = await device.tell()
    await device.push(n=made["seq"], d="dlv_x", t="system", u="normal")
    (shown,) = await device.shows(1)
    assert (shown["title"], shown["body"]) == ("Closed on Friday", "Back on Monday.")
    assert shown["data"]["n"] == made["seq"]
    assert [(one["action"], one["title"]) for one in shown["actions"]] == [("mark_read", "Mark as read")]
    assert shown["data"]["links"]["mark_read"].startswith("/l/")


async def test_a_second_push_of_it_shows_nothing_twice(device: Device) -> None:
    await cleared(device)
    made = await device.tell(title="Once")
    for _ in range(3):
        await device.push(n=made["seq"], d="dlv_x", t="system", u="normal")
    shown = await device.shows(1)
    assert [one["title"] for one in shown] == ["Once"]


async def test_what_was_read_meanwhile_is_not_shown_as_it_was(device: Device) -> None:
    await cleared(device)
    made = await device.tell(title="Read already")
    path = f"/api/notifications/{made['id']}/read"
    await device.home.ok("POST", path, bearer=token(device.user))
    await device.push(n=made["seq"], d="dlv_x", t="system", u="normal")
    (shown,) = await device.shows(1)  # a browser insists on something
    assert shown["body"] == "Es gibt etwas Neues für Sie."


async def test_many_are_one_line(device: Device) -> None:
    await cleared(device)
    for number in range(6):
        made = await device.tell(title=f"Number {number}")
    await device.push(n=made["seq"], d="dlv_x", t="system", u="normal")
    (shown,) = await device.shows(1)
    assert shown["title"] == "Carewire"
    assert shown["body"] == "6 neue Benachrichtigungen"


async def test_who_cannot_pull_shows_what_the_push_says_or_words_that_tell_nothing(device: Device) -> None:
    await cleared(device)
    kept = await device.worker.evaluate("memory.get()")
    await device.worker.evaluate("configure({pull_token: 'wrong'}).then(() => true)")
    try:
        await device.push(n=900, d="dlv_x", t="messages", u="normal")
        (shown,) = await device.shows(1)
        assert shown["body"] == "Sie haben eine neue Nachricht."
        await device.push(n=901, d="dlv_x", t="messages", u="normal", title="Ann", body="Hello")
        titles = {one["title"] for one in await device.shows(2)}
        assert titles == {"Carewire", "Ann"}
    finally:
        await device.worker.evaluate(f"configure({json.dumps(kept)}).then(() => true)")


async def test_a_take_back_closes_what_it_is_about_and_nothing_else(device: Device) -> None:
    await cleared(device)
    one, other = await device.tell(title="One"), await device.tell(title="Other")
    await device.push(n=other["seq"], d="dlv_x", t="system", u="normal")
    await device.shows(2)
    await device.push(n=one["seq"], d="dlv_y", t="system", u="very-low", k="take_back")
    (shown,) = await device.shows(1)
    assert shown["title"] == "Other"


async def test_what_is_no_payload_still_shows_something(device: Device) -> None:
    await cleared(device)
    await device.push()
    (shown,) = await device.shows(1)
    assert shown["title"] == "Carewire"


async def test_pressing_it_opens_the_page_and_both_are_receipted(device: Device) -> None:
    await cleared(device)
    path = f"/api/push/devices/{device.device_id}/test"
    await device.home.ok("POST", path, bearer=token(device.user))
    made = await device.tell(title="Press me", priority="critical")

    async def owed() -> bool:
        return bool(await device.states(made))

    await eventually(owed, "a push is owed")
    told = await device.home.ok("GET", f"/api/notifications/{made['id']}/deliveries", bearer=token(device.user))
    delivery = next(one["id"] for one in told["deliveries"] if one["channel"] == "webpush")
    await device.push(n=made["seq"], d=delivery, t="system", u="high")
    await device.shows(1)

    async def displayed() -> bool:
        return await device.states(made) == ["displayed"]

    await eventually(displayed, f"it is receipted as displayed: {await device.states(made)}")
    await device.worker.evaluate(f"{PRESS}('')")

    async def opened() -> bool:
        return await device.states(made) == ["opened"]

    await eventually(opened, f"it is receipted as opened: {await device.states(made)}")
    await device.shows(0)


async def entered(device: Device) -> Session:
    """The page, with the person's token."""
    page = await device.browser.open(f"{device.origin}/console/notifications")
    await page.evaluate(ASKED)
    await page.evaluate(f"{ENTER}({json.dumps(token(device.user))})")
    await page.ready("""!document.querySelector('[data-part="inside"]').hidden""")
    return page


async def test_the_page_lists_what_was_told_reads_it_and_says_why(device: Device) -> None:
    made = await device.tell(title="<b>Closed</b>")
    page = await entered(device)
    item = f"""document.querySelector('li[data-id="{made["id"]}"]')"""
    assert await page.evaluate(f"{item}.querySelector('h3').textContent") == "<b>Closed</b>"
    await page.evaluate(f"{BUTTON}({json.dumps(made['id'])}, 'Why?')")
    await page.ready(f"{item}.querySelectorAll('tbody tr').length === 3")
    rows = await page.evaluate(f"[...{item}.querySelectorAll('tbody tr')].map((row) => row.innerText)")
    assert rows[0].split()[:2] == ["in_app", "sent"]
    assert "not_configured" in rows[2]
    leads = await page.evaluate(f"{item}.querySelector('a').getAttribute('href')")
    assert (await device.home.ok("GET", f"/api/actions/{leads.removeprefix('/l/')}"))["action"] == "mark_read"
    await page.evaluate(f"{BUTTON}({json.dumps(made['id'])}, 'Read')")
    await page.ready(f"{item}.dataset.unread === 'false'")
    path = f"/api/notifications/{made['id']}"
    assert (await device.home.ok("GET", path, bearer=token(device.user)))["notification"]["read_at"] is not None


async def test_the_page_keeps_what_one_chooses_and_overwrites_nobody(device: Device) -> None:
    page = await entered(device)
    form = """document.querySelector('[data-part="preferences"]')"""
    said = """document.querySelector('[data-part="said"]').textContent"""
    choose = f"{form}.preview.value = 'full'; {form}.quiet.checked = true; {form}.tz.value = 'Europe/Berlin';"
    announcement = """document.querySelector('input[data-type="announcement"][data-channel="email"]')"""
    await page.evaluate(f"{choose} {announcement}.checked = false; {form}.requestSubmit()")
    await page.ready(f"{said} === 'Saved.'")
    path, bearer = "/api/notifications/preferences", token(device.user)
    kept = await device.home.ok("GET", path, bearer=bearer)
    assert (kept["preview"], kept["tz"], kept["quiet_hours"]["enabled"]) == ("full", "Europe/Berlin", True)
    assert kept["quiet_hours"]["hours"]["sun"] == [["22:00", "07:00"]]
    assert kept["types"] == {"announcement": {"email": False}}
    await device.home.ok("PUT", path, {"preview": "sender"}, bearer=bearer)
    await page.evaluate(f"{form}.requestSubmit()")
    await page.ready(f"{said}.includes('changed elsewhere')")
    assert await page.evaluate(f"{form}.preview.value") == "sender"


async def test_the_page_asks_whether_it_may_notify_after_a_press_only(device: Device) -> None:
    page = await entered(device)
    assert await page.evaluate("window.asked") == 0
    await page.evaluate("""document.querySelector('[data-part="allow"]').click()""")
    await page.ready("""document.querySelector('[data-part="said"]').textContent.startsWith('This device')""")
    assert await page.evaluate("window.asked") == 1
    devices = (await device.home.ok("GET", "/api/push/devices", bearer=token(device.user)))["devices"]
    assert await page.evaluate("localStorage.getItem('carewire.device')") in [one["device_id"] for one in devices]

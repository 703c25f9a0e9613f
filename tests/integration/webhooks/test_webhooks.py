"""Webhooks at the door of the API, over the real kernel and a real mongod."""

import asyncio
import json
import uuid
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
import pytest_asyncio

from actors.arrivals.arrival import PAUSES_MS
from actors.kernel.contract.entity import SYSTEM
from common.clock import MovableClock, SystemClock
from common.errors import InvalidArgument, Unavailable
from serve_app.edge.webhooks.arrivals import Webhooks
from serve_app.edge.webhooks.partners import WebhookPartner
from tests.gateway_rig import token
from tests.identity_rig import House, house
from tests.mongo import url_of
from tests.partners.webhook_partner import SECRETS, GetEntries, LedgerKind, OpenLedger, acme, signed
from tests.waiting import eventually

ACME = "/api/webhooks/acme"
LIST = "/api/operations/webhooks"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared(mongo_port: int, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    name = f"test_{uuid.uuid4().hex}"
    rig = house(
        url_of(mongo_port), name, tmp_path_factory.mktemp("house"), partners=[acme()], more_kinds=[LedgerKind()]
    )
    async with rig as made:
        yield made


@pytest_asyncio.fixture(loop_scope="module")
async def home(shared: House) -> House:
    await shared.empty()
    await shared.database["arrivals"].delete_many({})
    return shared


def an_event(about: str = "", **more: str) -> dict[str, str]:
    return {"id": f"evt_{uuid.uuid4().hex}", "about": about, **more}


async def post(home: House, body: Any, *, path: str = ACME, **how: Any) -> httpx.Response:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    async with home.http() as http:
        return await http.post(path, content=raw, headers=signed(raw, SystemClock().now_ms(), **how))


async def entries(home: House, name: str) -> list[str]:
    return (await home.region.ask(f"ledger:{name}", GetEntries(), by=SYSTEM)).told


async def state(home: House, event: str) -> Any:
    found = await home.ok("GET", LIST, bearer=home.admin())
    return next(one for one in found["webhooks"] if one["event_id"] == event)


pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_an_event_is_stored_handed_over_and_known_when_it_comes_again(home: House) -> None:
    await home.region.submit("ledger:a", OpenLedger(), by=SYSTEM)
    event = an_event("a", what="paid")
    assert (await post(home, event)).json() == {"received": 1, "duplicates": 0}
    assert (await post(home, event, secret=SECRETS[1])).json() == {"received": 1, "duplicates": 1}

    async def handed() -> bool:
        return bool((await state(home, event["id"]))["state"] == "handed")

    await eventually(handed, "the arrival never heard that it was taken")
    assert await entries(home, "a") == [event["id"]]
    shown = await state(home, event["id"])
    assert (shown["partner"], shown["type"], shown["tries"]) == ("acme", "paid", 1)
    assert "due_at" not in shown


async def test_a_body_of_many_events_counts_each(home: House) -> None:
    known, new = an_event("b"), [an_event("b") for _ in range(3)]
    await post(home, known)
    assert (await post(home, [known, *new, new[0]])).json() == {"received": 5, "duplicates": 2}
    assert (await post(home, [])).json() == {"received": 0, "duplicates": 0}


async def test_one_event_at_two_replicas_at_once_is_one(home: House) -> None:
    other = await home.cluster.region("api-1")
    blobs: Any = None
    second = Webhooks([acme()], other, home.stores.views, blobs, SystemClock())
    for _ in range(10):
        raw = json.dumps(an_event("c")).encode()
        headers = signed(raw, SystemClock().now_ms())
        both = await asyncio.gather(*(one.receive("acme", headers, raw, "") for one in (home.webhooks, second)))
        assert sorted(both) == [(1, 0), (1, 1)]


async def test_whom_it_concerns_may_come_later(home: House) -> None:
    """The webhook overtook the answer to the call that caused it."""
    event = an_event("late")
    await post(home, event)
    assert (await state(home, event["id"]))["state"] == "waiting"
    assert await entries(home, "late") == []
    await home.region.submit("ledger:late", OpenLedger(), by=SYSTEM)
    home.clock.ahead_ms += PAUSES_MS[0] + 1000

    async def told() -> bool:
        return await entries(home, "late") == [event["id"]] and (await state(home, event["id"]))["state"] == "handed"

    await eventually(told, "it was not asked again")
    assert (await state(home, event["id"]))["tries"] == 2


async def test_a_large_body_is_kept_sealed_until_somebody_has_it(home: House) -> None:
    event = an_event("large", note="canary " * 80_000)
    assert (await post(home, event)).json() == {"received": 1, "duplicates": 0}
    assert (await post(home, event)).json() == {"received": 1, "duplicates": 1}
    assert await home.database["blob_records"].count_documents({"state": "kept"}) == 1
    assert await home.database["journal"].count_documents({"$expr": {"$gt": [{"$bsonSize": "$$ROOT"}, 100_000]}}) == 0
    await home.region.submit("ledger:large", OpenLedger(), by=SYSTEM)
    path = f"{LIST}/acme/{event['id']}/replay"
    assert (await home.ok("POST", path, bearer=home.admin()))["webhook"]["tries"] == 2

    async def handed() -> bool:
        return bool((await state(home, event["id"]))["state"] == "handed")

    await eventually(handed, "it was not handed over")
    assert await home.webhooks.clear() == 1
    assert await home.webhooks.clear() == 0
    assert await home.database["blobs.chunks"].count_documents({}) == 0


async def test_nothing_of_a_body_is_stored_in_the_clear(home: House) -> None:
    await post(home, an_event("d", note="canary-in-a-coal-mine"))
    await post(home, an_event("", note="canary-in-a-coal-mine"))
    for name in await home.database.list_collection_names():
        async for document in home.database[name].find():
            assert "canary-in-a-coal-mine" not in str(document), name


@pytest.mark.parametrize(
    ("body", "how", "why"),
    [
        (b"{}", {"secret": b"wrong"}, "signature"),
        (b"{}", {"ahead_s": -301}, "time"),
        (b"{}", {"ahead_s": 302}, "time"),
        (b"{}", {}, "body"),
        (b"", {}, "body"),
        (b"null", {}, "body"),
        (b'{"id":7}', {}, "body"),
        (b'{"id":"e"', {}, "body"),
        (b"\xff\xfe", {}, "body"),
        (b"[" * 5000, {}, "body"),
    ],
)
async def test_what_is_not_from_the_partner_of_now_and_well_formed_is_refused(
    home: House, body: bytes, how: dict[str, Any], why: str
) -> None:
    answer = await post(home, body, **how)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_argument")
    assert answer.json()["details"] == {"reason": why}


async def test_the_window_is_of_the_wall_clock_not_of_the_platform(home: House) -> None:
    moved = MovableClock(10 * 86_400_000)
    webhooks = Webhooks([acme()], home.region, home.stores.views, home.context.blobs, moved)
    raw = json.dumps(an_event()).encode()
    assert await webhooks.receive("acme", signed(raw, SystemClock().now_ms()), raw, "") == (1, 0)
    with pytest.raises(InvalidArgument):
        await webhooks.receive("acme", signed(raw, moved.platform_ms()), raw, "")


async def test_who_is_not_configured_does_not_exist(home: House) -> None:
    for name in ("nobody", "Acme", "acme.", "a" * 65):
        answer = await post(home, an_event(), path=f"/api/webhooks/{name}")
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found"), name


async def test_a_body_above_the_limit_is_refused_and_one_below_is_not(home: House) -> None:
    event = json.dumps(an_event("big")).encode()
    fits, too_large = (event.ljust(size) for size in (1 << 20, (1 << 20) + 1))
    assert (await post(home, fits)).status_code == 200
    answer = await post(home, too_large)
    assert (answer.status_code, answer.json()["code"]) == (413, "payload_too_large")


async def test_what_could_not_be_stored_is_unavailable_and_a_repeat_is_good(home: House) -> None:
    class Away:
        async def submit(self, *_: Any, **__: Any) -> Any:
            raise Unavailable("The database does not answer just now; try again.")

    entities, blobs = home.webhooks._entities, home.webhooks._blobs
    raw = json.dumps(event := an_event("e", note="x" * 100_000)).encode()
    home.webhooks._entities = Away()  # type: ignore[assignment]
    try:
        answer = await post(home, raw)
    finally:
        home.webhooks._entities = entities
    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
    assert (await post(home, raw)).json() == {"received": 1, "duplicates": 0}
    assert await blobs.sweep(SystemClock().now_ms() + 60_000) >= 1, "the blob of the first attempt was never finished"
    assert (await state(home, event["id"]))["state"] == "waiting"


async def test_a_body_that_was_not_finished_is_finished_by_the_repeat(home: House) -> None:
    class Deaf:
        """Storage that does not answer when a blob is to be finished."""

        def __init__(self, blobs: Any) -> None:
            self.create, self.append, self.delete = blobs.create, blobs.append, blobs.delete

        async def finish(self, _: str) -> int:
            raise Unavailable("The storage does not answer just now; try again.")

    blobs = home.webhooks._blobs
    raw = json.dumps(event := an_event("fin", note="x" * 100_000)).encode()
    home.webhooks._blobs = Deaf(blobs)  # type: ignore[assignment]
    try:
        assert (await post(home, raw)).status_code == 503
    finally:
        home.webhooks._blobs = blobs
    assert (await post(home, raw)).json() == {"received": 1, "duplicates": 1}
    await blobs.sweep(SystemClock().now_ms() + 60_000)
    body = await home.webhooks._body(f"arrival:acme:{event['id']}")
    assert body is not None
    assert json.loads(body)["note"] == event["note"]


async def test_a_body_that_was_swept_does_not_refuse_the_repeat(home: House) -> None:
    event = an_event("swept", note="x" * 100_000)
    await post(home, event)
    (blob,) = [one["_id"] async for one in home.database["blob_records"].find({"state": "kept"}, sort=[("at", -1)])][:1]
    await home.webhooks._blobs.delete(blob)
    assert (await post(home, event)).json() == {"received": 1, "duplicates": 1}


async def test_a_body_that_the_table_cannot_read_any_more_is_replayed_as_it_was(home: House) -> None:
    def unreadable(_: bytes) -> Any:
        raise ValueError("another format by now")

    event = an_event("format")
    await post(home, event)
    now = WebhookPartner("acme", acme().verifier, unreadable, acme().to)
    later = Webhooks([now], home.region, home.stores.views, home.context.blobs, SystemClock())
    replayed = await later.replay("acme", event["id"], "")
    assert (replayed.line.state, replayed.line.tries) == ("waiting", 2)
    await home.region.submit("ledger:format", OpenLedger(), by=SYSTEM)
    await later.replay("acme", event["id"], "")

    async def told() -> bool:
        return await entries(home, "format") == [event["id"]]

    await eventually(told, "the letter of then was not sent")


async def test_a_repeat_is_answered_anew_whatever_key_it_bears(home: House) -> None:
    """A refusal must not be remembered: secrets change."""
    raw = json.dumps(an_event()).encode()
    async with home.http() as http:
        wrong = {**signed(raw, SystemClock().now_ms(), secret=b"x"), "Idempotency-Key": "k"}
        right = {**signed(raw, SystemClock().now_ms()), "Idempotency-Key": "k"}
        assert (await http.post(ACME, content=raw, headers=wrong)).status_code == 400
        assert (await http.post(ACME, content=raw, headers=right)).status_code == 200


async def test_operators_see_what_came_page_by_page_and_nothing_of_what_it_says(home: House) -> None:
    ignored = [an_event("", note="secret") for _ in range(3)]
    for event in ignored:
        await post(home, event)
    query = f"{LIST}?partner=acme&state=ignored&limit=2"
    first = await home.ok("GET", query, bearer=home.admin())
    second = await home.ok("GET", f"{query}&cursor={first['next_cursor']}", bearer=home.admin())
    listed = [one["event_id"] for one in (*first["webhooks"], *second["webhooks"])]
    assert listed[:3] == [event["id"] for event in reversed(ignored)]
    assert "secret" not in json.dumps([first, second])
    assert (await home.ok("GET", f"{LIST}?partner=other", bearer=home.admin()))["webhooks"] == []
    for bad in ("state=lost", "partner=A B", "limit=0", "cursor=x"):
        await home.refused(400, "invalid_argument", "GET", f"{LIST}?{bad}", bearer=home.admin())


async def test_only_administrators_look_and_replay_and_a_replay_is_recorded(home: House) -> None:
    event = an_event("f")
    await post(home, event)
    path = f"{LIST}/acme/{event['id']}/replay"
    for role in ("client", "therapist", "moderator"):
        for method, address in (("GET", LIST), ("POST", path)):
            await home.refused(403, "permission_denied", method, address, bearer=token("eve", role))
    await home.refused(401, "unauthenticated", "POST", path)
    await home.refused(404, "not_found", "POST", f"{LIST}/acme/evt_none/replay", bearer=home.admin())
    await home.refused(404, "not_found", "POST", f"{LIST}/nobody/{event['id']}/replay", bearer=home.admin())
    replayed = await home.ok("POST", path, bearer=home.admin())
    assert (replayed["webhook"]["event_id"], replayed["webhook"]["tries"]) == (event["id"], 2)
    links = await home.service.parts.audit.page(subject=None, below=None, limit=5)
    assert ("webhook.replay", "root", f"acme/{event['id']}") in {
        (one.entry.action, one.entry.actor, one.entry.resource) for one in links
    }


async def test_a_socket_is_answered_as_the_route_is(home: House) -> None:
    if not home.gateways:
        await home.gateway()
    client, event = await home.socket(home.admin()), an_event("h")
    await post(home, event)
    assert await client.ok("list_webhooks", {"state": "waiting"}) == await home.ok(
        "GET", f"{LIST}?state=waiting", bearer=home.admin()
    )
    replayed = await client.ok("replay_webhook", {"partner": "acme", "event_id": event["id"]})
    assert replayed["webhook"]["tries"] == 2
    assert (await client.error("replay_webhook", {"partner": "nobody", "event_id": "evt_1"}))["code"] == "not_found"


async def test_what_concerns_nobody_cannot_be_replayed(home: House) -> None:
    event = an_event("")
    await post(home, event)
    path = f"{LIST}/acme/{event['id']}/replay"
    await home.refused(412, "failed_precondition", "POST", path, bearer=home.admin())


async def test_an_id_that_could_not_be_a_name_is_known_by_its_hash(home: House) -> None:
    event = {"id": "wéird/=#id " * 20, "about": "g"}
    assert (await post(home, event)).json() == {"received": 1, "duplicates": 0}
    assert (await post(home, event)).json() == {"received": 1, "duplicates": 1}
    (listed, *_) = (await home.ok("GET", LIST, bearer=home.admin()))["webhooks"]
    assert listed["event_id"].startswith("h_")
    path = f"{LIST}/acme/{listed['event_id']}/replay"
    assert (await home.ok("POST", path, bearer=home.admin()))["webhook"]["state"] == "waiting"

"""The connector `webpush`, against a service that verifies our tokens and opens what we sent with node's http_ece."""

import json
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import msgspec
import pytest
from typing_extensions import override

from actors.notifications.activities import Push, Pushed, WebPushAddress
from common.clock import SystemClock
from serve_app.activities.connector import Call, Connector, Later, Misconfigured, Refused, Unreadable
from serve_app.activities.keys import PartnerKey
from serve_app.capabilities.notifications.connectors.vapid import VapidKey, VapidTokens, derived_key
from serve_app.capabilities.notifications.connectors.webpush import WebPushConnector, decoded
from tests.contract.connectors import CANARY, ConnectorSuite, Mishap, Partner, Seen, a_call, key_of, mark
from tests.fakes.browser import Browsers, Subscription
from tests.fakes.push_service import PushService

OURS, ANOTHER = derived_key(b"1" * 32), derived_key(b"2" * 32)
SUBJECT = "mailto:ops@carewire.test"
AS_STATUS: dict[Mishap, str] = {"busy": "429", "busy_for_7s": "429 7", "failing": "503", "refused": "400"}


class PushPartner(Partner):
    def __init__(self, service: PushService, subscription: Subscription) -> None:
        self.service, self.subscription = service, subscription

    @override
    def connector(self, *, credentials: bool = True) -> Connector:
        return connected(self.service, OURS if credentials else ANOTHER)

    @override
    def payload(self, number: int) -> bytes:
        return packed(a_push(self.service, self.subscription, delivery=key_of(number), title=CANARY, body=CANARY))

    @override
    def next(self, *mishaps: Mishap) -> None:
        self.service.mishaps.extend(AS_STATUS.get(mishap, mishap) for mishap in mishaps)

    @override
    def seen(self) -> list[Seen]:
        return [Seen(one.payload["d"], json.dumps(one.payload).encode()) for one in self.service.taken]


class TestWebPush(ConnectorSuite):
    @override
    def opened(self) -> AbstractAsyncContextManager[Partner]:
        return self._opened()

    @asynccontextmanager
    async def _opened(self) -> AsyncIterator[Partner]:
        async with listening() as service:
            service.keys = [OURS.public_text]
            yield PushPartner(service, await service.subscribe("d1"))


@asynccontextmanager
async def listening() -> AsyncIterator[PushService]:
    async with Browsers() as browsers:
        service = PushService(browsers)
        await service.server.start()
        try:
            yield service
        finally:
            await service.server.stop()


def connected(service: PushService, *keys: VapidKey) -> WebPushConnector:
    return WebPushConnector(keys or (OURS,), SUBJECT, [service.origin.removeprefix("http://")], SystemClock())


def a_push(service: PushService, to: Subscription, device: str = "d1", key_id: str = "", **members: object) -> Push:
    address = WebPushAddress(
        endpoint=service.endpoint(device), p256dh=decoded(to.p256dh), auth=decoded(to.auth), key_id=key_id
    )
    described: dict[str, object] = {"delivery": "dlv_1", "seq": 7, "category": "appointments"}
    return Push(to=address, **(described | members))  # type: ignore[arg-type] # members of a push


def packed(push: Push) -> bytes:
    return msgspec.msgpack.encode(push)


def a_call_of(push: Push, number: int = 1) -> Call:
    return Call(PartnerKey(mark(number)), packed(push), "usr_1", 1, 1_763_631_000_000)


async def sent(connector: Connector, push: Push) -> Pushed:
    return msgspec.msgpack.decode(await connector.carry_out(a_call_of(push)), type=Pushed)


@asynccontextmanager
async def one_device(*keys: VapidKey) -> AsyncIterator[tuple[PushService, WebPushConnector, Subscription]]:
    async with listening() as service:
        connector = connected(service, *keys)
        try:
            yield service, connector, await service.subscribe("d1")
        finally:
            await connector.close()


async def test_a_push_tells_no_more_than_it_may() -> None:
    async with one_device() as (service, connector, browser):
        assert await sent(connector, a_push(service, browser, topic="booking:1", urgency="high")) == Pushed()
    (message,) = service.taken
    assert message.payload == {"v": 1, "n": 7, "d": "dlv_1", "t": "appointments", "u": "high"}
    assert message.headers["Urgency"] == "high"
    assert message.headers["TTL"] == str(28 * 86_400)
    assert len(message.headers["Topic"]) == 32
    assert "booking" not in message.headers["Topic"]


async def test_what_is_shown_is_what_the_person_lets_be_shown() -> None:
    async with one_device() as (service, connector, browser):
        await sent(connector, a_push(service, browser, title="Tomorrow, 10:00", body="With Dr. Adler"))
    assert service.taken[0].payload["title"] == "Tomorrow, 10:00"
    assert service.taken[0].payload["body"] == "With Dr. Adler"


async def test_a_later_push_of_a_topic_takes_the_place_of_the_earlier() -> None:
    async with one_device() as (service, connector, browser):
        for number in (1, 2, 3):
            await sent(connector, a_push(service, browser, seq=number, topic="booking:1"))
        await sent(connector, a_push(service, browser, seq=4, topic="booking:2"))
    assert sorted(one.payload["n"] for one in service.waiting.values()) == [3, 4]


async def test_it_lives_as_long_as_it_is_of_use() -> None:
    ends = SystemClock().now_ms() + 90_000
    async with one_device() as (service, connector, browser):
        await sent(connector, a_push(service, browser, expires_at_ms=ends))
        await sent(connector, a_push(service, browser, expires_at_ms=1))
    assert 80 <= int(service.taken[0].headers["TTL"]) <= 90
    assert service.taken[1].headers["TTL"] == "0"


@pytest.mark.parametrize("status", ["404", "410"])
async def test_a_device_that_is_gone_is_an_answer(status: str) -> None:
    async with one_device() as (service, connector, browser):
        service.mishaps.append(status)
        assert (await sent(connector, a_push(service, browser))).gone


@pytest.mark.parametrize("body", ["a" * 4000, "ä" * 4000, '"' * 4000, "\u0000" * 4000, "🙂" * 4000])
async def test_no_payload_is_too_large_whatever_is_in_it(body: str) -> None:
    async with one_device() as (service, connector, browser):
        await sent(connector, a_push(service, browser, title="A title", body=body))
    assert service.taken[0].payload["body"].endswith("…")
    assert body.startswith(service.taken[0].payload["body"].removesuffix("…"))


async def test_a_service_that_takes_less_gets_the_id_alone() -> None:
    async with one_device() as (service, connector, browser):
        service.most_bytes = 300
        await sent(connector, a_push(service, browser, title="Hello", body="a" * 500))
        assert "title" not in service.taken[0].payload
        service.most_bytes = 100
        with pytest.raises(Refused) as refusal:
            await sent(connector, a_push(service, browser, title="Hello"))
        assert refusal.value.code == "payload_too_large"


async def test_a_subscription_stays_with_its_key_when_a_newer_one_comes() -> None:
    old, new = VapidKey("old", OURS.private, OURS.public), VapidKey("new", ANOTHER.private, ANOTHER.public)
    async with one_device(new, old) as (service, connector, browser):
        for key_id in ("old", "new", ""):
            await sent(connector, a_push(service, browser, key_id=key_id))
        assert [one.key for one in service.taken] == [old.public_text, new.public_text, new.public_text]
        with pytest.raises(Refused):
            await sent(connector, a_push(service, browser, key_id="older"))


async def test_one_device_with_another_key_is_not_our_misconfiguration() -> None:
    async with one_device() as (service, connector, browser):
        service.mishaps.append("403")
        with pytest.raises(Misconfigured):
            await sent(connector, a_push(service, browser))
        await sent(connector, a_push(service, browser))
        service.mishaps.append("403")
        with pytest.raises(Refused):
            await sent(connector, a_push(service, browser))


async def test_a_pause_that_one_service_asks_for_is_not_the_others() -> None:
    async with Browsers() as browsers:
        one, other = PushService(browsers), PushService(browsers)
        await one.server.start()
        await other.server.start()
        hosts = [service.origin.removeprefix("http://") for service in (one, other)]
        connector = WebPushConnector([OURS], SUBJECT, hosts, SystemClock())
        here, there = await one.subscribe("d1"), await other.subscribe("d1")
        one.mishaps.append("429 60")
        for _ in range(2):
            with pytest.raises(Later) as later:
                await sent(connector, a_push(one, here))
            assert later.value.only_this
            assert later.value.retry_after_s == pytest.approx(60, abs=5)
        await sent(connector, a_push(other, there))
        assert (len(one.taken), len(other.taken)) == (0, 1)
        await connector.close()
        await one.server.stop()
        await other.server.stop()


async def test_a_token_is_made_once_an_hour_for_each_service(monkeypatch: pytest.MonkeyPatch) -> None:
    async with one_device() as (service, connector, browser):
        for _ in range(3):
            await sent(connector, a_push(service, browser))
    assert len({one.headers["Authorization"] for one in service.taken}) == 1


@pytest.mark.parametrize(
    "spoil",
    [
        lambda push: msgspec.structs.replace(push, p256dh=b"\x04" + bytes(64)),
        lambda push: msgspec.structs.replace(push, p256dh=b"\x00"),  # the point at infinity
        lambda push: msgspec.structs.replace(push, p256dh=b""),
        lambda push: msgspec.structs.replace(push, endpoint="https://evil.example/push"),
        lambda push: msgspec.structs.replace(push, endpoint="http://10.0.0.1/push"),
    ],
)
async def test_an_address_that_is_none_is_never_called(spoil: Callable[[WebPushAddress], WebPushAddress]) -> None:
    async with one_device() as (service, connector, browser):
        push = a_push(service, browser)
        assert isinstance(push.to, WebPushAddress)
        with pytest.raises(Refused):
            await sent(connector, msgspec.structs.replace(push, to=spoil(push.to)))
    assert service.taken == []
    assert service.refused == []


async def test_a_push_for_another_service_is_kept() -> None:
    async with one_device() as (service, connector, browser):
        call = a_call(PushPartner(service, browser), 1)
        other = msgspec.msgpack.decode(call.payload)
        other["to"]["type"] = "fcm"
        with pytest.raises(Unreadable):
            await connector.carry_out(_with(call, other))


def _with(call: Call, payload: object) -> Call:
    return Call(call.key, msgspec.msgpack.encode(payload), call.owner, call.attempt, call.made_at_ms)


async def test_the_example_of_rfc_8291_opens_as_it_says() -> None:
    """Appendix A: the browser of the fake is one that the standard agrees with. Its token is ours."""
    body = decoded(
        "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl"
        "7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN"
    )
    browser = Subscription(
        "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4",
        "BTBZMqHH6r4Tts7J_aSIgg",
        "q1dXpw3UpT5VOmu_cf_v6ih07Aems3njxI-JWgLcM94",
    )
    tokens = VapidTokens([OURS], SUBJECT, lambda: 1_763_631_000_000, lambda: 0.0)
    async with Browsers() as browsers:
        opened = await browsers.open(
            body,
            browser,
            authorization=tokens.header("https://push.example", "") or "",
            audience="https://push.example",
            now_s=1_763_631_000,
        )
    assert opened["text"] == "When I grow up, I want to be a watermelon"

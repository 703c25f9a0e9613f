"""The connector `apns`, against the wire of Apple's push service: HTTP/2 by another hand, with all that it does."""

import asyncio
import json
import os
import ssl
import uuid
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from typing_extensions import override

from actors.notifications.activities import ApnsAddress, Push, Pushed
from common.clock import SystemClock
from serve_app.activities.connector import Call, Connector, Later, Misconfigured, Refused
from serve_app.activities.keys import PartnerKey
from serve_app.capabilities.notifications.connectors import apns
from serve_app.capabilities.notifications.connectors.apns import ApnsConnector, ApnsPlaces
from serve_app.capabilities.notifications.connectors.apns_tokens import ProviderTokens
from serve_app.capabilities.notifications.connectors.push import MOST_BYTES
from tests.contract.connectors import CANARY, ConnectorSuite, Mishap, Partner, Seen, mark
from tests.fakes.apns import KEY, KEY_ID, STRANGER, TEAM, TOPIC, Apple
from tests.partners.certificates import make_node
from tests.waiting import eventually

AS_APPLE: dict[Mishap, str] = {
    "busy": "503 ServiceUnavailable",
    "busy_for_7s": "503 ServiceUnavailable 7",
    "failing": "500 InternalServerError",
    "refused": "400 BadMessageId",
}


class Clock(SystemClock):
    """Put forward by hand."""

    ahead_s = 0.0

    @override
    def monotonic_s(self) -> float:
        return super().monotonic_s() + self.ahead_s


class ApplePartner(Partner):
    def __init__(self, apple: Apple, folder: Path, trust: ssl.SSLContext) -> None:
        self.apple, self.folder, self.trust = apple, folder, trust
        self.clock = Clock()
        self.key = key_file(folder / "right.p8", KEY)

    @override
    def connector(self, *, credentials: bool = True) -> ApnsConnector:
        key = self.key if credentials else key_file(self.folder / "wrong.p8", STRANGER)
        places = ApnsPlaces(self.apple.url, self.apple.url, TOPIC)
        return ApnsConnector(places, ProviderTokens(key, KEY_ID, TEAM, self.clock), self.clock, tls=self.trust)

    @override
    def payload(self, number: int) -> bytes:
        return msgspec.msgpack.encode(a_push(title=CANARY, body=CANARY))

    @override
    def next(self, *mishaps: Mishap) -> None:
        self.apple.mishaps.extend(AS_APPLE.get(mishap, mishap) for mishap in mishaps)

    @override
    def seen(self) -> list[Seen]:
        return [
            Seen(str(PartnerKey(uuid.UUID(one.headers["apns-id"]).bytes)), json.dumps(one.payload).encode())
            for one in self.apple.taken
        ]


class TestApns(ConnectorSuite):
    @override
    def opened(self) -> AbstractAsyncContextManager[Partner]:
        return opened()


@asynccontextmanager
async def opened(most_streams: int = 100) -> AsyncIterator[ApplePartner]:
    with TemporaryDirectory() as name:
        folder = Path(name)
        node = make_node(folder / "tls")
        server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        server.load_cert_chain(node.cert, node.key)
        trust = ssl.create_default_context(cafile=node.ca)
        trust.check_hostname = False  # the certificates of tests name no host
        apple = Apple(server, most_streams)
        await apple.start()
        try:
            yield ApplePartner(apple, folder, trust)
        finally:
            await apple.stop()


@asynccontextmanager
async def one_app(most_streams: int = 100) -> AsyncIterator[tuple[ApplePartner, ApnsConnector]]:
    async with opened(most_streams) as partner:
        connector = partner.connector()
        try:
            yield partner, connector
        finally:
            await connector.close()


def key_file(path: Path, key: ec.EllipticCurvePrivateKey) -> Path:
    path.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return path


def a_push(voip: bool = False, **members: Any) -> Push:
    described: dict[str, Any] = {"delivery": "dlv_1", "seq": 7, "category": "appointments"}
    return Push(to=ApnsAddress(token="a1" * 32, voip=voip), **(described | members))


async def sent(connector: Connector, push: Push, number: int = 1) -> Pushed:
    call = Call(PartnerKey(mark(number)), msgspec.msgpack.encode(push), "usr_1", 1, 0)
    return msgspec.msgpack.decode(await connector.carry_out(call), type=Pushed)


async def test_a_push_shows_words_that_tell_nothing() -> None:
    async with one_app() as (partner, connector):
        answer = await sent(connector, a_push(locale="de", topic="booking:1", urgency="high"))
    (one,) = partner.apple.taken
    assert answer.id == one.headers["apns-id"] == str(uuid.UUID(int=1))
    assert one.payload["aps"]["alert"] == {"title": "Carewire", "body": "Es gibt Neues zu einem Termin."}
    assert {name: one.payload[name] for name in "vndtu"} == {
        "v": 1,
        "n": 7,
        "d": "dlv_1",
        "t": "appointments",
        "u": "high",
    }
    assert one.headers["apns-push-type"] == "alert"
    assert one.headers["apns-priority"] == "10"
    assert "booking" not in json.dumps([one.payload, one.headers])


@pytest.mark.parametrize(
    ("kind", "voip", "push_type", "priority"),
    [
        ("take_back", False, "background", "5"),
        ("ring_end", False, "background", "5"),
        ("prove", False, "background", "5"),
        ("ring", False, "alert", "10"),
        ("ring", True, "voip", "10"),
        ("ring_end", True, "voip", "10"),
    ],
)
async def test_each_kind_has_its_type(kind: Any, voip: bool, push_type: str, priority: str) -> None:
    async with one_app() as (partner, connector):
        await sent(connector, a_push(voip, kind=kind))
    (one,) = partner.apple.taken
    assert (one.headers["apns-push-type"], one.headers["apns-priority"]) == (push_type, priority)
    assert one.headers["apns-topic"] == (f"{TOPIC}.voip" if voip else TOPIC)
    assert one.payload["k"] == kind


async def test_a_device_shows_a_repeat_and_a_later_version_in_one_place() -> None:
    async with one_app() as (partner, connector):
        for seq in (1, 1, 2):
            await sent(connector, a_push(topic="booking:1", seq=seq))
    assert [one.payload["n"] for one in partner.apple.shown.values()] == [2]


async def test_who_is_gone_is_gone_since_when_apple_says() -> None:
    async with one_app() as (partner, connector):
        partner.apple.mishaps.extend(["410 Unregistered 1763631000000", "400 BadDeviceToken"])
        assert await sent(connector, a_push()) == Pushed(gone=True, gone_at_ms=1_763_631_000_000)
        assert await sent(connector, a_push()) == Pushed(gone=True)


@pytest.mark.parametrize("mishap", ["400 TopicDisallowed", "403 InvalidProviderToken", "403 ExpiredProviderToken"])
async def test_what_is_wrong_with_us_never_ends_a_device(mishap: str) -> None:
    async with one_app() as (partner, connector):
        partner.apple.mishaps.append(mishap)
        with pytest.raises(Misconfigured):
            await sent(connector, a_push())


@pytest.mark.parametrize("mishap", ["goaway", "refused_stream"])
async def test_what_apple_has_not_begun_is_begun_again_at_once(mishap: str) -> None:
    async with one_app() as (partner, connector):
        await sent(connector, a_push())
        partner.apple.mishaps.append(mishap)
        await sent(connector, a_push(), 2)
    assert len(partner.apple.taken) == 2
    assert partner.apple.connections == (2 if mishap == "goaway" else 1)


async def test_a_connection_that_takes_no_more_is_replaced_and_loses_nothing() -> None:
    async with one_app() as (partner, connector):
        for number in range(6):
            partner.apple.mishaps.append("goaway_later" if number % 2 else "")
            await sent(connector, a_push(), number)
    assert len(partner.apple.taken) == 6
    assert partner.apple.connections == 3


async def test_a_server_that_is_away_is_called_again_later() -> None:
    async with one_app() as (partner, connector):
        await sent(connector, a_push())
        await partner.apple.stop()
        with pytest.raises(Later):
            await sent(connector, a_push())
        await partner.apple.start()
        await sent(connector, a_push())


async def test_a_reset_is_not_known_to_be_sent() -> None:
    async with one_app() as (partner, connector):
        partner.apple.mishaps.append("reset")
        with pytest.raises(Later):
            await sent(connector, a_push())
        await sent(connector, a_push())


async def test_an_empty_frame_ends_nothing() -> None:
    async with one_app() as (partner, connector):
        partner.apple.mishaps.append("empty_data")
        await sent(connector, a_push())
        await sent(connector, a_push(), 2)
    assert partner.apple.connections == 1


async def test_a_stream_that_hangs_ends_in_time_and_the_others_do_not_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(apns, "_WITHIN_S", 0.3)
    async with one_app() as (partner, connector):
        partner.apple.mishaps.append("silent")
        hanging = asyncio.ensure_future(sent(connector, a_push()))

        async def arrived() -> bool:
            return bool(partner.apple.taken)

        await eventually(arrived, "the push that is never answered does not arrive")
        for number in range(2, 12):
            await sent(connector, a_push(), number)
        with pytest.raises(Later, match="does not answer"):
            await hanging
        assert partner.apple.connections == 1


async def test_a_server_that_answers_nothing_any_more_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(apns, "_WITHIN_S", 0.05)
    async with one_app() as (partner, connector):
        partner.apple.mishaps.extend(["silent"] * 3)
        for number in range(3):
            with pytest.raises(Later):
                await sent(connector, a_push(), number)
        monkeypatch.setattr(apns, "_WITHIN_S", 5.0)
        await sent(connector, a_push(), 4)
        assert partner.apple.connections == 2


async def test_no_more_is_under_way_than_apple_allows() -> None:
    async with one_app(most_streams=3) as (partner, connector):
        await sent(connector, a_push())  # by now it has said how many
        await asyncio.gather(*(sent(connector, a_push(), number) for number in range(40)))
    assert len(partner.apple.taken) == 41
    assert partner.apple.at_once <= 3
    assert partner.apple.connections == 1


async def test_a_token_is_of_the_age_that_apple_likes() -> None:
    async with one_app() as (partner, connector):
        for ahead_s in (0.0, 1200.0, 2399.0):
            partner.clock.ahead_s = ahead_s
            await sent(connector, a_push())
        assert len(partner.apple.tokens) == 1
        partner.clock.ahead_s = 2500.0
        await sent(connector, a_push())
        assert len(partner.apple.tokens) == 2


async def test_another_key_takes_effect_without_a_restart() -> None:
    async with one_app() as (partner, connector):
        key_file(partner.key, STRANGER)
        with pytest.raises(Misconfigured):
            await sent(connector, a_push())
        key_file(partner.key, KEY)
        later = partner.key.stat().st_mtime + 10
        os.utime(partner.key, (later, later))
        await sent(connector, a_push())


@pytest.mark.parametrize("content", [b"", b"no key", b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"])
async def test_a_file_that_is_no_key_is_ours_to_correct(content: bytes) -> None:
    async with one_app() as (partner, connector):
        partner.key.write_bytes(content)
        with pytest.raises(Misconfigured):
            await sent(connector, a_push())


async def test_too_many_for_one_device_says_nothing_of_the_others() -> None:
    async with one_app() as (partner, connector):
        partner.apple.mishaps.extend(["429 TooManyRequests", "429 TooManyProviderTokenUpdates"])
        with pytest.raises(Later) as one:
            await sent(connector, a_push())
        with pytest.raises(Later) as all_of_them:
            await sent(connector, a_push())
    assert one.value.only_this
    assert not all_of_them.value.only_this


@pytest.mark.parametrize("body", ["a" * 4000, "ä" * 4000, '"' * 4000, "🙂" * 4000])
async def test_no_payload_is_too_large(body: str) -> None:
    async with one_app() as (partner, connector):
        await sent(connector, a_push(title="A title", body=body))
    payload = partner.apple.taken[0].payload
    assert MOST_BYTES - 20 <= len(json.dumps(payload, ensure_ascii=False, separators=(",", ":")).encode()) <= MOST_BYTES
    assert body.startswith(payload["aps"]["alert"]["body"].removesuffix("…"))


async def test_what_apple_finds_too_large_goes_without_its_text() -> None:
    async with one_app() as (partner, connector):
        partner.apple.mishaps.append("413 PayloadTooLarge")
        await sent(connector, a_push(title="A title", body="words"))
        assert partner.apple.taken[0].payload["aps"]["alert"]["title"] == "Carewire"
        partner.apple.mishaps.append("413 PayloadTooLarge")
        with pytest.raises(Refused):
            await sent(connector, a_push())


async def test_the_check_pushes_nothing() -> None:
    async with one_app() as (partner, connector):
        await connector.check()
        assert partner.apple.taken == []
        wrong = partner.connector(credentials=False)
        with pytest.raises(Misconfigured):
            await wrong.check()
        await wrong.close()


async def test_a_certificate_of_a_stranger_is_not_taken() -> None:
    async with opened() as partner:
        partner.trust = ssl.create_default_context()
        connector = partner.connector()
        with pytest.raises(Misconfigured, match="TLS"):
            await sent(connector, a_push())
        await connector.close()

"""People whom nobody knows: what a connection may cost before it has said whose it is, and how long it may stay."""

import asyncio
import contextlib
import json
import socket
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from structlog.testing import capture_logs
from typing_extensions import override

from common.auth.tokens import Verified
from common.auth.verifier import Verifier
from config.settings import AuthSettings, LimitSettings
from realtime.front.bounds import strangers
from realtime.front.gateway import Gateway
from tests.clients.raw_socket import RawSocket
from tests.clients.streams import stream_to
from tests.clients.wire_rig import Wire, closed, said, until
from tests.gateway_rig import CLOCK, SECRET, Rig, rig, token
from tests.skipping import skip
from tests.waiting import eventually

MANY = 2000
AUTH_S = 60.0
BAD = '40{"token":"eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ4In0.AAAA%d"}'


class CountingVerifier(Verifier):
    """Knows how often it was asked."""

    asked = 0

    @override
    async def verify(self, token: object) -> Verified:
        self.asked += 1
        return await super().verify(token)


@contextlib.asynccontextmanager
async def crowd(limits: LimitSettings | None = None, **settings: Any) -> AsyncIterator[tuple[Rig, CountingVerifier]]:
    """A gateway that counts how many tokens it looks at."""
    verifier = CountingVerifier(AuthSettings(leeway_s=0), CLOCK, secret=SECRET)
    async with rig() as made:
        await made.gateway(verifier=verifier, limits=limits or LimitSettings(), **settings)
        yield made, verifier


def wire_of(made: Rig) -> Wire:
    return Wire(made.url() + "/socket.io/")


KINDS = {
    "bad tokens": BAD,
    "namespaces": "40/room%d,{}",
    "no tokens, and off again": "40\x1e41",
    "hellos that are none": '40{"recover":%d}',
}


@pytest.mark.parametrize("packet", KINDS.values(), ids=KINDS.keys())
@pytest.mark.parametrize("transport", ["websocket", "polling"])
async def test_a_transport_may_ask_so_often_and_no_more(packet: str, transport: str) -> None:
    packets = [(packet % number if "%" in packet else packet) for number in range(MANY)]
    async with crowd() as (made, verifier):
        answers = await (over_websocket if transport == "websocket" else over_polling)(made, packets)
        assert strangers.FREE_TRIES <= answers <= 2 * strangers.MOST_TRIES
        assert verifier.asked <= strangers.MOST_TRIES + 1
        await until_forgotten(made.gateways[0])


async def over_websocket(made: Rig, packets: list[str]) -> int:
    """How many of them are answered before the end, which is an end for abuse."""
    async with wire_of(made) as wire:
        web = await wire.opened()
        with contextlib.suppress(ConnectionResetError):
            for packet in packets:
                for part in packet.split("\x1e"):
                    await web.send_str(part)
        answers = 0
        async with asyncio.timeout(30):
            async for message in web:
                answers += message.type is aiohttp.WSMsgType.TEXT and message.data[:2] in ("40", "44")
        return answers


async def over_polling(made: Rig, packets: list[str]) -> int:
    async with wire_of(made) as wire:
        sid = await wire.open_polling()
        parts = "\x1e".join(packets).split("\x1e")[:900]
        posting = asyncio.create_task(wire.post(sid, "\x1e".join(parts)))
        answers = 0
        async with asyncio.timeout(30):
            while True:
                status, text = await wire.poll(sid)
                if status != 200:
                    break
                answers += sum(part[:2] in ("40", "44") for part in text.split("\x1e"))
        await posting
        return answers


async def until_forgotten(gateway: Gateway) -> None:
    async def nothing_is_left() -> bool:
        return not len(gateway._namespace.strangers) and not gateway.sockets

    await eventually(nothing_is_left, "they are remembered", timeout_s=10.0)


async def test_without_the_bound_every_token_is_looked_at() -> None:
    async with crowd(LimitSettings(enabled=False)) as (made, verifier), wire_of(made) as wire:
        unbounded = made.gateways[0]._namespace.strangers
        unbounded.free_tries = unbounded.most_tries = MANY
        web = await wire.opened()
        for number in range(MANY):
            await web.send_str(BAD % number)
        for _ in range(MANY):
            assert (await said(web)).startswith("44")
        assert verifier.asked == MANY


async def test_refused_tokens_of_one_address_are_bounded_over_all_its_connections() -> None:
    async with crowd(LimitSettings(refusals_per_s=0.5)) as (made, verifier):
        codes = []
        for number in range(20):
            async with RawSocket(made.url(), {"token": f"bad{number}"}) as socket:
                refusal = json.loads(next(frame for frame in socket.frames if frame.startswith("44"))[2:])
                codes.append(refusal["data"])
        limited = [data for data in codes if data["code"] == "rate_limited"]
        assert limited
        assert verifier.asked == len(codes) - len(limited)
        assert all(0 < data["retry_after"] <= 2 for data in limited)
        await asyncio.sleep(limited[-1]["retry_after"] + 0.1)
        await made.client("alice")


async def test_good_tokens_of_an_address_are_not_counted() -> None:
    async with crowd(LimitSettings(refusals_per_s=1)) as (made, _):
        for number in range(10):
            await made.client(f"user{number}")


async def test_a_socket_that_authenticates_with_one_bad_token_after_another_is_closed() -> None:
    async with crowd() as (made, verifier), RawSocket(made.url()) as mallory:
        for number in range(MANY):
            with contextlib.suppress(ConnectionResetError):
                await mallory.send(f'42{number}["authenticate",{{"token":"bad{number}"}}]')
        await mallory.until(lambda: mallory.closed, "it is still open")
        assert verifier.asked <= strangers.MOST_TRIES + 1
        assert [error["code"] for error in mallory.events("error")] == ["rate_limited"]
        await until_forgotten(made.gateways[0])


async def test_a_chat_goes_on_beside_a_flood_of_bad_tokens() -> None:
    async with crowd() as (made, _):
        alice = await made.client("alice")
        await alice.ok("create_room", {"room_id": "general"})
        floods = [asyncio.create_task(over_websocket(made, [BAD % n for n in range(500)])) for _ in range(4)]
        spoken = 0
        while not all(flood.done() for flood in floods):
            await alice.ok("message", {"room_id": "general", "body": "hi"})
            spoken += 1
        assert spoken > 50, "the flood was served first"
        assert max(await asyncio.gather(*floods)) <= 2 * strangers.MOST_TRIES


async def test_a_flood_of_refusals_is_not_a_flood_of_lines() -> None:
    async with crowd() as (made, _):
        with capture_logs() as lines:
            await asyncio.gather(*(over_websocket(made, [BAD % n for n in range(40)]) for _ in range(5)))
        said_so = [line for line in lines if line["event"] == "auth.refused"]
        assert 0 < len(said_so) < 5 * strangers.MOST_TRIES / 2
        assert sum(line.get("unlogged", 0) for line in said_so) > 0


# coming back, and staying


async def test_a_client_may_leave_the_namespace_and_come_back_over_the_same_connection() -> None:
    async with crowd() as (made, _), wire_of(made) as wire:
        web = await wire.opened()
        hello = "40" + json.dumps({"token": token("alice")})
        for _ in range(3):
            await web.send_str(hello)
            assert (await said(web)).startswith('40{"sid"')
            assert (await said(web)).startswith('42["session"')
            await web.send_str("41")
        await web.send_str(hello)
        assert (await said(web)).startswith('40{"sid"')
        assert {connection.address for connection in made.hubs[0].connections} == {"127.0.0.1"}


@pytest.mark.parametrize("packets", [["40", "41"], [BAD % 1], ["40/other,"], []], ids=repr)
async def test_who_stays_without_a_namespace_is_closed(packets: list[str]) -> None:
    async with crowd(auth_timeout_s=AUTH_S, ping_interval_s=200.0) as (made, _), wire_of(made) as wire:
        web = await wire.opened()
        for packet in packets:
            await web.send_str(packet)
            if packet.startswith("40"):
                await said(web)
        skip(AUTH_S)
        await closed(web)
        await until_forgotten(made.gateways[0])


async def test_the_time_to_say_who_one_is_does_not_begin_anew_with_the_namespace() -> None:
    async with crowd(auth_timeout_s=AUTH_S, ping_interval_s=200.0) as (made, _), wire_of(made) as wire:
        web = await wire.opened()
        for _ in range(2):
            await web.send_str("40")
            assert (await said(web)).startswith('40{"sid"')
            skip(0.6 * AUTH_S)
            await web.send_str("41")
        await closed(web)
        assert not made.gateways[0].sockets


async def test_who_was_known_and_left_has_that_time_again_and_who_is_known_stays() -> None:
    async with crowd(auth_timeout_s=AUTH_S, ping_interval_s=200.0) as (made, _), wire_of(made) as wire:
        hello = "40" + json.dumps({"token": token("alice")})
        silent, stays, leaves = [await wire.opened() for _ in range(3)]
        for web in (stays, leaves):
            await web.send_str(hello)
            assert (await said(web)).startswith("40")
            assert (await said(web)).startswith('42["session"')
        skip(AUTH_S)
        await closed(silent)  # its time is up, so that of the others would be
        assert made.gateways[0].sockets == 2
        await leaves.send_str("41")
        await until(lambda: len(made.hubs[0].connections) == 1, "it has not left")
        skip(AUTH_S / 2)
        await stays.send_str('421["list_rooms",{}]')
        assert (await said(stays)).startswith("431")
        assert len(made.gateways[0]._listening._server.eio.sockets) == 2
        skip(AUTH_S)
        await closed(leaves)
        assert made.gateways[0].sockets == 1
        assert not stays.closed


@pytest.mark.skipif(not hasattr(socket, "TCP_USER_TIMEOUT"), reason="the kernel cannot be told")
async def test_who_does_not_read_its_answers_is_closed_though_it_polls() -> None:
    async with crowd(ping_interval_s=0.5, ping_timeout_s=0.5) as (made, _):
        with socket.socket() as peer:
            peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            peer.setblocking(False)
            loop = asyncio.get_running_loop()
            await loop.sock_connect(peer, ("127.0.0.1", made.gateways[0].port))
            async with asyncio.timeout(10):
                with pytest.raises(ConnectionError):  # reset, or a broken pipe
                    await ask_for_ever(peer)


async def ask_for_ever(peer: socket.socket) -> None:
    while True:
        asked = 100 * b"GET /socket.io/?EIO=3 HTTP/1.1\r\nHost: x\r\n\r\n"
        await asyncio.get_running_loop().sock_sendall(peer, asked)


@pytest.mark.parametrize("start", [b"", b"GET /socket.io/?EIO=4", b"POST /socket.io/?EIO=4 HTTP/1.1\r\nHost: x\r\nX: "])
async def test_who_does_not_finish_a_request_is_closed(start: bytes) -> None:
    async with crowd() as (made, _):
        made.gateways[0]._listening._server.eio.head_timeout = 0.3
        async with asyncio.timeout(5), stream_to("127.0.0.1", made.gateways[0].port) as (reader, writer):
            writer.write(start)
            assert await reader.read() == b""


# where pages come from


@pytest.mark.parametrize("path", ["polling", "websocket"])
async def test_pages_of_any_origin_may_come_without_credentials_and_named_ones_with(path: str) -> None:
    elsewhere, here = "https://elsewhere.example", "https://care.example"
    async with crowd() as (made, _), wire_of(made) as wire:
        allowed = await asked_from(wire, elsewhere, path)
        assert allowed in ((200, "*", None), (101, None, None))
    async with crowd(cors_origins=(here,)) as (made, _), wire_of(made) as wire:
        assert (await asked_from(wire, elsewhere, path))[0] == 400
        allowed = await asked_from(wire, here, path)
        assert allowed in ((200, here, "true"), (101, None, None))


async def asked_from(wire: Wire, origin: str, transport: str) -> tuple[int, str | None, str | None]:
    """Status and what a browser is told, by either way into a session."""
    headers = {"Origin": origin}
    if transport == "websocket":
        headers |= {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13"}
        headers["Sec-WebSocket-Key"] = "c2l4dGVlbiBieXRlcyAuLg=="
    async with wire.http.get(wire.url, params={"EIO": "4", "transport": transport}, headers=headers) as answer:
        told = [answer.headers.get("Access-Control-Allow-" + name) for name in ("Origin", "Credentials")]
        return answer.status, told[0], told[1]


# rooms that are asked for in the hello


async def test_rooms_to_recover_count_as_joins_and_those_beyond_are_told_so() -> None:
    async with crowd(LimitSettings(reads_per_s=5, burst_s=4)) as (made, _):
        recover = {f"nothing{number}": 0 for number in range(1000)}
        async with RawSocket(made.url(), {"token": token("alice"), "recover": recover}) as alice:
            await alice.until(lambda: len(alice.events("error")) == 1000, "some rooms are not answered")
            codes = [error["code"] for error in alice.events("error")]
            assert 20 <= codes.count("not_found") <= 100
            assert codes.count("rate_limited") == 1000 - codes.count("not_found")
            last = next(error for error in alice.events("error") if error["code"] == "rate_limited")
            assert last["event"] == "recover"
            assert last["details"]["room_id"] in recover
            assert last["details"]["class"] == "read"
            assert 0 < last["retry_after"] <= 0.2

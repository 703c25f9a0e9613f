"""Sessions over real sockets: who may connect, for how long, and what comes first."""

import asyncio
import contextlib
import json
from typing import Any

import aiohttp
import jwt
import pytest
from aiohttp import web
from cryptography.hazmat.primitives.asymmetric import rsa
from typing_extensions import override

from common.auth.tokens import Verified
from common.auth.verifier import Verifier
from config.settings import AuthSettings
from tests.clients.raw_socket import RawSocket
from tests.gateway_rig import CLOCK, SECRET, rig, token
from tests.skipping import skip
from tests.waiting import eventually


async def refusal(url: str, auth: Any) -> Any:
    async with RawSocket(url, auth) as socket:
        answer = next(frame for frame in socket.frames if frame[:2] in ("40", "44"))
        assert answer.startswith("44"), "it was let in"
        return json.loads(answer[2:])


async def test_bad_tokens_and_bad_auth_are_refused_with_a_code() -> None:
    async with rig() as made:
        await made.gateway()
        cases: list[tuple[Any, str]] = [
            ({"token": "rubbish"}, "unauthenticated"),
            ({"token": {"$gt": ""}}, "unauthenticated"),
            ({"token": token("alice", ttl_s=-60)}, "token_expired"),
            ({"token": token("alice"), "recover": {"a b": 1}}, "invalid_argument"),
            ({"token": token("alice"), "recover": {"room": -1}}, "invalid_argument"),
            ({"token": token("alice"), "inbox": "5"}, "invalid_argument"),
            ({"token": token("alice"), "device_id": "../x"}, "invalid_argument"),
            ("a string", "invalid_argument"),
            ([1, 2], "invalid_argument"),
        ]
        for auth, code in cases:
            refused = await refusal(made.url(), auth)
            assert refused["data"]["code"] == code, auth
            assert refused["message"] == refused["data"]["message"]
        assert made.gateways[0].stats()["sockets"] == 0
        count = made.registry.get_sample_value
        assert count("carewire_gateway_connects_total", {"result": "token_expired"}) == 1


async def test_the_session_follows_the_connect_and_says_who_one_is() -> None:
    async with rig() as made:
        await made.gateway()
        async with RawSocket(made.url(), {"token": token("dora", "therapist")}) as socket:
            await socket.until(lambda: bool(socket.events("session")), "no session")
            kinds = [frame[:2] for frame in socket.frames]
            assert kinds == ["0{", "40", "42"]
            (session,) = socket.events("session")
            assert session["connection_id"] == json.loads(socket.frames[1][2:])["sid"]
            assert (session["user_id"], session["role"], session["inbox_seq"]) == ("dora", "therapist", 0)
            assert session["gateway"] == "gateway-0"
            assert session["server_time"].endswith("Z")


async def test_a_socket_without_a_token_can_do_nothing_until_it_authenticates() -> None:
    async with rig() as made:
        await made.gateway()
        async with RawSocket(made.url()) as socket:
            early = await socket.call(1, "create_room", {"room_id": "general"})
            assert early["error"]["code"] == "unauthenticated"
            wrong = await socket.call(2, "authenticate", {"token": "rubbish"})
            assert wrong["error"]["code"] == "unauthenticated"
            right = await socket.call(3, "authenticate", {"token": token("alice")})
            assert right["data"]["user_id"] == "alice"
            await socket.until(lambda: bool(socket.events("session")), "no session")
            assert (await socket.call(4, "create_room", {"room_id": "general"}))["ok"]


async def test_a_socket_that_never_says_who_it_is_is_disconnected() -> None:
    async with rig() as made:
        await made.gateway(auth_timeout_s=5.0)
        async with RawSocket(made.url()) as socket:
            skip(5.0)
            await socket.until(lambda: socket.closed, "still connected")
            assert socket.events("error")[0]["code"] == "unauthenticated"
            assert socket.frames[-1] == "41"
        assert made.gateways[0].stats()["sockets"] == 0


async def test_one_that_authenticated_in_time_stays() -> None:
    async with rig() as made:
        await made.gateway(auth_timeout_s=5.0)
        async with RawSocket(made.url()) as late, RawSocket(made.url()) as silent:
            assert (await late.call(1, "authenticate", {"token": token("alice")}))["ok"]
            skip(5.0)
            await silent.until(lambda: silent.closed, "still connected")  # its time is up, so the other's would be
            assert (await late.call(2, "list_rooms", {}))["ok"]


async def test_an_expiring_token_is_announced_and_an_expired_one_ends_the_session() -> None:
    async with rig() as made:
        await made.gateway(expiry_warning_s=1.0)
        async with RawSocket(made.url(), {"token": token("alice", ttl_s=1.2)}) as socket:
            await socket.until(lambda: bool(socket.events("token_expiring")), "no warning")
            assert socket.events("token_expiring")[0]["expires_at"].endswith("Z")
            assert not socket.events("error")
            await socket.until(lambda: socket.closed, "still connected")
            assert socket.events("error")[0]["code"] == "token_expired"
            assert socket.frames[-1] == "41"


async def test_a_fresh_token_of_the_same_user_keeps_the_socket() -> None:
    async with rig() as made:
        await made.gateway(expiry_warning_s=2.0)
        short = token("alice", ttl_s=2.0)
        async with RawSocket(made.url(), {"token": short}) as kept, RawSocket(made.url(), {"token": short}) as lost:
            await kept.until(lambda: bool(kept.events("token_expiring")), "no warning")
            fresh = await kept.call(1, "authenticate", {"token": token("alice", "therapist")})
            assert fresh["data"]["role"] == "therapist"
            await lost.until(lambda: lost.closed, "the other socket outlived its token")
            assert (await kept.call(2, "list_rooms", {}))["ok"]
            assert [session["role"] for session in kept.events("session")] == ["client", "therapist"]


async def test_a_token_of_another_user_is_refused_and_changes_nothing() -> None:
    async with rig() as made:
        await made.gateway()
        async with RawSocket(made.url(), {"token": token("alice")}) as socket:
            other = await socket.call(1, "authenticate", {"token": token("bob", "admin")})
            assert other["error"]["code"] == "permission_denied"
            expired = await socket.call(2, "authenticate", {"token": token("alice", ttl_s=-60)})
            assert expired["error"]["code"] == "token_expired"
            room = await socket.call(3, "create_room", {"room_id": "general"})
            assert room["data"]["room"]["owner_id"] == "alice"


async def test_a_token_within_the_leeway_is_accepted_but_not_for_ever() -> None:
    async with rig() as made:
        await made.gateway(auth=AuthSettings(leeway_s=2), expiry_warning_s=0)
        async with RawSocket(made.url(), {"token": token("alice", ttl_s=-1)}) as socket:
            await socket.until(lambda: socket.closed, "still connected")
            assert socket.events("error")[0]["code"] == "token_expired"


async def test_letters_reach_every_device_and_only_those_of_the_user() -> None:
    async with rig() as made:
        await made.gateway()
        phone, laptop, other = await made.client("bob"), await made.client("bob"), await made.client("carol")
        alice = await made.client("alice")
        await alice.ok("create_room", {"room_id": "general", "members": ["bob"]})
        assert (await phone.next("room_added"))["inbox_seq"] == 1
        assert (await laptop.next("room_added"))["room"]["room_id"] == "general"
        await phone.ok("inbox_ack", {"inbox_seq": 1})
        await other.ok("list_rooms", {})
        assert other.all("room_added") == []


async def test_nothing_is_left_of_sockets_that_have_gone() -> None:
    async with rig() as made:
        gateway = await made.gateway()
        clients = [await made.client(f"u{number}") for number in range(5)]
        await clients[0].ok("create_room", {"room_id": "general", "open": True})
        await asyncio.gather(*(client.ok("join_room", {"room_id": "general"}) for client in clients))
        assert gateway.stats()["topics"] == 6
        await asyncio.gather(*(client.close() for client in clients))

        async def empty() -> bool:
            stats = gateway.stats()
            return all(stats[level] == 0 for level in ("sockets", "topics", "joining", "held_bytes"))

        await eventually(empty, f"left: {gateway.stats()}")
        assert len(made.hubs[0].deadlines) == 0
        region = made.regions[0]
        assert [topic for channel in region._channels.values() for topic in channel.topics] == []


@pytest.mark.parametrize("transports", [("polling",), ("polling", "websocket")], ids=["polling", "upgrade"])
async def test_every_transport_carries_a_conversation(transports: tuple[str, ...]) -> None:
    async with rig() as made:
        await made.gateway()
        alice = await made.client("alice", transports=transports)
        assert alice.sio.transport() == transports[-1]
        await alice.ok("create_room", {"room_id": "general"})
        await alice.ok("join_room", {"room_id": "general"})
        posted = [await alice.ok("message", {"room_id": "general", "body": str(number)}) for number in range(10)]
        await alice.next("message", 10)
        assert [message["id"] for message in alice.all("message")] == [answer["id"] for answer in posted]


async def test_two_gateways_of_a_node_share_a_port() -> None:
    async with rig() as made:
        first = await made.gateway()
        second = await made.gateway(port=first.port)
        assert second.port == first.port
        clients = [await made.client(f"u{number}") for number in range(12)]
        assert sum(int(gateway.stats()["sockets"]) for gateway in (first, second)) == len(clients)
        await clients[0].ok("create_room", {"room_id": "general", "open": True})
        await asyncio.gather(*(client.ok("join_room", {"room_id": "general"}) for client in clients))
        await clients[5].ok("message", {"room_id": "general", "body": "to everybody"})
        for client in clients:
            await client.next("message")


async def test_keys_of_an_issuer_are_fetched_over_http_and_let_its_users_in() -> None:
    private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    public = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(private.public_key()))
    fetched = 0

    async def keys(_: web.Request) -> web.Response:
        nonlocal fetched
        fetched += 1
        return web.json_response({"keys": [public | {"kid": "k1", "use": "sig", "alg": "RS256"}]})

    app = web.Application()
    app.router.add_get("/jwks.json", keys)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    claims = {"sub": "erin", "role": "client", "exp": CLOCK.now_ms() // 1000 + 60}
    theirs = jwt.encode(claims, private, algorithm="RS256", headers={"kid": "k1"})
    try:
        async with rig() as made:
            auth = AuthSettings(jwks_url=f"http://127.0.0.1:{runner.addresses[0][1]}/jwks.json")
            await made.gateway(verifier=Verifier(auth, CLOCK, secret=None))
            sockets = [RawSocket(made.url(), {"token": theirs}) for _ in range(5)]
            async with contextlib.AsyncExitStack() as stack:
                await asyncio.gather(*(stack.enter_async_context(socket) for socket in sockets))
                for socket in sockets:
                    await socket.until(lambda socket=socket: bool(socket.events("session")), "no session")  # type: ignore[misc] # a default binds the loop's value
            assert fetched == 1
            assert (await refusal(made.url(), {"token": token("alice")}))["data"]["code"] == "unauthenticated"
    finally:
        await runner.cleanup()


class Pondering(Verifier):
    """Takes its time, as an issuer may."""

    def __init__(self) -> None:
        super().__init__(AuthSettings(), CLOCK, secret=SECRET)
        self.asked = asyncio.Event()
        self.go_on = asyncio.Event()

    @override
    async def verify(self, token: object) -> Verified:
        self.asked.set()
        await self.go_on.wait()
        return await super().verify(token)


async def leave_a_websocket(url: str, hello: str, verifier: Pondering) -> None:
    async with aiohttp.ClientSession() as http:
        address = f"{url}/socket.io/?EIO=4&transport=websocket"
        async with http.ws_connect(address, timeout=aiohttp.ClientWSTimeout(ws_close=0.1)) as socket:
            await socket.send_str(hello)
            await asyncio.wait_for(verifier.asked.wait(), 5)


async def leave_a_long_poll(url: str, hello: str, verifier: Pondering) -> None:
    async with aiohttp.ClientSession() as http:
        address = f"{url}/socket.io/?EIO=4&transport=polling"
        async with http.get(address) as opened:
            sid = json.loads((await opened.text())[1:])["sid"]
        connecting = asyncio.create_task(http.post(f"{address}&sid={sid}", data=hello))
        await asyncio.wait_for(verifier.asked.wait(), 5)
        async with http.post(f"{address}&sid={sid}", data="1") as closed:
            assert closed.status == 200
        verifier.go_on.set()
        (await connecting).close()


@pytest.mark.parametrize("leave", [leave_a_websocket, leave_a_long_poll])
async def test_nothing_is_left_of_a_socket_that_went_while_its_token_was_checked(leave: Any) -> None:
    async with rig() as made:
        verifier = Pondering()
        gateway = await made.gateway(verifier=verifier)
        hello = "40" + json.dumps({"token": token("alice"), "recover": {"general": 0}})
        await leave(made.url(), hello, verifier)
        verifier.go_on.set()
        async with RawSocket(made.url(), {"token": token("bob")}) as other:  # another one is served meanwhile
            await other.until(lambda: bool(other.events("session")), "no session")

            async def only_the_other() -> bool:
                return gateway.stats()["sockets"] == 1 and gateway.stats()["topics"] == 1

            await eventually(only_the_other, f"left: {gateway.stats()}")


async def test_a_client_that_does_not_read_is_cut_and_nobody_else_notices() -> None:
    async with rig() as made:
        gateway = await made.gateway(max_buffered_bytes=100_000)
        alice = await made.client("alice")
        await alice.ok("create_room", {"room_id": "general", "open": True})
        await alice.ok("join_room", {"room_id": "general"})
        async with RawSocket(made.url(), {"token": token("bob")}) as slow:
            assert (await slow.call(1, "join_room", {"room_id": "general"}))["ok"]
            slow.stop_reading()
            posted = 0
            while gateway.stats()["sockets"] == 2:
                posted += 1
                assert posted < 60, "it was never cut: the kernel has taken megabytes"
                await alice.ok("message", {"room_id": "general", "body": "x" * 60_000})
        await alice.next("message", posted)
        count = made.registry.get_sample_value
        assert count("carewire_gateway_disconnects_total", {"reason": "slow consumer"}) == 1
        bob = await made.client("bob", recover={"general": 1})
        await bob.next("message", posted)
        assert [one["seq"] for one in bob.all("message")] == [one["seq"] for one in alice.all("message")]


async def test_compression_is_not_offered() -> None:
    async with rig() as made:
        await made.gateway()
        async with aiohttp.ClientSession() as http:
            url = f"{made.url()}/socket.io/?EIO=4&transport=websocket"
            async with http.ws_connect(url, compress=15) as socket:
                assert socket.compress == 0

"""The same scenarios on python-socketio's server and on ours: what an application sees must not differ."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
import socketio

from realtime.socketio import AsyncServer
from tests.clients.wire_rig import PATIENCE_S, serving, until

TRANSPORTS = {"websocket": ["websocket"], "polling": ["polling"], "upgrade": ["polling", "websocket"]}
PLACES = [  # python-socketio does not answer the poll of a client that leaves, which then waits for 45 s
    ("stock", "websocket"),
    ("stock", "upgrade"),
    ("ours", "websocket"),
    ("ours", "polling"),
    ("ours", "upgrade"),
]


class Client(socketio.AsyncClient):  # type: ignore[misc] # python-socketio has no types
    """A client that remembers what it was sent."""

    def __init__(self) -> None:
        super().__init__(reconnection=False)
        self.heard: list[tuple[Any, ...]] = []
        self.left: list[str] = []

    async def hears(self, *event: Any) -> None:
        await until(lambda: event in self.heard, f"{event} is not in {self.heard}")


@dataclass
class Stage:
    """A server, and clients for it. `log` is what the application saw."""

    server: Any
    url: str
    transports: list[str]
    log: list[Any] = field(default_factory=list)
    clients: list[Client] = field(default_factory=list)

    async def client(self, namespace: str = "/", auth: Any = None, *, wait_s: float = PATIENCE_S) -> Client:
        client = Client()
        client.on("*", lambda *event: client.heard.append(event), namespace=namespace)
        client.on("disconnect", client.left.append, namespace=namespace)
        self.clients.append(client)
        base, _, path = self.url.rstrip("/").rpartition("/")
        await client.connect(
            base,
            socketio_path=path,
            transports=self.transports,
            namespaces=[namespace],
            auth=auth,
            wait_timeout=wait_s,
        )
        return client

    def sid(self, client: Client, namespace: str = "/") -> str:
        sid: str = client.get_sid(namespace)
        return sid


@contextlib.asynccontextmanager
async def staged(kind: str, transports: list[str], **options: Any) -> AsyncIterator[Stage]:
    quiet = logging.getLogger("socketio.quiet")
    quiet.setLevel(logging.CRITICAL)
    options |= {"async_mode": "aiohttp", "logger": quiet, "engineio_logger": quiet}
    server = AsyncServer(**options) if kind == "ours" else socketio.AsyncServer(**options)
    async with serving(server, "socket.io") as url:
        stage = Stage(server, url, transports)
        server.on("disconnect", lambda sid, reason: stage.log.append(reason))
        try:
            yield stage
        finally:
            for client in stage.clients:
                await client.disconnect()


async def events_and_acks(stage: Stage) -> None:
    async def slow(sid: str, number: int) -> tuple[int, str]:
        await asyncio.sleep(0)
        return number + 1, "two"

    stage.server.on("plain", lambda sid, *data: list(data))
    stage.server.on("slow", slow)
    stage.server.on("nothing", lambda sid: None)
    client = await stage.client()
    assert await client.call("plain", ("a", {"b": [1, None, "ü"]})) == ["a", {"b": [1, None, "ü"]}]
    assert await client.call("slow", 1) == (2, "two")
    assert await client.call("nothing") is None


async def binary_both_ways(stage: Stage) -> None:
    stage.server.on("echo", lambda sid, data: data)
    client = await stage.client()
    assert await client.call("echo", {"a": b"\x00\xff", "b": [b"\x01"]}) == {"a": b"\x00\xff", "b": [b"\x01"]}
    await stage.server.emit("bytes", (b"\x02", "text"), to=stage.sid(client))
    await client.hears("bytes", b"\x02", "text")


async def the_server_asks(stage: Stage) -> None:
    client = await stage.client()
    client.on("double", lambda number: number * 2)
    assert await stage.server.call("double", 21, to=stage.sid(client)) == 42
    acked: list[Any] = []
    await stage.server.emit("double", 4, to=stage.sid(client), callback=acked.append)
    await until(lambda: acked == [8], "the callback")


async def rooms(stage: Stage) -> None:
    server = stage.server
    ann, bob, cat = [await stage.client() for _ in range(3)]
    for client, room in ((ann, "red"), (bob, "red"), (bob, "blue"), (cat, "blue")):
        await server.enter_room(stage.sid(client), room)
    assert set(server.rooms(stage.sid(bob))) == {stage.sid(bob), "red", "blue"}
    await server.emit("one", 1, room="red")
    await server.emit("two", 2, room=["red", "blue"])
    await server.emit("three", 3, skip_sid=stage.sid(ann))
    await server.emit("four", 4, to=stage.sid(cat))
    await server.leave_room(stage.sid(bob), "red")
    await server.emit("five", 5, room="red")
    await server.close_room("blue")
    await server.emit("six", 6, room="blue")
    await server.emit("end")
    for client in (ann, bob, cat):
        await client.hears("end")
    assert [event[0] for event in ann.heard] == ["one", "two", "five", "end"]
    assert [event[0] for event in bob.heard] == ["one", "two", "three", "end"]
    assert [event[0] for event in cat.heard] == ["two", "three", "four", "end"]


async def order_of_what_is_sent(stage: Stage) -> None:
    async def burst(sid: str) -> str:
        for number in range(50):
            await stage.server.emit("n", number, to=sid)
        return "done"

    stage.server.on("burst", burst)
    client = await stage.client()
    for _ in range(4):
        assert await client.call("burst") == "done"
    await until(lambda: len(client.heard) == 200, "all events")
    assert [event[1] for event in client.heard] == list(range(50)) * 4


async def namespaces(stage: Stage) -> None:
    class Chat(socketio.AsyncNamespace):  # type: ignore[misc] # python-socketio has no types
        async def on_connect(self, sid: str, environ: dict[str, Any], auth: Any) -> None:
            await self.save_session(sid, {"name": auth["name"]})

        async def on_who(self, sid: str) -> str:
            async with self.session(sid) as session:
                name: str = session["name"]
                return name

        def on_plain(self, sid: str, data: Any) -> Any:
            return data

        async def on_disconnect(self, sid: str, reason: str) -> None:
            stage.log.append((reason, (await self.get_session(sid))["name"]))

    stage.server.register_namespace(Chat("/chat"))
    client = await stage.client("/chat", auth={"name": "ann"})
    assert await client.call("who", namespace="/chat") == "ann"
    assert await client.call("plain", "x", namespace="/chat") == "x"
    await stage.server.emit("news", 1, namespace="/chat")
    await client.hears("news", 1)
    await client.disconnect()
    await until(lambda: len(stage.log) == 1, "the disconnect")
    assert stage.log[0][1] == "ann"


async def refusals(stage: Stage) -> None:
    async def connect(sid: str, environ: dict[str, Any], auth: Any) -> bool:
        if auth == "quietly":
            return False
        raise socketio.exceptions.ConnectionRefusedError("not you", {"code": 7})

    stage.server.on("connect", connect)
    for auth in ("quietly", "loudly"):
        with pytest.raises(socketio.exceptions.ConnectionError):
            await stage.client(auth=auth, wait_s=0.3)  # the client goes on waiting after a refusal
    await until(lambda: not stage.server.manager.rooms, "nobody")
    assert stage.log == []


async def reasons(stage: Stage) -> None:
    polite, dismissed = await stage.client(), await stage.client()
    await polite.eio.send("1")  # Socket.IO's DISCONNECT; the client's own method may close before it has sent that
    await until(lambda: len(stage.log) == 1, "the first disconnect")
    await stage.server.disconnect(stage.sid(dismissed))
    await until(lambda: dismissed.left == ["server disconnect"], "the client's own")
    assert stage.log == ["client disconnect", "server disconnect"]
    await polite.disconnect()
    await until(lambda: not stage.server.manager.rooms, "nobody")
    await until(lambda: not stage.server.environ, "nothing left of anybody")


async def catch_all(stage: Stage) -> None:
    async def anything(event: str, sid: str, *data: Any) -> list[Any]:
        return [event, *data]

    stage.server.on("*", anything)
    client = await stage.client()
    assert await client.call("whatever", (1, 2)) == ["whatever", 1, 2]


async def the_environ(stage: Stage) -> None:
    seen: list[dict[str, Any]] = []
    stage.server.on("connect", lambda sid, environ: seen.append(environ))
    client = await stage.client()
    for environ in (seen[0], stage.server.get_environ(stage.sid(client))):
        assert environ["REQUEST_METHOD"] == "GET"
        assert environ["PATH_INFO"] == "/socket.io/"
        assert "EIO=4" in environ["QUERY_STRING"]
        assert environ["aiohttp.request"].method == "GET"
    assert stage.server.transport(stage.sid(client)) in ("polling", "websocket")


async def large_messages(stage: Stage) -> None:
    stage.server.on("echo", lambda sid, data: data)
    client = await stage.client()
    for size in (125, 126, 65_535, 65_536, 400_000):
        assert await client.call("echo", "x" * size) == "x" * size


SCENARIOS: list[Callable[[Stage], Awaitable[None]]] = [
    events_and_acks,
    binary_both_ways,
    the_server_asks,
    rooms,
    order_of_what_is_sent,
    namespaces,
    refusals,
    reasons,
    catch_all,
    the_environ,
    large_messages,
]


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.__name__)
@pytest.mark.parametrize(("kind", "transport"), PLACES)
async def test_an_application_sees_the_same(
    kind: str, scenario: Callable[[Stage], Awaitable[None]], transport: str
) -> None:
    async with staged(kind, TRANSPORTS[transport]) as stage:
        await scenario(stage)


@pytest.mark.parametrize("kind", ["stock", "ours"])
async def test_a_client_that_is_connected_at_once_can_still_be_refused(kind: str) -> None:
    async with staged(kind, ["websocket"], always_connect=True) as stage:
        stage.server.on("connect", lambda sid, environ: False)
        client = await stage.client()
        await until(lambda: client.left == ["server disconnect"], "the disconnect")

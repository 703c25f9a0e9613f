"""The Engine.IO server over real sockets: who reads slowly, who is held, what is compressed, what stays behind."""

import asyncio
import contextlib
from socket import IPPROTO_TCP, SO_SNDBUF, SOL_SOCKET, TCP_INFO
from typing import Any

import pytest

from realtime.socketio import EngineServer, Frame
from realtime.websocket.connection import CLOSING_S
from realtime.websocket.frames import REFUSED
from tests.clients.streams import stream_to
from tests.clients.wire_rig import PATIENCE_S, Wire, closed, said, serving, until
from tests.integration.wire.echo import Echo, echoing
from tests.integration.wire.test_engineio_upgrades import probing
from tests.skipping import skip

TCP_CLOSED = 7  # of the states that TCP_INFO begins with
HELLO = (
    b"GET /engine.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n"
    b"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
)


async def test_frames_of_one_turn_leave_in_one_write(echo: Echo) -> None:
    websocket = await echo.wire.opened()
    (socket,) = echo.server.sockets.values()
    frame, writes = Frame.text("4prepared"), []
    assert socket.websocket is not None
    real = socket.websocket.transport

    class Counting:
        def write(self, data: bytes) -> None:
            writes.append(data)
            real.write(data)

        def __getattr__(self, name: str) -> Any:
            return getattr(real, name)

    socket.websocket.transport = Counting()
    await echo.server.send(socket.sid, "one")
    echo.server.broadcast([socket], frame)
    assert socket.write_frames(frame.wire)
    await echo.server.send(socket.sid, b"\x00")
    assert [await said(websocket) for _ in range(4)] == ["4one", "4prepared", "4prepared", b"\x00"]
    assert len(writes) == 1


async def test_a_slow_consumer_is_closed_and_the_others_are_served() -> None:
    async with echoing(max_buffered_bytes=100_000) as echo:
        slow, quick = await echo.wire.opened(), await echo.wire.opened()
        slow._response.connection.transport.pause_reading()  # type: ignore[union-attr] # it is open
        both = list(echo.server.sockets.values())
        frame = Frame.text("4" + "x" * 50_000)
        for _ in range(2000):
            echo.server.broadcast(both, frame)
            assert len(await said(quick)) == 50_001
            if echo.gone:
                break
        assert echo.gone == [(both[0].sid, "slow consumer")]
        assert not quick.closed
        slow._response.connection.transport.resume_reading()  # type: ignore[union-attr] # it is open
        assert await closed(slow) == REFUSED, "who reads on after all is to know why"


async def test_the_kernel_keeps_nothing_for_a_slow_consumer() -> None:
    async with echoing(max_buffered_bytes=100_000) as echo:
        slow = await echo.wire.opened()
        transport = slow._response.connection.transport  # type: ignore[union-attr] # it is open
        assert transport is not None
        transport.pause_reading()
        sockets = list(echo.server.sockets.values())
        while not echo.gone:
            echo.server.broadcast(sockets, Frame.text("4" + "x" * 50_000))
            await asyncio.sleep(0)
        peer = transport.get_extra_info("socket")
        skip(CLOSING_S)
        await until(lambda: peer.getsockopt(IPPROTO_TCP, TCP_INFO, 1)[0] == TCP_CLOSED, "the reset")


async def test_a_client_that_takes_its_time_over_a_long_answer_is_no_slow_consumer() -> None:
    async with echoing(max_buffered_bytes=100_000) as echo:
        client = await echo.wire.opened()
        client._response.connection.transport.pause_reading()  # type: ignore[union-attr] # it is open
        ((sid, socket),) = echo.server.sockets.items()
        kernel = socket.websocket.transport.get_extra_info("socket")  # type: ignore[union-attr] # it is open
        kernel.setsockopt(SOL_SOCKET, SO_SNDBUF, 65_536)
        await echo.server.send(sid, "x" * 4_000_000)
        for _ in range(10):
            await asyncio.sleep(0)
            await echo.server.send(sid, "y" * 1000)
        assert socket.waiting_bytes > 100_000, "it did not wait"
        client._response.connection.transport.resume_reading()  # type: ignore[union-attr] # it is open
        assert [len(await said(client)) for _ in range(11)] == [4_000_001] + [1001] * 10


async def test_a_client_that_does_not_poll_is_a_slow_consumer_too() -> None:
    async with echoing(max_buffered_bytes=1000) as echo:
        sid = await echo.wire.open_polling()
        for _ in range(30):
            await echo.server.send(sid, "x" * 100)
        await until(lambda: echo.gone == [(sid, "slow consumer")], "the disconnect")
        assert (await echo.wire.poll(sid))[0] == 400


async def test_a_websocket_that_is_held_is_read_no_further(echo: Echo) -> None:
    websocket = await echo.wire.opened()
    (socket,) = echo.server.sockets.values()
    socket.pause_reading()
    socket.pause_reading()
    await websocket.send_str("4held")
    assert (await echo.wire.request(EIO="4", transport="polling"))[0] == 200  # everybody else is served
    assert not socket.websocket.transport.is_reading()  # type: ignore[union-attr] # it is open
    socket.resume_reading()
    assert await said(websocket) == "4held"


async def test_a_polling_client_that_is_held_waits_for_the_answer_to_its_post(echo: Echo) -> None:
    sid = await echo.wire.open_polling()
    socket = echo.server.sockets[sid]
    socket.pause_reading()
    post = asyncio.create_task(echo.wire.post(sid, "4one"))
    assert await echo.wire.poll(sid) == (200, "4one")
    assert not post.done()
    socket.resume_reading()
    assert await post == (200, "ok")


async def test_a_client_is_held_through_its_upgrade_and_not_after_its_end(echo: Echo) -> None:
    sid, websocket = await probing(echo)
    socket = echo.server.sockets[sid]
    socket.pause_reading()
    await websocket.send_str("5")
    await until(lambda: socket.websocket is not None, "the upgrade")
    assert not socket.websocket.transport.is_reading()  # type: ignore[union-attr] # it is open
    other = await echo.wire.open_polling()
    echo.server.sockets[other].pause_reading()
    post = asyncio.create_task(echo.wire.post(other, "4one"))
    await echo.wire.poll(other)
    echo.server.sockets[other].end("over")
    assert (await post)[0] == 200


async def test_large_messages_are_compressed_for_clients_that_ask_for_it() -> None:
    async with echoing(deflate_threshold=1000) as echo:
        url = echo.wire.url.replace("http", "ws", 1) + "?EIO=4&transport=websocket"
        websocket = await echo.wire.http.ws_connect(url, compress=15)
        assert websocket.compress
        await said(websocket)
        for text in ("4small", "4" + "large " * 1000, "4small again"):
            await websocket.send_str(text)
            assert await said(websocket) == text
        (socket,) = echo.server.sockets.values()
        frame = Frame.text("4" + "x" * 5000)
        echo.server.broadcast([socket], frame)
        assert await said(websocket) == "4" + "x" * 5000
        assert len(frame.deflated) < 100


async def test_compression_is_off_unless_it_is_asked_for(echo: Echo) -> None:
    url = echo.wire.url.replace("http", "ws", 1) + "?EIO=4&transport=websocket"
    assert not (await echo.wire.http.ws_connect(url, compress=15)).compress


async def test_messages_keep_their_order_while_a_handler_waits() -> None:
    async with echoing(async_handlers=False) as echo:
        release, seen = asyncio.Event(), []

        async def message(sid: str, data: str) -> None:
            if data == "wait":
                await release.wait()
            seen.append(data)

        echo.server.on("message", message)

        websocket = await echo.wire.opened()
        for text in ("wait", "second", "third"):
            await websocket.send_str("4" + text)
        await until(lambda: any(one.backlog for one in echo.server.sockets.values()), "the backlog")
        await websocket.close()
        assert (seen, echo.gone) == ([], [])
        release.set()
        await until(lambda: bool(echo.gone), "the disconnect")
        assert seen == ["wait"]  # a client that is gone is not heard any more


async def test_a_handler_that_fails_costs_nobody_the_connection(echo: Echo) -> None:
    def message(sid: str, data: str) -> None:
        raise RuntimeError("on purpose")

    echo.server.on("message", message)

    websocket = await echo.wire.opened()
    await websocket.send_str("4x")
    echo.server.on("message", lambda sid, data: echo.server.sockets[sid].write(Frame.text("4fine")))
    await websocket.send_str("4y")
    assert await asyncio.wait_for(said(websocket), PATIENCE_S) == "4fine"


async def test_the_application_closes_its_sockets_when_it_shuts_down() -> None:
    server = EngineServer()
    gone: list[str] = []
    server.on("disconnect", lambda sid, reason: gone.append(reason))
    async with serving(server, "engine.io") as url, Wire(url) as wire:
        websocket = await wire.opened()
        sid = await wire.open_polling()
        waiting = asyncio.create_task(wire.poll(sid))
        await until(lambda: server.sockets[sid].poll is not None, "the poll")
        leaving = asyncio.create_task(closed(websocket))
        runner_done = asyncio.create_task(_left(server))
        assert await waiting == (200, "1")
        await leaving
        await runner_done
    assert gone == ["server disconnect", "server disconnect"]


async def _left(server: EngineServer) -> None:
    await server._leave(None)  # type: ignore[arg-type] # it is not looked at


async def test_no_task_belongs_to_an_idle_websocket(echo: Echo) -> None:
    before = len(asyncio.all_tasks())
    websockets = [await echo.wire.opened() for _ in range(10)]
    await until(lambda: len(asyncio.all_tasks()) <= before + 1, "the end of aiohttp's tasks")
    await websockets[0].send_str("4still there")
    assert await said(websockets[0]) == "4still there"


@pytest.mark.parametrize("reads", [True, False])
async def test_no_connection_outlives_the_server_though_its_client_does_not_say_good_bye(reads: bool) -> None:
    async with contextlib.AsyncExitStack() as clients:
        async with echoing() as echo:
            host, port = echo.wire.url.split("/")[2].split(":")
            reader, writer = await clients.enter_async_context(stream_to(host, int(port)))
            writer.write(HELLO)
            await until(lambda: bool(echo.server.sockets), "the session")
            (sid,) = echo.server.sockets
            if not reads:
                writer.transport.pause_reading()  # type: ignore[attr-defined] # a socket's
                for _ in range(9):
                    await echo.server.send(sid, "x" * 100_000)
            await echo.server.disconnect(sid)
        if not reads:
            writer.transport.resume_reading()  # type: ignore[attr-defined] # a socket's
        with contextlib.suppress(ConnectionResetError):
            async with asyncio.timeout(PATIENCE_S):
                await reader.read()


async def test_bytes_sent_ahead_of_the_answer_are_not_lost(echo: Echo) -> None:
    """A client must not, but one that does is not left hanging with half a frame."""
    host, port = echo.wire.url.split("/")[2].split(":")
    async with asyncio.timeout(PATIENCE_S), stream_to(host, int(port)) as (reader, writer):
        writer.write(HELLO + b"\x81\x83\0\0\0\0" + b"4hi")
        await reader.readuntil(b"\x81\x034hi")


@pytest.mark.parametrize("header", ["Sec-WebSocket-Key: short", "Sec-WebSocket-Version: 12"])
async def test_a_bad_handshake_is_refused_and_leaves_no_session(echo: Echo, header: str) -> None:
    name, _, value = header.partition(": ")
    headers = {"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13"}
    headers |= {"Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==", name: value}
    params = {"EIO": "4", "transport": "websocket"}
    async with echo.wire.http.get(echo.wire.url, params=params, headers=headers) as response:
        assert response.status == 400
    assert echo.server.sockets == {}

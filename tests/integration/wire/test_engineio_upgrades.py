"""The Engine.IO server over real sockets: from polling to a WebSocket."""

import asyncio

import aiohttp
import pytest

from realtime.socketio import Frame
from tests.clients.wire_rig import closed, said, until
from tests.integration.wire.echo import Echo, echoing
from tests.skipping import skip


async def probing(echo: Echo) -> tuple[str, aiohttp.ClientWebSocketResponse]:
    sid = await echo.wire.open_polling()
    websocket = await echo.wire.websocket(sid=sid)
    await websocket.send_str("2probe")
    assert await said(websocket) == "3probe"
    return sid, websocket


async def test_an_upgrade_ends_polling_with_a_noop_and_echoes_none(echo: Echo) -> None:
    sid, websocket = await probing(echo)
    assert await echo.wire.poll(sid) == (200, "6")
    await websocket.send_str("5")
    await websocket.send_str("4hello")
    assert await said(websocket) == "4hello"
    assert echo.server.transport(sid) == "websocket"


async def test_an_upgrade_ends_the_poll_that_waits(echo: Echo) -> None:
    sid = await echo.wire.open_polling()
    waiting = asyncio.create_task(echo.wire.poll(sid))
    await until(lambda: echo.server.sockets[sid].poll is not None, "the poll")
    websocket = await echo.wire.websocket(sid=sid)
    await websocket.send_str("2probe")
    assert await waiting == (200, "6")


async def test_what_is_sent_while_upgrading_comes_over_the_websocket_in_order(echo: Echo) -> None:
    sid, websocket = await probing(echo)
    for number in range(3):
        await echo.server.send(sid, f"early {number}")
    echo.server.broadcast([echo.server.sockets[sid]], Frame.text("4prepared"))
    await websocket.send_str("5")
    await until(lambda: echo.server.sockets[sid].upgraded, "the upgrade")
    await echo.server.send(sid, "late")
    told = [await said(websocket) for _ in range(5)]
    assert told == ["4early 0", "4early 1", "4early 2", "4prepared", "4late"]


async def test_polling_is_refused_after_the_upgrade_and_the_websocket_goes_on(echo: Echo) -> None:
    sid, websocket = await probing(echo)
    await websocket.send_str("5")
    await until(lambda: echo.server.sockets[sid].upgraded, "the upgrade")
    assert (await echo.wire.poll(sid))[0] == 400
    assert (await echo.wire.post(sid, "4x"))[0] == 400
    await websocket.send_str("4hello")
    assert await said(websocket) == "4hello"


@pytest.mark.parametrize("finished", [True, False])
async def test_a_second_websocket_is_closed_and_the_first_goes_on(echo: Echo, finished: bool) -> None:
    sid, websocket = await probing(echo)
    if finished:
        await websocket.send_str("5")
    second = await echo.wire.websocket(sid=sid)
    await closed(second)
    if not finished:
        await websocket.send_str("5")
    await websocket.send_str("4hello")
    assert await said(websocket) == "4hello"


@pytest.mark.parametrize("mistake", ["4hello", "5", "", None])
async def test_an_upgrade_that_fails_leaves_polling_as_it_was(echo: Echo, mistake: str | None) -> None:
    sid = await echo.wire.open_polling()
    websocket = await echo.wire.websocket(sid=sid)
    if mistake is None:
        await websocket.close()
    else:
        await websocket.send_str(mistake)
        await closed(websocket)
    await until(lambda: echo.server.sockets[sid].probe is None, "the end of the upgrade")
    assert await echo.wire.post(sid, "4hello") == (200, "ok")
    assert await echo.wire.poll(sid) == (200, "4hello")


async def test_an_upgrade_that_is_never_finished_is_given_up() -> None:
    async with echoing(upgrade_timeout=5.0) as echo:
        sid, websocket = await probing(echo)
        await echo.server.send(sid, "kept")
        skip(5.0)
        await closed(websocket)
        assert await echo.wire.poll(sid) == (200, "4kept")

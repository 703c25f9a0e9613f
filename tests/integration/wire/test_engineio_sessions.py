"""The Engine.IO server over real sockets: how a session is kept alive, and how it ends."""

import asyncio

import pytest

from tests.clients.wire_rig import PING_INTERVAL_S, PING_TIMEOUT_S, closed, said, until
from tests.integration.wire.echo import Echo
from tests.skipping import skip


async def test_a_polling_client_that_answers_pings_stays(quick: Echo) -> None:
    sid = await quick.wire.open_polling()
    for _ in range(3):
        skip(PING_INTERVAL_S)
        assert await quick.wire.poll(sid) == (200, "2")
        assert await quick.wire.post(sid, "3") == (200, "ok")


async def test_a_polling_client_that_does_not_is_closed(quick: Echo) -> None:
    sid = await quick.wire.open_polling()
    skip(PING_INTERVAL_S)
    await until(lambda: bool(quick.server.sockets[sid].outbox), "the ping")
    skip(PING_TIMEOUT_S)
    await until(lambda: quick.gone == [(sid, "ping timeout")], "the disconnect")
    assert (await quick.wire.poll(sid))[0] == 400


async def test_a_websocket_that_answers_pings_stays(quick: Echo) -> None:
    websocket = await quick.wire.opened()
    for _ in range(3):
        skip(PING_INTERVAL_S)
        assert await said(websocket) == "2"
        await websocket.send_str("3")
        await websocket.send_str("4read")
        assert await said(websocket) == "4read"


async def test_a_websocket_that_does_not_is_closed(quick: Echo) -> None:
    websocket = await quick.wire.opened()
    skip(PING_INTERVAL_S)
    assert await said(websocket) == "2"
    skip(PING_TIMEOUT_S)
    await closed(websocket)
    await until(lambda: [reason for _, reason in quick.gone] == ["ping timeout"], "the disconnect")


async def test_a_close_packet_by_post_ends_the_poll_that_waits(echo: Echo) -> None:
    sid = await echo.wire.open_polling()
    waiting = asyncio.create_task(echo.wire.poll(sid))
    await until(lambda: echo.server.sockets[sid].poll is not None, "the poll")
    assert await echo.wire.post(sid, "1") == (200, "ok")
    assert await waiting == (200, "6")
    assert (await echo.wire.poll(sid))[0] == 400
    assert echo.gone == [(sid, "client disconnect")]


async def test_a_close_packet_closes_the_websocket(echo: Echo) -> None:
    websocket = await echo.wire.opened()
    await websocket.send_str("1")
    await closed(websocket)
    await until(lambda: [reason for _, reason in echo.gone] == ["client disconnect"], "the disconnect")


async def test_a_websocket_that_just_goes_is_a_transport_close(echo: Echo) -> None:
    websocket = await echo.wire.opened()
    await websocket.close()
    assert websocket.close_code == 1000
    await until(lambda: [reason for _, reason in echo.gone] == ["transport close"], "the disconnect")
    assert echo.server.sockets == {}


async def test_the_server_disconnects_after_all_it_had_to_say(echo: Echo) -> None:
    websocket = await echo.wire.opened()
    (sid,) = echo.server.sockets
    await echo.server.send(sid, "last words")
    await echo.server.disconnect(sid)
    assert echo.gone == [(sid, "server disconnect")]
    assert [await said(websocket), await said(websocket)] == ["4last words", "1"]
    await closed(websocket)


async def test_a_polling_client_hears_the_last_words_too(echo: Echo) -> None:
    sid = await echo.wire.open_polling()
    await echo.server.send(sid, "last words")
    await echo.server.disconnect(sid)
    assert await echo.wire.poll(sid) == (200, "4last words\x1e1")
    assert (await echo.wire.poll(sid))[0] == 400
    assert echo.server.sockets == {}


async def test_the_session_is_there_in_the_disconnect_handler(echo: Echo) -> None:
    names = []

    async def disconnect(sid: str, reason: str) -> None:
        async with echo.server.session(sid) as session:
            names.append(session["name"])

    echo.server.on("disconnect", disconnect)

    websocket = await echo.wire.opened()
    (sid,) = echo.server.sockets
    await echo.server.save_session(sid, {"name": "ann"})
    await websocket.close()
    await until(lambda: names == ["ann"], "the disconnect handler")
    with pytest.raises(KeyError):
        await echo.server.get_session(sid)


async def test_a_client_that_the_connect_handler_refuses_gets_401(echo: Echo) -> None:
    echo.server.on("connect", lambda sid, environ: "no")
    assert await echo.wire.request(EIO="4", transport="polling") == (401, '"no"')
    assert await echo.wire.refused(EIO="4", transport="websocket") == 401
    assert echo.server.sockets == {}

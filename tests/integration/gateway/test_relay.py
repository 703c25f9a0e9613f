"""Servers behind one address without sticky sessions: whichever gets a request, the owner of the session answers it."""

import asyncio
import random
from pathlib import Path

import aiohttp
import engineio
import pytest

from tests.clients.relay_rig import Node, node, pair
from tests.clients.wire_rig import PATIENCE_S, closed, said, until
from tests.partners.certificates import make_node
from tests.partners.proxy import Proxy

# polling


async def test_a_poller_whose_requests_go_round_loses_nothing_and_gets_nothing_twice() -> None:
    """The stock client, with a new connection for each request."""
    async with pair() as (one, other), Proxy(one.port, other.port) as front:
        heard: list[str] = []
        http = aiohttp.ClientSession(connector=aiohttp.TCPConnector(force_close=True))
        client = engineio.AsyncClient(http_session=http, logger=False)
        client.on("message", heard.append)
        await client.connect(f"http://127.0.0.1:{front.port}", transports=["polling"])
        sent = [f"message {number}" for number in range(1000)]
        for message in sent:
            await client.send(message)
            if not message.endswith("9"):
                await asyncio.sleep(0)
        await until(lambda: len(heard) >= len(sent), "the last message")
        assert heard == sent
        await client.disconnect()
        await http.close()
        polls, posts = (one.asked[kind, "ok"] + other.asked[kind, "ok"] for kind in ("poll", "post"))
        assert polls > 0
        assert posts > 0
        assert set(one.asked) | set(other.asked) <= {("poll", "ok"), ("post", "ok")}


async def test_an_answer_carries_what_the_asked_server_says_about_origins() -> None:
    async with pair(cors_allowed_origins=["https://clinic.example"]) as (one, other):
        sid = await one.wire.open_polling()
        await one.wire.post(sid, "4hello")
        query = {"EIO": "4", "transport": "polling", "sid": sid}
        for origin, status in (("https://clinic.example", 200), ("https://evil.example", 400)):
            async with other.wire.http.get(other.wire.url, params=query, headers={"Origin": origin}) as answer:
                assert answer.status == status
                assert answer.headers.get("Access-Control-Allow-Origin") == (origin if status == 200 else None)


async def test_binary_and_jsonp_are_carried_as_they_are() -> None:
    async with pair() as (one, other):
        sid = await one.wire.open_polling()
        assert await other.wire.post(sid, "4hello\x1ebAQIDBA==") == (200, "ok")
        status, text = await other.wire.request(EIO="4", transport="polling", sid=sid, j="7")
        assert (status, text) == (200, '___eio[7]("4hello\\u001ebAQIDBA==");')


async def test_what_is_too_large_is_refused_and_ends_the_session_wherever_it_came() -> None:
    async with pair(max_http_buffer_size=1000) as (one, other):
        sid = await one.wire.open_polling()
        assert await other.wire.post(sid, "4" + "x" * 990) == (200, "ok")
        status, text = await other.wire.post(sid, "4" + "x" * 1000)
        assert (status, text) == (400, '"The payload is too large."')
        await until(lambda: one.gone == ["parse error"], "the end of the session")


async def test_a_client_that_leaves_its_poll_ends_its_session_at_the_owner() -> None:
    async with pair() as (one, other):
        sid = await one.wire.open_polling()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.2):
                await other.wire.poll(sid)
        await until(lambda: one.gone == ["transport error"], "the end of the session")
        assert other.relay.levels()["forwards"] == 0


async def test_two_polls_at_once_end_the_session_though_they_come_to_two_servers() -> None:
    async with pair() as (one, other):
        sid = await one.wire.open_polling()
        first = asyncio.create_task(other.wire.poll(sid))
        await until(lambda: one.server.sockets[sid].poll is not None, "the first poll")
        assert (await one.wire.poll(sid))[0] == 400
        assert await first == (200, "1")


async def test_no_more_is_carried_at_once_than_may_be() -> None:
    async with pair(max_calls=1) as (one, other):
        first, second = await one.wire.open_polling(), await one.wire.open_polling()
        waiting = asyncio.create_task(other.wire.poll(first))
        await until(lambda: one.server.sockets[first].poll is not None, "the first poll")
        assert (await other.wire.poll(second))[0] == 503
        await one.server.send(first, "news")
        assert await waiting == (200, "4news")
        await one.server.send(second, "news")
        assert await other.wire.poll(second) == (200, "4news")


# upgrades


async def test_a_session_is_upgraded_through_another_server() -> None:
    async with pair() as (one, other):
        sid = await one.wire.open_polling()
        websocket = await other.wire.websocket(sid=sid)
        await websocket.send_str("2probe")
        assert await said(websocket) == "3probe"
        await websocket.send_str("5")
        for message in ("4hello", "4" + "x" * 500_000):
            await websocket.send_str(message)
            assert await said(websocket) == message
        await websocket.send_bytes(b"\x01\x02")
        assert await said(websocket) == b"\x01\x02"
        assert other.relay.levels() == {"forwards": 0, "tunnels": 1}
        await websocket.close()
        await until(lambda: one.gone == ["transport close"], "the end of the session")
        await until(lambda: other.relay.levels()["tunnels"] == 0, "the end of the tunnel")


async def test_with_tls_between_the_servers_polls_and_websockets_are_carried_as_without(tmp_path: Path) -> None:
    async with pair(tls=make_node(tmp_path).tls()) as (one, other):
        sid = await one.wire.open_polling()
        assert await other.wire.post(sid, "4hello") == (200, "ok")
        assert await other.wire.poll(sid) == (200, "4hello")
        websocket = await other.wire.websocket(sid=sid)
        await websocket.send_str("2probe")
        assert await said(websocket) == "3probe"
        await websocket.send_str("5")
        for message in ("4in the tunnel", "4" + "x" * 100_000):
            await websocket.send_str(message)
            assert await said(websocket) == message
        await websocket.close()
        await until(lambda: one.gone != [], "the end of the session")


async def test_servers_with_and_without_tls_have_nothing_to_do_with_each_other(tmp_path: Path) -> None:
    async with node(tls=make_node(tmp_path).tls()) as one, node() as other:
        for asked, owner in ((one, other), (other, one)):
            sid = await owner.wire.open_polling()
            assert (await asked.wire.post(sid, "4hello"))[0] == 400


async def test_the_poll_that_waits_at_one_server_ends_when_the_upgrade_comes_to_another() -> None:
    async with node() as owner, node() as one, node() as other:
        sid = await owner.wire.open_polling()
        waiting = asyncio.create_task(one.wire.poll(sid))
        await until(lambda: owner.server.sockets[sid].poll is not None, "the poll")
        websocket = await other.wire.websocket(sid=sid)
        await websocket.send_str("2probe")
        assert await said(websocket) == "3probe"
        assert await waiting == (200, "6")
        await owner.server.send(sid, "in between")
        await websocket.send_str("5")
        assert await said(websocket) == "4in between"


async def test_a_second_websocket_is_closed_and_the_first_goes_on() -> None:
    async with pair() as (one, other):
        sid = await one.wire.open_polling()
        first, second = await other.wire.websocket(sid=sid), await other.wire.websocket(sid=sid)
        assert await closed(second) == 1008
        await first.send_str("2probe")
        assert await said(first) == "3probe"


async def test_a_tunnel_ends_with_the_server_at_either_end() -> None:
    async with pair() as (one, other):
        for ends in (one.server.disconnect, other.relay.close):
            sid = await one.wire.open_polling()
            websocket = await other.wire.websocket(sid=sid)
            await websocket.send_str("2probe")
            assert await said(websocket) == "3probe"
            await websocket.send_str("5")
            await until(lambda sid=sid: one.server.sockets[sid].upgraded, "the upgrade")  # type: ignore[misc] # a default binds the loop's value
            ended = ends()
            if ended is not None:
                await ended
            await closed(websocket)
            await until(lambda sid=sid: sid not in one.server.sockets, "the end of the session")  # type: ignore[misc] # a default binds the loop's value


async def test_a_client_that_does_not_read_is_closed_by_the_owner_and_costs_the_other_little() -> None:
    async with pair(max_buffered_bytes=200_000) as (one, other):
        sid = await one.wire.open_polling()
        websocket = await other.wire.websocket(sid=sid)
        await websocket.send_str("2probe")
        assert await said(websocket) == "3probe"
        await websocket.send_str("5")
        await until(lambda: one.server.sockets[sid].upgraded, "the upgrade")
        assert websocket._response.connection is not None
        transport = websocket._response.connection.transport
        assert transport is not None
        transport.pause_reading()
        (tunnel,) = other.relay._tunnels
        most = 0
        for _ in range(2000):
            if one.gone:
                break
            await one.server.send(sid, "x" * 50_000)
            await asyncio.sleep(0)
            if tunnel.client.transport is not None:
                most = max(most, tunnel.client.transport.get_write_buffer_size())
        assert one.gone == ["slow consumer"]
        assert most < 1_000_000


# a server that leaves


async def leave_through(other: Node, *, hand_over: bool) -> None:
    if hand_over:
        other.relay.leave(0.0, random.Random(1))
        await other.relay.emptied(PATIENCE_S)
    other.relay.close()
    for connecting in other.relay._links.values():
        (await connecting).hang_up()


async def test_a_server_that_leaves_hands_its_pollers_over_to_the_next() -> None:
    async with pair() as (one, other):
        sid = await one.wire.open_polling()
        waiting = asyncio.create_task(other.wire.poll(sid))
        await until(lambda: one.server.sockets[sid].poll is not None, "the poll")
        await leave_through(other, hand_over=True)
        assert await waiting == (200, "6")
        await one.server.send(sid, "later")
        assert await one.wire.poll(sid) == (200, "4later")
        assert not one.gone


async def test_without_handing_over_the_session_is_lost() -> None:
    """The twin of the test above."""
    async with pair() as (one, other):
        sid = await one.wire.open_polling()
        waiting = asyncio.create_task(other.wire.poll(sid))
        await until(lambda: one.server.sockets[sid].poll is not None, "the poll")
        await leave_through(other, hand_over=False)
        assert (await waiting)[0] == 400
        await until(lambda: one.gone == ["transport error"], "the end of the session")


async def test_a_server_that_leaves_answers_at_once_and_closes_the_connection() -> None:
    async with pair() as (one, other):
        sid = await one.wire.open_polling()
        other.relay.leave(0.0, random.Random(1))
        query = {"EIO": "4", "transport": "polling", "sid": sid}
        async with other.wire.http.get(other.wire.url, params=query) as answer:
            assert (answer.status, await answer.text(), answer.headers["Connection"]) == (200, "6", "close")
        assert await other.wire.refused(EIO="4", transport="websocket", sid=sid) == 503


async def test_a_server_that_leaves_closes_its_tunnels_and_is_empty_then() -> None:
    async with pair() as (one, other):
        sid = await one.wire.open_polling()
        websocket = await other.wire.websocket(sid=sid)
        await websocket.send_str("2probe")
        assert await said(websocket) == "3probe"
        other.relay.leave(0.05, random.Random(1))
        await other.relay.emptied(PATIENCE_S)
        assert other.relay.levels()["tunnels"] == 0
        await closed(websocket)
        assert (await one.wire.post(sid, "4still here"))[0] == 200

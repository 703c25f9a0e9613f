"""Owners that are not there, and those who are not who they say."""

import asyncio
import json
import os
import time

import pytest

from common.net.framing import GREET, PROVE, Calling, ConnectionLost, PeerRefused, connect
from common.net.proof import CALLER, SharedSecret
from realtime.relay import link
from realtime.relay.link import PURPOSE, PeerConnection
from realtime.relay.names import GatewayAddress, GatewayNames
from tests.clients.relay_rig import SECRET, UNKNOWN, node, pair
from tests.clients.wire_rig import PATIENCE_S, until
from tests.partners.proxy import Proxy


@pytest.mark.parametrize("made_up", ["nobody", "nobody.x", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAA.x", "..", "ä.x"])
async def test_a_name_that_was_made_up_is_refused_without_asking_anybody(made_up: str) -> None:
    async with pair() as (one, _):
        status, text = await one.wire.poll(made_up)
        assert (status, json.loads(text)) == (400, UNKNOWN)
        assert not one.asked


async def test_a_session_that_its_owner_does_not_know_is_refused_and_asked_for_once() -> None:
    async with pair() as (one, other):
        stranger = GatewayNames.join(GatewayNames(SECRET).seal(other.address), "never-was")
        for request in (one.wire.poll(stranger), one.wire.post(stranger, "4hello")):
            status, text = await request
            assert (status, json.loads(text)) == (400, UNKNOWN)
        assert await one.wire.refused(EIO="4", transport="websocket", sid=stranger) == 400
        assert one.asked == {("poll", "ok"): 1, ("post", "ok"): 1, ("upgrade", "gone"): 1}
        assert not other.asked


async def test_an_owner_that_has_died_is_refused_at_once_and_its_client_begins_anew() -> None:
    async with node() as one:
        async with node() as other:
            sid = await other.wire.open_polling()
            assert await one.wire.post(sid, "4hello") == (200, "ok")
            assert await one.wire.poll(sid) == (200, "4hello")
            waiting = asyncio.create_task(one.wire.poll(sid))
            await until(lambda: other.server.sockets[sid].poll is not None, "the poll")
            other.relay.close()
            status, text = await waiting
            assert (status, json.loads(text)) == (400, UNKNOWN)
            await until(lambda: other.gone == ["transport error"], "the end of the session")
        status, text = await one.wire.poll(sid)
        assert (status, json.loads(text)) == (400, UNKNOWN)
        assert await one.wire.refused(EIO="4", transport="websocket", sid=sid) == 400
        await one.wire.open_polling()


async def test_an_owner_that_hangs_is_given_up() -> None:
    async with node() as other, Proxy(other.address.port) as between, node(ping_interval=0.1, ping_timeout=0.1) as one:
        through = GatewayNames.join(GatewayNames(SECRET).seal(GatewayAddress("127.0.0.1", between.port)), "x")
        between.hang()
        began = time.monotonic()
        assert (await one.wire.post(through, "4hello"))[0] == 400
        assert time.monotonic() - began < 5
        assert one.asked == {("post", "gone"): 1}


async def test_gateways_with_different_secrets_have_nothing_to_do_with_each_other() -> None:
    async with node() as one, node(secret=b"another") as other:
        sid = await other.wire.open_polling()
        assert (await one.wire.poll(sid))[0] == 400
        assert not one.asked
        known = SharedSecret(SECRET, PURPOSE)
        with pytest.raises(PeerRefused):
            await connect(PeerConnection, *other.address, known, tls=None, within_s=PATIENCE_S)
        with pytest.raises(PeerRefused):
            await one.relay._link(other.address)


async def test_whoever_cannot_prove_the_secret_is_hung_up_on() -> None:
    async with node() as one:
        sid = await one.wire.open_polling()
        asking = link.pack((sid, None, "4hello"))
        for greets, method, payload in (
            (False, link.POST, asking),
            (True, link.POST, asking),
            (True, PROVE, os.urandom(32)),
            (True, GREET, os.urandom(32)),
            (False, GREET, os.urandom(31)),
            (False, PROVE, b""),
            (False, GREET, os.urandom(10_000)),
        ):
            _, stranger = await asyncio.get_running_loop().create_connection(Calling, *one.address)
            if greets:
                await stranger.call(GREET, os.urandom(32))
            with pytest.raises(ConnectionLost):
                await asyncio.wait_for(stranger.call(method, payload), PATIENCE_S)
        assert not one.server.sockets[sid].outbox
        await until(lambda: not one.relay._serving, "the end of all connections")


async def test_a_proof_is_good_for_one_connection_only() -> None:
    async with node() as one:
        secret = SharedSecret(SECRET, PURPOSE)
        proofs = []
        for _ in range(2):
            _, stranger = await asyncio.get_running_loop().create_connection(Calling, *one.address)
            answer = await stranger.call(GREET, bytes(32))
            proofs.append(secret.proof(CALLER, bytes(32), answer[:32]))
            if len(proofs) == 1:
                assert await stranger.call(PROVE, proofs[0]) == b""
            else:
                with pytest.raises(ConnectionLost):
                    await stranger.call(PROVE, proofs[0])

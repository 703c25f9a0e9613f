"""Real clients, and strangers: what is refused, dropped or bounded, and that nobody else notices."""

import asyncio
import re
import tracemalloc
from typing import cast

import pytest
from typing_extensions import override

from realtime.media.budgets import MediaLimits
from realtime.media.sdp.lines import OfferError
from realtime.media.unit import TooManyOffersError
from tests.integration.media.calls import ALL, a_call
from tests.integration.media.clients import Client, Picture, a_unit
from tests.partners.udp_proxy import a_udp_proxy
from tests.waiting import eventually


async def test_rubbish_is_dropped_unanswered_and_counted() -> None:
    async with a_call() as (unit, _, ann, ben), a_udp_proxy(("127.0.0.1", unit.port)) as proxy:
        await ann.join(through=proxy)
        await ben.join()
        await ben.sees("1", 5)
        stranger = await a_stranger(unit.port)
        datagrams = [b"\x00", bytes(20), b"\x00\x01\x00\x00" + bytes(16), b"\x80" * 100, b"\xff" * 1400]
        for data in datagrams:
            stranger.send(data)
            proxy.send_rubbish(data)

        async def counted() -> bool:
            return sum(unit.dropped.values()) == 2 * len(datagrams)

        await eventually(counted, "not all is counted")
        assert unit.dropped == {"rubbish": 7, "stranger": 2, "forged": 1}
        assert stranger.answers == []
        await ben.sees("1", 5)
        stranger.close()


class Stranger(asyncio.DatagramProtocol):
    """Somebody with an address, and nothing else."""

    def __init__(self) -> None:
        self.answers: list[bytes] = []

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.DatagramTransport", transport)

    @override
    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self.answers.append(data)

    def send(self, data: bytes) -> None:
        self._transport.sendto(data)

    def close(self) -> None:
        self._transport.close()


async def a_stranger(port: int) -> Stranger:
    loop = asyncio.get_running_loop()
    _, stranger = await loop.create_datagram_endpoint(Stranger, remote_addr=("127.0.0.1", port))
    return stranger


async def test_whoever_floods_loses_their_own_media_only() -> None:
    async with a_call() as (unit, _, ann, ben), a_udp_proxy(("127.0.0.1", unit.port)) as proxy:
        await ann.join()
        await ben.join()
        await ben.sees("0", 5)
        unit.admit("r", "cat", ALL)
        cat = Client(unit, "r", "cat")
        cat.send("camera", Picture(60))
        await cat.join(through=proxy)

        async def over() -> bool:
            for _ in range(500):
                proxy.send_rubbish(b"\x80\x60" + bytes(100))
            return unit.dropped["budget"] > 1000

        await eventually(over, "nobody is above the budget")
        await ben.sees("0", 10)
        await cat.leave()


async def test_a_wrong_fingerprint_gets_no_media() -> None:
    async with a_call() as (_, heard, ann, ben):
        wrong = ":".join(["00"] * 32)
        await ann.join(change=lambda sdp: re.sub(r"(a=fingerprint:sha-256 )\S+", rf"\g<1>{wrong}", drop_others(sdp)))
        await ben.join()

        async def closed() -> bool:
            return ("ann", "closed") in heard.connections

        await eventually(closed, f"it was not refused: {heard.connections}")
        await ben.stops_seeing("1")
        assert not ben.frames


def drop_others(sdp: str) -> str:
    """Fingerprints by another algorithm would still be right."""
    return "\r\n".join(line for line in sdp.splitlines() if "sha-384" not in line and "sha-512" not in line) + "\r\n"


async def test_an_offer_that_is_refused_leaves_the_call_as_it_was() -> None:
    async with a_call() as (unit, _, ann, ben):
        await ann.join()
        await ben.join()
        await ben.sees("1", 5)
        with pytest.raises(OfferError, match=r"line \d+: "):
            unit.offer("r", "ann", ann.connection.localDescription.sdp.replace("VP8", "VP9"), [])
        await ben.sees("1", 20)


async def test_who_makes_too_many_offers_is_told_so() -> None:
    async with a_unit(MediaLimits(offers_a_minute=3)) as (unit, _):
        unit.admit("r", "ann", ALL)
        for attempt in range(4):
            with pytest.raises(OfferError if attempt < 3 else TooManyOffersError):
                unit.offer("r", "ann", "v=0", [])


async def test_nobody_pays_for_others_with_memory() -> None:
    """A participant with sixteen slots costs less than 2 MB, before anything is kept to be sent again."""
    async with a_unit() as (unit, _):
        tracemalloc.start()
        offer = an_offer(slots=16)
        for number in range(20):
            unit.admit("r", f"p{number}", ALL)
            unit.offer("r", f"p{number}", offer, [])
        each = tracemalloc.get_traced_memory()[0] / 20
        tracemalloc.stop()
        assert each < 500_000


def an_offer(slots: int) -> str:
    """Of somebody who only receives."""
    sections = [
        f"m=video 9 UDP/TLS/RTP/SAVPF 96\r\na=mid:{mid}\r\na=recvonly\r\na=rtcp-mux\r\na=rtpmap:96 VP8/90000\r\n"
        for mid in range(slots)
    ]
    fingerprint = ":".join(["AB"] * 32)
    return (
        "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n"
        f"a=group:BUNDLE {' '.join(map(str, range(slots)))}\r\na=ice-ufrag:abcd\r\na=ice-pwd:0123456789012345678901\r\n"
        f"a=fingerprint:sha-256 {fingerprint}\r\na=setup:actpass\r\n{''.join(sections)}"
    )

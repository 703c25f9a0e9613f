"""Real clients (aiortc) on a real socket: what one sends, the others get."""

import asyncio

import pytest

from realtime.media.placing import TrackKey
from realtime.media.room import MediaRoom, Wish
from realtime.media.rtp.source import RtpStream
from realtime.media.unit import NotAdmittedError
from tests.integration.media.calls import ALL, a_call, eventually_sent
from tests.integration.media.clients import Client, Picture, Tone, a_unit
from tests.partners.udp_proxy import a_udp_proxy
from tests.waiting import eventually


async def test_what_one_sends_another_gets() -> None:
    async with a_unit() as (unit, heard):
        for person in ("ann", "ben"):
            unit.admit("r", person, ALL)
        ann, ben = Client(unit, "r", "ann"), Client(unit, "r", "ben")
        ann.send("microphone", Tone())
        ann.send("camera", Picture(200))
        await ann.join()
        ben.receive()
        await ben.join()
        await ben.sees("0", 20)
        await ben.sees("1", 10)
        assert abs(ben.brightness["1"] - 200) < 10
        assert ("ann", "connected") in heard.connections
        await ann.leave()
        await ben.leave()


async def test_a_late_joiner_sees_everything_within_two_seconds() -> None:
    async with a_call() as (unit, _, ann, ben):
        await ann.join()
        await eventually_sent(unit, ann)
        started = asyncio.get_running_loop().time()
        await ben.join()
        await ben.sees("1", 1, timeout_s=2)
        await ben.sees("0", 1, timeout_s=2)
        assert asyncio.get_running_loop().time() - started < 4


async def test_how_everybody_is_connected_can_be_asked() -> None:
    async with a_call() as (unit, _, ann, ben):
        await ann.join()
        await ben.join()
        await ben.sees("1", 5)
        assert unit.streams == 2

        async def reported() -> bool:
            quality = unit.quality("r")["ben"]
            return quality.down_bps is not None and quality.rtt_s != 0.1

        await eventually(reported, "the receiver has reported nothing")
        assert unit.quality("r")["ben"].loss == 0


async def test_what_may_not_pass_does_not_whatever_is_sent() -> None:
    async with a_call() as (unit, heard, ann, ben):
        await ann.join()
        await ben.join()
        await ben.sees("1", 5)
        unit.pass_only("r", "ann", {"microphone"})
        assert {slot.mid: slot.key for slot in heard.placed["ben"]}["1"] is None
        received = unit.received
        await ben.stops_seeing("1")
        assert unit.received > received + 10, "the setup is sound: it is still being sent"
        await ben.sees("0", 5)
        unit.pass_only("r", "ann", ALL)
        await ben.sees("1", 5)


async def test_who_is_removed_neither_gets_nor_gives_anything_any_more() -> None:
    async with a_call() as (unit, _, ann, ben):
        await ann.join()
        await ben.join()
        await ben.sees("1", 5)
        unit.remove("r", "ann")
        await ben.stops_seeing("1")
        again = Client(unit, "r", "ann")
        again.send("camera", Picture(60))
        with pytest.raises(NotAdmittedError):
            await again.join()
        await again.leave()
        unit.admit("r", "cat", ALL)
        unit.remove("r", "ben")
        sent = unit.sent
        await ben.stops_seeing("0")
        assert unit.sent == sent


async def test_another_connection_takes_the_place_of_the_one_before() -> None:
    async with a_call() as (unit, heard, ann, ben):
        await ann.join()
        await ben.join()
        await ben.sees("1", 5)
        again = Client(unit, "r", "ann")
        again.send("camera", Picture(60))
        await again.join()
        await ben.sees("1", 10)
        await brightness(ben, "1", 60)
        assert heard.connections.count(("ann", "connected")) == 2
        await again.leave()


async def brightness(client: Client, mid: str, goal: int) -> None:
    async def as_bright() -> bool:
        return abs(client.brightness.get(mid, 0) - goal) < 12

    await eventually(as_bright, f"{client.person} sees another picture in {mid}")


async def test_a_slot_stays_one_stream_when_another_is_put_into_it() -> None:
    async with a_call() as (unit, _, ann, ben):
        await ann.join()
        await ben.join()
        await ben.sees("1", 5)
        unit.admit("r", "cat", ALL)
        cat = Client(unit, "r", "cat")
        cat.send("camera", Picture(60))
        await cat.join()
        camera = TrackKey("cat", "camera")
        slots = unit.subscribe("r", "ben", {camera: Wish(camera, mid="1")})
        assert slots[1].key == camera
        await brightness(ben, "1", 60)
        unit.subscribe("r", "ben", {})
        unit.remove("r", "cat")
        await brightness(ben, "1", 200)
        stats = await ben.connection.getStats()
        lost = [each.packetsLost for each in stats.values() if each.type == "inbound-rtp"]
        assert lost, "there are statistics"
        assert max(lost) == 0
        await cat.leave()


async def test_a_change_of_networks_does_not_end_the_call() -> None:
    async with a_call() as (unit, heard, ann, ben), a_udp_proxy(("127.0.0.1", unit.port)) as proxy:
        await ann.join()
        await ben.join(through=proxy)
        await ben.sees("1", 5)
        await proxy.roam()
        await ben.sees("1", 20)
        await ben.sees("0", 20)
        assert ("ben", "closed") not in heard.connections


async def test_who_sends_nothing_is_stalled_and_who_is_gone_is_lost() -> None:
    async with a_call() as (unit, heard, ann, ben), a_udp_proxy(("127.0.0.1", unit.port)) as proxy:
        await ann.join(through=proxy)
        await ben.join()
        await ben.sees("1", 5)
        proxy.up.loss = 1.0

        async def told() -> bool:
            return ("ann", "lost") in heard.connections and (TrackKey("ann", "camera"), True) in heard.stalls

        await eventually(told, f"nobody is told: {heard}", timeout_s=6)
        proxy.up.loss = 0.0

        async def back() -> bool:
            return heard.connections[-1] == ("ann", "connected") and (TrackKey("ann", "camera"), False) in heard.stalls

        await eventually(back, f"nobody is told that she is back: {heard}")
        await ben.sees("1", 5)


async def test_who_speaks_is_told() -> None:
    async with a_call(amplitude=20000) as (unit, heard, ann, ben):
        await ann.join()
        await ben.join()

        async def speaks() -> bool:
            return heard.speakers[-1:] == ["ann"]

        await eventually(speaks, f"nobody speaks: {heard.speakers}")
        unit.pass_only("r", "ann", {"camera"})

        async def silent() -> bool:
            return heard.speakers[-1:] == [None]

        await eventually(silent, f"somebody still speaks: {heard.speakers}")


async def test_twin_without_asking_for_a_key_frame_the_late_one_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    async with a_call() as (unit, _, ann, ben):
        await ann.join()
        await eventually_sent(unit, ann)
        monkeypatch.setattr(RtpStream, "may_ask_for_key_frame", lambda *_: False)
        await ben.join()
        await ben.sees("0", 50)
        assert "1" not in ben.frames


async def test_twin_without_the_gate_what_is_muted_would_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    async with a_call() as (unit, _, ann, ben):
        await ann.join()
        await ben.join()
        await ben.sees("1", 5)
        monkeypatch.setattr(MediaRoom, "gate", lambda *_: None)
        unit.pass_only("r", "ann", {"microphone"})
        await ben.sees("1", 20)

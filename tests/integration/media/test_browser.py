"""Real browsers (Chromium) on a real socket."""

import pytest

from realtime.media.placing import TrackKey
from realtime.media.room import Wish
from tests.clients.browser import EXECUTABLE, a_browser
from tests.integration.media.browser_client import BrowserClient, an_empty_page
from tests.integration.media.clients import Client, Picture, Tone, a_unit
from tests.partners.udp_proxy import a_udp_proxy
from tests.waiting import eventually

ALL = ("microphone", "camera", "screen")
pytestmark = pytest.mark.skipif(EXECUTABLE is None, reason="needs Chromium")


async def test_a_browser_and_another_client_see_each_other() -> None:
    async with a_unit() as (unit, _), an_empty_page() as url, a_browser() as browser:
        unit.admit("r", "ann", ALL)
        unit.admit("r", "ben", ALL)
        ann = Client(unit, "r", "ann")
        ann.send("microphone", Tone())
        ann.send("camera", Picture(200))
        ann.receive()
        await ann.join()
        ben = BrowserClient(unit, "r", "ben", await browser.page(url))
        await ben.prepare()
        await ben.page.run("receive(1, 1)")
        await ben.page.run("sendMicrophone()")
        await ben.send_color("camera", "#404040")
        await ben.join()
        await ben.sees("0", 20)
        await ben.sees("1", 10)
        assert all(abs(part - 200) < 25 for part in await ben.color("1"))
        await ann.sees("2", 20)
        await ann.sees("3", 10)
        assert abs(ann.brightness["3"] - 64) < 25
        await ann.leave()


async def test_three_browsers_see_each_other_in_the_slots_they_are_told() -> None:
    colors = {"ann": (255, 0, 0), "ben": (0, 0, 255), "cat": (0, 128, 0)}
    async with a_unit() as (unit, heard), an_empty_page() as url, a_browser() as browser:
        people = {}
        for person, (red, green, blue) in colors.items():
            unit.admit("r", person, ALL)
            client = people[person] = BrowserClient(unit, "r", person, await browser.page(url))
            await client.prepare()
            await client.page.run("receive(2, 2)")
            await client.page.run("sendMicrophone()")
            await client.send_color("camera", f"rgb({red},{green},{blue})")
            await client.join()
        for person, client in people.items():
            for mid in ("0", "1", "2", "3"):
                await client.sees(mid, 5)
            shown = {slot.mid: slot.key.person for slot in heard.placed[person] if slot.key and slot.kind == "video"}
            assert sorted(shown.values()) == sorted(set(colors) - {person})
            for mid, other in shown.items():
                assert close(await client.color(mid), colors[other]), f"{person} sees another than {other} in {mid}"


async def test_sections_that_have_the_same_names_at_several_ends_are_not_taken_for_one_another() -> None:
    async with a_unit() as (unit, heard), an_empty_page() as url, a_browser() as browser:
        ann, ben, cat = [BrowserClient(unit, "r", person, await browser.page(url)) for person in ("ann", "ben", "cat")]
        for client in (ann, ben, cat):
            unit.admit("r", client.person, ALL)
            await client.prepare()
        await ann.page.run("sendMicrophone()")
        await ann.send_color("camera", "rgb(255,0,0)")
        await ben.send_color("camera", "rgb(0,0,255)")
        await cat.page.run("receive(0, 2)")
        await cat.send_color("camera", "rgb(0,128,0)")  # so that it agrees on MIDs
        for client, section in ((ann, "1"), (ben, "0")):
            await client.join()
            assert await client.page.run("senders.camera.mid") == section, "crosswise to the slots"
        await cat.join()

        async def placed() -> bool:
            return {slot.mid: slot.key.person for slot in heard.placed["cat"] if slot.key} == {"0": "ann", "1": "ben"}

        await eventually(placed, "the two are not in the slots of the third", timeout_s=15)
        for mid, color in (("0", (255, 0, 0)), ("1", (0, 0, 255))):
            await cat.sees(mid, 10)
            assert close(await cat.color(mid), color)


async def test_a_receiver_gets_the_layer_that_it_asks_for_and_another_stays_on_the_best() -> None:
    async with a_unit() as (unit, _), an_empty_page() as url, a_browser() as browser:
        sender = BrowserClient(unit, "r", "ann", await browser.page(url))
        await sender.prepare()
        await sender.send_color("camera", "#808080", 1280, 720, simulcast=True)
        unit.admit("r", "ann", ALL)
        await sender.join()
        receivers = []
        for person in ("ben", "cat"):
            unit.admit("r", person, ALL)
            client = BrowserClient(unit, "r", person, await browser.page(url))
            await client.prepare()
            await client.page.run("receive(1, 1)")
            await client.join()
            receivers.append(client)
        ben, cat = receivers
        await ben.shows("1", 1280)
        await cat.shows("1", 1280)
        camera = TrackKey("ann", "camera")
        unit.subscribe("r", "ben", {camera: Wish(camera, "low")})
        await ben.shows("1", 320)
        await cat.shows("1", 1280)
        unit.subscribe("r", "ben", {camera: Wish(camera, "high")})
        await ben.shows("1", 1280)
        stats = await ben.inbound("1")
        assert stats["packetsLost"] == 0


async def test_another_offer_renegotiates_and_new_credentials_are_a_restart_of_ice() -> None:
    async with a_unit() as (unit, heard), an_empty_page() as url, a_browser() as browser:
        ann, ben = [BrowserClient(unit, "r", person, await browser.page(url)) for person in ("ann", "ben")]
        for client in (ann, ben):
            unit.admit("r", client.person, ALL)
            await client.prepare()
        await ann.page.run("sendMicrophone()")
        await ann.join()
        await ben.page.run("receive(1, 1)")
        await ben.join()
        await ben.sees("0", 20)
        await ann.send_color("camera", "rgb(255,0,0)")
        await ann.join()
        await ben.sees("1", 10)
        assert close(await ben.color("1"), (255, 0, 0))
        for client in (ann, ben):
            await client.page.run("pc.restartIce()")
            before = await client.page.run("pc.localDescription.sdp.match(/ice-pwd:(.*)/)[1]")
            await client.join()
            assert await client.page.run("pc.localDescription.sdp.match(/ice-pwd:(.*)/)[1]") != before
        await ben.sees("1", 20)
        await ben.sees("0", 50)
        assert [what for _, what in heard.connections] == ["connected", "connected"]


async def test_losses_and_disorder_on_both_ways_are_made_good() -> None:
    async with (
        a_unit() as (unit, _),
        a_udp_proxy(("127.0.0.1", unit.port), 1) as first,
        a_udp_proxy(("127.0.0.1", unit.port), 2) as last,
        an_empty_page() as url,
        a_browser() as browser,
    ):
        ann, ben = [BrowserClient(unit, "r", person, await browser.page(url)) for person in ("ann", "ben")]
        for client in (ann, ben):
            unit.admit("r", client.person, ALL)
            await client.prepare()
        await ann.page.run("sendMicrophone()")
        await ann.send_color("camera", "#808080", 640, 480)
        await ann.join(through=first)
        await ben.page.run("receive(1, 1)")
        await ben.join(through=last)
        await ben.sees("1", 50)
        for weather in (first.up, last.down):
            weather.loss, weather.jitter_s, weather.delay_s = 0.05, 0.05, 0.02
        before = await ben.inbound("1")
        await ben.sees("1", 250, timeout_s=30)
        after = await ben.inbound("1")
        assert min(first.up.lost, last.down.lost) > 10
        assert after["nackCount"] > before["nackCount"], "what was lost was asked for"


async def test_a_receiver_on_a_thin_link_gets_less_and_another_keeps_the_best() -> None:
    async with (
        a_unit() as (unit, _),
        a_udp_proxy(("127.0.0.1", unit.port)) as proxy,
        an_empty_page() as url,
        a_browser() as browser,
    ):
        ann, ben, cat = [BrowserClient(unit, "r", person, await browser.page(url)) for person in ("ann", "ben", "cat")]
        for client in (ann, ben, cat):
            unit.admit("r", client.person, ALL)
            await client.prepare()
        await ann.page.run("sendVideo('camera', noiseTrack(960, 540), true)")
        await ann.join()
        for client, through in ((ben, proxy), (cat, None)):
            await client.page.run("receive(1, 1)")
            await client.join(through=through)
        await ben.shows("1", 960)
        await cat.shows("1", 960)
        proxy.down.bytes_a_second = 300_000 / 8
        await ben.shows("1", 240)
        await cat.shows("1", 960)


def close(color: tuple[int, int, int], other: tuple[int, int, int]) -> bool:
    """Whether two colours differ by no more than a codec makes of one."""
    return all(abs(a - b) < 60 for a, b in zip(color, other, strict=True))

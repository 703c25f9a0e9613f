"""A call between real browsers in bad weather, for SIZE seconds: 5 % of all packets lost both ways, and 50 ms of
jitter, so that they overtake each other. It prints what it saw."""

import os
from typing import Any, Final

from tests.clients.browser import a_browser
from tests.integration.media.browser_client import BrowserClient, an_empty_page
from tests.integration.media.clients import a_unit
from tests.partners.udp_proxy import a_udp_proxy

SECONDS: Final = int(os.environ.get("DRILL_SIZE", "60"))
FPS: Final = 25


async def test_sound_and_picture_go_on() -> None:
    async with (
        a_unit() as (unit, _),
        a_udp_proxy(("127.0.0.1", unit.port), 1) as first,
        a_udp_proxy(("127.0.0.1", unit.port), 2) as last,
        an_empty_page() as url,
        a_browser() as browser,
    ):
        ann, ben = [BrowserClient(unit, "r", person, await browser.page(url)) for person in ("ann", "ben")]
        for client in (ann, ben):
            unit.admit("r", client.person, ("microphone", "camera"))
            await client.prepare()
        await ann.page.run("sendMicrophone()")
        await ann.send_color("camera", "#808080", 640, 480)
        await ann.join(through=first)
        await ben.page.run("receive(1, 1)")
        await ben.join(through=last)
        await ben.sees("1", 2 * FPS)
        await ben.sees("0", 50)
        for weather in (first.up, last.down):
            weather.loss, weather.jitter_s, weather.delay_s = 0.05, 0.05, 0.02
        sound, picture = await ben.inbound("0"), await ben.inbound("1")
        await ben.sees("1", SECONDS * FPS, timeout_s=2 * SECONDS)
        heard, seen = grown(sound, await ben.inbound("0")), grown(picture, await ben.inbound("1"))
        freeze_ms = await ben.page.run("longestFreeze()")
        made_up = heard["silentConcealedSamples"] / heard["totalSamplesReceived"]
        print(
            f"{first.up.lost} and {last.down.lost} datagrams lost; longest freeze {freeze_ms:.0f} ms; "
            f"{seen['nackCount']} requests, {seen['framesDropped']} frames dropped; "
            f"{100 * made_up:.2f} % of the sound was silence in place of what was lost"
        )
        assert freeze_ms < 1000
        assert made_up < 0.02


def grown(before: dict[str, Any], after: dict[str, Any]) -> dict[str, float]:
    """By how much each figure has grown."""
    return {name: value - before.get(name, 0) for name, value in after.items() if isinstance(value, int | float)}

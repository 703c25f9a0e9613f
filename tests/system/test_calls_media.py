"""Browsers meet on the page `/console/call`: through a worker that is killed, in a mesh that collides, and recorded."""

import asyncio
import os
import signal
import time
from collections.abc import Iterator
from functools import partial
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest
from pymongo import AsyncMongoClient

from tests.clients.browser import EXECUTABLE, Browser, Page, a_browser
from tests.system.harness import LEAN, System, free_ports, wait_until

pytestmark = pytest.mark.skipif(EXECUTABLE is None, reason="needs Chromium")
ONLY_CALLS = {name: value for name, value in LEAN.items() if name != "FEATURES__VIDEO"}
_SEES = """
(() => { const shown = [...document.querySelectorAll('figure.video video')];
  return shown.length ? Math.max(...shown.map(v => v.getVideoPlaybackQuality().totalVideoFrames)) : 0; })()
"""


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    (port,) = free_ports(1)
    system = System(tmp_path_factory.mktemp("call") / ".carewire", MEDIA__PORTS=f"{port}-{port + 20}", **ONLY_CALLS)
    try:
        yield system.start()
    finally:
        system.stop()


async def sees(page: Page, within_s: float) -> float:
    """How long it took until a picture moved."""
    began, before = time.monotonic(), await page.run(_SEES)
    await wait_until(lambda: moved(page, before), within_s=within_s, what="a moving picture", every_s=0.1)
    return time.monotonic() - began


async def moved(page: Page, before: int) -> bool:
    now: int = await page.run(_SEES)
    return now > before + 3 or 3 < now < before


async def test_two_browsers_meet_and_the_death_of_a_worker_is_a_pause(system: System) -> None:
    async with system.http("tess", "therapist") as tess:
        body = {"kind": "group", "people": ["ada"], "config": {"provider": "sfu", "lobby": "off"}}
        meeting = (await tess.post("/api/meetings", json=body)).json()["meeting"]["id"]
        async with a_browser() as browser:
            pages = [await calling(system, browser, meeting, *one) for one in PEOPLE]
            cold = await asyncio.gather(*(sees(page, 60) for page in pages))
            people = [await page.run("carewireCall.me.participant_id") for page in pages]
            busy = next(one["name"] for one in await workers(system) if one["meetings"])
            await wait_until(lambda: spare(system), within_s=30, what="a spare worker", every_s=0.3)
            os.kill(await system.pid_of(busy), signal.SIGKILL)
            killed = time.monotonic()
            await asyncio.gather(*(epoch_passed(page) for page in pages))
            told = time.monotonic() - killed
            await asyncio.gather(*(sees(page, 30) for page in pages))
            print(f"cold: {max(cold):.2f} s; killed: told {told:.2f} s, seen {time.monotonic() - killed:.2f} s")
            assert [await page.run("carewireCall.me.participant_id") for page in pages] == people
            health = (await tess.get("/health")).json()["services"]["video"]
            assert (health["status"], health["participants"]) == ("ok", 2)
            await pages[1].run("document.querySelector('[data-part=leave]').click()")
            await wait_until(lambda: alone(pages[0]), within_s=10, what="an empty room")


async def test_a_mesh_outlives_glare(system: System) -> None:
    async with system.http("tess", "therapist") as tess, a_browser() as browser:
        pages = await a_call(system, tess, browser, provider="mesh")
        for _ in range(5):  # both want something else at the same moment
            await both(pages, "void carewireCall.way.pc.addTransceiver('audio')")
            await wait_until(lambda: settled(pages), within_s=90, what="ends that agree", every_s=0.1)
        await asyncio.gather(*(sees(page, 30) for page in pages))
        assert await both(pages, "carewireCall.way.media.provider") == ["mesh", "mesh"]


async def test_a_recording_waits_for_everybodys_consent_and_ends_with_it(system: System) -> None:
    async with system.http("tess", "therapist") as tess, a_browser() as browser:
        pages = await a_call(system, tess, browser)
        meeting = await pages[0].run("carewireCall.meetingId")

        async def begun() -> Any:  # in a mesh they are connected once both have said so
            answer = await tess.post(f"/api/meetings/{meeting}/recordings", json={})
            return answer.json()["recording"]["id"] if answer.status_code == 201 else None

        made = await wait_until(begun, within_s=30, what="a recording", every_s=0.5)
        await wait_until(lambda: hidden(pages, "consent", False), within_s=30, what="a question", every_s=0.1)
        await pages[0].run(CLICK.format("grant"))
        assert await hidden(pages, "banner", True), "not before all have agreed"
        await pages[1].run(CLICK.format("grant"))
        await wait_until(lambda: hidden(pages, "banner", False), within_s=30, what="a banner", every_s=0.1)
        assert await both(pages, "carewireCall.way.media.provider") == ["sfu", "sfu"]
        await asyncio.gather(*(sees(page, 30) for page in pages))
        both_kinds = partial(stored, system, made, {"opus", "vp8"})  # a slow browser makes its first picture late
        await wait_until(both_kinds, within_s=60, what="sound and pictures that are stored", every_s=0.3)
        assert await hidden(pages, "banner", False), "it stays"
        await pages[1].run("document.querySelector('[data-part=banner] button').click()")
        await wait_until(lambda: hidden(pages, "banner", True), within_s=30, what="no banner", every_s=0.1)

        async def ready() -> Any:
            found = (await tess.get(f"/api/recordings/{made}")).json()["recording"]
            return found if found["status"] == "ready" else None

        found = await wait_until(ready, within_s=30, what="a recording that is ready", every_s=0.3)
        assert (found["reason"], {one["answer"] for one in found["consents"]}) == (
            "withdrawn",
            {"granted", "withdrawn"},
        )
        assert {track["codec"] for track in found["tracks"]} == {"opus", "VP8"}


async def a_call(system: System, host: httpx.AsyncClient, browser: Browser, **config: str) -> list[Page]:
    """The pages of a host and a guest who see each other."""
    body = {"people": ["ada"], "config": {"lobby": "off", **config}}
    meeting = (await host.post("/api/meetings", json=body)).json()["meeting"]["id"]
    pages = [await calling(system, browser, meeting, *one) for one in PEOPLE]
    await asyncio.gather(*(sees(page, 60) for page in pages))
    return pages


async def stored(system: System, recording: str, codecs: set[str]) -> bool:
    """Whether a worker has stored something of each."""
    client: AsyncMongoClient[dict[str, Any]] = AsyncMongoClient(
        f"mongodb://127.0.0.1:{system.env['CAREWIRE_MONGO__PORT']}/?directConnection=true"
    )
    try:
        begun = client["carewire"]["recording_tracks"].find({"recording": recording, "segments.0": {"$exists": True}})
        return {one["codec"] async for one in begun} >= codecs
    finally:
        await client.close()


PEOPLE = (("tess", "therapist"), ("ada", "client"))
CLICK = "document.querySelector('[data-part={}]').click()"


async def calling(system: System, browser: Browser, meeting: str, user: str, role: str) -> Page:
    """The page of somebody who has pressed the button."""
    given = {"url": system.gateway_url, "meeting": meeting, "token": system.token(user, role)}
    page = await browser.page(f"{system.http_url}/console/call#{urlencode(given)}")
    await page.run("document.querySelector('form').requestSubmit()")
    return page


async def both(pages: list[Page], expression: str) -> list[Any]:
    return list(await asyncio.gather(*(page.run(expression) for page in pages)))


async def settled(pages: list[Page]) -> bool:
    """Both ends say the same, and there is nothing more to be said."""
    found = await both(pages, "[carewireCall.way.pc.signalingState, carewireCall.way.pc.connectionState]")
    counts = await both(pages, "carewireCall.way.pc.getTransceivers().filter(one => one.mid !== null).length")
    return found == [["stable", "connected"]] * 2 and counts[0] == counts[1]


async def hidden(pages: list[Page], part: str, wanted: bool) -> bool:
    return await both(pages, f"document.querySelector('[data-part={part}]').hidden") == [wanted] * len(pages)


async def workers(system: System) -> list[dict[str, Any]]:
    async with system.http("root", "admin") as http:

        async def answered() -> Any:
            answer = await http.get("/api/operations/media")
            return answer if answer.is_success else None

        answer = await wait_until(answered, within_s=30, what="the workers", every_s=0.3)
        found: list[dict[str, Any]] = answer.json()["workers"]
        return found


async def spare(system: System) -> bool:
    return len(await workers(system)) == 2


async def epoch_passed(page: Page) -> None:
    await wait_until(
        lambda: page.run("Boolean(carewireCall.way && carewireCall.way.media.epoch > 1)"), within_s=20, what="a move"
    )


async def alone(page: Page) -> bool:
    return not await page.run("document.querySelectorAll('figure.video').length")

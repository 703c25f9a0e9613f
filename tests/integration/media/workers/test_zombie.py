"""A worker that was taken for dead and wakes: nothing that it says, and nothing that goes through it, counts."""

from pathlib import Path
from typing import Any

import pytest
from aiortc import AudioStreamTrack

from actors.kernel.contract.entity import SYSTEM
from actors.meetings.reports import Lost
from serve_app.capabilities.meetings.fleet import supervisor as supervising
from tests.gateway_rig import token
from tests.integration.media.people import Person, a_home, states
from tests.waiting import eventually


async def test_a_zombie_that_wakes_changes_nothing(
    mongo_url: str, mongo: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with a_home(mongo_url, mongo.name, tmp_path) as (home, workshop, _):
        tess, ada = await two_who_talk(home)
        path = f"/api/meetings/{tess.meeting}"
        (zombie,) = workshop.workers.values()
        monkeypatch.setattr(supervising, "cpu_s_of", lambda _: 0.0)  # its clock stands still
        monkeypatch.setattr(workshop, "end", unreachable)  # and nobody can end it
        zombie._door.close()  # stopped: it answers nothing
        again = [await moved(one, "worker_lost") for one in (tess, ada)]
        try:
            await states(tess.socket, "reconnecting", "connected")
            assert {one.joined["media"]["epoch"] for one in again} == {2}
            old = await ada.offer()  # through what it held before: the door sends nobody to a zombie
            assert (old["ok"], old["error"]["details"]["reason"]) == (False, "epoch")
            await connected(home, path)
            before = await presence(home, path)
            for one in (tess, ada):
                zombie.worker.lost(one.meeting, one.id)  # it wakes, and finds that everybody is gone
            await home.region.submit(f"meeting:{tess.meeting}", Lost(ada.id, 1, 0), by=SYSTEM)
            await connected(home, path)
            assert await presence(home, path) == before
            await home.region.submit(f"meeting:{tess.meeting}", Lost(ada.id, 2, 0), by=SYSTEM)
            there = (await home.ok("GET", f"{path}/participants", bearer=HOST))["participants"]
            assert "reconnecting" in {one["state"] for one in there}, "the twin: with the epoch of now it would count"
        finally:
            for one in (tess, ada, *again):
                await one.media.leave()
            await zombie.stop()


HOST = token("tess", "therapist")


async def unreachable(_: Any) -> None:
    """Its machine does not answer."""


async def two_who_talk(home: Any) -> tuple[Person, Person]:
    """A meeting of two with sound alone, both connected."""
    body = {"kind": "group", "people": ["ada"], "config": {"provider": "sfu", "lobby": "off"}}
    meeting = (await home.ok("POST", "/api/meetings", body, bearer=HOST))["meeting"]["id"]
    tess, ada = Person(await home.socket(HOST), meeting), Person(await home.socket(token("ada")), meeting)
    for one in (tess, ada):
        one.media.send("microphone", AudioStreamTrack())
        one.media.receive(video=0)
        await one.join()
        ack = await one.offer()
        assert ack["ok"], ack
    await connected(home, f"/api/meetings/{meeting}")
    return tess, ada


async def moved(one: Person, reason: str) -> Person:
    """The same person, connected where they were told to."""
    told = await one.socket.next("meeting_media")
    assert (told["reason"], told["media"]["provider"]) == (reason, "sfu")
    successor = Person(one.socket, one.meeting)
    successor.joined = {**one.joined, "ticket": told["ticket"], "media": told["media"]}
    successor.media.send("microphone", AudioStreamTrack())
    successor.media.receive(video=0)
    assert (await successor.offer())["ok"]
    return successor


async def connected(home: Any, path: str) -> None:
    """Both are."""

    async def both() -> bool:
        there = (await home.ok("GET", f"{path}/participants", bearer=HOST))["participants"]
        return [one["state"] for one in there] == ["connected", "connected"]

    await eventually(both, "they are not connected")


async def presence(home: Any, path: str) -> list[tuple[str, str]]:
    """Who came when, and how it ended, as far as it has."""
    evidence = (await home.ok("GET", f"{path}/evidence", bearer=HOST))["evidence"]
    return [(stay["participant_id"], stay["from"]) for stay in evidence["presence"]]

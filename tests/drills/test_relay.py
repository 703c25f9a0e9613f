"""Three talk, one of them through a relay (coturn), which is killed. That one is reconnecting to all within seconds,
and comes back to the same seat through the relay that follows; the other two notice nothing."""

import os
import shutil
import signal
import time
from pathlib import Path
from typing import Any

import pytest
from aiortc import RTCIceServer

from actors.meetings.house import doors_of
from common.clock import SystemClock
from config.settings import Settings, TurnSettings
from serve_app.capabilities.meetings.relays.probe import state_of
from serve_app.launch.relay import EmbeddedRelay
from tests.gateway_rig import token
from tests.identity_rig import House
from tests.integration.media.clients import Client, Tone
from tests.integration.media.people import Person, a_home
from tests.mongo import free_port
from tests.waiting import eventually

TOLD_S = 5.0
pytestmark = pytest.mark.skipif(shutil.which("turnserver") is None, reason="no turnserver here: apt install coturn")


async def comes(person: Person, *, relayed: bool = False) -> Any:
    """In, with a new connection."""
    await person.media.leave()
    joined = await person.join(device_id="phone")
    relays = [RTCIceServer(**server) for server in joined["ice_servers"]] if relayed else []
    person.media = Client(None, person.meeting, "", relays)  # type: ignore[arg-type] # offers go through the socket
    person.media.send("microphone", Tone())
    person.media.receive(audio=2, video=0)
    ack = await person.offer()
    assert ack["ok"], ack
    return joined


async def hears(person: Person, other: Person, frames: int, timeout_s: float) -> None:
    """So many frames more of that one."""
    slots: list[str] = []

    async def has_a_slot() -> bool:
        told = person.socket.all("meeting_slots")
        slots[:] = [one["mid"] for one in told[-1]["slots"] if one["participant_id"] == other.id] if told else []
        return bool(slots)

    await eventually(has_a_slot, "they are in no slot", timeout_s=timeout_s)
    await person.media.sees(slots[0], frames, timeout_s=timeout_s)


async def becomes(person: Person, other: Person, state: str, timeout_s: float) -> None:
    """The last that is told of the other is this."""

    async def told() -> bool:
        events = (said["participant"] for said in person.socket.all("participant_updated"))
        states = [one["state"] for one in events if one["participant_id"] == other.id]
        return bool(states) and states[-1] == state

    await eventually(told, f"nobody says that they are {state}", timeout_s=timeout_s)


async def test_a_relay_that_is_killed_is_a_pause_for_who_needs_it(mongo_url: str, mongo: Any, tmp_path: Path) -> None:
    settings = TurnSettings(embedded=True, port=free_port())
    turn, relay = doors_of(Settings(turn=settings)).turn, EmbeddedRelay(settings, tmp_path)

    async def relays() -> bool:
        return await state_of(turn, SystemClock().now_ms()) == "ok"

    await relay.start()
    try:
        await eventually(relays, "the relay does not answer")
        async with a_home(mongo_url, mongo.name, tmp_path, turn=settings) as (home, _, _):
            people = await three(home)
            try:
                await goes_on(people, tmp_path / "turn" / "turnserver.pid")
                await eventually(relays, "no relay follows the one that was killed", timeout_s=20)
            finally:
                for one in people:
                    await one.media.leave()
    finally:
        await relay.stop()


async def three(home: House) -> list[Person]:
    """Two who are there directly, and one behind a relay."""
    config = {"provider": "sfu", "lobby": "off", "names": "names"}
    body = {"kind": "group", "people": ["ben", "ada"], "config": config}
    tokens = [token("tess", "therapist"), token("ben"), token("ada")]
    meeting = (await home.ok("POST", "/api/meetings", body, bearer=tokens[0]))["meeting"]["id"]
    people = [Person(await home.socket(one), meeting) for one in tokens]
    for one in people:
        await comes(one, relayed=one is people[-1])
    return people


def kill(pid: Path) -> None:
    os.kill(int(pid.read_text()), signal.SIGKILL)


async def goes_on(people: list[Person], pid: Path) -> None:
    tess, ben, ada = people
    await hears(tess, ada, 50, timeout_s=20)
    await hears(ada, tess, 50, timeout_s=20)
    await becomes(tess, ada, "connected", timeout_s=5)
    kill(pid)
    killed = time.monotonic()
    await hears(ben, tess, 50, timeout_s=3)
    await hears(tess, ben, 50, timeout_s=3)
    await becomes(tess, ada, "reconnecting", timeout_s=TOLD_S + killed - time.monotonic())
    print(f"reconnecting to all {time.monotonic() - killed:.1f} s after the relay died", flush=True)
    seat, began = ada.id, time.monotonic()
    joined = await comes(ada, relayed=True)
    assert (joined["resumed"], ada.id) == (True, seat)
    await becomes(tess, ada, "connected", timeout_s=15)
    await hears(tess, ada, 50, timeout_s=10)
    print(f"heard again through the next one {time.monotonic() - began:.1f} s after they came back", flush=True)
    ended = await tess.socket.ok("end_video_room", {"meeting_id": tess.meeting})
    bridged = [stay["participant_id"] for stay in ended["evidence"]["presence"] if stay["bridged_s"]]
    assert bridged == [seat], "the gap has a name, and nobody else has one"

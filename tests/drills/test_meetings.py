"""A meeting of three, with one who was muted, one who was kicked and a recording that all have agreed to, while every
kind of process is killed beside it, one after another: gateway, API, shard, the runner with the supervisor, mongod, and
the worker itself. Nothing of what was decided is otherwise afterwards, and, but for the worker, media does not stop."""

import asyncio
import os
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import httpx
import pytest
from aiortc import AudioStreamTrack, RTCSessionDescription

from tests.integration.media.clients import Client
from tests.system.harness import System, free_ports, wait_until

VICTIMS: Final = ("gateway-0", "api-0", "care-0", "activities-0", "mongod")
HEARD: Final = "1"  # the section that receives, after the one that sends
ENOUGH: Final = 60  # frames of sound: more than a second
BACK_S: Final = 120.0
pytestmark = pytest.mark.timeout(int(os.environ.get("DRILL_SIZE", "60")) + 900)


@pytest.fixture
def system(tmp_path: Path) -> Iterator[System]:
    (port,) = free_ports(1)
    system = System(tmp_path / ".carewire", MEDIA__PORTS=f"{port}-{port + 20}", FEATURES__ML="false")
    try:
        yield system.start()
    finally:
        system.stop()


class Talker:
    """Somebody who asks by HTTP, again where nobody answers, and speaks through a real connection."""

    def __init__(self, http: httpx.AsyncClient, path: str = "") -> None:
        self.http, self.path = http, path
        self.seat: Any = None
        self.media: Client | None = None

    async def ask(self, method: str, path: str, body: Any = None) -> httpx.Response:
        """The answer, once there is one."""
        found: list[httpx.Response] = []

        async def answered() -> bool:
            try:
                answer = await self.http.request(method, path, json=body)
            except httpx.HTTPError:
                return False
            found.append(answer)
            return answer.status_code < 500

        await wait_until(answered, within_s=BACK_S, what=f"an answer to {method} {path}", every_s=0.2)
        return found[-1]

    async def ok(self, method: str, path: str, body: Any = None) -> Any:
        """What a good answer says."""
        answer = await self.ask(method, path, body)
        assert answer.status_code < 300, answer.text
        return answer.json()

    async def reason(self, method: str, path: str, body: Any = None) -> Any:
        """Why not."""
        return (await self.ask(method, path, body)).json()["details"]["reason"]

    async def enter(self) -> None:
        """Take the seat, and connect as it says."""
        self.seat = await self.ok("POST", f"{self.path}/join", {"device_id": "phone"})
        await self.leave()
        self.media = Client(None, "", self.seat["participant"]["participant_id"])  # type: ignore[arg-type] # by HTTP
        self.media.send("microphone", AudioStreamTrack())
        self.media.receive(audio=2, video=0)
        connection = self.media.connection
        await connection.setLocalDescription(await connection.createOffer())
        body = {
            "ticket": self.seat["ticket"]["token"],
            "epoch": self.seat["media"]["epoch"],
            "sdp": connection.localDescription.sdp,
            "tracks": [{"mid": "0", "source": "microphone"}],
        }
        answer = await self.ok("POST", f"{self.path}/offer", body)
        await connection.setRemoteDescription(RTCSessionDescription(answer["sdp"], "answer"))

    async def leave(self) -> None:
        """Hang up."""
        if self.media is not None:
            await self.media.leave()


@asynccontextmanager
async def talkers(system: System) -> AsyncIterator[list[Talker]]:
    """The host, Ada and Ben, connected; Eve, who was kicked. Ben is muted; what is said is recorded."""
    people = [("tess", "therapist"), ("ada", "client"), ("ben", "client"), ("eve", "client")]
    all_ = [Talker(system.http(user, role)) for user, role in people]
    tess, ada, ben, eve = all_
    config = {"provider": "sfu", "lobby": "off", "unmute": "ask"}
    body = {"kind": "group", "people": ["ada", "ben", "eve"], "config": config}
    meeting = (await tess.ok("POST", "/api/meetings", body))["meeting"]["id"]
    try:
        for one in all_:
            one.path = f"/api/meetings/{meeting}"
            await one.enter()
        await tess.ok("POST", f"{of(tess, eve)}/kick", {})
        await tess.ok("POST", f"{of(tess, ben)}/mute", {})
        await states(tess, 3)
        made = (await tess.ok("POST", f"{tess.path}/recordings", {"audio_only": True}))["recording"]
        version = made["consents"][0]["text_version"]
        for one in (tess, ada, ben):
            answer = {"granted": True, "text_version": version}
            await one.ok("POST", f"/api/recordings/{made['id']}/consent", answer)
        await wait_until(lambda: is_recorded(tess), within_s=30, what="a recording", every_s=0.3)
        yield all_
    finally:
        for one in all_:
            await one.leave()
            await one.http.aclose()


def of(host: Talker, one: Talker) -> str:
    return f"{host.path}/participants/{one.seat['participant']['participant_id']}"


async def states(host: Talker, count: int) -> None:
    """So many are connected."""

    async def there() -> bool:
        found = (await host.ok("GET", f"{host.path}/participants"))["participants"]
        return [one["state"] for one in found].count("connected") == count

    await wait_until(there, within_s=BACK_S, what=f"{count} who are connected", every_s=0.3)


async def is_recorded(host: Talker) -> bool:
    recording = (await host.ok("GET", host.path))["meeting"]["recording"]
    return bool(recording and recording["status"] == "recording")


async def facts(all_: list[Talker]) -> dict[str, Any]:
    """What no death may change."""
    tess, _, ben, eve = all_
    found = await tess.ok("GET", f"{tess.path}/participants")
    recording = (await tess.ok("GET", tess.path))["meeting"]["recording"]
    stays = (await tess.ok("GET", f"{tess.path}/evidence"))["evidence"]["presence"]
    return {
        "seats": [(one["user_id"], one["state"], one["role"], one["microphone"]) for one in found["participants"]],
        "kicked": await eve.reason("POST", f"{eve.path}/join", {"device_id": "another", "take_over": True}),
        "muted": await ben.reason("POST", f"{ben.path}/media", {"microphone": True}),
        "consents": [(one["participant_id"], one["answer"]) for one in recording["consents"]],
        "stays": [(one["user_id"], one["from"]) for one in stays],
    }


async def test_whatever_dies_a_meeting_is_as_it_was(system: System) -> None:
    async with talkers(system) as all_:
        tess, ada, *_ = all_
        before = await facts(all_)
        assert (before["kicked"], before["muted"]) == ("kicked", "muted")
        for victim in VICTIMS:
            await system.kill(victim)
            killed = time.monotonic()
            assert ada.media is not None
            await ada.media.sees(HEARD, ENOUGH, timeout_s=5)
            gone = time.monotonic() - killed
            assert await facts(all_) == before, victim
            print(f"{victim}: {ENOUGH} frames of sound {gone:.2f} s after it died; all as before")
            print(f"{'':10} answered after {time.monotonic() - killed:.1f} s", flush=True)
            await wait_until(lambda: is_recorded(tess), within_s=30, what="a recording", every_s=0.3)
        await worker_dies(system, all_, before)


async def worker_dies(system: System, all_: list[Talker], before: dict[str, Any]) -> None:
    """Then it goes on elsewhere: the same seats, the gap is named, and two seconds at most are lost."""
    tess, ada, ben, _ = all_
    workers: list[Any] = []

    async def spare() -> bool:
        async with system.http("root", "admin") as http:
            workers[:] = (await http.get("/api/operations/media")).json()["workers"]
        return len(workers) == 2 and all(one["state"] == "ready" for one in workers)

    began = time.monotonic()
    await wait_until(spare, within_s=BACK_S, what="a spare worker", every_s=0.3)
    print(f"a spare worker was there after {time.monotonic() - began:.1f} s more")
    epoch = tess.seat["media"]["epoch"]
    await system.kill(next(one["name"] for one in workers if one["meetings"]))
    killed = time.monotonic()

    async def moved() -> bool:
        meeting = (await tess.ok("GET", tess.path))["meeting"]
        return bool(meeting["epoch"] > epoch)

    await wait_until(moved, within_s=30, what="a move", every_s=0.05)
    told = time.monotonic() - killed
    recording = (await tess.ok("GET", tess.path))["meeting"]["recording"]["id"]
    await asyncio.gather(*(one.enter() for one in (tess, ada, ben)))
    assert ada.media is not None
    await ada.media.sees(HEARD, ENOUGH, timeout_s=30)
    print(f"worker: moved after {told:.2f} s, heard again after {time.monotonic() - killed:.2f} s", flush=True)
    await states(tess, 3)
    after = await facts(all_)
    for what in ("kicked", "muted", "consents"):
        assert after[what] == before[what], what
    assert [seat[0] for seat in after["seats"]] == [seat[0] for seat in before["seats"]]
    ended = await tess.ok("POST", f"{tess.path}/end", {})
    gaps = [stay["bridged_s"] for stay in ended["evidence"]["presence"] if stay["bridged_s"]]
    assert len(gaps) == 3, "each came back to the same seat, and the gap is named"

    async def ready() -> Any:
        found = (await tess.ok("GET", f"/api/recordings/{recording}"))["recording"]
        return found if found["status"] in ("ready", "failed") else None

    found = await wait_until(ready, within_s=60, what="a recording that is ready", every_s=0.5)
    named = [gap for track in found["tracks"] for gap in track["gaps"]]
    print(
        f"recording: {found['status']}, {found['integrity']}, {len(found['tracks'])} tracks, gaps {named}", flush=True
    )
    assert (found["status"], found["integrity"]) == ("ready", "gaps")
    assert named

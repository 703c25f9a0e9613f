"""LiveKit's webhooks through the door of the API, until they are evidence of what took place."""

import json
import uuid
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from pydantic import SecretStr

from common.clock import SystemClock
from config.settings import LivekitSettings
from tests.gateway_rig import token
from tests.identity_rig import House, house
from tests.mongo import url_of
from tests.unit.meetings.test_livekit import SECRET, signed
from tests.waiting import eventually

pytestmark = pytest.mark.asyncio(loop_scope="module")
LIVEKIT = LivekitSettings(url="wss://live.example.org", api_key="key", api_secret=SecretStr(SECRET))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def home(mongo_port: int, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    directory = tmp_path_factory.mktemp("house")
    async with house(url_of(mongo_port), f"test_{uuid.uuid4().hex}", directory, livekit=LIVEKIT) as made:
        yield made


async def told(home: House, event: str, room: str, participant: str, *, secret: str = SECRET) -> Any:
    now_s = SystemClock().now_ms() // 1000
    said = {"event": event, "room": {"name": room}, "participant": {"identity": participant, "name": "Ada Secret"}}
    raw = json.dumps({**said, "id": f"EV_{uuid.uuid4().hex}", "createdAt": str(now_s)}).encode()
    async with home.http() as http:
        headers = signed(raw, secret=secret, at_s=now_s) | {"content-type": "application/webhook+json"}
        return await http.post("/api/webhooks/livekit", content=raw, headers=headers)


async def test_who_was_in_a_room_of_livekit_is_evidence(home: House) -> None:
    config = {"provider": "livekit", "lobby": "off"}
    tess, ada = token("tess", "therapist"), token("ada")
    asked = {"people": ["ada"], "config": config}
    meeting = (await home.ok("POST", "/api/meetings", asked, bearer=tess))["meeting"]
    path = f"/api/meetings/{meeting['id']}"
    seats = [await home.ok("POST", f"{path}/join", {}, bearer=bearer) for bearer in (tess, ada)]
    room = seats[0]["media"]["room"]
    assert seats[1]["media"]["room"] == room
    ids = [seat["participant"]["participant_id"] for seat in seats]
    assert (await told(home, "participant_joined", room, ids[0], secret="t" * 32)).status_code == 400
    for participant in ids:
        assert (await told(home, "participant_joined", room, participant)).json() == {"received": 1, "duplicates": 0}

    async def live() -> bool:
        shown = await home.ok("GET", path, bearer=tess)
        there = (await home.ok("GET", f"{path}/participants", bearer=tess))["participants"]
        return bool(shown["meeting"]["status"] == "live" and {one["state"] for one in there} == {"connected"})

    await eventually(live, "nobody was told that they are in it")
    await told(home, "participant_left", room, ids[1])

    async def left() -> bool:
        stays = (await home.ok("GET", f"{path}/evidence", bearer=tess))["evidence"]["presence"]
        return any(stay["user_id"] == "ada" and stay["ended_by"] == "lost" for stay in stays)

    await eventually(left, "nobody was told that she is gone")
    arrivals = (await home.ok("GET", "/api/operations/webhooks", bearer=home.admin()))["webhooks"]
    assert {one["state"] for one in arrivals} <= {"handed", "waiting"}
    assert not [one async for one in home.database["journal"].find() if "Ada Secret" in str(one)]

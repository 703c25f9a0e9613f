"""Everybody comes at once: one seat each, never more than there is room for, whoever asks however often."""

import asyncio
from collections import Counter

import pytest

from tests.gateway_rig import token
from tests.identity_rig import House

pytestmark = pytest.mark.asyncio(loop_scope="module")
MEETINGS, EACH, ROOM = 20, 5, 4
HOST = token("tess-rush", "therapist")


async def test_a_hundred_join_twenty_meetings_at_once(home: House) -> None:
    """One more comes to each than there is room for: a place is kept for the host."""
    config = {"provider": "sfu", "lobby": "off", "max_participants": ROOM}
    people = [f"guest-{number}" for number in range(EACH)]
    body = {"kind": "group", "people": people, "config": config}
    made = await asyncio.gather(*(home.ok("POST", "/api/meetings", body, bearer=HOST) for _ in range(MEETINGS)))
    paths = [f"/api/meetings/{one['meeting']['id']}" for one in made]
    answers = await asyncio.gather(
        *(home.call("POST", f"{path}/join", {}, bearer=token(user)) for path in paths for user in people)
    )
    refused = [answer.json()["details"]["reason"] for answer in answers if answer.status_code == 412]
    assert Counter(answer.status_code for answer in answers) == {200: MEETINGS * (ROOM - 1), 412: MEETINGS * 2}
    assert set(refused) == {"full"}
    for path in paths:
        there = (await home.ok("GET", f"{path}/participants", bearer=HOST))["participants"]
        assert len({one["user_id"] for one in there}) == len(there) == ROOM - 1
        assert (await home.ok("POST", f"{path}/join", {}, bearer=HOST))["state"] == "seated", (
            "there is room for the host"
        )


async def test_twenty_devices_of_one_are_one_seat(home: House) -> None:
    body = {"people": ["ada-rush"], "config": {"provider": "sfu", "lobby": "off"}}
    path = f"/api/meetings/{(await home.ok('POST', '/api/meetings', body, bearer=HOST))['meeting']['id']}"
    answers = await asyncio.gather(
        *(
            home.call("POST", f"{path}/join", {"device_id": f"d{number}", "take_over": True}, bearer=token("ada-rush"))
            for number in range(20)
        )
    )
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.json()["participant"]["participant_id"] for answer in answers}) == 1
    there = (await home.ok("GET", f"{path}/participants", bearer=HOST))["participants"]
    assert len(there) == 1

"""The people whom locust has talk to each other hear each other: by the forwarding unit itself, and by its process."""

import asyncio
import json
import sys
from typing import Any

from loadtests.peers.media_people import LINES
from realtime.media.sdp.offer import SdpTrack
from tests.integration.media.clients import a_unit

SOUND = [SdpTrack(LINES[0].mid, "microphone")]


async def test_two_of_them_hear_each_other() -> None:
    command = (sys.executable, "-m", "loadtests.peers.media_people", "127.0.0.1")
    people = await asyncio.create_subprocess_exec(
        *command, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    assert people.stdin is not None
    assert people.stdout is not None
    heard: set[int] = set()

    def ask(person: int, **what: Any) -> None:
        assert people.stdin is not None
        people.stdin.write(json.dumps({"person": person, **what}).encode() + b"\n")

    try:
        async with a_unit() as (unit, _), asyncio.timeout(15):
            for person in (0, 1):
                unit.admit("r", str(person), ("microphone",))
                ask(person)
            while len(heard) < 2:
                said = json.loads(await people.stdout.readline())
                person = said["person"]
                assert "failed" not in said, said
                if "sdp" in said:
                    ask(person, answer=unit.offer("r", str(person), said["sdp"], SOUND).sdp)
                if "heard_ms" in said:
                    heard.add(person)
    finally:
        people.stdin.close()
        await people.wait()

"""The media of people in meetings, as a process of its own: a line of JSON in for each thing to do, a line out for each
that is done. Packets are made, encrypted and counted, nothing is encoded.

    {"person": 3}                      -> {"person": 3, "sdp": the offer of a new connection}
    {"person": 3, "answer": sdp}       -> {"person": 3, "connected_ms": ..}, then {"person": 3, "heard_ms": ..}
    {"person": 3, "over": true}        -> {"person": 3, "packets": how many came}
"""

import asyncio
import json
import sys
from typing import Any, Final

from loadtests.lib.media.client import MediaClient, OfferedSection
from loadtests.lib.media.stream import AUDIO_SSRC, Stream
from realtime.media.parts import Certificate

LINES: Final = (OfferedSection("0", "audio", AUDIO_SSRC), OfferedSection("1", "audio"))
HEARD_S: Final = 20.0


class ConnectedPeople:
    """Who has a connection."""

    def __init__(self, host: str) -> None:
        self._host, self._certificate = host, Certificate.generateCertificate()
        self._clients: dict[int, MediaClient] = {}
        self._streams: dict[int, asyncio.Task[None]] = {}

    async def do(self, asked: dict[str, Any]) -> None:
        """One line."""
        person = int(asked["person"])
        if "answer" in asked:
            await self._connect(person, asked["answer"])
        elif "over" in asked:
            await self._end(person)
        else:
            self._clients[person] = client = MediaClient(self._host, self._certificate)
            _say(person, sdp=client.offer(LINES))

    async def _connect(self, person: int, answer: str) -> None:
        client, clock = self._clients[person], asyncio.get_running_loop().time
        began = clock()
        try:
            await client.connect(answer)
            _say(person, connected_ms=1000 * (clock() - began))
            self._streams[person] = asyncio.create_task(Stream(client, []).speak())
            await asyncio.wait_for(client.flows.wait(), HEARD_S)
            _say(person, heard_ms=1000 * (clock() - began))
        except (TimeoutError, AssertionError) as error:
            _say(person, failed=type(error).__name__)

    async def _end(self, person: int) -> None:
        client = self._clients.pop(person)
        if (stream := self._streams.pop(person, None)) is not None:
            stream.cancel()
        _say(person, packets=client.packets)
        await client.close()


def _say(person: int, **what: object) -> None:
    print(json.dumps({"person": person, **what}), flush=True)


async def main() -> None:
    """Until the input ends."""
    people, loop = ConnectedPeople(sys.argv[1]), asyncio.get_running_loop()
    async with asyncio.TaskGroup() as tasks:
        while line := await loop.run_in_executor(None, sys.stdin.readline):
            tasks.create_task(people.do(json.loads(line)))


if __name__ == "__main__":
    asyncio.run(main())

"""Our forwarding unit as a process of its own: a line of JSON in, a line out, for each person who joins."""

import argparse
import asyncio
import gc
import json
import sys

from realtime.media.placing import TrackKey
from realtime.media.room import Filled
from realtime.media.sdp.offer import SdpTrack
from realtime.media.unit import MediaUnit


class Nobody:
    """A listener that does not care."""

    def connected(self, room: str, person: str) -> None:
        """Ignored."""

    def lost(self, room: str, person: str) -> None:
        """Ignored."""

    def closed(self, room: str, person: str) -> None:
        """Ignored."""

    def slots(self, room: str, person: str, slots: list[Filled]) -> None:
        """Ignored."""

    def stalled(self, room: str, key: TrackKey, *, stalled: bool) -> None:
        """Ignored."""

    def speaker(self, room: str, person: str | None) -> None:
        """Ignored."""


async def main() -> None:
    """Until the input ends."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--host", default="127.0.0.1")
    unit = MediaUnit(parser.parse_args().host, 0, Nobody())
    await unit.start()
    gc.freeze()
    loop = asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        asked = json.loads(line)
        unit.admit("bench", asked["person"], ("microphone", "camera"))
        tracks = [SdpTrack("0", "microphone"), SdpTrack("1", "camera")] if asked["sends"] else []
        answer = unit.offer("bench", asked["person"], asked["sdp"], tracks)
        print(json.dumps({"sdp": answer.sdp}), flush=True)
    await unit.close()


if __name__ == "__main__":
    asyncio.run(main())

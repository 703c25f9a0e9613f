"""What stands beside it: aiortc's own connections and its MediaRelay, which decode a stream, and encode it for each."""

import argparse
import asyncio
import json
import sys

from aiortc import RTCBundlePolicy, RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.contrib.media import MediaRelay
from aiortc.mediastreams import MediaStreamTrack


async def main() -> None:
    """Until the input ends. The first to come sends."""
    argparse.ArgumentParser().parse_known_args()
    relay, tracks, connections = MediaRelay(), list[MediaStreamTrack](), []
    loop = asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        asked = json.loads(line)
        connection = RTCPeerConnection(RTCConfiguration(iceServers=[], bundlePolicy=RTCBundlePolicy.MAX_BUNDLE))
        connections.append(connection)
        if asked["sends"]:
            connection.on("track", tracks.append)
        else:
            for track in tracks:
                connection.addTrack(relay.subscribe(track))
        await connection.setRemoteDescription(RTCSessionDescription(asked["sdp"], "offer"))
        await connection.setLocalDescription(await connection.createAnswer())
        print(json.dumps({"sdp": connection.localDescription.sdp}), flush=True)
    for connection in connections:
        await connection.close()


if __name__ == "__main__":
    asyncio.run(main())

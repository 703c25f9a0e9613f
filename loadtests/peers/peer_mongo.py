"""The Node peer with a MongoDB of its own, which stores each message before it is sent: a child of this process each.

python -m loadtests.peers.peer_mongo PORT MONGODB_PORT DIRECTORY
"""

import asyncio
import sys
from pathlib import Path

from config.settings import MongoSettings
from store.embedded.server import EmbeddedMongo


async def serve(port: str, mongo_port: int, directory: Path) -> int:
    """Until the peer ends. Its exit code."""
    async with EmbeddedMongo(MongoSettings(port=mongo_port), directory) as mongo:
        peer = await asyncio.create_subprocess_exec("node", "loadtests/peer_server.mjs", port, mongo.url)
        return await peer.wait()


if __name__ == "__main__":
    sys.exit(asyncio.run(serve(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]))))

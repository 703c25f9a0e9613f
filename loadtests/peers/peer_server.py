"""A room server without durability: python-socketio on aiohttp, as its manual shows it. The peer of the benchmark.

    python -m loadtests.peers.peer_server PORT

It keeps nothing, asks for no token, and answers as Carewire does as far as a load client looks.
"""

import sys
from typing import Any

import socketio
import uvloop
from aiohttp import web

OK = {"ok": True, "data": {}}


def make_app() -> web.Application:
    """The server."""
    server = socketio.AsyncServer(async_mode="aiohttp", cors_allowed_origins="*")
    app = web.Application()
    server.attach(app)

    async def create_room(sid: str, data: dict[str, Any]) -> dict[str, Any]:
        return OK

    async def join_room(sid: str, data: dict[str, Any]) -> dict[str, Any]:
        await server.enter_room(sid, data["room_id"])
        return OK

    async def message(sid: str, data: dict[str, Any]) -> dict[str, Any]:
        await server.emit("message", data, room=data["room_id"])
        return OK

    for handler in (create_room, join_room, message):
        server.on(handler.__name__, handler)
    return app


def main() -> None:
    """Serve until killed."""
    uvloop.install()
    web.run_app(make_app(), host="127.0.0.1", port=int(sys.argv[1]), print=None, access_log=None)


if __name__ == "__main__":
    main()

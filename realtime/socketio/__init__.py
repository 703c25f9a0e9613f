"""Engine.IO and Socket.IO at wire speed: drop-in subclasses of python-engineio's and python-socketio's servers.

For aiohttp. They keep the API and the protocol, and pass the official protocol test suites; what costs a task, a timer,
a queue or a log line for each packet or connection is replaced. See `AsyncServer.prepare` and `write_frame` for packets
that go to many, `Peers` for several servers behind one address without sticky sessions, and
`FastHandshake` for a port at which many connect.
"""

from realtime.engineio.fast_handshake import FastHandshake
from realtime.engineio.peers import Peers
from realtime.engineio.server import EngineServer
from realtime.engineio.session.session import Socket
from realtime.engineio.upgrade_request import OpeningRequest
from realtime.socketio.manager import Manager
from realtime.socketio.server import AsyncServer
from realtime.websocket.frames import Frame

__all__ = ["AsyncServer", "EngineServer", "FastHandshake", "Frame", "Manager", "OpeningRequest", "Peers", "Socket"]

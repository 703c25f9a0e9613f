"""Engine.IO and Socket.IO at wire speed: drop-in subclasses of python-engineio's and python-socketio's servers.

For aiohttp. They keep the API and the protocol, and pass the official protocol test suites; what costs a task, a timer,
a queue or a log line for each packet or connection is replaced. See `AsyncServer.prepare` and `write_frame` for packets
that go to many, `Peers` for several servers behind one address without sticky sessions, and `Doorway` for a port at
which many connect.
"""

from realtime.wire.doorstep import Doorway
from realtime.wire.engine import EngineServer
from realtime.wire.frames import Frame
from realtime.wire.manager import Manager
from realtime.wire.peers import Peers
from realtime.wire.server import AsyncServer
from realtime.wire.socket import Socket

__all__ = ["AsyncServer", "Doorway", "EngineServer", "Frame", "Manager", "Peers", "Socket"]

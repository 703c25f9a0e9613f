"""Locust users that chat over Socket.IO.

    locust -f loadtests/locustfile.py                     with its web page; `make load` is a short run without

Rows of the statistics: `ACK <event>` is the time to a good ack, one that is late (over a second), says no or never
comes counts as failed; `HEAR message` the time from a sender's emit to each hearer, and fails when the room's order
breaks. The users of one process share a clock; so do the workers of one machine.
"""

import time
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any, Final

import socketio
from locust import between, events, task
from locust.argument_parser import LocustArgumentParser
from locust.contrib.socketio import SocketIOClient, SocketIOUser
from locust.env import Environment
from locust.exception import StopUser

from config.errors import StartupError
from loadtests.target import Target, find

ACK_S: Final = 10.0  # an ack that is not there by then has failed
LATE_S: Final = 1.0
ROOM_SIZE: Final = 10
_STAMP: Final = "sent at "


class BadAck(Exception):
    """The server said no, or said it late."""


class CarewireClient(SocketIOClient):
    """Measures acks instead of emits."""

    def emit(
        self,
        event: str,
        data: Any = None,
        namespace: str | None = None,
        callback: Callable[..., None] | None = None,
    ) -> None:
        """Not a measurement: only the ack shows that anything happened."""
        socketio.Client.emit(self, event, data, namespace, callback)

    def open(self, url: str, auth: Callable[[], dict[str, object]]) -> bool:
        """Connect, measured. Did it work?"""
        self.connect(url, auth=auth, transports=["websocket"], wait_timeout=ACK_S)  # type: ignore[no-untyped-call] # locust's
        return bool(self.connected)

    def ask(self, event: str, data: Any) -> dict[str, Any]:
        """The `data` of a good ack; empty when it was bad, late or missing, which is counted."""
        with self.request_event.measure("ACK", event):
            started_s = time.perf_counter()
            ack = socketio.Client.call(self, event, data, timeout=ACK_S)
            if not ack["ok"]:
                raise BadAck(ack["error"]["code"])
            if time.perf_counter() - started_s > LATE_S:
                raise BadAck("late")
            answer: dict[str, Any] = ack["data"]
            return answer
        return {}


class CarewireUser(SocketIOUser):
    """Connects with a token of its own. What kinds of users do is for subclasses."""

    abstract = True
    options = {"reconnection_delay": 0.2, "reconnection_delay_max": 2}
    target: Target  # of this run; set when it begins
    _numbers = count()

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)  # type: ignore[no-untyped-call] # locust's
        self.sio_greenlet.kill()  # a client of our own takes the place of the one it waits for
        self.sio = self.socket = CarewireClient(environment.events.request, **self.options)
        self.number = next(self._numbers) % len(self.target.tokens)
        self.user_id, self._token = self.target.tokens[self.number]
        self._last_seq: dict[str, int] = {}
        self.socket.on("*", self.hear)

    def on_start(self) -> None:
        """Connect, and come in. A user who cannot is not counted among those who can."""
        if not self.socket.open(self.target.url, self._hello):
            raise StopUser
        self.enter()

    def on_stop(self) -> None:
        """Disconnect."""
        self.socket.shutdown()

    def enter(self) -> None:
        """What the user does first."""

    def hear(self, event: str, payload: Any = None) -> None:
        """Messages are timed, and must come in order; errors and gaps are failures."""
        if event == "message":
            self._hear_message(payload)
        elif event in ("error", "gap"):
            self._measured("HEAR", event, 0.0, BadAck(str(payload.get("code", event))))

    def has(self, room_id: str, seq: int) -> None:
        """The user has this room up to there."""
        self._last_seq[room_id] = seq

    def _hello(self) -> dict[str, object]:
        return {"token": self._token, "recover": dict(self._last_seq)}

    def _hear_message(self, message: dict[str, Any]) -> None:
        room_id, seq = message["room_id"], message["seq"]
        before, self._last_seq[room_id] = self._last_seq.get(room_id, 0), seq
        stamp = message["body"].partition(_STAMP)[2]
        took_ms = (time.time() - float(stamp)) * 1000 if stamp else 0.0
        self._measured("HEAR", "message", took_ms, None if seq > before else BadAck("out of order"))

    def _measured(self, kind: str, name: str, took_ms: float, exception: Exception | None) -> None:
        self.environment.events.request.fire(
            request_type=kind, name=name, response_time=took_ms, response_length=0, exception=exception, context={}
        )


class ChatUser(CarewireUser):
    """Talks in a room of ten, reads back, looks at the list of rooms."""

    wait_time = between(0.5, 1.5)

    def enter(self) -> None:
        """Into a room with the nine next to one."""
        self.room = f"load-room-{self.number // ROOM_SIZE}"
        self.socket.ask("create_room", {"room_id": self.room, "kind": "group", "open": True})
        joined = self.socket.ask("join_room", {"room_id": self.room})
        if not joined:
            raise StopUser
        self.has(self.room, joined["last_seq"])

    @task(20)
    def say(self) -> None:
        """One message, typed before."""
        self.socket.emit("typing_start", {"room_id": self.room})
        time.sleep(0.2)  # locust has patched it to let others run
        body = f"How have you been since Tuesday? {_STAMP}{time.time()}"
        self.socket.ask(
            "message", {"room_id": self.room, "body": body, "client_id": f"{self.user_id}-{time.time_ns()}"}
        )

    @task(3)
    def read(self) -> None:
        """What was said lately, and that it was seen."""
        page = self.socket.ask("history", {"room_id": self.room, "limit": 20})
        if page.get("messages"):
            self.socket.ask("mark_read", {"room_id": self.room, "seq": page["messages"][-1]["seq"]})

    @task(1)
    def look(self) -> None:
        """At the list of rooms."""
        self.socket.ask("list_rooms", {"limit": 20})


@events.init_command_line_parser.add_listener  # type: ignore[untyped-decorator] # locust's
def _options(parser: LocustArgumentParser) -> None:
    parser.add_argument("--tokens", type=Path, metavar="FILE", help="as `carewire token --out` writes it")


@events.test_start.add_listener  # type: ignore[untyped-decorator] # locust's
def _begin(environment: Environment, **_: object) -> None:
    options = environment.parsed_options
    users = (options.num_users if options is not None else None) or 1000
    try:
        CarewireUser.target = find(environment.host, options.tokens if options is not None else None, users=users)
    except StartupError as error:
        raise SystemExit(f"carewire: {error}") from None

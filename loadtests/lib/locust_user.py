"""A locust user that speaks Socket.IO with Carewire: connects, recovers, measures acks and what it hears.

Rows of the statistics: `ACK <event>` is the time to a good ack; one that is late (over a second), says no or never
comes has failed. `HEAR <event>` is the time from a sender's emit to each hearer, and fails when a room's order breaks.
The users of one process share a clock; so do the workers of one machine.
"""

import time
from collections.abc import Callable
from itertools import count
from typing import Any, Final

import socketio
from locust.contrib.socketio import SocketIOClient, SocketIOUser
from locust.env import Environment
from locust.exception import StopUser
from locust.runners import WorkerRunner
from typing_extensions import override

from loadtests.lib.target import Target

ACK_S: Final = 10.0  # an ack that is not there by then has failed
LATE_S: Final = 1.0
WORKER_USERS: Final = 1000  # at most, of one locust worker; the next one's users have the numbers after that
_STAMP: Final = "sent at "


def stamped(text: str) -> str:
    """With the time at its end, for those who hear it."""
    return f"{text} {_STAMP}{time.time()}"


def since_stamp(text: str) -> float | None:
    """Milliseconds since the time at its end; None: it has none."""
    stamp = text.partition(_STAMP)[2]
    return (time.time() - float(stamp)) * 1000 if stamp else None


class BadAck(Exception):
    """The server said no, or said it late."""


class CarewireClient(SocketIOClient):
    """Measures acks instead of emits."""

    @override
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
        """The `data` of an ack; empty when it was bad or missing, which is counted. A late one is counted as failed
        too, but what it says holds, and the user goes on with it."""
        answer: dict[str, Any] = {}
        with self.request_event.measure("ACK", event):
            started_s = time.perf_counter()
            ack = socketio.Client.call(self, event, data, timeout=ACK_S)
            if not ack["ok"]:
                raise BadAck(ack["error"]["code"])
            answer = ack["data"]
            if time.perf_counter() - started_s > LATE_S:
                raise BadAck("late")
        return answer


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
        self.number = (next(self._numbers) + self._first()) % len(self.target.tokens)
        self.user_id, self._token = self.target.tokens[self.number]
        self._last_seq: dict[str, int] = {}
        self.socket.on("*", self.hear)

    @override
    def on_start(self) -> None:
        """Connect, and come in. A user who cannot is not counted among those who can."""
        if not self.socket.open(self.target.url, self._hello):
            raise StopUser
        self.enter()

    @override
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
            self.heard(event, 0.0, BadAck(str(payload.get("code", event))))

    def heard(self, event: str, took_ms: float, exception: Exception | None = None) -> None:
        """Count something that the server sent; with an exception it has failed."""
        self.environment.events.request.fire(
            request_type="HEAR", name=event, response_time=took_ms, response_length=0, exception=exception, context={}
        )

    def has(self, room_id: str, seq: int) -> None:
        """The user has this room up to there."""
        self._last_seq[room_id] = seq

    def _hello(self) -> dict[str, object]:
        return {"token": self._token, "recover": dict(self._last_seq)}

    def _hear_message(self, message: dict[str, Any]) -> None:
        room_id, seq = message["room_id"], message["seq"]
        before, self._last_seq[room_id] = self._last_seq.get(room_id, 0), seq
        self.heard("message", since_stamp(message["body"]) or 0.0, None if seq > before else BadAck("out of order"))

    def _first(self) -> int:
        """The number of this worker's first user."""
        runner = self.environment.runner
        return WORKER_USERS * max(0, runner.worker_index) if isinstance(runner, WorkerRunner) else 0

"""A locust user who fills in a worksheet, while the therapist who gave it looks on.

Rows beside those of `locust_user.py`: `ACK worksheet_sync` is auto-save, from a keystroke's update to word that it is
stored; `HEAR worksheet_sync` is from there to the therapist's socket. Each user has a therapist of their own.
"""

import time
from collections import deque
from typing import Any, Final

import socketio
from locust import between, task
from locust.exception import StopUser
from pycrdt import Doc, Text
from typing_extensions import override

from actors.worksheets.yjs.messages import read_message, update_message
from loadtests.lib.locust_user import ACK_S, BadAck, CarewireUser

ROOT: Final = "text:story"
SCHEMA: Final = {"fields": [{"id": "story", "type": "long_text", "label": "What happened?"}]}
PAGE: Final = 4000  # characters, after which it is begun anew


class WorksheetUser(CarewireUser):
    """Types some characters a few times a second, as a person does."""

    wait_time = between(0.1, 0.4)

    @override
    def enter(self) -> None:
        """Be given a worksheet, and open it; so does who gave it."""
        if self.number >= len(self.target.therapists):
            raise StopUser("Tokens of therapists are needed as well: carewire token --role therapist.")
        self.therapist, token = self.target.therapists[self.number]
        self.desk = socketio.Client()
        self.desk.on("worksheet_sync", self._reached)
        self.desk.connect(self.target.url, auth={"token": token}, transports=["websocket"], wait_timeout=ACK_S)
        self.doc: Doc[Any] = Doc()
        self.sent: deque[float] = deque()
        self.assignment = self._given()
        self._asked("join_worksheet", {"assignment_id": self.assignment})
        if not self.socket.ask("join_worksheet", {"assignment_id": self.assignment}):
            raise StopUser

    @override
    def on_stop(self) -> None:
        """Both go."""
        super().on_stop()
        self.desk.shutdown()

    @task(20)
    def write(self) -> None:
        """A few characters; a full page is wiped."""
        text, before = self.doc.get(ROOT, type=Text), self.doc.get_state()
        with self.doc.transaction():
            if len(text) >= PAGE:
                text.clear()
            text.insert(len(text), "and then ")
        message = update_message(self.doc.get_update(before))
        self.sent.append(time.perf_counter())
        self.socket.ask("worksheet_sync", {"assignment_id": self.assignment, "attempt": 1, "message": message})

    @task(1)
    def look_up(self) -> None:
        """How far one is."""
        self.socket.ask("track_progress", {"assignment_id": self.assignment, "field": "story"})

    def _given(self) -> str:
        care = self._asked("propose_care", {"client_id": self.user_id})
        self.socket.ask("accept_care", {"care_id": care["care_id"]})
        sheet = self._asked("create_worksheet", {"title": "Diary", "schema": SCHEMA})["worksheet_id"]
        self._asked("publish_worksheet", {"worksheet_id": sheet})
        given = self._asked("assign_worksheet", {"worksheet_id": sheet, "client_id": self.user_id})
        return str(given["assignment_id"])

    def _asked(self, event: str, data: dict[str, Any]) -> dict[str, Any]:
        """What the therapist does is not measured. Raises StopUser: it is refused."""
        ack = self.desk.call(event, data, timeout=ACK_S)
        if not ack["ok"]:
            raise StopUser(f"{event}: {ack['error']['code']}")
        answer: dict[str, Any] = ack["data"]
        return answer

    def _reached(self, payload: dict[str, Any]) -> None:
        if read_message(payload["message"]).kind == "update":
            missing = BadAck("never sent") if not self.sent else None
            took_ms = 1000 * (time.perf_counter() - self.sent.popleft()) if self.sent else 0.0
            self.heard("worksheet_sync", took_ms, missing)

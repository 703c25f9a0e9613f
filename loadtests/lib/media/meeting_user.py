"""A locust user who calls the one beside, and talks with them through the forwarding unit, with packets of sound.

Rows beside those of `locust_user.py`: `MEDIA connected` is from an answer to an encrypted connection, `MEDIA heard` to
the other's sound. The packets are made by one process beside each of locust's (`loadtests.peers.media_people`), so what
locust does besides takes no time of theirs.
"""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from itertools import count
from queue import Empty, Queue
from threading import Event, Thread
from typing import Any, ClassVar, Final

from locust import between, task
from locust.exception import StopUser
from typing_extensions import override

from loadtests.lib.locust_user import BadAck, CarewireUser

TALK_S: Final = 5.0
WAIT_S: Final = 20.0


def _beside(what: Callable[..., None], *arguments: object) -> None:
    """Meanwhile; locust has made threads cheap."""
    Thread(target=what, args=arguments, daemon=True).start()


class MediaClientProcess:
    """One a process of locust's."""

    def __init__(self) -> None:
        command = [sys.executable, "-m", "loadtests.peers.media_people", "127.0.0.1"]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self._numbers = count()
        self._said: dict[int, Queue[dict[str, Any]]] = {}
        _beside(self._read)

    def new_person(self) -> int:
        """Whoever meets is another one each time: nobody takes what is said of the meeting before for theirs."""
        return next(self._numbers)

    def ask(self, person: int, **what: object) -> None:
        """Have something done. What comes of it is `said`."""
        self._said.setdefault(person, Queue())
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"person": person, **what}) + "\n")
        self._process.stdin.flush()

    def said(self, person: int, name: str) -> Any:
        """What is said of them under this name.

        Raises:
            BadAck: it failed, it is over, or nothing is said.
        """
        said: dict[str, Any] = {}
        while name not in said:
            try:
                said = self._said[person].get(timeout=WAIT_S)
            except Empty:
                raise BadAck(f"no {name}") from None
            if "failed" in said or "packets" in said:
                raise BadAck(f"no {name}: {said}")
        return said[name]

    def _read(self) -> None:
        for line in self._lines():
            said = json.loads(line)
            self._said[said.pop("person")].put(said)

    def _lines(self) -> Iterator[str]:
        assert self._process.stdout is not None
        yield from self._process.stdout


class MeetingUser(CarewireUser):
    """Users of even numbers call those of the next ones: they meet, talk for some seconds, and hang up."""

    wait_time = between(1, 3)
    _media: ClassVar[MediaClientProcess | None] = None
    _here: ClassVar[set[str]] = set()  # who can be called: a call rings at nobody who comes later
    person: int | None = None  # who one is in the meeting that one is in

    @override
    def enter(self) -> None:
        """Who is to be called shares a room with who calls."""
        if MeetingUser._media is None:
            MeetingUser._media = MediaClientProcess()
        self.media, self.over = MeetingUser._media, Event()
        self.called: Queue[str] = Queue()
        self.neighbour = self.target.tokens[min(self.number ^ 1, len(self.target.tokens) - 1)][0]
        if not self.socket.ask("create_room", {"kind": "direct", "members": [self.neighbour]}):
            raise StopUser
        MeetingUser._here.add(self.user_id)

    @override
    def on_stop(self) -> None:
        """Gone."""
        MeetingUser._here.discard(self.user_id)
        super().on_stop()

    @override
    def hear(self, event: str, payload: Any = None) -> None:
        """A call, and what became of it."""
        if event == "call_notification" and payload["call"]["callee_id"] == self.user_id:
            _beside(self._answer, payload["call"]["id"])
        elif event == "call_ended" and payload["call"]["caller_id"] == self.user_id:
            self.called.put(payload["call"].get("meeting_id", ""))
        elif event == "meeting_left":
            self.over.set()
        super().hear(event, payload)

    @task
    def talk(self) -> None:
        """Call, have it go through the unit, talk, end it."""
        if self.number % 2 or self.neighbour not in MeetingUser._here:
            time.sleep(1)
            return
        self.called = Queue()
        if not self.socket.ask("call_user", {"callee_id": self.neighbour, "media": "audio"}):
            return
        try:
            meeting = self.called.get(timeout=WAIT_S)
        except Empty:
            meeting = ""
        if not meeting:
            return
        one = {"meeting_id": meeting}
        self.socket.ask("update_meeting", one | {"config": {"provider": "sfu"}})
        self._meet(meeting)
        time.sleep(TALK_S)
        self.socket.ask("end_video_room", one)
        self._part()

    def _answer(self, call: str) -> None:
        answered = self.socket.ask("answer_call", {"call_id": call})
        if not answered:
            return
        meeting, self.over = answered["call"]["meeting_id"], Event()
        for _ in range(50):
            shown = self.socket.ask("get_meeting", {"meeting_id": meeting})
            if shown and shown["meeting"]["config"]["provider"] == "sfu":
                break
            time.sleep(0.1)
        self._meet(meeting)
        self.over.wait(timeout=WAIT_S)
        self._part()

    def _meet(self, meeting: str) -> None:
        seat = self.socket.ask("join_video_room", {"meeting_id": meeting})
        if not seat:
            return
        person = self.person = self.media.new_person()
        self.media.ask(person)
        offer = {
            "meeting_id": meeting,
            "ticket": seat["ticket"]["token"],
            "epoch": seat["media"]["epoch"],
            "sdp": self.media.said(person, "sdp"),
            "tracks": [{"mid": "0", "source": "microphone"}],
        }
        answer = self.socket.ask("meeting_offer", offer)
        if answer:
            self.media.ask(person, answer=answer["sdp"])
            _beside(self._measure, person)

    def _measure(self, person: int) -> None:
        for name in ("connected", "heard"):
            began, took_ms, failed = time.perf_counter(), 0.0, None
            try:
                took_ms = float(self.media.said(person, f"{name}_ms"))
            except BadAck as error:
                took_ms, failed = 1000 * (time.perf_counter() - began), error
            self.environment.events.request.fire(
                request_type="MEDIA", name=name, response_time=took_ms, response_length=0, exception=failed, context={}
            )

    def _part(self) -> None:
        if self.person is not None:
            self.media.ask(self.person, over=True)
            self.person = None

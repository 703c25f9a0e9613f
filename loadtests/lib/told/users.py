"""Locust users who are told things: one by one, all at once, and by a call that rings.

`TellingUser` and `BroadcastingUser` need a token of an administrator, which whoever has the server's secret makes; the
last one of a file of tokens has to be one. `HEAR notification` and `HEAR call_notification` count from the deed to the
socket, on one clock.
"""

import time
from itertools import count
from typing import Any, ClassVar, Final

from locust import between, task
from locust.exception import StopUser
from typing_extensions import override

from loadtests.lib.locust_user import BadAck, CarewireClient, CarewireUser, since_stamp, stamped

BROADCAST_S: Final = 60.0
RATE_PER_S: Final = 100  # beside which chat stays as it is


class NotifiedUser(CarewireUser):
    """Hears what it is told, and has it on the screen at once."""

    abstract = True

    @override
    def hear(self, event: str, payload: Any = None) -> None:
        """Notifications are timed, and acknowledged."""
        if event != "notification":
            super().hear(event, payload)
            return
        took_ms = since_stamp(payload["notification"]["body"])
        if took_ms is not None:
            self.heard(event, took_ms)
        self.socket.emit("inbox_ack", {"inbox_seq": payload["inbox_seq"]})


class AnnouncingUser(NotifiedUser):
    """Has a second connection, as an administrator."""

    abstract = True

    @override
    def enter(self) -> None:
        """Sign in as one."""
        self.office = CarewireClient(self.environment.events.request, **self.options)
        if not self.office.open(self.target.url, lambda: {"token": self.target.admin}):
            raise StopUser

    @override
    def on_stop(self) -> None:
        """Both connections end."""
        self.office.shutdown()
        super().on_stop()


class TellingUser(AnnouncingUser):
    """`notify`: is told something now and then, looks at the list, reads it."""

    wait_time = between(0.5, 1.5)

    @task(10)
    def tell(self) -> None:
        """One notification, for oneself."""
        word = {"user_id": self.user_id, "title": "Closed on Friday", "body": stamped("We are back on Monday.")}
        self.office.ask("create_notification", {**word, "channels": ["in_app"]})

    @task(3)
    def look(self) -> None:
        """At what is new."""
        self.socket.ask("list_notifications", {"unread": True, "limit": 20})

    @task(1)
    def read(self) -> None:
        """All of it."""
        self.socket.ask("read_all_notifications", {})


class BroadcastingUser(AnnouncingUser):
    """`broadcast`: the first of these tells all of them one thing, again and again; the others listen."""

    wait_time = between(5, 10)
    _told: ClassVar[list[str]] = []

    @override
    def enter(self) -> None:
        """Be one of those who are told."""
        super().enter()
        self._told.append(self.user_id)

    @task
    def broadcast(self) -> None:
        """To all of these, until everybody was told."""
        if self.user_id != self._told[0]:
            return
        asked = {"audience": {"user_ids": self._told[:1000]}, "rate_per_s": RATE_PER_S, "channels": ["in_app"]}
        began_s = time.monotonic()
        made = self.office.ask("broadcast_notification", {**asked, "title": "Maintenance", "body": stamped("Soon.")})
        while made and time.monotonic() < began_s + BROADCAST_S:
            stands = self.office.ask("get_broadcast", {"broadcast_id": made["broadcast"]["id"]})
            if stands and stands["broadcast"]["status"] == "done":
                self.heard("broadcast done", (time.monotonic() - began_s) * 1000)
                return
            time.sleep(0.5)  # locust has patched it to let others run
        self.heard("broadcast done", BROADCAST_S * 1000, BadAck("not done"))


class RingingUser(CarewireUser):
    """`ring`: users of even numbers call those of the next ones, who answer, or let it be."""

    wait_time = between(1, 3)
    _rings = count()

    @override
    def enter(self) -> None:
        """Open a conversation with the one beside, so that a call is allowed."""
        self.rang_s: float | None = None
        self.other = self.target.tokens[(self.number ^ 1) % len(self.target.tokens)][0]
        if not self.socket.ask("create_room", {"kind": "direct", "members": [self.other]}):
            raise StopUser

    @override
    def hear(self, event: str, payload: Any = None) -> None:
        """A call that rings is answered, or declined now and then; its end is timed."""
        if event == "call_notification":
            verb = "decline_call" if next(self._rings) % 4 == 0 else "answer_call"
            self.socket.emit(verb, {"call_id": payload["call"]["id"], "device_id": self.user_id})
        elif event == "call_ended":
            if payload["call"]["caller_id"] == self.user_id and self.rang_s is not None:
                self.heard(f"call_ended {payload['reason']}", (time.monotonic() - self.rang_s) * 1000)
                self.rang_s = None
        else:
            super().hear(event, payload)

    @task
    def ring(self) -> None:
        """The one beside, unless it rings there already."""
        if self.number % 2 or self.rang_s is not None or self.other == self.user_id:
            return
        self.rang_s = time.monotonic()
        if not self.socket.ask("call_user", {"callee_id": self.other, "media": "audio"}):
            self.rang_s = None

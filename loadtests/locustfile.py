"""What locust users do.

    locust -f loadtests/locustfile.py [ChatUser PresenceUser ...]     with its web page
    locust -f loadtests/locustfile.py,loadtests/scenarios/ramp.py --steps 100:60,500:60,1000:120 --headless

Without names, all kinds run together. `make load` is a short run of `ChatUser`. What the rows of the statistics
mean stands in `locust_user.py`.
"""

import random
import time
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from locust import between, events, task
from locust.argument_parser import LocustArgumentParser
from locust.env import Environment
from locust.exception import StopUser
from locust.runners import WorkerRunner
from typing_extensions import override

from common.errors import StartupError
from loadtests.lib.locust_user import BadAck, CarewireUser, stamped
from loadtests.lib.media.meeting_user import MeetingUser as MeetingUser
from loadtests.lib.target import find
from loadtests.lib.told.users import BroadcastingUser as BroadcastingUser
from loadtests.lib.told.users import RingingUser as RingingUser
from loadtests.lib.told.users import TellingUser as TellingUser
from loadtests.lib.worksheet_user import WorksheetUser as WorksheetUser
from loadtests.whole.paying.paying_user import PayingUser as PayingUser

MOST_USERS: Final = 10_000
ROOM_SIZE: Final = 10
WATCHED: Final = 20
SOUGHT: Final = ("Tuesday", "tusday", "session morning", '"how have you"', "thursdays", "nothing like that")
STATUSES: Final = ("online", "away", "busy")


class ChatUser(CarewireUser):
    """Talks in a room of ten, reads back, looks at the list of rooms."""

    wait_time = between(0.5, 1.5)

    @override
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
        body = stamped("How have you been since Tuesday?")
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


class PresenceUser(CarewireUser):
    """Watches the people around, comes and goes between present, away and busy. `HEAR presence_changed` counts from the
    change, in the server's time: right where client and server share a clock."""

    wait_time = between(1, 3)

    @override
    def enter(self) -> None:
        """Watch those with the next numbers."""
        numbers = range(self.number + 1, self.number + 1 + WATCHED)
        everybody = self.target.tokens
        self.watched = [everybody[number % len(everybody)][0] for number in numbers]
        if not self.socket.ask("watch_presence", {"user_ids": self.watched}):
            raise StopUser

    @override
    def hear(self, event: str, payload: Any = None) -> None:
        """Changes of those watched, in time; nobody else's."""
        if event not in ("presence_changed", "user_online", "user_offline"):
            super().hear(event, payload)
            return
        stranger = payload["user_id"] not in (*self.watched, self.user_id)
        took_ms = (time.time() - datetime.fromisoformat(payload["at"]).timestamp()) * 1000 if "at" in payload else 0.0
        self.heard(event, took_ms, BadAck("not watched") if stranger else None)

    @task(10)
    def change(self) -> None:
        """How one wants to be seen."""
        self.socket.ask("set_presence", {"status": random.choice(STATUSES)})

    @task(1)
    def look_away_and_back(self) -> None:
        """Another page of the list: other people on the screen."""
        some = random.sample(self.watched, WATCHED // 4)
        self.socket.ask("unwatch_presence", {"user_ids": some})
        self.socket.ask("watch_presence", {"user_ids": some})


class MixedUser(ChatUser):
    """A working day: talks in the room and to one person, reads back, sees who is there, steps out."""

    wait_time = between(1, 5)

    @override
    def enter(self) -> None:
        """Into the room, watch its people, and open a conversation with the neighbour."""
        super().enter()
        neighbour = self.target.tokens[self.number ^ 1 if self.number ^ 1 < len(self.target.tokens) else 0][0]
        opened = self.socket.ask("create_room", {"kind": "direct", "members": [neighbour]})
        if not opened:
            raise StopUser
        self.direct = opened["room"]["room_id"]
        joined = self.socket.ask("join_room", {"room_id": self.direct})
        if not joined:
            raise StopUser
        self.has(self.direct, joined["last_seq"])
        self.socket.ask("watch_presence", {"user_ids": [neighbour]})

    @task(10)
    def confide(self) -> None:
        """One message to the neighbour."""
        body = stamped("Can we move Thursday's session to the morning?")
        self.socket.ask(
            "message", {"room_id": self.direct, "body": body, "client_id": f"{self.user_id}-{time.time_ns()}"}
        )

    @task(2)
    def step_out(self) -> None:
        """Away, and back."""
        for status in ("away", "online"):
            self.socket.ask("set_presence", {"status": status})


class SearchUser(ChatUser):
    """Searches beside those who talk in the same rooms, and says something now and then."""

    wait_time = between(0.5, 2)

    @task(20)
    def search(self) -> None:
        """Words, some with a slip, everywhere or in the room."""
        q = random.choice(SOUGHT)
        if random.random() < 0.5:
            self.socket.ask("search", {"q": q, "limit": 20})
        else:
            self.socket.ask("search_messages", {"room_id": self.room, "q": q, "sort": "newest"})

    @task(5)
    def begin(self) -> None:
        """Half a word, as while it is typed."""
        self.socket.ask("suggest", {"q": random.choice(SOUGHT)[:4]})


@events.init_command_line_parser.add_listener  # type: ignore[untyped-decorator] # locust's
def _options(parser: LocustArgumentParser) -> None:
    parser.add_argument("--tokens", type=Path, metavar="FILE", help="as `carewire token --out` writes it")


@events.test_start.add_listener  # type: ignore[untyped-decorator] # locust's
def _begin(environment: Environment, **_: object) -> None:
    options = environment.parsed_options
    alone = not isinstance(environment.runner, WorkerRunner)
    users = (options.num_users if alone and options is not None else None) or MOST_USERS
    try:
        CarewireUser.target = find(environment.host, options.tokens if options is not None else None, users=users)
    except StartupError as error:
        raise SystemExit(f"carewire: {error}") from None

"""The events of presence, and who hears of whom. Parse, ask the tracker, emit: decides nothing."""

from collections.abc import Iterable, Iterator
from typing import Any, Final

import msgspec

from actors.presence.channel import PresenceChange
from actors.presence.state import OFFLINE, State
from actors.presence.tracker import Tracker
from common.clock import to_rfc3339
from common.errors import FailedPrecondition
from common.reach import Reach
from realtime.delivery.connections import Connection
from realtime.delivery.packets import event_text
from realtime.delivery.requests import SetPresence, WatchPresence
from realtime.delivery.socket_writer import frame
from realtime.front.handlers import EventResult, Handler

_to_json: Final = msgspec.json.Encoder().encode


class Watchers:
    """Which socket watches whom. A socket hears of a user from the moment it was told their state (`begin`)."""

    def __init__(self, max_watched: int) -> None:
        self._max_watched = max_watched
        self._sockets: dict[str, dict[Connection, bool]] = {}  # user -> socket -> has it been told their state?
        self._users: dict[Connection, dict[str, None]] = {}

    def __len__(self) -> int:
        """Users whom somebody watches."""
        return len(self._sockets)

    def add(self, socket: Connection, users: Iterable[str]) -> list[str]:
        """Those of these users whom it did not watch yet.

        Raises:
            FailedPrecondition: it would watch more than it may; nothing was added.
        """
        mine = self._users.get(socket, {})
        new = [user for user in dict.fromkeys(users) if user not in mine]
        if len(mine) + len(new) > self._max_watched:
            raise FailedPrecondition(
                "This connection watches as many users as it may. Unwatch some first.",
                details={"limit": self._max_watched},
            )
        for user in new:
            self._users.setdefault(socket, mine)[user] = None
            self._sockets.setdefault(user, {})[socket] = False
        return new

    def begin(self, socket: Connection, users: Iterable[str]) -> None:
        """It is being told the state of these; whom it has given up meanwhile, it does not hear of."""
        for user in users:
            sockets = self._sockets.get(user)
            if sockets is not None and socket in sockets:
                sockets[socket] = True

    def remove(self, socket: Connection, users: Iterable[str]) -> list[str]:
        """Those of these users whom it did watch."""
        mine = self._users.get(socket, {})
        gone = [user for user in dict.fromkeys(users) if user in mine]
        for user in gone:
            del mine[user]
            del self._sockets[user][socket]
            if not self._sockets[user]:
                del self._sockets[user]
        if not mine:
            self._users.pop(socket, None)
        return gone

    def gone(self, socket: Connection) -> list[str]:
        """It has closed. Whom it watched."""
        return self.remove(socket, list(self._users.get(socket, ())))

    def observe(self, changes: Iterable[PresenceChange]) -> None:
        """Send what the sockets that watch these users may see of each change: one frame for all of them, and
        another for the user's own, who know when they are invisible."""
        for change in changes:
            if change.old is None:
                continue
            public = _frame(change.old.for_others(), change.new.for_others())
            private = _frame(change.old, change.new)
            for connection in self._told(change.new.user):
                packet = private if connection.user == change.new.user else public
                if packet is not None:
                    connection.writer.send(packet)

    def _told(self, user: str) -> Iterator[Connection]:
        """The sockets that have been told the state of this user."""
        for socket, told in self._sockets.get(user, {}).items():
            if told:
                yield socket


class PresenceEvents:
    """Handlers of section "Presence" of the contract, and the presence of the sockets themselves."""

    def __init__(self, tracker: Tracker, watchers: Watchers, reach: Reach) -> None:
        self._tracker = tracker
        self._reach = reach
        self._watchers = watchers

    def handlers(self) -> list[Handler]:
        """Of the events that clients may send about presence."""
        return [
            Handler(event="set_presence", action="presence.set", limit="signal", request=SetPresence, call=self._set),
            Handler(
                event="watch_presence", action="presence.watch", limit="read", request=WatchPresence, call=self._watch
            ),
            Handler(
                event="unwatch_presence",
                action="presence.watch",
                limit="read",
                request=WatchPresence,
                call=self._unwatch,
            ),
        ]

    def arrived(self, connection: Connection) -> None:
        """The socket's user is here, on its device. Idempotent."""
        verified = connection.verified
        if verified is None or connection.seat is not None or connection.closed:
            return
        device = connection.hello.device_id or verified.device or connection.sid
        connection.seat = (verified.user, device)
        self._tracker.arrive(*connection.seat)

    def left(self, connection: Connection) -> None:
        """The socket has closed. Idempotent."""
        self._tracker.unwatch(self._watchers.gone(connection))
        if connection.seat is not None:
            seat, connection.seat = connection.seat, None
            self._tracker.leave(*seat)

    async def _set(self, connection: Connection, request: SetPresence) -> EventResult:
        await self._tracker.choose(connection.user, request.status)
        return EventResult(_to_json({"status": request.status}))

    async def _watch(self, connection: Connection, request: WatchPresence) -> EventResult:
        """Registers first, so that an `unwatch_presence` sent behind it comes behind it. When this fails, the socket
        stays registered, and hears nothing until it has asked again. Whom its user cannot reach is shown as offline,
        and never heard of."""
        users = list(dict.fromkeys(request.user_ids))
        new = [] if connection.closed else self._watchers.add(connection, users)
        self._tracker.watch((*new, *users))  # for the socket, and for as long as this takes
        try:
            hidden = await self._reach.among(connection.user, users)
            await self._tracker.known(users)
            states = [
                State(user=user, status=OFFLINE) if user in hidden else self._view(connection, user) for user in users
            ]
        finally:
            self._tracker.unwatch(users)
        self._watchers.begin(connection, [user for user in users if user not in hidden])
        return EventResult(_to_json({"presence": {state.user: _told(state) for state in states}}))

    async def _unwatch(self, connection: Connection, request: WatchPresence) -> EventResult:
        self._tracker.unwatch(self._watchers.remove(connection, request.user_ids))
        return EventResult(_to_json({"presence": {}}))

    def _view(self, connection: Connection, user: str) -> State:
        state = self._tracker.state(user)
        return state if connection.user == user else state.for_others()


def _told(state: State) -> dict[str, object]:
    return {"status": state.status, "last_seen": _last_seen(state), "devices": state.devices}


def _last_seen(state: State) -> str | None:
    return to_rfc3339(state.last_seen_ms) if state.last_seen_ms else None


def _frame(old: State, new: State) -> Any:
    """The event that leads from one state to the other; None when nothing changed that an event tells."""
    if old.status == new.status:
        return None
    if new.status == OFFLINE:
        return frame(event_text("user_offline", _to_json({"user_id": new.user, "last_seen": _last_seen(new)})))
    event = "user_online" if old.status == OFFLINE else "presence_changed"
    at = to_rfc3339(new.at_ms)
    return frame(event_text(event, _to_json({"user_id": new.user, "status": new.status, "at": at})))

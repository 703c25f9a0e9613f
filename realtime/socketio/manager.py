"""python-socketio's in-memory client manager, without its task for each recipient and its scans of all rooms."""

import asyncio
from collections.abc import Iterator
from typing import Any

from realtime.socketio.library import LibraryManager


class _Pending(set[str]):
    """A set where python-socketio keeps a list: looking up one of ten thousand clients costs nothing."""

    append = set.add


class Manager(LibraryManager):
    """Emits frames that are made once. The room of one client, which is named after it, exists only in name."""

    def __init__(self) -> None:
        super().__init__()
        self._memberships: dict[tuple[str, str], set[Any]] = {}  # (namespace, sid) -> rooms, its own aside

    async def emit(
        self,
        event: str,
        data: Any,
        namespace: str,
        room: Any = None,
        skip_sid: Any = None,
        callback: Any = None,
        to: Any = None,
        **options: Any,
    ) -> None:
        """Send an event to one client, a room, several rooms, or all. Never waits."""
        if namespace not in self.rooms:
            return
        arguments = list(data) if isinstance(data, tuple) else [] if data is None else [data]
        skipped = set(skip_sid) if isinstance(skip_sid, list) else {skip_sid}
        people = [(sid, eio) for sid, eio in self.get_participants(namespace, to or room) if sid not in skipped]
        if callback is None:
            self.server.emit_to((eio for _, eio in people), namespace, [event, *arguments])
            return
        for sid, eio_sid in people:
            number = self.ack_id(sid, callback)
            self.server.emit_to((eio_sid,), namespace, [event, *arguments], number)

    async def trigger_callback(self, sid: str, id: int, data: list[Any]) -> None:  # noqa: A002 # python-socketio's name
        """Call the application back. Awaits a coroutine."""
        running = self.called_back(sid, id, data)
        if running is not None:
            await running

    def called_back(self, sid: str, number: int, data: list[Any]) -> Any:
        """Call the application back at once. A coroutine, if that is what its callback is."""
        callback = self.callbacks.get(sid, {}).pop(number, None) if number else None
        running = callback(*data) if callback is not None else None
        return running if asyncio.iscoroutine(running) else None

    def pre_connect_now(self, namespace: str) -> None:
        """Make the list of those who are being connected quick to search."""
        if namespace not in self.pending_connect:
            self.pending_connect[namespace] = _Pending()

    async def pre_connect(self, eio_sid: str, namespace: str) -> str | None:
        """Register a client that is not accepted yet. Its public id; None if it is connected already."""
        self.pre_connect_now(namespace)
        sid: str | None = await super().pre_connect(eio_sid, namespace)
        if sid is None and not self.pending_connect[namespace]:
            del self.pending_connect[namespace]
        return sid

    def pre_disconnect(self, sid: str, namespace: str) -> Any:
        """Note that a client is going. Its Engine.IO id."""
        if namespace not in self.pending_disconnect:
            self.pending_disconnect[namespace] = _Pending()
        return super().pre_disconnect(sid, namespace)

    def get_participants(self, namespace: str, room: Any) -> Iterator[tuple[str, str]]:
        """The clients of a room or of several, each once, with their Engine.IO ids."""
        rooms = self.rooms.get(namespace, {})
        everyone = rooms.get(None, {})
        found: dict[str, str] = {}
        for name in room if hasattr(room, "__len__") and not isinstance(room, str) else (room,):
            if name is not None and name in everyone:
                found[name] = everyone[name]
            elif name in rooms:
                found.update(rooms[name])
        yield from found.items()

    def get_rooms(self, sid: str, namespace: str) -> list[Any]:
        """The rooms that a client is in, its own first."""
        if sid not in self.rooms.get(namespace, {}).get(None, {}):
            return []
        return [sid, *self._memberships.get((namespace, sid), ())]

    def basic_enter_room(self, sid: str, namespace: str, room: Any, eio_sid: str | None = None) -> None:
        """Add a client to a room."""
        if room == sid and sid in self.rooms.get(namespace, {}).get(None, {}):
            return
        super().basic_enter_room(sid, namespace, room, eio_sid=eio_sid)
        if room is not None:
            self._memberships.setdefault((namespace, sid), set()).add(room)

    def basic_leave_room(self, sid: str, namespace: str, room: Any) -> None:
        """Remove a client from a room."""
        super().basic_leave_room(sid, namespace, room)
        left = self._memberships.get((namespace, sid))
        if left is not None:
            left.discard(room)
            if not left:
                del self._memberships[namespace, sid]

    def basic_disconnect(self, sid: str, namespace: str, **options: Any) -> None:
        """Forget a client."""
        for room in (*self._memberships.get((namespace, sid), ()), None):
            self.basic_leave_room(sid, namespace, room)
        self.callbacks.pop(sid, None)
        for pending in (self.pending_connect, self.pending_disconnect):
            waiting = pending.get(namespace)
            if waiting is not None:
                waiting.discard(sid)
                if not waiting:
                    del pending[namespace]

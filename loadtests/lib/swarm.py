"""Thousands of users of one server in one process: each in one room, each checking that it hears every number of that
room once and in order. What `hold`, `soak` and `reconnect` have in common."""

import asyncio
import re
import resource
import time
from array import array
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Final, TypeVar

from common.auth.tokens import mint
from common.clock import SystemClock
from loadtests.lib.load_socket import ConnectionRefused, LoadSocket
from loadtests.lib.workloads import encode, percentile

CONNECTING: Final = 64  # handshakes, or joins, under way at a time
PATIENCE_S: Final = 60.0  # for a connection, and for a join
PAD: Final = b"x" * 66  # with time and number, a body of 100 bytes
_LAST_SEQ: Final = re.compile(rb'"last_seq":(\d+)')
_SEQ: Final = b'"seq":'
_MARK: Final = b"#"
T = TypeVar("T")


@dataclass(slots=True, eq=False)
class SwarmRoom:
    """A room, and the highest number that an ack named."""

    name: str
    kind: str
    members: list["SwarmMember"] = field(default_factory=list)
    acked: int = 0


@dataclass(slots=True, eq=False)
class SwarmMember:
    """One user. `seq`: the last number heard in their room."""

    user: str
    token: str
    room: SwarmRoom
    socket: LoadSocket | None = None
    seq: int = 0
    joining: asyncio.Future[None] | None = None


@dataclass(slots=True)
class Trouble:
    """What must not happen."""

    dropped: int = 0  # connections that ended by themselves
    errors: int = 0  # bad acks, `error` events
    lost: int = 0
    doubled: int = 0
    unacked: int = 0
    first: str = ""  # of the errors, as the server said it

    def __bool__(self) -> bool:
        return bool(self.dropped or self.errors or self.lost or self.doubled or self.unacked)

    def error(self, packet: bytes) -> None:
        """The server said no."""
        self.errors += 1
        self.first = self.first or packet[:300].decode(errors="replace")


class Swarm:
    """Connects members, joins their rooms, sends on a clock. Latencies, in ms, are of the present interval."""

    def __init__(self, port: int, secret: str, rooms: Sequence[SwarmRoom]) -> None:
        self.port = port
        self.rooms = rooms
        self.members = [member for room in rooms for member in room.members]
        self.trouble = Trouble()
        self.latencies_ms = array("f")
        self.sent = self.heard = 0
        self.closing = False
        self._secret = secret
        self._number = 0
        for member in self.members:
            self.renew(member)

    def renew(self, member: SwarmMember) -> None:
        """A token that holds for an hour from now."""
        member.token = mint(self._secret, user=member.user, role="client", now_ms=SystemClock().now_ms(), ttl_s=3600)

    async def connect(self) -> float:
        """Everybody up to Socket.IO's CONNECT. Seconds. Raises `ConnectionRefused`."""
        started_s = time.perf_counter()
        await each(self.members, self.open)
        return time.perf_counter() - started_s

    async def join(self) -> float:
        """Make the rooms and join them. Seconds. Raises `ConnectionRefused`."""
        started_s = time.perf_counter()
        await each(self.rooms, self._create)
        await each(self.members, self._join)
        return time.perf_counter() - started_s

    async def open(self, member: SwarmMember, auth: dict[str, object] | None = None) -> None:
        """Connect one. Raises `ConnectionRefused`, OSError, TimeoutError."""
        socket = member.socket = LoadSocket(
            encode({"token": member.token} | (auth or {})),
            partial(self._message, member),
            partial(self._ack, member),
            on_event=partial(self._event, member),
            on_closed=partial(self.closed, member),
        )
        async with asyncio.timeout(PATIENCE_S):
            await asyncio.get_running_loop().create_connection(lambda: socket, "127.0.0.1", self.port)
            await socket.connected

    def say(self, room: SwarmRoom, due_ns: int, client_id: str = "") -> str:
        """One message by the next member of the room. Its client id; "" when that member is away."""
        self._number += 1
        member = room.members[self._number % len(room.members)]
        return self.say_as(member, due_ns, client_id or f"m{self._number}")

    def say_as(self, member: SwarmMember, due_ns: int, client_id: str) -> str:
        """A message by this member."""
        socket = member.socket
        if socket is None or not socket.connected.done():
            return ""
        number = socket.next_id()
        socket.sent_ns[number] = due_ns
        packet = b'42%d["message",{"room_id":"%s","client_id":"%s","body":"#%016d#%s"}]'
        socket.emit(packet % (number, member.room.name.encode(), client_id.encode(), due_ns, PAD))
        self.sent += 1
        return client_id

    async def talk(self, rooms: Sequence[SwarmRoom], rate: float, seconds: float) -> None:
        """`rate` messages a second over these rooms, on a clock."""
        started_ns = time.perf_counter_ns()
        for number in range(int(rate * seconds)):
            due_ns = started_ns + int(number * 1e9 / rate)
            if (ahead_ns := due_ns - time.perf_counter_ns()) > 0:
                await asyncio.sleep(ahead_ns / 1e9)
            self.say(rooms[number % len(rooms)], due_ns)

    async def settled(self, within_s: float) -> None:
        """Wait until nothing is under way; then count what did not come."""
        until_s = time.perf_counter() + within_s
        while self._under_way() and time.perf_counter() < until_s:  # noqa: ASYNC110 - counters have no event
            await asyncio.sleep(0.1)
        for member in self.members:
            self.trouble.lost += max(0, member.room.acked - member.seq)
            self.trouble.unacked += len(member.socket.sent_ns) if member.socket is not None else 0

    def interval(self) -> tuple[int, float, float]:
        """Deliveries since the last call, their p50 and p99 in ms; 0.0 without any."""
        taken, self.latencies_ms = self.latencies_ms, array("f")
        return (len(taken), percentile(taken, 0.5), percentile(taken, 0.99)) if taken else (0, 0.0, 0.0)

    def close(self) -> None:
        """Hang up."""
        self.closing = True
        for member in self.members:
            if member.socket is not None:
                member.socket.close()

    def closed(self, member: SwarmMember, socket: LoadSocket) -> None:
        """A connection has ended."""
        if member.joining is not None and not member.joining.done():
            member.joining.set_exception(ConnectionRefused("The connection was closed."))
        if not self.closing and socket.connected.done() and socket.connected.exception() is None:
            self.trouble.dropped += 1

    def answered(self, member: SwarmMember, number: int) -> None:
        """The good ack of a message came, with this id; for subclasses."""

    def told(self, member: SwarmMember, packet: bytes) -> None:
        """An event that takes no number came; for subclasses."""

    # -- what comes in -------------------------------------------------------------------------------------------

    def _message(self, member: SwarmMember, packet: bytes) -> None:
        self.heard += 1
        self._numbered(member, packet)
        at = packet.index(_MARK) + 1
        self.latencies_ms.append((time.perf_counter_ns() - int(packet[at : at + 16])) / 1e6)

    def _event(self, member: SwarmMember, packet: bytes) -> None:
        if packet.startswith((b'42["member_', b'42["room_updated"')):
            self._numbered(member, packet)
        elif packet.startswith((b'42["error"', b'42["gap"')):
            self.trouble.error(packet)
        else:
            self.told(member, packet)

    def _numbered(self, member: SwarmMember, packet: bytes) -> None:
        at = packet.index(_SEQ) + len(_SEQ)
        seq = int(packet[at : packet.index(b",", at)])
        if seq <= member.seq:
            self.trouble.doubled += 1
            return
        self.trouble.lost += seq - member.seq - 1
        member.seq = seq

    def _ack(self, member: SwarmMember, socket: LoadSocket, number: int, packet: bytes) -> None:
        if member.joining is not None:
            self._joined(member, packet)
            return
        if socket.sent_ns.pop(number, None) is None:
            return
        if b'"ok":true' not in packet:
            self.trouble.error(packet)
            return
        at = packet.index(_SEQ) + len(_SEQ)
        member.room.acked = max(member.room.acked, int(packet[at : packet.index(b",", at)]))
        self.answered(member, number)

    # -- setting up ----------------------------------------------------------------------------------------------

    async def _create(self, room: SwarmRoom) -> None:
        socket = room.members[0].socket
        assert socket is not None
        async with asyncio.timeout(PATIENCE_S):
            await socket.ask("create_room", encode({"room_id": room.name, "open": True}))

    async def _join(self, member: SwarmMember) -> None:
        socket = member.socket
        assert socket is not None
        member.joining = asyncio.get_running_loop().create_future()
        socket.emit(b'42%d["join_room",{"room_id":"%s"}]' % (socket.next_id(), member.room.name.encode()))
        async with asyncio.timeout(PATIENCE_S):
            await member.joining

    def _joined(self, member: SwarmMember, packet: bytes) -> None:
        """At once, not in the task that waits: the next packet may be an event of the room."""
        joining, member.joining = member.joining, None
        assert joining is not None
        if joining.done():
            return
        if b'"ok":true' not in packet:
            joining.set_exception(ConnectionRefused(f"join_room: {packet[:300].decode(errors='replace')}"))
            return
        member.seq = max(int(one) for one in _LAST_SEQ.findall(packet))
        joining.set_result(None)

    def _under_way(self) -> bool:
        return any(
            member.seq < member.room.acked or (member.socket is not None and member.socket.sent_ns)
            for member in self.members
        )


async def each(items: Iterable[T], work: Callable[[T], Awaitable[None]]) -> None:
    """Do the work for all, some at a time. Raises what the first failure raised."""
    waiting = iter(items)

    async def worker() -> None:
        for one in waiting:
            await work(one)

    async with asyncio.TaskGroup() as group:
        for _ in range(CONNECTING):
            group.create_task(worker())


def people(room: SwarmRoom, count: int) -> SwarmRoom:
    """The room with so many members."""
    room.members = [SwarmMember(f"{room.name}-u{number}", "", room) for number in range(count)]
    return room


def many_files() -> None:
    """As many sockets as the system lets us have."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))

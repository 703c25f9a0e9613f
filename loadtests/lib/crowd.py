"""Rooms of sockets that talk at a pace, every delivery timed: what the fairness measurements have in common."""

import asyncio
import time
from typing import Any, Final

from typing_extensions import override

from common.auth.tokens import mint
from common.clock import SystemClock
from loadtests.lib.load_socket import LoadSocket
from loadtests.lib.workloads import encode, percentile

_CONNECTING: Final = 32
_PATIENCE_S: Final = 30.0
_PAD: Final = b"x" * 110  # makes a body of 128 bytes
_MARK: Final = b"#"
_SESSION: Final = b'42["session",'


class CrowdMember(LoadSocket):
    """A socket that knows which gateway it is at, once it has its session."""

    def __init__(self, *about: Any) -> None:
        super().__init__(*about)
        self.session = asyncio.Event()

    gateway = b""

    @override
    def _receive(self, packet: bytes) -> None:
        if packet.startswith(_SESSION):
            self.gateway = packet.split(b'"gateway":"', 1)[1].split(b'"', 1)[0]
            self.session.set()
        super()._receive(packet)


class Crowd:
    """Sockets in rooms. `delivery_ms`: of each delivery in the present round, from when its message was due."""

    def __init__(self, port: int, secret: str, prefix: str) -> None:
        self.port = port
        self.prefix = prefix
        self.delivery_ms: list[float] = []
        self.failed = 0
        self.answered = 0
        self.sent = 0
        self.rooms: list[tuple[str, list[CrowdMember]]] = []
        self._secret = secret
        self._users = 0
        self._places = asyncio.Semaphore(_CONNECTING)

    def token(self, user: str) -> str:
        """Good for an hour."""
        return mint(self._secret, user=user, role="client", now_ms=SystemClock().now_ms(), ttl_s=3600)

    async def members(self, count: int) -> list[CrowdMember]:
        """So many more sockets, each of a user of its own."""
        return list(await asyncio.gather(*(self._enter() for _ in range(count))))

    async def room(self, members: list[CrowdMember]) -> str:
        """A room for these; its id."""
        room_id = f"{self.prefix}-{len(self.rooms)}"
        payload = encode({"room_id": room_id})
        await members[0].ask("create_room", encode({"room_id": room_id, "open": True}))
        for at in range(0, len(members), _CONNECTING):
            await asyncio.gather(*(one.ask("join_room", payload) for one in members[at : at + _CONNECTING]))
        self.rooms.append((room_id, members))
        return room_id

    async def talk(self, per_s: float, seconds: float) -> tuple[float, float]:
        """Messages on a clock, from room to room. p50 and p99 of their deliveries, ms."""
        self.delivery_ms = []
        started_s = time.perf_counter()
        for number in range(int(per_s * seconds)):
            due_s = started_s + number / per_s
            if (ahead_s := due_s - time.perf_counter()) > 0:
                await asyncio.sleep(ahead_s)
            room_id, members = self.rooms[number % len(self.rooms)]
            self.say(room_id, members[number // len(self.rooms) % len(members)], due_s)
        await asyncio.sleep(max(0.0, started_s + seconds - time.perf_counter()) + 0.5)
        return percentile(self.delivery_ms, 0.5), percentile(self.delivery_ms, 0.99)

    def say(self, room_id: str, member: CrowdMember, due_s: float) -> None:
        """One message."""
        self.sent += 1
        member.emit(
            b'42%d["message",{"room_id":"%s","client_id":"%d","body":"#%016d#%s"}]'
            % (member.next_id(), room_id.encode(), self.sent, int(due_s * 1e9), _PAD)
        )

    def close(self) -> None:
        """Hang up."""
        for _, members in self.rooms:
            for member in members:
                member.close()

    async def _enter(self) -> CrowdMember:
        self._users += 1
        auth = encode({"token": self.token(f"{self.prefix}-u{self._users}")})
        member = CrowdMember(auth, self._heard, self._acked)
        async with self._places:
            await asyncio.get_running_loop().create_connection(lambda: member, "127.0.0.1", self.port)
            await asyncio.wait_for(member.connected, _PATIENCE_S)
            await asyncio.wait_for(member.session.wait(), _PATIENCE_S)
        return member

    def _heard(self, packet: bytes) -> None:
        at = packet.index(_MARK) + 1
        self.delivery_ms.append((time.perf_counter_ns() - int(packet[at : at + 16])) / 1e6)

    def _acked(self, socket: LoadSocket, number: int, packet: bytes) -> None:
        self.answered += 1
        self.failed += b'"ok":true' not in packet

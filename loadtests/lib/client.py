"""The load client: one process that connects many sockets, fills their rooms, and counts. A `LoadJob` on stdin, a
`WorkloadResult` on stdout (JSON)."""

import asyncio
import os
import resource
import sys
import time
from dataclasses import dataclass, field, replace
from typing import Final

import uvloop

from common.auth.tokens import mint
from common.clock import SystemClock
from loadtests.lib.load_socket import ConnectionRefused, LoadSocket
from loadtests.lib.workloads import LoadJob, LoadPhase, WorkloadResult, decode_job, encode, percentile
from loadtests.scenarios.idle import await_rest

CONNECTING: Final = 64  # handshakes under way at a time
PAD: Final = b"x" * 82  # makes a body of 100 bytes
LATE_S: Final = 1.0
SETUP_S: Final = 90.0
REST_S: Final = 20.0
_MARK: Final = b"#"


@dataclass(slots=True, eq=False)
class ClientRoom:
    """One room, and how much of it is under way."""

    name: bytes
    members: list[LoadSocket] = field(default_factory=list)
    sent: int = 0
    delivered: int = 0


class ClientLoad:
    """All sockets of a job. In a paced phase every delivery and ack is timed, from when it was due to be sent."""

    def __init__(self, job: LoadJob) -> None:
        self._job = job
        self._rooms: list[ClientRoom] = []
        self._saturating = False
        self._timing = False
        self._deliveries = self._acks = self._failed = self._late = 0
        self._delivery_ms: list[float] = []
        self._ack_ms: list[float] = []

    async def connect(self) -> float:
        """Connect everybody, make the rooms, join. Seconds for the connecting alone."""
        started_s = time.perf_counter()
        places = asyncio.Semaphore(CONNECTING)
        workload = self._job.workload
        self._rooms = [ClientRoom(f"{self._job.prefix}-{number}".encode()) for number in range(workload.rooms)]
        await asyncio.gather(
            *(self._enter(room, places) for room in self._rooms for _ in range(workload.size)),
        )
        connected_s = time.perf_counter() - started_s
        await asyncio.gather(*(self._found(room) for room in self._rooms))
        joins = [(room, member) for room in self._rooms for member in room.members]
        await asyncio.gather(*(self._join(room, member, places) for room, member in joins))
        return connected_s

    async def saturated(self) -> LoadPhase:
        """`window` messages under way in each room; counted once everybody has spoken, for what comes first (of
        Carewire: to make their key) is not the rule."""
        self._saturating = True
        for room in self._rooms:
            self._fill(room)
        await asyncio.sleep(self._job.warmup_s)
        async with asyncio.timeout(SETUP_S):
            while any(room.sent < len(room.members) for room in self._rooms):  # noqa: ASYNC110 - counters have no event
                await asyncio.sleep(0.02)
        before, cpu_s, started_s = self._counts(), time.process_time(), time.perf_counter()
        await asyncio.sleep(self._job.seconds)
        phase = self._phase(before, cpu_s, started_s)
        self._saturating = False
        return await self._with_losses(phase)

    async def paced(self) -> LoadPhase:
        """`rate` messages a second on a clock, whatever becomes of them."""
        rate, job = self._job.workload.rate, self._job
        await self._on_a_clock(rate, job.warmup_s)
        before, cpu_s, started_s = self._counts(), time.process_time(), time.perf_counter()
        self._timing = True
        await self._on_a_clock(rate, job.seconds)
        phase = self._phase(before, cpu_s, started_s)
        phase = await self._with_losses(phase)
        self._timing = False
        return phase

    def close(self) -> None:
        """Hang up."""
        for room in self._rooms:
            for member in room.members:
                member.close()

    # -- setting up ----------------------------------------------------------------------------------------------

    async def _enter(self, room: ClientRoom, places: asyncio.Semaphore) -> None:
        number = len(room.members)

        def hears(packet: bytes) -> None:
            self._heard(room, packet)

        auth = encode({"token": self._token(_user(room, number))})
        socket = LoadSocket(auth, hears, self._acked)
        room.members.append(socket)
        async with places:
            await asyncio.get_running_loop().create_connection(lambda: socket, "127.0.0.1", self._job.port)
            await asyncio.wait_for(socket.connected, SETUP_S)

    async def _found(self, room: ClientRoom) -> None:
        members = [_user(room, number) for number in range(1, len(room.members))]
        await room.members[0].ask("create_room", encode({"room_id": room.name.decode(), "members": members}))

    async def _join(self, room: ClientRoom, member: LoadSocket, places: asyncio.Semaphore) -> None:
        async with places:
            await member.ask("join_room", encode({"room_id": room.name.decode()}))

    def _token(self, user: str) -> str:
        secret = self._job.secret
        if secret is None:
            return ""
        return mint(secret, user=user, role="client", now_ms=SystemClock().now_ms(), ttl_s=3600)

    # -- sending -------------------------------------------------------------------------------------------------

    def _fill(self, room: ClientRoom) -> None:
        size = len(room.members)
        while room.sent * size - room.delivered < self._job.workload.window * size:
            self._say(room, time.perf_counter_ns())

    def _say(self, room: ClientRoom, due_ns: int) -> None:
        room.sent += 1
        socket = room.members[room.sent % len(room.members)]
        number = socket.next_id()
        socket.sent_ns[number] = due_ns
        packet = b'42%d["message",{"room_id":"%s","client_id":"%d","body":"#%016d#%s"}]'
        socket.emit(packet % (number, room.name, room.sent, due_ns, PAD))

    async def _on_a_clock(self, rate: int, seconds: float) -> None:
        started_ns = time.perf_counter_ns()
        for number in range(int(rate * seconds)):
            due_ns = started_ns + number * 1_000_000_000 // rate
            if (ahead_ns := due_ns - time.perf_counter_ns()) > 0:
                await asyncio.sleep(ahead_ns / 1e9)
            self._say(self._rooms[number % len(self._rooms)], due_ns)
        await asyncio.sleep(max(0.0, seconds - (time.perf_counter_ns() - started_ns) / 1e9))

    # -- hearing -------------------------------------------------------------------------------------------------

    def _heard(self, room: ClientRoom, packet: bytes) -> None:
        self._deliveries += 1
        room.delivered += 1
        if self._timing:
            at = packet.index(_MARK) + 1
            self._delivery_ms.append((time.perf_counter_ns() - int(packet[at : at + 16])) / 1e6)
        elif self._saturating:
            self._fill(room)

    def _acked(self, socket: LoadSocket, number: int, packet: bytes) -> None:
        due_ns = socket.sent_ns.pop(number, None)
        if due_ns is None:
            return  # written off
        self._acks += 1
        took_ms = (time.perf_counter_ns() - due_ns) / 1e6
        self._failed += b'"ok":true' not in packet
        self._late += took_ms > LATE_S * 1000
        if self._timing:
            self._ack_ms.append(took_ms)

    # -- counting ------------------------------------------------------------------------------------------------

    def _counts(self) -> tuple[int, int, int, int]:
        return self._deliveries, self._acks, self._failed, self._late

    def _phase(self, before: tuple[int, int, int, int], cpu_s: float, started_s: float) -> LoadPhase:
        seconds = time.perf_counter() - started_s
        deliveries, acks, failed, late = (now - then for now, then in zip(self._counts(), before, strict=True))
        return LoadPhase(
            deliveries_per_s=round(deliveries / seconds),
            messages_per_s=round(acks / seconds),
            missing=0,
            failed_acks=failed,
            late_acks=late,
            client_cpu=round((time.process_time() - cpu_s) / seconds, 2),
        )

    async def _with_losses(self, phase: LoadPhase) -> LoadPhase:
        """Wait for what is still under way; what has not come then is missing, acks too."""
        until_s = time.perf_counter() + self._job.drain_s
        while self._under_way() and time.perf_counter() < until_s:  # noqa: ASYNC110 - counters have no event
            await asyncio.sleep(0.02)
        waiting = sum(len(member.sent_ns) for room in self._rooms for member in room.members)
        missing = sum(room.sent * len(room.members) - room.delivered for room in self._rooms)
        for room in self._rooms:  # written off: it is not the next phase's
            room.delivered = room.sent * len(room.members)
            for member in room.members:
                member.sent_ns.clear()
        phase = replace(phase, missing=missing, failed_acks=phase.failed_acks + waiting)
        return self._with_latencies(phase) if self._delivery_ms and self._ack_ms else phase

    def _with_latencies(self, phase: LoadPhase) -> LoadPhase:
        return replace(
            phase,
            delivery_p50_ms=round(percentile(self._delivery_ms, 0.5), 2),
            delivery_p99_ms=round(percentile(self._delivery_ms, 0.99), 2),
            ack_p50_ms=round(percentile(self._ack_ms, 0.5), 2),
            ack_p99_ms=round(percentile(self._ack_ms, 0.99), 2),
        )

    def _under_way(self) -> bool:
        return any(room.sent * len(room.members) > room.delivered for room in self._rooms) or any(
            member.sent_ns for room in self._rooms for member in room.members
        )


def _user(room: ClientRoom, number: int) -> str:
    return f"{room.name.decode()}-u{number}"


async def run(job: LoadJob) -> WorkloadResult:
    """Both phases. Raises `ConnectionRefused` when the server does not let everybody in."""
    load = ClientLoad(job)
    try:
        async with asyncio.timeout(SETUP_S):
            connect_s = await load.connect()
            if job.pid is not None:
                await asyncio.to_thread(await_rest, job.pid, REST_S)
        saturated = await load.saturated()
        return WorkloadResult(saturated, await load.paced(), round(connect_s, 2))
    finally:
        load.close()


def main() -> int:
    """Read the job, do it, print what was found."""
    job = decode_job(sys.stdin.buffer.read())
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    if job.cpu is not None and hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {job.cpu})
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            found = runner.run(run(job))
    except (ConnectionRefused, OSError, TimeoutError) as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        return 1
    sys.stdout.buffer.write(encode(found))
    return 0


if __name__ == "__main__":
    sys.exit(main())

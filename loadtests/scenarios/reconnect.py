"""A gateway dies under thousands of sockets (kill -9): when are they back, and what have they missed?

    python -m loadtests.scenarios.reconnect [--connections 10000] [--rate 50] [--away 60]

Starts a server of its own (`carewire up`, rate limits off), connects everybody, in groups of ten, sends `--rate`
messages a second, and kills the process of a gateway. Clients come back as socket.io's do by default: after 1 s, 2 s, 4
s, then 5 s, each by chance half as much more or less; with `recover`, and sending what was not acked again under the
same client id. A client that the server refuses for now comes back after the `retry_after` that it was told.

Prints when the first and the last were back (their `session` had come), then, once all is quiet, what was lost or came
twice: every member checks the numbers of its room, and every acked message must be in `history` once. Exit code 1 when
something was, or somebody did not come back within `--away` seconds.
"""

import argparse
import asyncio
import os
import random
import re
import signal
import sys
import time
from collections import Counter
from collections.abc import Mapping
from typing import Final

import msgspec
import uvloop
from typing_extensions import override

from common.lib.collector import calm_collector
from loadtests.lib.load_socket import ConnectionRefused, LoadSocket
from loadtests.lib.memory import growth, sample
from loadtests.lib.servers import SECRET, NotAvailable, carewire
from loadtests.lib.swarm import Swarm, SwarmMember, SwarmRoom, each, many_files, people
from loadtests.lib.workloads import encode, percentile

_FIRST_S: Final = 1.0
_LONGEST_S: Final = 5.0
_SPREAD: Final = 0.5
_BEFORE_S: Final = 5.0
_AFTER_S: Final = 5.0
_DRAIN_S: Final = 30.0
_PAGE: Final = 200
_RETRY_AFTER: Final = re.compile(r'"retry_after":([\d.]+)')


class _Message(msgspec.Struct):
    seq: int
    client_id: str | None


class _Page(msgspec.Struct):
    messages: list[_Message]
    has_more: bool


class _Answer(msgspec.Struct):
    data: _Page


_decode_ack: Final = msgspec.json.Decoder(list[_Answer]).decode


class Returning(Swarm):
    """A swarm that comes back, and sends again what was not acked."""

    def __init__(self, port: int, secret: str, rooms: list[SwarmRoom], *, first_s: float = _FIRST_S) -> None:
        """`first_s`: the first pause, on the average."""
        super().__init__(port, secret, rooms)
        self._first_s = first_s
        self.killed_s = 0.0
        self.back_s: dict[SwarmMember, float] = {}
        self.refused = self.tries = 0
        self.acked: dict[SwarmRoom, list[str]] = {room: [] for room in rooms}
        self._unacked: dict[SwarmMember, dict[str, int]] = {member: {} for member in self.members}
        self._sent_as: dict[tuple[LoadSocket, int], str] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    @override
    def say_as(self, member: SwarmMember, due_ns: int, client_id: str) -> str:
        """Remembers what is to be sent again. Who is away says it when they are back."""
        self._unacked[member][client_id] = due_ns
        sent = super().say_as(member, due_ns, client_id)
        if sent and member.socket is not None:
            self._sent_as[member.socket, member.socket.last_id] = client_id
        return sent

    @override
    def answered(self, member: SwarmMember, number: int) -> None:
        assert member.socket is not None
        client_id = self._sent_as.pop((member.socket, number), "")
        if self._unacked[member].pop(client_id, None) is not None:
            self.acked[member.room].append(client_id)

    @override
    def told(self, member: SwarmMember, packet: bytes) -> None:
        """The session: they are back."""
        if not self.killed_s or member in self.back_s or not packet.startswith(b'42["session"'):
            return
        self.back_s[member] = time.perf_counter() - self.killed_s
        for client_id, due_ns in list(self._unacked[member].items()):
            self.say_as(member, due_ns, client_id)

    @override
    def closed(self, member: SwarmMember, socket: LoadSocket) -> None:
        entered = socket.connected.done() and socket.connected.exception() is None
        if self.closing or socket is not member.socket or not entered:  # a try that failed has its own way on
            return
        member.socket = None
        if not self.killed_s or member in self.back_s:
            self.trouble.dropped += 1
        task = asyncio.get_running_loop().create_task(self._return(member))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def died(self) -> None:
        """The gateway is about to die: from now on connections may end, once each."""
        self.killed_s = time.perf_counter()

    @property
    def unacked(self) -> int:
        """Messages that nobody has confirmed."""
        return sum(map(len, self._unacked.values()))

    async def _return(self, member: SwarmMember) -> None:
        pause_s = self._first_s
        while not self.closing:
            await asyncio.sleep(pause_s * random.uniform(1 - _SPREAD, 1 + _SPREAD))
            pause_s = min(2 * pause_s, _LONGEST_S)
            self.tries += 1
            try:
                await self.open(member, {"recover": {member.room.name: member.seq}})
            except ConnectionRefused as refusal:
                self.refused += 1
                if (told := _RETRY_AFTER.search(str(refusal))) is not None:
                    pause_s = max(float(told[1]), 0.1)
            except (OSError, TimeoutError):
                pass
            else:
                return
            member.socket = None


async def history_of(room: SwarmRoom) -> Counter[str]:
    """Client ids of what a room holds, and how often. Raises `ConnectionRefused`."""
    found: Counter[str] = Counter()
    socket = next(member.socket for member in room.members if member.socket is not None)
    after, more = 0, True
    while more:
        asked = encode({"room_id": room.name, "after": after, "limit": _PAGE})
        ack = await socket.ask("history", asked)
        page = _decode_ack(ack[ack.index(b"[") :])[0].data
        found.update(one.client_id or "" for one in page.messages)
        after = page.messages[-1].seq if page.messages else after
        more = page.has_more
    return found


async def check(swarm: Returning) -> tuple[int, int]:
    """(acked messages that no history has, messages that a history has twice)."""
    missing = twice = 0

    async def one(room: SwarmRoom) -> None:
        nonlocal missing, twice
        found = await history_of(room)
        missing += sum(client_id not in found for client_id in swarm.acked[room])
        twice += sum(count - 1 for count in found.values())

    await each([room for room in swarm.rooms if swarm.acked[room]], one)
    return missing, twice


async def reconnect(port: int, pids: Mapping[str, int], connections: int, rate: float, away_s: float) -> bool:
    """The whole run. Whether nothing went wrong."""
    rooms = [people(SwarmRoom(f"back-{os.getpid()}-{number}", "groups"), 10) for number in range(connections // 10)]
    swarm, empty = Returning(port, SECRET, rooms), sample(pids)
    count = len(swarm.members)
    print(f"{count} connected in {await swarm.connect():.1f} s, joined in {await swarm.join():.1f} s", flush=True)
    print(growth(empty, sample(pids), count))
    await asyncio.sleep(2.0)
    await swarm.talk(rooms, rate, _BEFORE_S)
    gateway = next(name for name in sorted(pids) if name.startswith("gateway"))
    talking = asyncio.create_task(swarm.talk(rooms, rate, away_s + _AFTER_S))
    swarm.died()
    os.kill(pids[gateway], signal.SIGKILL)
    try:
        until_s = swarm.killed_s + away_s
        while len(swarm.back_s) < count and time.perf_counter() < until_s:  # noqa: ASYNC110 - a count has no event
            await asyncio.sleep(0.1)
        await asyncio.sleep(_AFTER_S)
        talking.cancel()
        await asyncio.gather(talking, return_exceptions=True)
        await swarm.settled(_DRAIN_S)
        missing, twice = await check(swarm)
    finally:
        swarm.close()
    return report(swarm, gateway, missing, twice)


def report(swarm: Returning, gateway: str, missing: int, twice: int) -> bool:
    """Print what was found. Whether it is good."""
    back, trouble, count = sorted(swarm.back_s.values()), swarm.trouble, len(swarm.members)
    if back:
        print(
            f"{gateway} killed: {len(back)} of {count} back, the first after {back[0]:.1f} s, half after "
            f"{percentile(back, 0.5):.1f} s, the last after {back[-1]:.1f} s; {swarm.tries} tries, "
            f"{swarm.refused} refused for a while"
        )
    acked = sum(map(len, swarm.acked.values()))
    print(
        f"{acked} messages acked; in history: {missing} missing, {twice} twice; heard: {trouble.lost} lost, "
        f"{trouble.doubled} doubled or out of order; {swarm.unacked} never acked; errors {trouble.errors}"
        f"{f', the first: {trouble.first}' if trouble.first else ''}; dropped besides: {trouble.dropped}"
    )
    wrong = missing or twice or trouble.lost or trouble.doubled or swarm.unacked or trouble.errors or trouble.dropped
    return len(back) == count and not wrong


def main() -> int:
    """See the module."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--connections", type=int, default=10_000)
    parser.add_argument("--rate", type=float, default=50.0, help="messages a second, over all groups")
    parser.add_argument("--away", type=float, default=60.0, help="seconds to wait for the last")
    args = parser.parse_args()
    if args.connections < 10:
        parser.error("--connections is 10 or more")
    many_files()
    try:
        with carewire(os.sched_getaffinity(0)) as server, asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            calm_collector()
            good = runner.run(
                reconnect(server.port, server.pids(), connections=args.connections, rate=args.rate, away_s=args.away)
            )
    except (NotAvailable, ConnectionRefused, OSError, TimeoutError, ExceptionGroup) as error:
        causes = error.exceptions if isinstance(error, ExceptionGroup) else (error,)
        print(f"{type(causes[0]).__name__}: {causes[0]}", file=sys.stderr)
        return 1
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())

"""A crowd that talks while things die: each a real Socket.IO client that says, repeats and remembers."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from itertools import count
from typing import Any, Final

import socketio
from socketio.exceptions import BadNamespaceError

from actors.kernel.contract.partitions import partition_of
from tests.chaos.ledger import Copy, Ledger, Place, Said
from tests.system.harness import System, wait_until

PATIENCE_S: Final = 60.0  # whatever the machine is busy with
WINDOW: Final = 2  # messages of one talker that may wait for their acks in one room
PAUSE_S: Final = 0.05  # between two messages of one talker in one room
PEOPLE: Final = 8
SHARDS: Final = 2
Transport = str


def rooms_on_every_shard(prefix: str, each: int = 2) -> list[str]:
    """Names of rooms, `each` on every shard of a system with `SHARDS` of them."""
    found: dict[int, list[str]] = {shard: [] for shard in range(SHARDS)}
    for number in count():
        room = f"{prefix}-{number}"
        found[partition_of(f"room:{room}") % SHARDS].append(room)
        if all(len(rooms) >= each for rooms in found.values()):
            return [room for rooms in found.values() for room in rooms[:each]]
    raise AssertionError("unreachable")


class Talker:
    """One person with one device, who stays in `rooms` whatever happens to the connection."""

    def __init__(self, system: System, name: str, rooms: Sequence[str], transport: Transport, ledger: Ledger) -> None:
        self.name, self.rooms, self._transport, self._ledger = name, rooms, transport, ledger
        self._system = system
        self._last_seq: dict[str, int] = {}
        self._waiting: dict[Said, None] = {}  # for their acks, in the order of sending
        self._places = {room: asyncio.Semaphore(WINDOW) for room in rooms}
        self._online = asyncio.Event()
        self._numbers = count(1)
        self.gateways: list[str] = []  # that it had a session with, one after the other
        self.told_to_reconnect = False
        self.patient = False
        self.pause_s = PAUSE_S
        self._tasks: set[asyncio.Task[None]] = set()
        self._behind: dict[str, list[Copy]] = {}  # room -> what came while a gap was being filled
        self._sio = socketio.AsyncClient(
            reconnection_delay=0.1, reconnection_delay_max=0.5, randomization_factor=0.05, request_timeout=2
        )
        self._sio.on("*", self._on_event)
        self._sio.on("disconnect", self._on_disconnect)

    # -- in and out ----------------------------------------------------------------------------------------------

    async def arrive(self) -> None:
        """Connect and join."""
        url, transports = self._system.gateway_url, [self._transport]
        await self._sio.connect(url, auth=self._hello, transports=transports, wait_timeout=PATIENCE_S)
        await asyncio.wait_for(self._online.wait(), PATIENCE_S)
        for room in self.rooms:
            joined = await self._sio.call("join_room", {"room_id": room}, timeout=PATIENCE_S)
            assert joined["ok"], joined
            self._last_seq[room] = joined["data"]["last_seq"]

    async def leave(self) -> None:
        """Disconnect."""
        await self._sio.shutdown()

    def _hello(self) -> dict[str, object]:
        """Asked for at every connect: what it has by then."""
        return {"token": self._system.token(self.name), "recover": dict(self._last_seq)}

    def waits_for(self) -> list[str]:
        """The gateways it had, and what was not yet acknowledged on the last of them."""
        return [*self.gateways, *("offline" for _ in range(not self._online.is_set())), *map(str, self._waiting)]

    # -- to say --------------------------------------------------------------------------------------------------

    async def speak(self) -> None:
        """In all rooms, until cancelled."""
        async with asyncio.TaskGroup() as speaking:
            for room in self.rooms:
                speaking.create_task(self._speak_in(room))

    async def _speak_in(self, room: str) -> None:
        while True:
            await self._places[room].acquire()
            await self._online.wait()
            said = Said(room, self.name, f"{room}-{next(self._numbers)}")
            self._ledger.sends(said, time.monotonic())
            self._waiting[said] = None
            await self._emit(said)
            await asyncio.sleep(self.pause_s)

    async def _emit(self, said: Said) -> None:
        def answered(ack: Any) -> None:
            self._on_ack(said, ack)

        payload = {"room_id": said.room, "body": f"{said.client_id} of {said.sender}", "client_id": said.client_id}
        try:
            await self._sio.emit("message", payload, callback=answered)
        except BadNamespaceError:  # the connection has gone: it is said again on the next one
            self._online.clear()

    async def _say_again(self, said: Said, after_s: float) -> None:
        await asyncio.sleep(after_s)
        if said in self._waiting:
            await self._emit(said)

    def _on_ack(self, said: Said, ack: Any) -> None:
        if not ack["ok"] and self.patient and ack["error"]["code"] == "unavailable":
            self._ledger.again.add(said)
            self._spawn(self._say_again(said, ack["error"]["retry_after"]))
        elif not ack["ok"]:
            self._ledger.fails(f"{said} was answered with {ack['error']}")
        elif said in self._waiting:
            del self._waiting[said]
            self._ledger.acks(said, ack["data"]["seq"], ack["data"]["id"], time.monotonic())
            self._places[said.room].release()

    # -- to hear -------------------------------------------------------------------------------------------------

    async def _on_event(self, event: str, payload: Any = None) -> None:
        if event == "message":
            self._hear(Copy.of(payload))
        elif event == "session":
            self.gateways.append(payload["gateway"])
            await self._greet()
        elif event == "reconnect":
            self.told_to_reconnect = True
        elif event == "gap" and self.patient:
            self._behind[payload["room_id"]] = []
            self._spawn(self._fill(payload["room_id"], payload["from"], payload["to"]))
        elif event in ("error", "gap"):
            self._ledger.fails(f"{self.name} was sent {event} {payload}")

    def _hear(self, copy: Copy) -> None:
        room = copy.said.room
        if room in self._behind:
            self._behind[room].append(copy)
            return
        self._last_seq[room] = max(self._last_seq[room], copy.seq)
        self._ledger.hears(Place(self.name, room), copy, time.monotonic())

    async def _fill(self, room: str, first: int, last: int) -> None:
        """Ask for what was too much to be sent again, as a client does, and hear it before what came meanwhile."""
        after, found = first - 1, list[Copy]()
        while after < last:
            ask = {"room_id": room, "after": after, "limit": min(200, last - after)}
            page = await self._sio.call("history", ask, timeout=PATIENCE_S)
            if page["ok"]:
                found += map(Copy.of, page["data"]["messages"])
                after = found[-1].seq
            else:
                await asyncio.sleep(page["error"]["retry_after"])
        if room in self._behind:  # else the connection has ended: the next one brings it all again
            for copy in (*found, *self._behind.pop(room)):
                self._hear(copy)

    async def _greet(self) -> None:
        for said in list(self._waiting):
            await self._emit(said)
        self._online.set()

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _on_disconnect(self, _reason: object = None) -> None:
        self._online.clear()
        self._behind.clear()


class Crowd:
    """Eight people in four rooms, each in two of them."""

    def __init__(self, system: System, talkers: Sequence[Talker], ledger: Ledger, rooms: Sequence[str]) -> None:
        self.talkers, self.ledger, self.rooms = talkers, ledger, rooms
        self._system = system
        self._speaking: asyncio.Task[None] | None = None

    def begin(self) -> None:
        """Everybody speaks from now on."""
        self._speaking = asyncio.create_task(self._all_speak())

    async def _all_speak(self) -> None:
        async with asyncio.TaskGroup() as speaking:
            for talker in self.talkers:
                speaking.create_task(talker.speak())

    async def flows(self, rounds: int) -> None:
        """Wait until everybody has had `rounds` acks in each of their rooms, for messages said from now on. How long
        that may take is judged by the pauses in the ledger."""
        known = len(self.ledger.sent)
        places = {(talker.name, room) for talker in self.talkers for room in talker.rooms}

        def so_far() -> bool:
            acked = [said for said in list(self.ledger.sent)[known:] if said in self.ledger.acked]
            counts = dict.fromkeys(places, 0)
            for said in acked:
                counts[said.sender, said.room] += 1
            return min(counts.values()) >= rounds

        try:
            await wait_until(so_far, within_s=PATIENCE_S, what=f"{rounds} acks for everybody in each room")
        except AssertionError as late:
            waiting = {talker.name: talker.waits_for() for talker in self.talkers}
            raise AssertionError(f"{late}; what each waits for: {waiting}; {self.ledger.errors}") from None

    async def fall_silent(self, within_s: float = PATIENCE_S) -> None:
        """Say no more, and wait for what is still on its way. A client that polls may first have to give up a poll."""
        assert self._speaking is not None
        self._speaking.cancel()
        await asyncio.wait([self._speaking])
        if not self._speaking.cancelled():
            self._speaking.result()  # raises: somebody could not speak
        ledger = self.ledger
        await self._unless_broken(lambda: not ledger.unacknowledged(), within_s, "the last acks")
        await self._unless_broken(lambda: not ledger.unheard(), within_s, "the last deliveries")

    async def _unless_broken(self, met: Callable[[], bool], within_s: float, what: str) -> None:
        """What never comes is found by the ledger, which tells more than a missed deadline."""
        try:
            await wait_until(met, within_s=within_s, what=what)
        except AssertionError as late:
            self.ledger.fails(str(late))

    async def history(self) -> dict[str, list[Copy]]:
        """Of every room, as a newcomer reads it."""
        reader = self.talkers[0]
        async with self._system.client(reader.name) as client:
            pages = {}
            for room in self.rooms:
                copies: list[Copy] = []
                more = True
                while more:
                    after = copies[-1].seq if copies else self.ledger.start[room]
                    page = await client.call("history", {"room_id": room, "after": after, "limit": 200})
                    copies += map(Copy.of, page["messages"])
                    more = page["has_more"]
                pages[room] = copies
            return pages


@asynccontextmanager
async def crowd(
    system: System,
    name: str,
    transports: Sequence[Transport],
    *,
    patient: bool = False,
    pause_s: float = PAUSE_S,
) -> AsyncIterator[Crowd]:
    """A crowd in rooms of its own, everybody in. `transports` are dealt out in turn. `patient`: when the answer is
    `unavailable`, they say it again, and they ask for what was too much to be recovered; to others either is a broken
    promise. `pause_s`: between two messages of one talker in one room."""
    rooms = rooms_on_every_shard(name)
    ledger = Ledger()
    talkers = [
        Talker(
            system,
            f"{name}-p{number}",
            [rooms[number % len(rooms)], rooms[(number + 1) % len(rooms)]],
            transports[number % len(transports)],
            ledger,
        )
        for number in range(PEOPLE)
    ]
    for talker in talkers:
        talker.patient = patient
        talker.pause_s = pause_s
    async with AsyncExitStack() as leaving:
        members = [talker.name for talker in talkers]
        async with system.client(talkers[0].name) as founder:
            for room in rooms:
                made = await founder.call("create_room", {"room_id": room, "members": members[1:]})
                ledger.start[room] = made["room"]["last_seq"]
        for talker in talkers:
            leaving.push_async_callback(talker.leave)
        await asyncio.gather(*(talker.arrive() for talker in talkers))
        for talker in talkers:
            for room in talker.rooms:
                ledger.heard[Place(talker.name, room)] = []
        yield Crowd(system, talkers, ledger, rooms)

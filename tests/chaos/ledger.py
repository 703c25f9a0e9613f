"""What a crowd said, was told and heard, and which promises were broken. Pure: times (s, any one clock) are arguments.

All members join before anybody speaks, and nothing but messages happens afterwards: so in each room the seqs above
`start` are all messages, without a gap.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Self

from typing_extensions import override


class Said(NamedTuple):
    """A message as its sender names it."""

    room: str
    sender: str
    client_id: str


class Copy(NamedTuple):
    """One copy of a message: on a socket, or in the history."""

    seq: int
    id: str
    said: Said

    @classmethod
    def of(cls, message: Mapping[str, Any]) -> Self:
        """From a message object of the contract."""
        said = Said(message["room_id"], message["sender_id"], message["client_id"])
        return cls(message["seq"], message["id"], said)


class Place(NamedTuple):
    """One socket in one room. The socket is named by its user: each has one."""

    socket: str
    room: str


@dataclass
class Ledger:
    """Of one scenario. `start`: room -> its last seq when everybody was in."""

    start: dict[str, int] = field(default_factory=dict)
    sent: dict[Said, float] = field(default_factory=dict)  # in the order of sending
    again: set[Said] = field(default_factory=set)  # said anew after `unavailable`: behind what was on its way meanwhile
    acked: dict[Said, tuple[int, str]] = field(default_factory=dict)
    heard: dict[Place, list[Copy]] = field(default_factory=lambda: defaultdict(list))
    errors: list[str] = field(default_factory=list)
    slowest_ack_s: float = 0.0
    slowest_delivery_s: float = 0.0

    def sends(self, said: Said, now_s: float) -> None:
        """It is sent for the first time."""
        self.sent[said] = now_s

    def acks(self, said: Said, seq: int, message_id: str, now_s: float) -> None:
        """The sender is told that it is stored."""
        first = self.acked.setdefault(said, (seq, message_id))
        if first != (seq, message_id):
            self.errors.append(f"{said} was acknowledged as {first}, then as {(seq, message_id)}")
        self.slowest_ack_s = max(self.slowest_ack_s, now_s - self.sent[said])

    def hears(self, place: Place, copy: Copy, now_s: float) -> None:
        """A socket receives a message."""
        self.heard[place].append(copy)
        self.slowest_delivery_s = max(self.slowest_delivery_s, now_s - self.sent.get(copy.said, now_s))

    def fails(self, what: str) -> None:
        """A client is shown an error."""
        self.errors.append(what)

    @property
    def longest_pause_s(self) -> float:
        """The longest that a sender waited for an ack, or anybody for a message."""
        return max(self.slowest_ack_s, self.slowest_delivery_s)

    @override
    def __str__(self) -> str:
        return (
            f"{len(self.sent)} messages, {sum(map(len, self.heard.values()))} deliveries,"
            f" slowest ack {self.slowest_ack_s:.2f} s, slowest delivery {self.slowest_delivery_s:.2f} s"
        )

    def unacknowledged(self) -> list[Said]:
        """What was sent, and not yet acknowledged."""
        return [said for said in self.sent if said not in self.acked]

    def unheard(self) -> list[Place]:
        """The places that have not yet heard as many messages as were acknowledged in their room."""
        expected = Counter(said.room for said in self.acked)
        return [place for place, copies in self.heard.items() if len(copies) < expected[place.room]]

    def broken(self, history: Mapping[str, Sequence[Copy]]) -> list[str]:
        """Every promise that was broken, in words; none: all is well. `history`: of each room, above `start`."""
        rooms = {said.room for said in self.sent}
        found = list(self.errors)
        found += [f"{said} was never acknowledged" for said in self.unacknowledged()]
        for room in sorted(rooms):
            found += self._broken_in_history(room, history.get(room, ()))
        for place in sorted(self.heard):
            found += self._broken_on_socket(place, history.get(place.room, ()))
        return found

    def _broken_in_history(self, room: str, history: Sequence[Copy]) -> Iterator[str]:
        seqs = [copy.seq for copy in history]
        first = self.start.get(room, 0) + 1
        if seqs != list(range(first, first + len(seqs))):
            jump = _around_the_first_jump(seqs, first)
            yield f"history of {room}: the seqs are not {first}, {first + 1}, ...: {jump}"
        for said, times in Counter(copy.said for copy in history).items():
            if times > 1:
                yield f"history: {said} stands there {times} times"
            if said not in self.sent:
                yield f"history: nobody said {said}"
        stored = {copy.said: (copy.seq, copy.id) for copy in history}
        for said, ack in self.acked.items():
            if said.room == room and stored.get(said) != ack:
                yield f"history: {said} was acknowledged as {ack}, and is {stored.get(said, 'lost')}"
        for sender in sorted({said.sender for said in stored}):
            here = [said for said in stored if said.sender == sender and said not in self.again]
            told = set(here)
            if here != [said for said in self.sent if said in told]:
                yield f"history of {room}: the messages of {sender} are not in the order of sending"

    def _broken_on_socket(self, place: Place, history: Sequence[Copy]) -> Iterator[str]:
        heard = self.heard[place]
        if heard == list(history):
            return
        where = f"{place.socket} in {place.room}"
        times = Counter(heard)
        yield from (f"{where}: never heard {copy}" for copy in history if copy not in times)
        yield from (f"{where}: heard {copy} {count} times" for copy, count in times.items() if count > 1)
        yield from (f"{where}: heard {copy}, which is not in the history" for copy in times.keys() - set(history))
        if list(times) != [copy for copy in history if copy in times]:
            yield f"{where}: heard in another order: {[copy.seq for copy in times]}"


def _around_the_first_jump(seqs: Sequence[int], first: int) -> list[int]:
    jump = next((n for n, seq in enumerate(seqs) if seq != first + n), 0)
    return list(seqs[max(0, jump - 2) : jump + 3])

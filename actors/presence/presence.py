"""The rules of presence. Pure: time comes in as an argument, and what is to be sent, read or written is left to be
taken.

A user is *present* while any gateway that lives reports a device of theirs, and for a grace after the last one left (a
page reload is not an absence). What watchers are shown of a present user is the status that the user chose last, on
whichever device; the choice outlives the session. `invisible` looks like offline to everybody else.

Watchers are gateways. Each has a set of users whose state it has yet to be sent, so a change costs one mark per
watching gateway, many changes of one user become one, and a state that got lost is simply marked again.
"""

import heapq

from actors.presence.state import INVISIBLE, OFFLINE, Instant, Memory, PresentUser, State, WatchingGateway


class Presence:
    """The users of one shard. Sets that the caller empties: `stirred` (gateways that there is news for), `to_load`
    (users whose memory is to be read). `memories` are to be written, then handed to `kept`."""

    def __init__(self, *, grace_s: float, lease_s: float, settled: bool = True) -> None:
        """`settled` False: the gateways have yet to report, so who was not heard of is not known to be offline."""
        self._grace_s = grace_s
        self._lease_s = lease_s
        self._settled = settled
        self._people: dict[str, PresentUser] = {}
        self._gateways: dict[str, WatchingGateway] = {}
        self._leaving: list[tuple[float, str]] = []  # a heap of graces; those that were cut short lie around
        self.stirred: set[str] = set()
        self.to_load: dict[str, None] = {}
        self.memories: dict[str, Memory] = {}
        self.changes = 0
        self.marks = 0

    def __len__(self) -> int:
        return len(self._people)

    @property
    def present(self) -> int:
        """Users with a seat at some gateway."""
        return sum(1 for person in self._people.values() if person.seats)

    @property
    def watched(self) -> int:
        """Pairs of a watching gateway and a user."""
        return sum(len(gateway.watched) for gateway in self._gateways.values())

    @property
    def gateways(self) -> int:
        """Gateways that live."""
        return len(self._gateways)

    def open(self, gateway: str, now: Instant) -> None:
        """A gateway begins to report, or to report anew: what it said before is void."""
        self.close(gateway, now)
        self._gateways[gateway] = WatchingGateway(now)

    def heard(self, gateway: str, now: Instant) -> None:
        """It lives."""
        self._gateways[gateway].heard = now

    def close(self, gateway: str, now: Instant, left_ms: int | None = None) -> None:
        """A gateway is gone, and with it the devices there; `left_ms`: since when."""
        gone = self._gateways.pop(gateway, None)
        if gone is None:
            return
        for user in gone.watched:
            self._people[user].watchers.pop(gateway, None)
            self._drop_if_idle(user)
        for user in gone.users:
            self._stand_up(user, gateway, Instant(now.s, now.ms if left_ms is None else left_ms), now)

    def seat(self, gateway: str, user: str, devices: tuple[str, ...], now: Instant, left_ago_s: float = 0.0) -> None:
        """A gateway reports the devices of a user that it holds; none: the last one left that long ago."""
        if not devices:
            self._gateways[gateway].users.pop(user, None)
            self._stand_up(user, gateway, Instant(now.s - left_ago_s, now.ms - int(left_ago_s * 1000)), now)
            return
        person = self._person(user, now)
        person.seats[gateway] = devices
        person.left = None
        self._gateways[gateway].users[user] = None
        self._refresh(user, person, now)

    def choose(self, user: str, choice: str, at_ms: int, now: Instant, *, again: bool = False) -> None:
        """The user chose a status. Of two choices the one that comes later counts; `again`: it came before, and is
        told to a shard that has forgotten, so there its time counts."""
        person = self._person(user, now)
        if again and at_ms <= person.chosen_ms:
            self._drop_if_idle(user)
            return
        if choice == INVISIBLE and person.shown is not None and person.shown.status not in (OFFLINE, INVISIBLE):
            person.seen_ms = now.ms
        person.choice = choice
        person.chose |= not again
        person.chosen_ms = max(at_ms, person.chosen_ms + 1)
        self._keep(user, person, now)
        self._refresh(user, person, now)
        self._drop_if_idle(user)

    def watch(self, gateway: str, user: str, now: Instant) -> None:
        """A gateway wants to know of a user: the state as it is, and every change. Asked again, it is told again."""
        person = self._person(user, now)
        person.watchers[gateway] = None
        self._gateways[gateway].watched[user] = None
        self._refresh(user, person, now)
        if person.shown is not None:
            self._mark(gateway, user)

    def unwatch(self, gateway: str, user: str) -> None:
        """It wants to know no more."""
        watching = self._gateways[gateway]
        watching.watched.pop(user, None)
        watching.dirty.pop(user, None)
        person = self._people.get(user)
        if person is not None:
            person.watchers.pop(gateway, None)
            self._drop_if_idle(user)

    def remember(self, user: str, memory: Memory | None, now: Instant) -> None:
        """Take in the memory that the store has of a user; None: it has none."""
        person = self._people.get(user)
        if person is not None and not person.known:
            self._recall(user, person, memory, now)
            self._drop_if_idle(user)

    def kept(self, user: str, memory: Memory) -> None:
        """This memory has been written."""
        if self.memories.get(user) is memory:
            del self.memories[user]

    def settle(self, now: Instant) -> None:
        """Every gateway has had the time to report: who was not heard of is offline."""
        if not self._settled:
            self._settled = True
            for user, person in self._people.items():
                self._refresh(user, person, now)

    def tick(self, now: Instant) -> list[str]:
        """End the graces that are over, and close the gateways that fell silent: these."""
        silent = [name for name, gateway in self._gateways.items() if now.s - gateway.heard.s >= self._lease_s]
        for name in silent:
            self.close(name, now, self._gateways[name].heard.ms)
        while self._leaving and self._leaving[0][0] <= now.s:
            _, user = heapq.heappop(self._leaving)
            person = self._people.get(user)
            if person is not None and person.left is not None and person.left.s + self._grace_s <= now.s:
                self._part(user, person, now)
        return silent

    def news(self, gateway: str) -> int:
        """The number of states that the gateway has yet to be sent."""
        watching = self._gateways.get(gateway)
        return 0 if watching is None else len(watching.dirty)

    def take(self, gateway: str, limit: int) -> list[State]:
        """At most `limit` states to be sent to the gateway, the oldest marks first."""
        dirty = self._gateways[gateway].dirty
        states: list[State] = []
        while dirty and len(states) < limit:
            user = next(iter(dirty))
            del dirty[user]
            shown = self._people[user].shown
            if shown is not None:
                states.append(shown)
        return states

    def again(self, gateway: str, states: list[State]) -> None:
        """These did not arrive: what is true of those users by now must be sent."""
        watched = self._gateways[gateway].watched
        for state in states:
            if state.user in watched:
                self._mark(gateway, state.user)

    def _person(self, user: str, now: Instant) -> PresentUser:
        person = self._people.get(user)
        if person is None:
            person = self._people[user] = PresentUser()
            if (memory := self.memories.get(user)) is not None:
                self._recall(user, person, memory, now)
            else:
                self.to_load[user] = None
        return person

    def _recall(self, user: str, person: PresentUser, memory: Memory | None, now: Instant) -> None:
        if memory is not None:
            if person.chose:  # whatever the clocks say, that is newer
                person.chosen_ms = max(person.chosen_ms, memory.chosen_ms + 1)
            elif memory.chosen_ms > person.chosen_ms:
                person.choice, person.chosen_ms = memory.choice, memory.chosen_ms
            person.seen_ms = max(person.seen_ms, memory.seen_ms)
            person.version = max(person.version, memory.version)
        person.known = True
        self._settle_parting(user, person, now)
        if person.unsaved:
            self._keep(user, person, now)
        self._refresh(user, person, now)

    def _stand_up(self, user: str, gateway: str, left: Instant, now: Instant) -> None:
        person = self._person(user, now)
        person.seats.pop(gateway, None)
        if person.seats:
            self._refresh(user, person, now)
            return
        if person.left is None or person.left.s < left.s:
            person.left = left
        due_s = person.left.s + self._grace_s
        if due_s <= now.s:
            self._part(user, person, now)
        else:
            heapq.heappush(self._leaving, (due_s, user))

    def _part(self, user: str, person: PresentUser, now: Instant) -> None:
        """The grace is over."""
        assert person.left is not None
        person.parted_ms, person.left = person.left.ms, None
        if person.decided:
            self._settle_parting(user, person, now)
        self._refresh(user, person, now)
        self._drop_if_idle(user)

    def _settle_parting(self, user: str, person: PresentUser, now: Instant) -> None:
        """They were last seen when they left; unless nobody could see them."""
        if person.parted_ms and person.choice != INVISIBLE and person.parted_ms > person.seen_ms:
            person.seen_ms = person.parted_ms
            self._keep(user, person, now)
        person.parted_ms = 0

    def _keep(self, user: str, person: PresentUser, now: Instant) -> None:
        if not person.known:  # what is remembered must not be overwritten unread
            person.unsaved = True
            return
        person.unsaved = False
        person.version = max(now.ms, person.version + 1)
        self.memories[user] = Memory(person.choice, person.chosen_ms, person.seen_ms, person.version)

    def _refresh(self, user: str, person: PresentUser, now: Instant) -> None:
        """Show what is true now, if it differs from what is shown."""
        state = self._true(user, person, now)
        shown = person.shown
        if state is None or (shown is not None and _same(shown, state)):
            return
        person.shown = state
        self.changes += 1
        for gateway in person.watchers:
            self._mark(gateway, user)

    def _true(self, user: str, person: PresentUser, now: Instant) -> State | None:
        """None: not known (yet)."""
        shown = person.shown
        if person.present:
            if not person.decided:
                return None
            if person.seats:
                devices = len(set().union(*person.seats.values()))
            else:  # nothing changes in the grace
                devices = max(1, shown.devices) if shown is not None else 1
            seen_ms = person.seen_ms if person.choice == INVISIBLE else 0
            return State(user=user, status=person.choice, devices=devices, last_seen_ms=seen_ms, at_ms=now.ms)
        if not self._settled or (not person.known and shown is None):
            return None
        return State(user=user, status=OFFLINE, devices=0, last_seen_ms=person.seen_ms, at_ms=now.ms)

    def _mark(self, gateway: str, user: str) -> None:
        self.marks += 1
        self._gateways[gateway].dirty[user] = None
        self.stirred.add(gateway)

    def _drop_if_idle(self, user: str) -> None:
        """Forget who is neither here nor watched."""
        person = self._people.get(user)
        if person is None or person.present or person.watchers:
            return
        if not person.known and (person.unsaved or person.parted_ms):
            return  # there is something to be written once the memory has been read
        del self._people[user]
        self.to_load.pop(user, None)


def _same(shown: State, state: State) -> bool:
    return (shown.status, shown.devices, shown.last_seen_ms) == (state.status, state.devices, state.last_seen_ms)

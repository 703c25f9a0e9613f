"""The forwarding unit: one UDP socket, the rooms behind it, and who may be in them."""

import asyncio
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple

from realtime.media.budgets import Bucket, MediaLimits
from realtime.media.control import UnitControl
from realtime.media.parts import Certificate, fingerprint_of
from realtime.media.peer import MediaPeer, Quality
from realtime.media.placing import TrackKey
from realtime.media.recorder import Recorder
from realtime.media.room import Filled, Listener, MediaPerson, MediaRoom, Wish, filled
from realtime.media.rtp.fanout import RtpFanout
from realtime.media.sdp.offer import SdpOffer, SdpTrack, parsed
from realtime.media.wire.datagrams import ROW, Datagrams, host_and_port
from realtime.media.wire.stun import parsed as parsed_check
from realtime.media.wire.stun import success
from realtime.media.wire.transport import Transport

TICK_S: Final = 0.02
BATCHES: Final = 4  # of datagrams that are read before others have their turn


class NotAdmittedError(LookupError):
    """Nobody let this person into this room, or they were put out of it."""


class TooManyOffersError(RuntimeError):
    """One person makes more offers than anybody needs."""


class UnitAnswer(NamedTuple):
    """What to set on the client, and what is in its slots now."""

    sdp: str
    slots: list[Filled]


class MediaUnit:
    """All of it runs on one event loop; nothing here blocks it."""

    def __init__(
        self,
        host: str,
        port: int,
        listener: Listener,
        *,
        public_ip: str | None = None,
        limits: MediaLimits | None = None,
    ) -> None:
        """`public_ip` is what clients are told, where it is another than `host`; `port` 0 takes a free one."""
        self._host, self._wanted_port, self._public_ip = host, port, public_ip or host
        self._listener = listener
        self._limits = limits or MediaLimits()
        self._certificate = Certificate.generateCertificate()
        self._fingerprint = fingerprint_of(self._certificate)
        self._rooms: dict[str, MediaRoom] = {}
        self._by_ufrag: dict[str, tuple[MediaRoom, MediaPeer]] = {}
        self._by_name: dict[bytes, tuple[MediaRoom, MediaPeer]] = {}
        self._offers: dict[tuple[str, str], Bucket] = {}
        self._closing: set[asyncio.Task[None]] = set()
        self.dropped: Counter[str] = Counter()  # datagrams, by why
        self.received = 0

    async def start(self) -> None:
        """Bind the port. Raises OSError if it is taken."""
        self._loop = asyncio.get_running_loop()
        self._datagrams = Datagrams(self._host, self._wanted_port)
        self._fanout = RtpFanout(self._datagrams)
        self._control = UnitControl(self._fanout, self._listener, self._limits)
        self._loop.add_reader(self._datagrams.fileno, self._readable)
        self._timer = self._loop.call_later(TICK_S, self._tick)

    @property
    def port(self) -> int:
        """The one UDP port."""
        return self._datagrams.port

    @property
    def sent(self) -> int:
        """Packets of media that were sent."""
        return self._fanout.packets

    @property
    def streams(self) -> int:
        """Streams that are being forwarded: each source once for each of its receivers."""
        peers = [person.peer for room in self._rooms.values() for person in room.people.values() if person.peer]
        return sum(len(source.slots) for peer in peers for source in peer.inlet.sources)

    def quality(self, room: str) -> dict[str, Quality]:
        """Of everybody who is connected. Raises NotAdmittedError."""
        people = self._room(room).people.values()
        return {each.name: each.peer.quality for each in people if each.peer is not None and each.peer.connected}

    async def close(self) -> None:
        """Say goodbye to everybody, and give the port back."""
        self._timer.cancel()
        for room in [*self._rooms]:
            self.close_room(room)
        await asyncio.gather(*self._closing)
        self._loop.remove_reader(self._datagrams.fileno)
        self._datagrams.close()

    # Who is where

    def admit(self, room: str, person: str, passing: Iterable[str] = ()) -> None:
        """They may be in this room, and `passing` of what they send may be heard and seen there."""
        place = self._rooms.get(room)
        if place is None:
            place = self._rooms[room] = MediaRoom(room, self._fanout, self._listener)
        place.people.setdefault(person, MediaPerson(person))
        place.pass_only(person, passing, self._loop.time())

    def remove(self, room: str, person: str) -> None:
        """They are out: no packet of or to them passes any more. Nothing happens if they are not in."""
        place = self._rooms.get(room)
        gone = place.people.pop(person, None) if place is not None else None
        if place is None or gone is None:
            return
        self._offers.pop((room, person), None)
        place.loudest.gone(person)
        if gone.peer is not None:
            self._hang_up(gone.peer)
        if place.people:
            place.arrange(self._loop.time())
        else:
            self.record(room, None)
            del self._rooms[room]

    def close_room(self, room: str) -> None:
        """Everybody is out of it."""
        for person in [*self._room(room).people] if room in self._rooms else ():
            self.remove(room, person)

    def pass_only(self, room: str, person: str, passing: Iterable[str]) -> None:
        """What they send may pass if it is named here, and not otherwise. Raises NotAdmittedError."""
        self._person(room, person)
        self._room(room).pass_only(person, passing, self._loop.time())

    def subscribe(self, room: str, person: str, wishes: Mapping[TrackKey, Wish]) -> list[Filled]:
        """What they want of whom. Their slots then. Raises NotAdmittedError."""
        self._person(room, person)
        return self._room(room).subscribe(person, wishes, self._loop.time())

    def record(self, room: str, recorder: Recorder | None) -> None:
        """Hand what passes in this room to `recorder` too; None: to nobody any more. It stops at once if somebody is
        connected who has not agreed. Raises NotAdmittedError."""
        place = self._room(room)
        if place.recorder is not None:
            place.recorder.stop("stopped")
        place.recorder = recorder
        for person in place.people.values() if recorder is not None else ():
            if recorder is not None and person.peer is not None and person.peer.connected:
                recorder.present(person.name)

    def offer(self, room: str, person: str, sdp: str, tracks: Sequence[SdpTrack]) -> UnitAnswer:
        """Answer an offer: with the ICE credentials of the one before it a renegotiation, with others a restart, with
        another fingerprint a new connection.

        Raises:
            OfferError: it cannot be answered; the one before it stays.
            NotAdmittedError: they may not be in this room.
            TooManyOffersError: they have made too many within a minute.
        """
        admitted = self._person(room, person)
        place, now = self._rooms[room], self._loop.time()
        bucket = self._offers.setdefault((room, person), Bucket(self._limits.offers_a_minute / 60, burst_s=60))
        if not bucket.take(1, now):
            raise TooManyOffersError
        offer = parsed(sdp, tracks)
        peer = self._peer_for(place, admitted, offer)
        peer.configure(offer, tracks)
        place.gate(admitted, now)
        place.arrange(now)
        return UnitAnswer(peer.answer(offer, self._public_ip, self.port, self._fingerprint), filled(peer))

    def _peer_for(self, room: MediaRoom, person: MediaPerson, offer: SdpOffer) -> MediaPeer:
        peer = person.peer
        if (
            peer is not None
            and not peer.transport.closed
            and peer.transport.identity == (offer.algorithm, offer.fingerprint)
        ):
            if peer.transport.offered != (offer.ufrag, offer.password):
                del self._by_ufrag[peer.transport.ufrag]
                peer.transport.renew(offer)
                self._by_ufrag[peer.transport.ufrag] = (room, peer)
            return peer
        if peer is not None:
            self._hang_up(peer)
        peer = person.peer = MediaPeer(
            person.name,
            lambda changed: Transport(self._datagrams, self._certificate, offer, self._limits, changed=changed),
            self._limits,
            lambda each: self._peer_changed(room, each),
            self._fanout.flush,
        )
        self._by_ufrag[peer.transport.ufrag] = (room, peer)
        return peer

    def _peer_changed(self, room: MediaRoom, peer: MediaPeer) -> None:
        if peer.transport.closed:
            self._hang_up(peer)
            if (person := room.people.get(peer.person)) is not None and person.peer is peer:
                person.peer = None
                room.arrange(self._loop.time())
                self._listener.closed(room.name, peer.person)
        elif peer.connected and not peer.announced:
            peer.announced = True
            if room.recorder is not None:
                room.recorder.present(peer.person)
            self._listener.connected(room.name, peer.person)

    def _hang_up(self, peer: MediaPeer) -> None:
        peer.release()
        self._by_ufrag.pop(peer.transport.ufrag, None)
        for name in [name for name, (_, other) in self._by_name.items() if other is peer]:
            del self._by_name[name]
        task = self._loop.create_task(peer.transport.close())
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)

    def _room(self, room: str) -> MediaRoom:
        if room not in self._rooms:
            raise NotAdmittedError(room)
        return self._rooms[room]

    def _person(self, room: str, person: str) -> MediaPerson:
        if person not in self._room(room).people:
            raise NotAdmittedError(person)
        return self._rooms[room].people[person]

    # What arrives

    def _readable(self) -> None:
        inbox, now = self._datagrams.inbox, self._loop.time()
        for _ in range(BATCHES):
            count = -1
            for count, size in enumerate(self._datagrams.receive()):
                self._datagram(count, size, now)
            self._fanout.flush()
            if count + 1 < inbox.size:
                return

    def _datagram(self, i: int, size: int, now: float) -> None:
        self.received += 1
        inbox = self._datagrams.inbox
        first = inbox.buffer[i * ROW] if size else 255
        name = inbox.name(i)
        if first < 4:
            self._check(inbox.data(i, size), name, now)
            return
        found = self._by_name.get(name)
        if found is None:
            self.dropped["stranger"] += 1
        elif 128 <= first < 192:
            self._media(*found, name, i, size, now)
        elif 20 <= first < 64:
            found[1].transport.feed(inbox.data(i, size))
        else:
            self.dropped["rubbish"] += 1

    def _check(self, datagram: bytes, name: bytes, now: float) -> None:
        """A connectivity check: believed if it is signed, otherwise dropped unanswered."""
        try:
            check = parsed_check(datagram)
        except ValueError:
            self.dropped["rubbish"] += 1
            return
        found = self._by_ufrag.get(check.local_ufrag)
        if found is None or not check.signed_with(found[1].transport.password):
            self.dropped["unsigned"] += 1
            return
        room, peer = found
        forgotten = peer.transport.proved(check, name, now)
        if forgotten is not None:
            self._by_name.pop(forgotten, None)
        self._by_name[name] = (room, peer)
        self._datagrams.send_one(success(check, host_and_port(name), peer.transport.password), name)

    def _media(self, room: MediaRoom, peer: MediaPeer, name: bytes, i: int, size: int, now: float) -> None:
        if not (peer.packets.take(1, now) and peer.bytes.take(size, now)):
            peer.refused += 1
            self.dropped["budget"] += 1
            return
        inbox = self._datagrams.inbox
        control = 192 <= inbox.buffer[i * ROW + 1] < 224
        size = peer.transport.unprotected(inbox.rows[i], size, control=control)
        if not size:
            self.dropped["forged"] += 1
            return
        peer.transport.genuine(name, now)
        try:
            if control:
                self._control.heard(room, peer, inbox.data(i, size), now)
            elif (packet := peer.inlet.read(inbox.view(i, size), now)) is not None:
                room.forward(packet, now)
        except ValueError:
            peer.refused += 1
            self.dropped["malformed"] += 1

    def _tick(self) -> None:
        self._timer = self._loop.call_later(TICK_S, self._tick)
        self._control.tick([*self._rooms.values()], self._loop.time())

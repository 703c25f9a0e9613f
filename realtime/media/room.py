"""One room: who is in it, what of theirs may pass, and who gets it in which slot."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal, NamedTuple, Protocol

from realtime.media.inlet import InletTrack, MediaPacket
from realtime.media.peer import MediaPeer, released
from realtime.media.placing import TrackKey, placed
from realtime.media.rtp.fanout import RtpFanout
from realtime.media.rtp.feedback import key_frame_request
from realtime.media.rtp.layers import Demand
from realtime.media.rtp.loudest import Loudest
from realtime.media.rtp.slot import Slot, Source

if TYPE_CHECKING:
    from realtime.media.recorder import Recorder

Quality = Literal["auto", "high", "medium", "low", "off"]
STALLED_S: Final = 3.0
_MOST: Final[dict[str, int]] = {"auto": 2, "high": 2, "medium": 1, "low": 0}


class Wish(NamedTuple):
    """What somebody wants of a track: how good, and in which slot of theirs (None: in any)."""

    key: TrackKey
    quality: Quality = "auto"
    mid: str | None = None


class Filled(NamedTuple):
    """A slot, and what is in it."""

    mid: str
    kind: str
    key: TrackKey | None


class Listener(Protocol):
    """Whoever is told what happens. None of it may raise or block."""

    def connected(self, room: str, person: str) -> None:
        """Media can flow, for the first time or again."""
        ...

    def lost(self, room: str, person: str) -> None:
        """There is no sign of life of them."""
        ...

    def closed(self, room: str, person: str) -> None:
        """Their side has ended the connection, or it never came to be: they must make another offer."""
        ...

    def slots(self, room: str, person: str, slots: list[Filled]) -> None:
        """All slots of theirs, after a change."""
        ...

    def stalled(self, room: str, key: TrackKey, *, stalled: bool) -> None:
        """It may pass, but no packet came for 3 s; or one did again."""
        ...

    def speaker(self, room: str, person: str | None) -> None:
        """Who speaks now."""
        ...


@dataclass(slots=True)
class MediaPerson:
    """Somebody who may be in the room, whether connected or not."""

    name: str
    passing: set[str] = field(default_factory=set)
    wishes: dict[TrackKey, Wish] = field(default_factory=dict)
    peer: MediaPeer | None = None


class MediaRoom:
    """Forwards what passes its gates. People are in the order in which they came."""

    def __init__(self, name: str, fanout: RtpFanout, listener: Listener) -> None:
        self.name = name
        self._fanout = fanout
        self._listener = listener
        self.people: dict[str, MediaPerson] = {}
        self.loudest = Loudest()
        self.recorder: Recorder | None = None

    def forward(self, packet: MediaPacket, now: float) -> None:
        """A packet of somebody in the room."""
        track, source, kept = packet.track, packet.source, packet.kept
        if not track.passing:
            return
        if packet.level is not None:
            self.loudest.heard(track.person, packet.level, now)
        if source.packets == 1:
            self._supply(track, now)
        if source.waiting and (source.kind == "audio" or kept.said.key_frame):
            self._fanout.flush()
            for slot in [*source.waiting]:
                slot.wait_for(None)
                slot.take(source, kept.sequence, kept.timestamp, now, picture=kept.said.picture, tl0=kept.said.tl0)
        if source.slots:
            self._fanout.forward(source, kept)
        if self.recorder is not None:
            key = TrackKey(track.person, track.name)
            if self.recorder.packet(key, packet):
                self.ask_for_key_frame(key, source, now)

    def pass_only(self, name: str, passing: Iterable[str], now: float) -> None:
        """What of theirs may pass from now on: of "microphone", "camera" and "screen"."""
        person = self.people[name]
        person.passing = set(passing)
        self.gate(person, now)
        self.arrange(now)

    def gate(self, person: MediaPerson, now: float) -> None:
        """Open and close what they send, as it is allowed."""
        for track in person.peer.inlet.tracks.values() if person.peer else ():
            passes = track.name in person.passing
            if passes and not track.passing:
                track.passing_since = track.watched_at = now
            track.passing = passes
            if not track.passing:
                for source in track.layers.values():
                    released(source)
                if track.name == "microphone":
                    self.loudest.gone(person.name)

    def track(self, key: TrackKey) -> InletTrack | None:
        """Of somebody who is here."""
        person = self.people.get(key.person)
        return person.peer.inlet.tracks.get(key.source) if person is not None and person.peer is not None else None

    def arrange(self, now: float) -> None:
        """Decide who is in whose slots, and tell those for whom it changed."""
        tracks = [
            TrackKey(person.name, track.name)
            for person in self.people.values()
            if person.peer is not None
            for track in person.peer.inlet.tracks.values()
            if track.passing
        ]
        speakers = self.loudest.recent()
        for person in self.people.values():
            if person.peer is not None and person.peer.slots:
                self._arrange_for(person, person.peer, tracks, speakers, now=now)

    def _arrange_for(
        self, person: MediaPerson, peer: MediaPeer, tracks: list[TrackKey], speakers: list[str], now: float
    ) -> None:
        off = {key for key, wish in person.wishes.items() if wish.quality == "off"}
        wanted = [key for key in tracks if key.person != person.name and key not in off]
        pins = {wish.mid: key for key, wish in person.wishes.items() if wish.mid is not None}
        placement = placed(peer.order, wanted, speakers, pins, before=peer.placement)
        changed = {mid for mid, key in placement.items() if peer.placement.get(mid) != key}
        first = peer.placement.keys() != placement.keys()
        peer.placement = placement
        for mid in changed:
            peer.slots[mid].leave()
            peer.slots[mid].wait_for(None)
        self.feed(person, peer, now)
        if changed or first:
            self._listener.slots(self.name, person.name, filled(peer))

    def _supply(self, track: InletTrack, now: float) -> None:
        """The first packet of a stream has come: it can feed those who were promised its track."""
        key = TrackKey(track.person, track.name)
        for person in self.people.values():
            if person.peer is not None and key in person.peer.placement.values():
                self.feed(person, person.peer, now)

    def feed(self, person: MediaPerson, peer: MediaPeer, now: float) -> None:
        """Connect the slots of `peer` with the streams, and the layers of them, that they shall get."""
        tracks = {mid: track for mid, key in peer.placement.items() if key and (track := self.track(key))}
        demands = [_demand(person, mid, tracks[mid]) for mid in peer.order.video if mid in tracks]
        peer.layers = peer.chooser.choose(demands, now)
        for mid, track in tracks.items():
            source = track.alive(peer.layers.get(mid, 0), now)
            if source is not None:
                self._connect(peer, peer.slots[mid], source, now)

    @property
    def layered(self) -> bool:
        """Whether anybody sends more than one layer of something."""
        peers = [person.peer for person in self.people.values() if person.peer is not None]
        return any(track.section.rids for peer in peers for track in peer.inlet.tracks.values())

    def choose_layers(self, now: float) -> None:
        """Give everybody what their link carries by now, and note what is needed of whom."""
        for person in self.people.values():
            if person.peer is not None and person.peer.connected:
                self.feed(person, person.peer, now)
        self.note_watched(now)

    def note_watched(self, now: float) -> None:
        """Tell each track the highest layer of it that anybody shall get."""
        peers = [person.peer for person in self.people.values() if person.peer is not None]
        highest: dict[TrackKey, int] = {}
        for peer in peers:
            for mid, layer in peer.layers.items():
                if (key := peer.placement.get(mid)) is not None:
                    highest[key] = max(highest.get(key, 0), layer)
        for peer in peers:
            for track in peer.inlet.tracks.values():
                watched = highest.get(TrackKey(track.person, track.name), 0)
                track.watch(len(track.rungs) - 1 if self.recorded else watched, now)

    @property
    def recorded(self) -> bool:
        """Whether anything is kept of what passes."""
        return self.recorder is not None and self.recorder.running

    def _connect(self, peer: MediaPeer, slot: Slot, source: Source, now: float) -> None:
        if slot.source is source:
            slot.wait_for(None)
        elif slot.wanted is not source:
            slot.wait_for(source)
            key = peer.placement[slot.mid]
            if source.kind == "video" and key is not None:
                self.ask_for_key_frame(key, source, now)

    def ask_for_key_frame(self, key: TrackKey, source: Source, now: float) -> None:
        """Ask whoever sends it, unless that has just been done."""
        sender = self.people.get(key.person)
        if sender is not None and sender.peer is not None and source.may_ask_for_key_frame(now):
            sender.peer.transport.send_control(key_frame_request(source))

    def subscribe(self, name: str, wishes: Mapping[TrackKey, Wish], now: float) -> list[Filled]:
        """What they want of whom, instead of what they wanted before. Their slots then."""
        person = self.people[name]
        person.wishes = dict(wishes)
        self.arrange(now)
        return filled(person.peer) if person.peer is not None else []


def filled(peer: MediaPeer) -> list[Filled]:
    """The slots of `peer` in the order of its offer."""
    return [Filled(mid, slot.kind, peer.placement.get(mid)) for mid, slot in peer.slots.items()]


def _demand(person: MediaPerson, mid: str, track: InletTrack) -> Demand:
    key = TrackKey(track.person, track.name)
    quality = person.wishes[key].quality if key in person.wishes else "auto"
    rates = track.rates_bps()
    return Demand(mid, rates, min(_MOST[quality], len(rates) - 1))

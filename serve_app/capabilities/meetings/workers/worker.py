"""One media worker: a forwarding unit, told by meetings who is in it and what of theirs may pass, and telling them what
it sees. It decides nothing, and what it is told is always the whole, so nothing of it can be missed."""

import asyncio
import time
from collections.abc import Callable, Iterable
from typing import Final, Protocol

import msgspec
from typing_extensions import override

from actors.meetings import reports
from actors.meetings.activities import MediaRoomState
from actors.meetings.state import SOURCES
from common.errors import FailedPrecondition, InvalidArgument, PermissionDenied, RateLimited
from realtime.media.placing import TrackKey
from realtime.media.recorder import Recorder
from realtime.media.room import Filled, Listener, Wish
from realtime.media.sdp.lines import OfferError
from realtime.media.sdp.offer import SdpTrack
from realtime.media.unit import MediaUnit, NotAdmittedError, TooManyOffersError
from serve_app.capabilities.meetings.workers.quality import score_of
from serve_app.capabilities.meetings.workers.reporter import Reporter
from serve_app.capabilities.meetings.workers.wire import (
    MakeOffer,
    MediaSlot,
    OfferAnswered,
    Stats,
    TrackSubscriptions,
    WorkerState,
)

SEEN_S: Final = 5.0
MEASURED_S: Final = 2.0
SILENCE_MS: Final = 3000
_CLOSED: Final = 1000  # meetings that are remembered, so that an old word does not open them again
_RUNS: Final = ("starting", "recording")


class RecordingSink(Protocol):
    """Whoever keeps what is recorded. `life`: of the worker."""

    life: str

    def begin(self, room: MediaRoomState) -> Recorder:
        """A recorder of this room's recording, whose sink stores what comes."""
        ...

    def follow(self, room: MediaRoomState) -> None:
        """The room is so by now: who has come in may be kept too, if they have agreed."""
        ...


class MediaWorker(Listener):
    """One a process. `unit` is started by whoever makes it, with this as its listener. `cpu_s`: the seconds of the
    processor that it has used so far."""

    def __init__(
        self,
        name: str,
        life: str,
        reporter: Reporter,
        recordings: RecordingSink,
        cpu_s: Callable[[], float] = time.process_time,
    ) -> None:
        self.name, self.life = name, life
        self.state: WorkerState = "ready"
        self._reporter = reporter
        self._recordings = recordings
        recordings.life = life
        self._rooms: dict[str, MediaRoomState] = {}
        self._closed: dict[str, tuple[int, int]] = {}
        self._here: dict[str, set[str]] = {}  # who is connected, by meeting
        self._stalled: dict[str, dict[str, set[str]]] = {}
        self._recorded: dict[str, str] = {}  # meeting -> recording
        self._load = _Load(cpu_s)
        self._unit: MediaUnit | None = None

    @property
    def unit(self) -> MediaUnit:
        """What forwards."""
        assert self._unit is not None
        return self._unit

    def carry(self, unit: MediaUnit) -> None:
        """By this unit, from now on."""
        self._unit = unit

    # What it is told

    def apply(self, room: MediaRoomState) -> None:
        """Hold to this, from now on. What is older than what it knows changes nothing."""
        meeting, mark = room.meeting, (room.epoch, room.stamp)
        known = self._rooms.get(meeting)
        last = (known.epoch, known.stamp) if known is not None else self._closed.get(meeting, (-1, -1))
        if mark < last or (mark == last and known is None):
            return
        if room.over or room.worker != self.name:
            self._close(meeting, mark)
            return
        if known is not None and known.epoch != room.epoch:
            self._forget(meeting)
            known = None
        self._reporter.begin(meeting, room.epoch)
        self._rooms[meeting] = room
        self._recordings.follow(room)
        self._seat(room, known)
        self._record(room)

    def _seat(self, room: MediaRoomState, known: MediaRoomState | None) -> None:
        before = {seat.participant: seat for seat in known.seats} if known is not None else {}
        now = {seat.participant: seat for seat in room.seats}
        for participant, seat in before.items():
            if participant not in now or now[participant].seat_epoch != seat.seat_epoch:
                self.unit.remove(room.meeting, participant)
                self._gone(room.meeting, participant)
        for participant, seat in now.items():
            self.unit.admit(room.meeting, participant, seat.passing)

    def _record(self, room: MediaRoomState) -> None:
        wanted = room.recording if room.recording is not None and room.recording.status in _RUNS else None
        running = self._recorded.get(room.meeting)
        if wanted is None or not room.seats:
            self._recorded.pop(room.meeting, None)
            if running is not None and room.seats:
                self.unit.record(room.meeting, None)
        elif running is None:
            self._recorded[room.meeting] = wanted.id
            self.unit.record(room.meeting, self._recordings.begin(room))
            self._say(room, reports.RecorderSays(wanted.id, room.epoch, "started"))

    def _close(self, meeting: str, mark: tuple[int, int]) -> None:
        self._forget(meeting)
        self._closed.pop(meeting, None)
        self._closed[meeting] = mark
        while len(self._closed) > _CLOSED:
            del self._closed[next(iter(self._closed))]

    def _forget(self, meeting: str) -> None:
        self.unit.close_room(meeting)
        for of in (self._rooms, self._here, self._stalled, self._recorded):
            of.pop(meeting, None)
        self._reporter.end(meeting)

    def _gone(self, meeting: str, participant: str) -> None:
        self._here.get(meeting, set()).discard(participant)
        self._stalled.get(meeting, {}).pop(participant, None)

    def offer(self, asked: MakeOffer) -> OfferAnswered:
        """Answer an offer.

        Raises:
            InvalidArgument: it cannot be answered; the message names the line.
            RateLimited: there are too many.
            PermissionDenied, FailedPrecondition: they are not in the room, or it is not here any more.
        """
        room = self._present(asked.room)
        tracks = [SdpTrack(section.mid, section.source) for section in asked.sections]
        try:
            answer = self.unit.offer(room.meeting, asked.participant, asked.sdp, tracks)
        except OfferError as error:
            raise InvalidArgument(f"The offer cannot be answered: {error}", details={"field": "sdp"}) from error
        except TooManyOffersError as error:
            raise RateLimited("Too many offers. Please wait a moment.", retry_after_s=5.0) from error
        except NotAdmittedError as error:
            raise PermissionDenied("You are not in this meeting now.", details={"reason": "not_seated"}) from error
        return OfferAnswered(answer.sdp, tuple(slots_of(answer.slots)))

    def subscribe(self, asked: TrackSubscriptions) -> tuple[MediaSlot, ...]:
        """Give them what they want. Raises as `offer` does."""
        room = self._present(asked.room)
        wishes = {
            TrackKey(pin.participant, pin.source): Wish(TrackKey(pin.participant, pin.source), pin.quality, pin.mid)
            for pin in asked.pins
        }
        try:
            return tuple(slots_of(self.unit.subscribe(room.meeting, asked.participant, wishes)))
        except NotAdmittedError as error:
            raise PermissionDenied("You are not in this meeting now.", details={"reason": "not_seated"}) from error

    def _present(self, room: MediaRoomState) -> MediaRoomState:
        self.apply(room)
        present = self._rooms.get(room.meeting)
        if present is None or present.epoch != room.epoch:
            details: dict[str, object] = {"reason": "epoch"}
            if present is not None:
                details["epoch"] = present.epoch
            raise FailedPrecondition("Media goes another way by now: ask for the new one.", details=details)
        return present

    def drain(self) -> None:
        """Take no new meeting."""
        self.state = "draining"

    def stats(self) -> Stats:
        """How it does."""
        load, cpu_s = self._load.measured()
        return Stats(
            name=self.name,
            life=self.life,
            state=self.state,
            participants=sum(map(len, self._here.values())),
            streams=self.unit.streams,
            load=load,
            cpu_s=cpu_s,
            rooms={meeting: room.epoch for meeting, room in self._rooms.items()},
            recordings=len(self._recorded),
        )

    # What it sees

    @override
    def connected(self, room: str, person: str) -> None:
        if (state := self._rooms.get(room)) is not None:
            self._here.setdefault(room, set()).add(person)
            self._say(state, reports.Connected(person, state.epoch))

    @override
    def lost(self, room: str, person: str) -> None:
        self._lose(room, person, SILENCE_MS)

    @override
    def closed(self, room: str, person: str) -> None:
        self._lose(room, person, 0)

    def _lose(self, room: str, person: str, ago_ms: int) -> None:
        if (state := self._rooms.get(room)) is not None and person in self._here.get(room, ()):
            self._gone(room, person)
            self._say(state, reports.Lost(person, state.epoch, time.time_ns() // 1_000_000 - ago_ms))

    @override
    def slots(self, room: str, person: str, slots: list[Filled]) -> None:
        if (state := self._rooms.get(room)) is not None:
            told = msgspec.json.encode(slots_of(slots))
            self._say(state, reports.ReportSlots(person, state.epoch, told), latest=("slots", person))

    @override
    def stalled(self, room: str, key: TrackKey, *, stalled: bool) -> None:
        if (state := self._rooms.get(room)) is not None:
            of = self._stalled.setdefault(room, {}).setdefault(key.person, set())
            (of.add if stalled else of.discard)(key.source)
            report = reports.Stalled(key.person, state.epoch, tuple(each for each in SOURCES if each in of))
            self._say(state, report, latest=("stalled", key.person))

    @override
    def speaker(self, room: str, person: str | None) -> None:
        if (state := self._rooms.get(room)) is not None:
            self._say(state, reports.Speaks(state.epoch, person or ""), latest="speaks")

    async def watch(self) -> None:
        """Say now and then who is still here, and how their links do; until cancelled."""
        last = 0.0
        while True:
            await asyncio.sleep(MEASURED_S)
            seen = time.monotonic() - last >= SEEN_S
            last = time.monotonic() if seen else last
            for room in [*self._rooms.values()]:
                if here := tuple(sorted(self._here.get(room.meeting, ()))):
                    self._measure(room)
                    if seen:
                        self._say(room, reports.ReportConnected(here, room.epoch), latest="seen")

    def _measure(self, room: MediaRoomState) -> None:
        try:
            measured = self.unit.quality(room.meeting)
        except NotAdmittedError:
            return
        samples = []
        for person, quality in measured.items():
            score, cause = score_of(quality)
            rtt_ms, loss = round(quality.rtt_s * 1000, 1), round(quality.loss, 3)
            samples.append(
                reports.Sample(
                    participant=person,
                    score=score,
                    cause=cause,
                    rtt_ms=rtt_ms,
                    loss=loss,
                    down_bps=quality.down_bps or 0.0,
                )
            )
        if samples:
            self._say(room, reports.Measured(room.epoch, tuple(samples)), latest="measured")

    def _say(self, room: MediaRoomState, report: msgspec.Struct, latest: object = None) -> None:
        self._reporter.say(room.meeting, report, latest)


class _Load:
    """The share of a core that this process used of late."""

    def __init__(self, cpu_s: Callable[[], float]) -> None:
        self._cpu_s = cpu_s
        self._at, self._cpu, self._load = time.monotonic(), cpu_s(), 0.0

    def measured(self) -> tuple[float, float]:
        """The share, and all that it ever used, in seconds."""
        now, cpu = time.monotonic(), self._cpu_s()
        if now - self._at >= 1.0:
            self._load = (cpu - self._cpu) / (now - self._at)
            self._at, self._cpu = now, cpu
        return round(self._load, 3), cpu


def slots_of(slots: Iterable[Filled]) -> list[MediaSlot]:
    """As clients see them."""
    return [
        MediaSlot(each.mid, each.kind, each.key.person if each.key else None, each.key.source if each.key else None)
        for each in slots
    ]

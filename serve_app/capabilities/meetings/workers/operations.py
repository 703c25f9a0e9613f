"""Operations of media: what goes straight from a door to the worker, and what operators see and do."""

from collections.abc import Awaitable, Callable, Iterator
from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import Meta

from actors.meetings.rules.tickets import epoch_passed
from common.decoding import Id, Request
from common.errors import CarewireError, Conflict, FailedPrecondition, InvalidArgument, NotFound, RateLimited
from config.capabilities.media import MediaSettings
from serve_app.capabilities.meetings.workers import wire
from serve_app.capabilities.meetings.workers.admitting import MediaAdmission
from serve_app.capabilities.meetings.workers.link import WorkerGone
from serve_app.capabilities.meetings.workers.plane import WorkerPlane, placed
from serve_app.capabilities.meetings.workers.registry import WorkerRecord
from serve_app.edge.operation import Caller, Example, Operation, Rest

MOST_SDP: Final = 60 * 1024
_MOST_TRACKS: Final = 64
_REFUSES: Final[tuple[type[CarewireError], ...]] = (Conflict, FailedPrecondition, NotFound, RateLimited)
_MEETING: Final = "mtg_01KAFZ00000000000000000000"
_PERSON: Final = "prt_01KAFZ00000000000000000000"
_STATS_S: Final = 1.0
MeetingId = Id
Mid = Annotated[str, Meta(min_length=1, max_length=32)]
State = Literal["ok", "unset", "down"]


class OfferedTrack(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A section of the offer that sends, and what."""

    mid: Mid
    source: wire.Source


class MeetingOffer(Request, frozen=True, kw_only=True):
    """An offer to the forwarding unit. `tracks` names the sections that send; every `recvonly` one is a slot."""

    meeting_id: MeetingId
    ticket: Annotated[str, Meta(min_length=1, max_length=4096)]
    epoch: Annotated[int, Meta(ge=0)]
    sdp: str
    tracks: Annotated[list[OfferedTrack], Meta(max_length=_MOST_TRACKS)]


class MediaAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """The answer, and what is in the slots now."""

    epoch: int
    sdp: str
    slots: list[wire.MediaSlot]


class WantedTrack(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How good a track of somebody shall be, and in which slot; `off`: not at all."""

    participant_id: Id
    source: wire.Source
    quality: wire.Quality
    mid: Mid | None = None


class SubscribeTracks(Request, frozen=True, kw_only=True):
    """What one wants of whom, instead of what one wanted before."""

    meeting_id: MeetingId
    tracks: Annotated[list[WantedTrack], Meta(max_length=_MOST_TRACKS)]


class MediaSlots(msgspec.Struct, frozen=True, kw_only=True):
    """One's slots by now."""

    slots: list[wire.MediaSlot]


class NoArguments(Request, frozen=True):
    """Nothing is to be said."""


class SetMediaWorkers(Request, frozen=True, kw_only=True):
    """`max_workers`: so many a node at most, 0: none, and every meeting moves to the fallback. `drain`: this one gives
    its meetings away and ends."""

    max_workers: Annotated[int, Meta(ge=0, le=64)] | None = None
    drain: Annotated[str, Meta(pattern=r"\Amedia-[0-9]{1,4}\Z")] | None = None


class ShownWorker(msgspec.Struct, frozen=True, kw_only=True):
    """A media worker. One that does not answer is shown as `starting`."""

    name: str
    node: str
    state: wire.WorkerState
    meetings: int
    participants: int
    streams: int
    load: float
    port: int


class WorkersReply(msgspec.Struct, frozen=True, kw_only=True):
    """All of them; whether there is a TURN server and a fallback."""

    max_workers: int
    workers: list[ShownWorker]
    turn: State
    fallback: State


class MediaOperations:
    """One a process. `turn`: looks at the relay. `fallback`: whether there is any."""

    def __init__(
        self,
        admitting: MediaAdmission,
        plane: WorkerPlane,
        settings: MediaSettings,
        turn: Callable[[], Awaitable[State]],
        fallback: State,
    ) -> None:
        self._admitting, self._plane, self._settings = admitting, plane, settings
        self._turn, self._fallback = turn, fallback

    def __iter__(self) -> Iterator[Operation[Any]]:
        yield from self._of_seats()
        yield from self._of_operators()

    async def offer(self, request: MeetingOffer, caller: Caller) -> MediaAnswer:
        """Answered by the worker that has the meeting."""
        if len(request.sdp.encode()) > MOST_SDP:
            raise InvalidArgument("An offer is at most 60 KiB: name only Opus and VP8.", details={"field": "sdp"})
        participant, look = await self._admitting.by_ticket(request.meeting_id, request.ticket, request.epoch, caller)
        room = await placed(look)
        if room.epoch != request.epoch:
            raise epoch_passed(room.epoch)
        sections = tuple(wire.OfferSection(track.mid, track.source) for track in request.tracks)
        answered = await self._plane.offer(wire.MakeOffer(room, participant, request.sdp, sections))
        return MediaAnswer(epoch=room.epoch, sdp=answered.sdp, slots=list(answered.slots))

    async def subscribe(self, request: SubscribeTracks, caller: Caller) -> MediaSlots:
        """Likewise."""
        participant, look = await self._admitting.by_seat(request.meeting_id, caller)
        pins = tuple(wire.TrackPin(one.participant_id, one.source, one.quality, one.mid) for one in request.tracks)
        answered = await self._plane.subscribe(wire.TrackSubscriptions(await placed(look), participant, pins))
        return MediaSlots(slots=list(answered.slots))

    async def workers(self) -> WorkersReply:
        """As they are now."""
        registry = self._plane.registry
        control = await registry.control()
        shown = [await self._shown(record) for record in await registry.workers()]
        most = self._settings.max_workers if control.max_workers is None else control.max_workers
        return WorkersReply(max_workers=most, workers=shown, turn=await self._turn(), fallback=self._fallback)

    async def set_workers(self, request: SetMediaWorkers) -> WorkersReply:
        """Raises NotFound: there is no such worker."""
        registry = self._plane.registry
        if request.drain is not None and await registry.worker(request.drain) is None:
            raise NotFound("There is no such media worker.")
        if request.max_workers is not None:
            await registry.limit(request.max_workers)
        if request.drain is not None:
            await registry.drain(request.drain)
        return await self.workers()

    async def _shown(self, record: WorkerRecord) -> ShownWorker:
        node = record.node.partition("/")[0]
        try:
            data = await self._plane.links.call_this(record, wire.STATS, b"", timeout_s=_STATS_S)
        except (WorkerGone, CarewireError):
            return ShownWorker(
                name=record.name,
                node=node,
                state="starting",
                meetings=0,
                participants=0,
                streams=0,
                load=0.0,
                port=record.port,
            )
        stats = wire.unpacked(data, wire.Stats)
        return ShownWorker(
            name=record.name,
            node=node,
            state=stats.state,
            meetings=len(stats.rooms),
            participants=stats.participants,
            streams=stats.streams,
            load=stats.load,
            port=record.port,
        )

    def _of_seats(self) -> Iterator[Operation[Any]]:
        slots = [{"mid": "2", "kind": "video", "participant_id": _PERSON, "source": "camera"}]
        yield Operation(
            name="meeting_offer",
            action="meeting.media",
            request=MeetingOffer,
            call=self.offer,
            rest=Rest("POST", "/api/meetings/{meeting_id}/offer", tag="meetings"),
            limit="write",
            response=MediaAnswer,
            resource=("meeting_id",),
            refuses=_REFUSES,
            example=Example(
                {
                    "meeting_id": _MEETING,
                    "ticket": "eyJ0eXAiOiJKV1QiLCJhbGciOiJIUzI1NiJ9.e30.c2ln",
                    "epoch": 1,
                    "sdp": "v=0\r\n",
                    "tracks": [{"mid": "0", "source": "microphone"}],
                },
                {"epoch": 1, "sdp": "v=0\r\n", "slots": slots},
            ),
            description="An offer to the forwarding unit, which answers it. Nothing is renegotiated when people come "
            "and go: `meeting_slots` says who is in which slot.",
        )
        yield Operation(
            name="subscribe_tracks",
            action="meeting.media",
            request=SubscribeTracks,
            call=self.subscribe,
            rest=Rest("POST", "/api/meetings/{meeting_id}/subscribe", tag="meetings"),
            limit="write",
            response=MediaSlots,
            resource=("meeting_id",),
            refuses=_REFUSES,
            example=Example(
                {
                    "meeting_id": _MEETING,
                    "tracks": [{"participant_id": _PERSON, "source": "camera", "quality": "high", "mid": "2"}],
                },
                {"slots": slots},
            ),
            description="Say which tracks one wants, how good, and in which slot.",
        )

    def _of_operators(self) -> Iterator[Operation[Any]]:
        async def look(_: NoArguments, caller: Caller) -> WorkersReply:
            del caller
            return await self.workers()

        async def change(request: SetMediaWorkers, caller: Caller) -> WorkersReply:
            del caller
            return await self.set_workers(request)

        worker = {
            "name": "media-0",
            "node": "carewire-1",
            "state": "ready",
            "meetings": 2,
            "participants": 5,
            "streams": 14,
            "load": 0.08,
            "port": 8100,
        }
        answer = {"max_workers": 4, "workers": [worker], "turn": "ok", "fallback": "unset"}
        path = "/api/operations/media"
        yield Operation(
            name="list_media_workers",
            action="media.read",
            request=NoArguments,
            call=look,
            rest=Rest("GET", path, tag="operations"),
            limit="read",
            response=WorkersReply,
            example=Example({}, answer),
            description="The media workers, and how they do. For administrators.",
        )
        yield Operation(
            name="set_media_workers",
            action="media.change",
            request=SetMediaWorkers,
            call=change,
            rest=Rest("PUT", path, tag="operations"),
            limit="write",
            response=WorkersReply,
            refuses=(NotFound,),
            example=Example({"max_workers": 4}, answer),
            description="How many workers there may be on a node, and which of them is to end. 0 moves every meeting "
            "to the fallback. For administrators.",
        )

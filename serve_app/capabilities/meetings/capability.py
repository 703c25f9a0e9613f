"""Video meetings, for the list of capabilities."""

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import Any, Final

from fastapi import APIRouter
from pymongo import IndexModel

from actors.meetings.house import consent_version, doors_of, fallbacks_of
from actors.moderation.shield.kind import CALLING
from actors.moderation.views import restricted
from config.settings import Settings
from realtime.front.handlers import Handler
from serve_app.capabilities.audit.capability import audit_of
from serve_app.capabilities.calendars.capability import calendars_of
from serve_app.capabilities.capability import ApiContext, Capability, GatewayContext, ServerContext
from serve_app.capabilities.meetings.admission import Admissions
from serve_app.capabilities.meetings.connectors import CONNECTORS
from serve_app.capabilities.meetings.debts import Debts
from serve_app.capabilities.meetings.metrics import JoinMetrics
from serve_app.capabilities.meetings.operations import signalling
from serve_app.capabilities.meetings.operations.attending import Attending
from serve_app.capabilities.meetings.operations.moderating import Moderating
from serve_app.capabilities.meetings.operations.planning import Planning
from serve_app.capabilities.meetings.operations.signalling import MeetingWatching, Signalling
from serve_app.capabilities.meetings.personal import PersonalMeetings
from serve_app.capabilities.meetings.recordings import looks, manifests
from serve_app.capabilities.meetings.recordings.content import RecordingContent, content_routes
from serve_app.capabilities.meetings.recordings.looks import Looks
from serve_app.capabilities.meetings.recordings.operations import RecordingOperations
from serve_app.capabilities.meetings.recordings.personal import PersonalRecordings
from serve_app.capabilities.meetings.recordings.service import Recordings
from serve_app.capabilities.meetings.relays.probe import state_of
from serve_app.capabilities.meetings.server_events import MEETING_EVENTS
from serve_app.capabilities.meetings.service import MeetingParts, Meetings, nobody_barred
from serve_app.capabilities.meetings.sockets import MeetingSockets
from serve_app.capabilities.meetings.webhooks import livekit_partner
from serve_app.capabilities.meetings.workers.admitting import MediaAdmission
from serve_app.capabilities.meetings.workers.health import VideoHealth
from serve_app.capabilities.meetings.workers.operations import MediaOperations, State
from serve_app.capabilities.meetings.workers.plane import WorkerPlane
from serve_app.capabilities.operations.capability import repeats_of
from serve_app.edge.conventions.described.pages import console_routes
from serve_app.edge.operation import Operation
from serve_app.edge.webhooks.partners import WebhookPartner
from serve_app.processes.health import HealthPart


def admissions_of(context: ServerContext) -> Admissions:
    """Whose seat a ticket opens."""
    return Admissions(context.region, doors_of(context.settings), context.clock)


def plane_of(context: ServerContext) -> WorkerPlane:
    """The way to media workers."""
    return WorkerPlane(context.database, context.settings.cluster.node_tls())


def media_of(context: ServerContext) -> MediaOperations:
    """What goes straight to workers, and what operators see of them."""
    settings = context.settings
    turn = doors_of(settings).turn
    fallback: State = "ok" if fallbacks_of(settings) else "unset"

    async def relays() -> State:
        return await state_of(turn, context.clock.now_ms())

    admitting = MediaAdmission(context.once(admissions_of), context.once(meetings_of))
    return MediaOperations(
        admitting=admitting, plane=context.once(plane_of), settings=settings.media, turn=relays, fallback=fallback
    )


def recordings_of(context: ServerContext) -> Recordings:
    """The service of recordings."""
    seen = Looks(context.database, context.once(audit_of), context.clock)
    version = consent_version(context.settings.meetings.consent_text)
    views, blobs = context.stores.views, context.blobs
    return Recordings(
        entities=context.region,
        views=views,
        blobs=blobs,
        database=context.database,
        looks=seen,
        clock=context.clock,
        text_version=version,
    )


def meetings_of(context: ServerContext) -> Meetings:
    """The service of meetings."""
    settings = context.settings
    asks = settings.meetings.require_payment and "payments" not in settings.features.off
    return Meetings(
        MeetingParts(
            entities=context.region,
            views=context.stores.views,
            calendars=context.once(calendars_of),
            reach=context.reach,
            audit=context.once(audit_of),
            admissions=context.once(admissions_of),
            clock=context.clock,
            plane=context.once(plane_of),
            barred=partial(_barred, context) if settings.features.moderation else nobody_barred,
            joined=JoinMetrics(context.registry).seconds.observe,
            owes=Debts(context.stores.views, context.clock).owed if asks else None,
        )
    )


async def _barred(context: ServerContext, user: str) -> bool:
    return await restricted(context.stores.views, user, CALLING, context.clock.platform_ms())


def _operations(context: ServerContext) -> Iterable[Operation[Any]]:
    repeats = context.once(repeats_of)
    for one in _declared(context):
        yield one if one.topic is not None else repeats.known(one)  # a seat is taken once by itself


def _declared(context: ServerContext) -> Iterable[Operation[Any]]:
    meetings = context.once(meetings_of)
    yield from Planning(meetings, context.clock)
    yield from Attending(meetings)
    yield from Moderating(meetings)
    yield from Signalling(meetings, context.once(admissions_of))
    yield from context.once(media_of)
    yield from RecordingOperations(context.once(recordings_of))


def _handlers(context: GatewayContext) -> Iterable[Handler]:
    return MeetingWatching(context.hub.subscriptions).handlers()


def _listens(context: GatewayContext) -> None:
    MeetingSockets(context.hub, context.region).begin()


def _routers(context: ApiContext) -> Iterable[APIRouter]:
    yield content_routes(RecordingContent(context.once(recordings_of), context.blobs))
    yield console_routes("call", "serve_app.capabilities.meetings.pages")


def _health(context: ApiContext) -> Iterable[HealthPart]:
    yield HealthPart("video", VideoHealth(context.once(media_of).workers).look, vital=False)


def _personal(context: ApiContext) -> PersonalMeetings:
    recordings = PersonalRecordings(context.once(recordings_of))
    return PersonalMeetings(context.once(meetings_of), context.clock, recordings)


def _indexes(_: Settings) -> Mapping[str, Sequence[IndexModel]]:
    return {manifests.COLLECTION: manifests.INDEXES, looks.COLLECTION: looks.INDEXES}


def _webhooks(settings: Settings) -> Iterable[WebhookPartner]:
    if (livekit := doors_of(settings).livekit) is not None:
        yield livekit_partner(doors_of(settings), livekit)


MEETINGS: Final = Capability(
    name="meetings",
    feature="video",
    operations=_operations,
    requests=signalling.EVENTS,
    handlers=_handlers,
    listens=_listens,
    events=MEETING_EVENTS,
    connectors=CONNECTORS,
    personal=_personal,
    routers=_routers,
    health=_health,
    indexes=_indexes,
    webhooks=_webhooks,
)

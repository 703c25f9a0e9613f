"""What a runner takes of meetings."""

from collections.abc import Iterable
from typing import Final

from actors.meetings.house import doors_of
from serve_app.activities.connector import Connector
from serve_app.capabilities.connecting import Connectors, RunnerContext
from serve_app.capabilities.meetings.connectors.evidence import EvidenceConnector
from serve_app.capabilities.meetings.fleet.connector import media_connectors
from serve_app.capabilities.meetings.recordings.connector import recording_connectors


def _open(context: RunnerContext) -> Iterable[Connector]:
    yield EvidenceConnector(context.database, context.clock)
    yield from media_connectors(context)
    yield from recording_connectors(context)
    if (livekit := doors_of(context.settings).livekit) is not None:
        from serve_app.capabilities.meetings.connectors.livekit import LivekitConnector, LivekitPermissionConnector

        yield LivekitConnector(livekit, context.clock)
        yield LivekitPermissionConnector(livekit, context.clock)


CONNECTORS: Final = Connectors(feature="video", open=_open)

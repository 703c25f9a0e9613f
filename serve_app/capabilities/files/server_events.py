"""What sockets hear of files."""

from typing import Any, Final

import msgspec

from actors.files.records import ShownFile
from serve_app.edge.server_events import ServerEvent


class FileTold(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A file, as it is by now. Its owner gets it by inbox, with the number there."""

    file: ShownFile
    event_id: str | None = None
    inbox_seq: int | None = None


FILE: Final[dict[str, Any]] = {
    "file_id": "file_01KAFZ0000000000000000000A",
    "name": "letter.pdf",
    "type": "application/pdf",
    "size": 48213,
    "sha256": "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae",
    "state": "ready",
    "scan": "clean",
    "owner_id": "usr_ada",
    "created_at": "2026-11-20T09:30:00.000Z",
}
FILE_EVENTS: Final = (
    ServerEvent(
        name="file_updated",
        payload=FileTold,
        audience="its owner, and whoever listens in a room that it stands in",
        description="A file can be had now, or was rejected, or is gone.",
        example={"file": FILE, "event_id": "evt_01KAFZ0000000000000000000A", "inbox_seq": 12},
    ),
)

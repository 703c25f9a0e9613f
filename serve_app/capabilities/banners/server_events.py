"""What sockets hear of banners."""

from typing import Any, Final

from actors.banners.kind import BEGAN, ENDED
from actors.banners.records import ShownBanner
from common.persons import OtherId
from serve_app.edge.server_events import Payload, ServerEvent


class BannerShown(Payload, frozen=True, kw_only=True):
    """Show this, until `ends_at` or `system_banner_ended`."""

    banner: ShownBanner


class BannerOver(Payload, frozen=True, kw_only=True):
    """Show it no more."""

    banner_id: OtherId


BANNER: Final[dict[str, Any]] = {
    "id": "bnr_01KAFZ0000000000000000000A",
    "title": "Maintenance",
    "body": "On Sunday from 02:00 to 02:30 UTC.",
    "severity": "info",
    "starts_at": "2026-11-20T09:30:00.000Z",
    "ends_at": "2026-11-22T02:30:00.000Z",
}
BANNER_EVENTS: Final = (
    ServerEvent(
        name=BEGAN,
        payload=BannerShown,
        audience="every socket of the roles that it is for",
        description="A banner begins; and, after `session`, each that lasts.",
        example={"banner": BANNER},
    ),
    ServerEvent(
        name=ENDED,
        payload=BannerOver,
        audience="every socket of the roles that it was for",
        description="A banner ends.",
        example={"banner_id": BANNER["id"]},
    ),
)

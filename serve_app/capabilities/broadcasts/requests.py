"""What administrators send about broadcasts, and what they get: one Struct each, at both doors."""

from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta

from actors.broadcasts.records import Audience, Role, ShownBroadcast
from actors.notifications.types import Channel, Priority
from common.decoding import Instant, Request, ShortText, UserIds
from common.errors import InvalidArgument
from serve_app.capabilities.notifications.requests import Body, Link, NewNotification, SubjectOf, Title
from serve_app.edge.operation import Repeatable

BroadcastId = Annotated[str, Meta(pattern=r"\Abrd_[0-9A-HJKMNP-TV-Z]{26}\Z")]
LARGEST_RATE: Final = 5000


class AudienceOf(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One of: everybody who has a role when it is sent, these people, everybody."""

    role: Role | None = None
    user_ids: UserIds | None = None
    all: bool | None = None

    def audience(self) -> Audience:
        """As it is kept. Raises InvalidArgument: none of them, or several."""
        said = [self.role is not None, self.user_ids is not None, self.all is True]
        if sum(said) != 1 or self.all is False:
            raise InvalidArgument("audience is a role, user_ids, or all: true.", details={"field": "audience"})
        return Audience(self.role or "", tuple(dict.fromkeys(self.user_ids or ())))


class BroadcastNotification(Request, Repeatable, frozen=True, kw_only=True):
    """A notification for many. `rate_per_s`: how many are told a second at most. `dry_run`: nobody is told; the answer
    says how many would be, and names some."""

    audience: AudienceOf
    type: ShortText = "announcement"
    title: Title
    body: Body
    data: dict[str, Any] | None = None
    priority: Priority | None = None
    link: Link | None = None
    channels: Annotated[list[Channel], Meta(max_length=3)] | None = None
    subject: SubjectOf | None = None
    dedupe_key: ShortText | None = None
    expires_at: Instant | None = None
    send_at: Instant | None = None
    rate_per_s: Annotated[int, Meta(ge=1, le=LARGEST_RATE)] = 500
    dry_run: bool = False

    def for_one(self, user: str) -> NewNotification:
        """What each of them is told."""
        return NewNotification(
            user_id=user,
            type=self.type,
            title=self.title,
            body=self.body,
            data=self.data,
            priority=self.priority,
            link=self.link,
            channels=self.channels,
            subject=self.subject,
            dedupe_key=self.dedupe_key,
            expires_at=self.expires_at,
        )


class OfBroadcast(Request, frozen=True):
    """One broadcast."""

    broadcast_id: BroadcastId


class ChangeBroadcast(Request, Repeatable, frozen=True, kw_only=True):
    """Something to be done to one."""

    broadcast_id: BroadcastId


class BroadcastReply(msgspec.Struct, frozen=True, kw_only=True):
    """A broadcast, as it is by now."""

    broadcast: ShownBroadcast

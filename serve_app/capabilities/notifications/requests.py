"""What clients may send about notifications and devices, at both doors."""

from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, UnsetType

from actors.notifications.notifier.planning.preferences import (
    ChannelChanges,
    DigestChanges,
    Preview,
    QuietChanges,
    RoomChoice,
    TypeChoice,
)
from actors.notifications.types import Channel, Priority
from common.decoding import Id, Instant, Request, Seq, ShortText, Text
from common.lines import Line
from serve_app.edge.operation import Repeatable, Versioned

Limit = Annotated[int, Meta(ge=1, le=200)]
Title = Annotated[Line, Meta(min_length=1, max_length=200)]
Body = Annotated[Text, Meta(max_length=4000)]
Link = Annotated[Line, Meta(max_length=500)]
Zone = Annotated[str, Meta(max_length=64)]
Locale = Annotated[str, Meta(max_length=35)]
Token = Annotated[str, Meta(min_length=1, max_length=4096)]
PullToken = Annotated[str, Meta(max_length=1024)]


class SubjectOf(Request, frozen=True, kw_only=True):
    """What a notification is about. A later version replaces an earlier one."""

    kind: Id
    id: Id
    version: Seq


class NewNotification(Request, Repeatable, frozen=True, kw_only=True):
    """A notification for one person."""

    user_id: Id
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


class CreateNotifications(Request, Repeatable, frozen=True, kw_only=True):
    """Several at once: each is created or refused on its own."""

    notifications: Annotated[list[dict[str, Any]], Meta(min_length=1, max_length=1000)]


class ListTypes(Request, frozen=True):
    """Which types there are."""


class ListNotificationsRequest(Request, frozen=True, kw_only=True):
    """A page of one's own, newest first."""

    unread: bool | None = None
    category: ShortText | None = None
    type: ShortText | None = None
    archived: bool = False
    cursor: ShortText | None = None
    limit: Limit = 50


class OfNotification(Request, frozen=True, kw_only=True):
    """One notification."""

    notification_id: ShortText


class MarkNotification(Request, Repeatable, frozen=True, kw_only=True):
    """Something to be done with one."""

    notification_id: ShortText


class SnoozeNotification(MarkNotification, frozen=True, kw_only=True):
    """Put it off until then."""

    until: Instant


class ReadNotifications(Request, Repeatable, frozen=True, kw_only=True):
    """Read these."""

    ids: Annotated[list[ShortText], Meta(min_length=1, max_length=200)]


class ReadAllNotifications(Request, Repeatable, frozen=True, kw_only=True):
    """Read all up to a number, of one category or of all."""

    up_to: Seq | None = None
    category: ShortText | None = None


class UnreadCount(Request, frozen=True):
    """How much is unread."""


class GetPreferencesRequest(Request, frozen=True):
    """What one chose."""


class UpdatePreferences(Versioned, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is there replaces what was; the rest stays. `types`, `rooms`, `muted` and `hours` are replaced whole."""

    tz: Zone | None = None
    locale: Locale | None = None
    channels: ChannelChanges | None = None
    types: dict[str, TypeChoice] | None = None
    preview: Preview | None = None
    rooms: dict[str, RoomChoice] | None = None
    muted: dict[str, Instant | None] | None = None
    quiet_hours: QuietChanges | None = None
    digest: DigestChanges | None = None


class ExplainNotification(Request, frozen=True, kw_only=True):
    """What would happen to a notification of this type."""

    type: ShortText
    channel: Channel
    priority: Priority | None = None
    at: Instant | None = None


class SubscriptionKeys(Request, frozen=True, kw_only=True):
    """The keys of a browser (RFC 8291), base64url."""

    p256dh: Annotated[str, Meta(max_length=256)]
    auth: Annotated[str, Meta(max_length=64)]


class PushSubscription(Request, frozen=True, kw_only=True):
    """`PushSubscription.toJSON()` of a browser."""

    endpoint: Token
    expirationTime: float | UnsetType | None = UNSET  # noqa: N815 # as browsers call it
    keys: SubscriptionKeys


class RegisterSubscription(Request, Repeatable, frozen=True, kw_only=True):
    """Push to this browser."""

    subscription: PushSubscription
    key_id: ShortText | None = None
    device_id: Id | None = None
    locale: Locale | None = None
    tz: Zone | None = None
    permission: Literal["granted", "denied", "default"] | None = None


class RegisterToken(Request, Repeatable, frozen=True, kw_only=True):
    """Push to this app."""

    token: Annotated[Line, Meta(min_length=1, max_length=4096)]
    platform: Literal["ios", "ios_voip", "android", "web"]
    device_id: Id | None = None
    environment: Literal["production", "sandbox"] = "production"
    app_version: Annotated[Line, Meta(max_length=64)] | None = None
    locale: Locale | None = None
    tz: Zone | None = None


class PushKeyRequest(Request, frozen=True):
    """The key that browsers subscribe with."""


class ListDevicesRequest(Request, frozen=True):
    """One's own devices."""


class OfDevice(Request, Repeatable, frozen=True, kw_only=True):
    """Something to be done with one device."""

    device_id: Id


class ProvePushToken(OfDevice, frozen=True, kw_only=True):
    """What the device was pushed."""

    proof: ShortText


class PushPermission(OfDevice, frozen=True, kw_only=True):
    """What its system says about notifications."""

    state: Literal["granted", "denied", "default"]
    asked_at: Instant | None = None


class PullRequest(Request, frozen=True, kw_only=True):
    """What came after this number."""

    after: Seq
    limit: Limit = 50
    pull_token: PullToken | None = None


class ReceiptOf(Request, frozen=True, kw_only=True):
    """What became of a delivery on its device."""

    delivery_id: ShortText
    event: Literal["displayed", "opened", "dismissed", "action"]
    action: ShortText | None = None
    at: Instant | None = None


class PushReceipts(Request, frozen=True, kw_only=True):
    """What became of deliveries on their device."""

    receipts: Annotated[list[ReceiptOf], Meta(min_length=1, max_length=100)]
    pull_token: PullToken | None = None

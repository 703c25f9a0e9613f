"""What is sent to people, as the notifier owes it and the connectors read it. Each new member has a default.

In the journal an activity is a `Sending`: ids, and nothing else. The words and the address are asked for when it is
carried out, so connectors are handed a `Push` or a `Mail`. The mails of accounts are owed as they are.
"""

from typing import Final, Literal, TypeAlias

import msgspec

EMAIL: Final = "email"
"""The connector that sends `Mail`, and answers `Mailed`."""
WEBPUSH: Final = "webpush"
"""The connector that sends `Push` to a `WebPushAddress`, and answers `Pushed`."""
FCM: Final = "fcm"
"""The same, to an `FcmAddress`."""
APNS: Final = "apns"
"""The same, to an `ApnsAddress`."""
STALE: Final = "stale"
"""The code of what is refused because it is no news any more."""

Service: TypeAlias = Literal["webpush", "fcm", "apns"]
"""Who pushes."""
PushUrgency: TypeAlias = Literal["very-low", "low", "normal", "high"]
"""How much of a battery a push is worth (RFC 8030, 5.3)."""
PushKind: TypeAlias = Literal["show", "take_back", "ring", "ring_end", "prove"]
"""What the device is to do: show something, take back what it shows, ring, stop ringing, say what proves it."""


class Sending(msgspec.Struct, frozen=True, array_like=True, tag="sending"):
    """Something of `notifier:<user>` that is to be sent: `what` says what, `delivery` names it, `device` where to.

    `what`: "push" (one notification to one device), "take_back" (the quiet word that it was seen elsewhere),
    "ring_end", "email" (one notification), "digest" (a mail of several, `numbers`), "test" (a push that only shows
    that pushing works), "prove" (the quiet word that a device repeats).
    `number` is the notification's. `online_until_ms`: before this moment it is not sent while a
    device of the person is online. `sure`: it is sent whether it was seen elsewhere or not.
    """

    user: str
    what: Literal["push", "take_back", "ring_end", "email", "digest", "test", "prove"]
    delivery: str
    number: int = 0
    device: str = ""
    online_until_ms: int = 0
    sure: bool = False
    numbers: tuple[int, ...] = ()


class WebPushAddress(msgspec.Struct, frozen=True, kw_only=True, tag="webpush"):
    """A browser (RFC 8030). `p256dh` and `auth` are its keys (RFC 8291): a point of P-256, uncompressed, and 16 bytes.
    `key_id` names our key that it subscribed with; "": the newest."""

    endpoint: str
    p256dh: bytes
    auth: bytes
    key_id: str = ""


class FcmAddress(msgspec.Struct, frozen=True, kw_only=True, tag="fcm"):
    """An app that Firebase Cloud Messaging reaches. `proof`: what it repeats to show that it has the token; "": none is
    asked for."""

    token: str
    platform: Literal["android", "web"] = "android"
    proof: str = ""


class ApnsAddress(msgspec.Struct, frozen=True, kw_only=True, tag="apns"):
    """An app on an Apple device. `voip`: the token of its calls. `sandbox`: it is of a development build. `proof`: as
    of an `FcmAddress`."""

    token: str
    voip: bool = False
    sandbox: bool = False
    proof: str = ""


Address: TypeAlias = WebPushAddress | FcmAddress | ApnsAddress
"""Where a push goes."""


class Push(msgspec.Struct, frozen=True, kw_only=True):
    """One push to one device.

    `seq`: of the notification among the person's own; the device pulls what is above the last one that it has shown.
    `topic`: what it is about, in any words that stay the same; a later push of a topic replaces an earlier one.
    `title`, `body`: as far as the person lets them be shown; otherwise the device shows words that tell nothing.
    `expires_at_ms`: 0: after four weeks. `silent`: no sound. `proof`: what the device repeats to prove itself.
    """

    to: Address
    delivery: str
    seq: int
    category: str
    urgency: PushUrgency = "normal"
    expires_at_ms: int = 0
    topic: str = ""
    locale: str = "en"
    title: str = ""
    body: str = ""
    kind: PushKind = "show"
    silent: bool = False
    proof: str = ""


class Pushed(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a push. `gone`: the device is none any more; `gone_at_ms` is since when, where the service says
    so (who registered again after that is not gone); 0: now. `id`: the service's own."""

    gone: bool = False
    gone_at_ms: int = 0
    id: str = ""


class MailAction(msgspec.Struct, frozen=True):
    """A button. `link` is a path below the public URL."""

    title: str
    link: str


class MailItem(msgspec.Struct, frozen=True, kw_only=True):
    """One notification of a digest."""

    title: str
    body: str = ""
    link: str = ""
    at_ms: int = 0


class CalendarInvitation(msgspec.Struct, frozen=True, kw_only=True):
    """An appointment, for the recipient's calendar (RFC 5546). `uid` is that of the feed; `sequence` grows with each
    change. `tz` is the zone that it is planned in, `rrule` how it repeats ("": it does not)."""

    method: Literal["REQUEST", "CANCEL"]
    uid: str
    sequence: int
    start_ms: int
    end_ms: int
    tz: str
    summary: str
    description: str = ""
    rrule: str = ""
    url: str = ""
    organizer: str = ""


class MailSubject(msgspec.Struct, frozen=True):
    """What a mail is about, at a version: a booking, an offer."""

    kind: str
    id: str
    version: int


class Mail(msgspec.Struct, frozen=True):
    """One mail. `template` names the words, `code` is what they are about, if anything.

    It goes to the address that the account of `user` has when it is sent; `to` is the address of somebody who has no
    account yet. `values` are what the words are about; names that end in `_ms` are moments, shown in `tz`. `link` is a
    path below the public URL. `unsubscribe` is the token of the link that ends such mails; "": nobody can do without
    it. `topic`: as of a push; such mails stand together in the reader's inbox. `subject`: what can be done from it is
    done to that. `delivery`: of which this is the mail, so that it hears when it comes back.
    """

    template: str
    user: str = ""
    to: str = ""
    code: str = ""
    locale: str = ""
    tz: str = ""
    title: str = ""
    body: str = ""
    link: str = ""
    actions: tuple[MailAction, ...] = ()
    items: tuple[MailItem, ...] = ()
    values: dict[str, str | int] = {}
    unsubscribe: str = ""
    invitations: tuple[CalendarInvitation, ...] = ()
    topic: str = ""
    subject: MailSubject | None = None
    delivery: str = ""


class Mailed(msgspec.Struct, frozen=True, kw_only=True):
    """A mail was taken. `provider`: by whom."""

    provider: str
    message_id: str


MAIL_FATES: Final = "mail_fates"
"""The connector that remembers what became of mails: `MailOutcome`."""
MailFate: TypeAlias = Literal["delivered", "bounced", "deferred", "complained"]
"""bounced: there is no such address; deferred: it was not taken just now; complained: it was called unwanted."""


class MailOutcome(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a mail, by the key of its activity."""

    mail: str
    fate: MailFate
    provider: str


class MailTraced(msgspec.Struct, frozen=True, kw_only=True):
    """The delivery that a mail was of; empty where nobody knows any more, or it was of none."""

    user: str = ""
    delivery: str = ""

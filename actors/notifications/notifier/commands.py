"""What can be asked of a notifier, as it travels from region to shard."""

from typing import Literal

from actors.kernel.contract.activities import Urgency
from actors.kernel.contract.entity import Command
from actors.notifications.activities import Sending
from actors.notifications.notifier.answers import (
    DeliveriesAnswer,
    Glimpse,
    NotificationAnswer,
    NotificationPage,
    PlanAnswer,
    PreferencesAnswer,
    PulledNotifications,
    ReadSome,
    ReadUpTo,
    Rendered,
    TellOutcome,
    UnreadCounts,
)
from actors.notifications.notifier.device_commands import (
    DropDevice,
    EndProof,
    ListDevices,
    NotePermission,
    ProveDevice,
    RecordReceipts,
    RegisterDevice,
    RemoveDevice,
    TraceDevices,
    TryDevice,
)
from actors.notifications.notifier.planning.preferences import (
    ChannelChanges,
    DigestChanges,
    Preview,
    QuietChanges,
    RoomChoice,
    TypeChoice,
)
from actors.notifications.notifier.subjects import Subject
from actors.notifications.types import Channel, Priority
from common.persons import NothingToTell


class SendMail(Command[None], frozen=True, tag="send_mail"):
    """Owe this mail. Only Carewire itself asks for it.

    `mail_id` names it: asked for again before it is settled, it is still one mail. `owner` is whose key it is sealed
    under. Past `deadline_ms` it is not sent. `secret` is a packed `actors.notifications.activities.Mail`.
    """

    mail_id: str
    owner: str
    urgency: Urgency = "soon"
    deadline_ms: int | None = None
    secret: bytes | None = None


class Tell(Command[TellOutcome], frozen=True, kw_only=True, omit_defaults=True, tag="tell"):
    """Tell the person. Only Carewire itself asks for it: rules, operations, broadcasts.

    Its command id names it: told again, it is one notification.

    `name` is a type of `actors.notifications.types.TYPES`; without `secret` its words are those of the type
    (`words.py`), filled with `values`, which quote nobody: ids, moments (`*_ms`), amounts. `secret` (packed `Words`, in
    a letter the sealed part) replaces title and body where it has them. A second notification of the same unread
    `group` takes the place of the first and counts both. `channels`: only these (None: those of the type). `count`: for
    how many it stands. `sender`: who may be muted; `room`: whose setting counts; `named`: the person themselves is
    meant there. `at_once`: push and mail wait for nobody, and are not held back (calls, emergencies). `mode`: how a
    push behaves. `dedupe_key`: the same for 7 days is one notification. `withdraw`: nothing new is told; what is older
    of the subject is taken back, and a call stops ringing. `created_by`: who made it, if a person did.
    """

    name: str
    priority: Priority | None = None
    subject: Subject | None = None
    group: str = ""
    count: int = 1
    values: dict[str, str | int] = {}
    link: str = ""
    channels: tuple[Channel, ...] | None = None
    sender: str = ""
    room: str = ""
    named: bool = False
    at_once: bool = False
    mode: Literal["show", "ring", "ring_end"] = "show"
    dedupe_key: str = ""
    expires_at_ms: int = 0
    send_at_ms: int = 0
    withdraw: bool = False
    created_by: str = ""
    secret: bytes | None = None


class ReleasePostponed(Command[NothingToTell], frozen=True, tag="release"):
    """A timer: what was made for later, or put off until `later_ms`, is told now."""

    number: int
    later_ms: int


class Judge(Command[NothingToTell], frozen=True, tag="judge"):
    """A timer: judge again what becomes of a notification on a channel; stale unless it is still due at `due_ms`."""

    number: int
    channel: Channel
    due_ms: int


class SendDigest(Command[NothingToTell], frozen=True, tag="digest"):
    """A timer: the period that ends at `due_ms` is over; what was gathered goes in one mail."""

    due_ms: int


class TellCounts(Command[NothingToTell], frozen=True, tag="counts"):
    """A timer: tell the person's sockets how much is unread."""


class Prune(Command[NothingToTell], frozen=True, tag="prune"):
    """A timer: all up to the last one of this week (since 1970) is kept no longer; or, without a week, all up to this
    number."""

    number: int = 0
    week: int = 0


class Acknowledge(Command[NothingToTell], frozen=True, tag="acknowledge"):
    """The inbox: these were acknowledged by a device that has them."""

    numbers: tuple[int, ...]


class Render(Command[Rendered], frozen=True, tag="render"):
    """The runner: the words and the address of what is to be sent, as they are by now."""

    sending: Sending


class MailCameBack(Command[NothingToTell], frozen=True, tag="came_back"):
    """A provider: the mail of this delivery did not arrive after all; or it did, and was called unwanted."""

    delivery: str
    fate: Literal["bounced", "complained"] = "bounced"


class CountCreation(Command[NothingToTell], frozen=True, tag="count_creation"):
    """The person, a therapist, makes a notification. Refused when there were too many within an hour."""


class Erase(Command[NothingToTell], frozen=True, tag="erase"):
    """The person is no more: tell nothing any more, forget devices, preferences, and what is held."""


class ListNotifications(Command[NotificationPage], frozen=True, kw_only=True, tag="list"):
    """A page, newest first, of those below the number `below` (0: from the newest on)."""

    unread: bool | None = None
    category: str = ""
    name: str = ""
    archived: bool = False
    below: int = 0
    limit: int = 50


class GetNotification(Command[NotificationAnswer], frozen=True, tag="get"):
    """One of them."""

    id: str


class PullNotifications(Command[PulledNotifications], frozen=True, tag="pull"):
    """Those above the number `after`, oldest first."""

    after: int
    limit: int = 50


class CountUnread(Command[UnreadCounts], frozen=True, tag="unread"):
    """How much is unread."""


class LookAtItem(Command[Glimpse], frozen=True, tag="glance"):
    """How one stands, for a link that does something with it."""

    id: str


class Mark(Command[NotificationAnswer], frozen=True, tag="mark"):
    """Read one, make it unread again, archive it, or put it off."""

    id: str
    how: Literal["read", "unread", "archived", "snoozed"]
    until_ms: int = 0


class ReadSeveral(Command[ReadSome], frozen=True, tag="read_several"):
    """Read these; what there is not is left out."""

    ids: tuple[str, ...]


class ReadAll(Command[ReadUpTo], frozen=True, tag="read_all"):
    """Read all up to a number (None: the newest), of one category or of all."""

    up_to: int | None = None
    category: str = ""


class GetPreferences(Command[PreferencesAnswer], frozen=True, tag="preferences"):
    """What the person chose."""


class SetPreferences(Command[PreferencesAnswer], frozen=True, kw_only=True, omit_defaults=True, tag="set_preferences"):
    """Change what is not None (`planning.preferences.merged`). `versions`: only while the version is one of these
    (None: any)."""

    tz: str | None = None
    locale: str | None = None
    channels: ChannelChanges | None = None
    types: dict[str, TypeChoice] | None = None
    preview: Preview | None = None
    rooms: dict[str, RoomChoice] | None = None
    muted: dict[str, int | None] | None = None
    quiet_hours: QuietChanges | None = None
    digest: DigestChanges | None = None
    versions: tuple[int, ...] | None = None


class Explain(Command[PlanAnswer], frozen=True, kw_only=True, tag="explain"):
    """What would happen to a notification of this type, made at `at_ms` (0: now)."""

    name: str
    channel: Channel
    priority: Priority | None = None
    at_ms: int = 0


class ListDeliveries(Command[DeliveriesAnswer], frozen=True, tag="deliveries"):
    """What became of a notification, and why."""

    id: str


PersonalCommand = (
    ListNotifications
    | GetNotification
    | LookAtItem
    | PullNotifications
    | CountUnread
    | Mark
    | ReadSeveral
    | ReadAll
    | GetPreferences
    | SetPreferences
    | Explain
    | ListDeliveries
    | RegisterDevice
    | ProveDevice
    | ListDevices
    | TraceDevices
    | RemoveDevice
    | TryDevice
    | NotePermission
    | RecordReceipts
)
"""What the person asks."""
SystemCommand = (
    SendMail
    | Tell
    | ReleasePostponed
    | Judge
    | SendDigest
    | TellCounts
    | Prune
    | Acknowledge
    | Render
    | CountCreation
    | DropDevice
    | EndProof
    | Erase
    | MailCameBack
)
"""What only Carewire itself asks."""
NotifierCommand = PersonalCommand | SystemCommand

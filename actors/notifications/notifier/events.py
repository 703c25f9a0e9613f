"""What happened to a notifier. What is stored of it is stored for ever: new members stand at the end, with defaults."""

from typing import Final, Literal

import msgspec

from actors.kernel.contract.activities import Outcome, Urgency
from actors.kernel.contract.entity import Event
from actors.notifications.activities import Sending, Service
from actors.notifications.notifier.items.item import DeliveryAttempt, Item
from actors.notifications.notifier.planning.plan import ChannelPlan
from actors.notifications.notifier.planning.preferences import Preferences
from actors.notifications.types import Channel

DeviceState = Literal["active", "unproven", "quarantined", "failing", "gone"]
DENIED: Final = "denied"
"""What the system of a device says where it shows nothing."""


class MailOwed(Event, frozen=True, kw_only=True, array_like=True, tag="mail_owed"):
    """A mail is to be sent; the mail is the secret. It loses it once it is settled: codes are kept no longer."""

    mail_id: str
    urgency: Urgency = "soon"
    deadline_ms: int | None = None


class MailSettled(Event, frozen=True, kw_only=True, array_like=True, tag="mail_settled"):
    """It was sent, or will never be. `owed` is the number of the event that owed it; `code` says why it was refused."""

    mail_id: str
    outcome: Outcome
    owed: int
    code: str = ""


class Notified(Event, frozen=True, kw_only=True, array_like=True, tag="notified"):
    """There is a notification. Its words are the secret; `item` is all else of it. `dedupe` names it for 7 days."""

    item: Item
    dedupe: str = ""


class Released(Event, frozen=True, kw_only=True, array_like=True, tag="released"):
    """What was made for later, or put off, is told now. The words once more are the secret. `item` has no content."""

    item: Item


class Replaced(Event, frozen=True, kw_only=True, array_like=True, tag="replaced"):
    """A note: the notification `number` of this category was replaced by a later one (0: taken back)."""

    number: int
    category: str
    place: int
    by: int


class Withdrawn(Event, frozen=True, kw_only=True, array_like=True, tag="withdrawn"):
    """A note: of the subject `key` nothing up to `version` is told any more; `owing` takes back what devices show."""

    key: str
    version: int
    owing: tuple["Owing", ...] = ()


class Judged(Event, frozen=True, kw_only=True, array_like=True, tag="judged"):
    """A note: it was judged again what becomes of it on a channel; `deliveries` are new, and `owing` carries them
    out. A `push` counts towards how many there may be."""

    number: int
    category: str
    place: int
    channel: Channel
    plan: ChannelPlan
    deliveries: tuple[DeliveryAttempt, ...] = ()
    owing: tuple["Owing", ...] = ()
    topic: str = ""
    push: bool = False


class Owing(msgspec.Struct, frozen=True, array_like=True, kw_only=True):
    """An activity: its key, what is sent over which connector, until when, and in which order."""

    key: str
    sending: Sending
    connector: str
    lane: str = ""
    deadline_ms: int | None = None
    urgency: Urgency = "soon"


class DeliveriesChanged(Event, frozen=True, kw_only=True, array_like=True, tag="sent"):
    """A note: what became of deliveries of a notification, as they are now; `plan` is that of their channel.
    `shown_on`: the device that shows it."""

    number: int
    channel: Channel
    deliveries: tuple[DeliveryAttempt, ...]
    plan: ChannelPlan | None = None
    shown_on: str = ""


class Digested(Event, frozen=True, kw_only=True, array_like=True, tag="digested"):
    """A note: these go together in the mail of the period that ended at `due_ms`."""

    due_ms: int
    numbers: tuple[int, ...]
    owing: Owing


class Marked(Event, frozen=True, kw_only=True, array_like=True, tag="marked"):
    """A note: the person read, archived, put off (`until_ms`) one notification, or made it unread again.
    `seen_ms`, `read_ms`, `archived_ms`: how it stands from then on."""

    number: int
    id: str
    category: str
    place: int
    how: Literal["read", "unread", "archived", "snoozed"]
    at_ms: int
    until_ms: int = 0
    seen_ms: int = 0
    read_ms: int = 0
    archived_ms: int = 0


class AllRead(Event, frozen=True, kw_only=True, array_like=True, tag="all_read"):
    """A note: all up to `number` was read, which is up to these places of each category. `unread`:
    how many are left, of `category` or of all."""

    number: int
    places: dict[str, int]
    at_ms: int
    category: str = ""
    unread: int = 0


class SeenOnScreen(Event, frozen=True, kw_only=True, array_like=True, tag="seen"):
    """A note: these were acknowledged by a device that has them on the screen."""

    numbers: tuple[int, ...]
    at_ms: int


class TakenBack(Event, frozen=True, kw_only=True, array_like=True, tag="taken_back"):
    """A note: devices that show these are told to show them no more."""

    numbers: tuple[int, ...]
    owing: tuple[Owing, ...]


class CountsTold(Event, frozen=True, kw_only=True, array_like=True, tag="counts"):
    """A note: the person's sockets are told how much is unread. None: they will be, by a timer."""

    by_category: dict[str, int] | None
    at_ms: int


class PreferencesSet(Event, frozen=True, kw_only=True, array_like=True, tag="preferences"):
    """A note: what the person chose, whole. What is held back is judged again at `judge_ms` (0: nothing is)."""

    preferences: Preferences
    judge_ms: int = 0


class DeviceKept(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A device that is pushed to. Times in ms; 0: never. `session`: it ends with it. `registered`: the number of the
    event that holds its address. `mark`: the hash of its token or endpoint.

    `state`: "active"; "failing", the service refused the last push to it; "unproven", nobody has shown yet that whoever
    registered the token holds the device; "quarantined", nobody did in time, or the service refused what would have
    shown it; "gone". `permission`: what its system says about notifications, where it told.
    """

    id: str
    mark: str
    service: Service
    platform: str
    at_ms: int
    registered: int = 0
    session: str = ""
    state: DeviceState = "active"
    gone_reason: str = ""
    gone_ms: int = 0
    success_ms: int = 0
    locale: str = ""
    tz: str = ""
    app_version: str = ""
    permission: str = ""

    @property
    def takes_pushes(self) -> bool:
        """Are notifications pushed to it? Not where its system forbids them, nor while it is quarantined or gone."""
        return not self.barred and self.state != "gone"

    @property
    def barred(self) -> str:
        """The reason for which none is pushed to a device that is there; "": there is none."""
        if self.state == "quarantined":
            return "no_device"
        return "preference_off" if self.permission == DENIED else ""


class DeviceRegistered(Event, frozen=True, kw_only=True, array_like=True, tag="device"):
    """A device registered, or registered again. Its packed address is the secret. `former`: the number of the event
    that held the last one."""

    device: DeviceKept
    former: int = 0


class DeviceNoted(Event, frozen=True, kw_only=True, array_like=True, tag="device_noted"):
    """A note: the device as it is now: a push reached it, or it failed."""

    device: DeviceKept


class DeviceEnded(Event, frozen=True, kw_only=True, array_like=True, tag="device_ended"):
    """A device is pushed to no more; its address is forgotten."""

    device: DeviceKept


class TrialOwed(Event, frozen=True, kw_only=True, array_like=True, tag="trial"):
    """A note: a push that shows that pushing works, or by which a device shows that it has it."""

    owing: Owing


class CreationCounted(Event, frozen=True, kw_only=True, array_like=True, tag="created"):
    """A note: the person, a therapist, made a notification for somebody."""

    at_ms: int


class Pruned(Event, frozen=True, kw_only=True, array_like=True, tag="pruned"):
    """A note: what is numbered up to `number` is kept no longer; it was read up to these places."""

    number: int
    places: dict[str, int]


class NotifierErased(Event, frozen=True, kw_only=True, array_like=True, tag="erased"):
    """A note: the person is no more. Nothing is told any more, and what was held is dropped."""

    at_ms: int


NotifierEvent = (
    MailOwed
    | MailSettled
    | Notified
    | Released
    | Replaced
    | Withdrawn
    | Judged
    | DeliveriesChanged
    | Digested
    | Marked
    | AllRead
    | SeenOnScreen
    | TakenBack
    | CountsTold
    | PreferencesSet
    | DeviceRegistered
    | DeviceNoted
    | DeviceEnded
    | TrialOwed
    | CreationCounted
    | Pruned
    | NotifierErased
)

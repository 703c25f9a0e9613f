"""One notification, as the notifier keeps it apart from its state: a part, folded from the events that name it."""

from typing import Final, Literal

import msgspec

from actors.notifications.activities import MailSubject
from actors.notifications.notifier.planning.plan import ChannelPlan
from actors.notifications.notifier.subjects import Subject, Words
from actors.notifications.types import TYPES, Channel, Priority
from actors.notifications.words import words_of

DeliveryState = Literal["held", "queued", "accepted", "displayed", "opened", "skipped", "failed", "bounced"]
DeliveryChannel = Literal["in_app", "webpush", "fcm", "apns", "email"]
_unpack: Final = msgspec.msgpack.Decoder(Words).decode


class DeliveryAttempt(msgspec.Struct, frozen=True, array_like=True, kw_only=True):
    """One attempt to tell it: to a socket, to a device, to an address. Times in ms; 0: not yet. `complained_ms`: when
    a mail that arrived was called unwanted."""

    id: str
    channel: DeliveryChannel
    state: DeliveryState
    device: str = ""
    reason: str = ""
    attempts: int = 0
    due_ms: int = 0
    sent_ms: int = 0
    accepted_ms: int = 0
    displayed_ms: int = 0
    opened_ms: int = 0
    complained_ms: int = 0


class GroupedItem(msgspec.Struct, frozen=True, array_like=True):
    """One of those that a notification of a group stands for."""

    subject: Subject
    values: dict[str, str | int]


class Item(msgspec.Struct, frozen=True, kw_only=True):
    """A notification. Times in ms; 0: never.

    `number` is the contract's `seq`. `place`: its number among those of its category; `totals`: how many there were of
    each category up to here. `content`: packed `Words`, or None where it has no words of its own. `revision` grows with
    every change. `replaced_by`: the number of the one that took its place. `chose`: what the person last did with it
    ("read", "unread", "snoozed"), at `chose_ms`. `joined`: those of its group that it stands for besides. `snoozes`:
    how often it was put off. `sealed`: the numbers of the events that hold its words.
    """

    number: int
    id: str
    name: str
    priority: Priority
    created_ms: int
    place: int
    totals: dict[str, int]
    plans: dict[Channel, ChannelPlan]
    revision: int = 1
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
    expires_ms: int = 0
    later_ms: int = 0
    locale: str = "en"
    tz: str = ""
    seen_ms: int = 0
    chose: str = ""
    chose_ms: int = 0
    archived_ms: int = 0
    replaced_by: int = 0
    deliveries: tuple[DeliveryAttempt, ...] = ()
    joined: tuple[GroupedItem, ...] = ()
    content: bytes | None = None
    snoozes: int = 0
    sealed: tuple[int, ...] = ()

    @property
    def untold(self) -> bool:
        """Was it made for later, and is that still ahead?"""
        return bool(self.later_ms) and self.chose != "snoozed"

    @property
    def category(self) -> str:
        """Of its type."""
        return TYPES[self.name].category

    @property
    def topic(self) -> str:
        """Of what is shown on a device, the newest of one topic only."""
        if self.group:
            return f"group:{self.group}"
        return self.subject.key if self.subject is not None else f"n:{self.number}"

    @property
    def single_subject(self) -> MailSubject | None:
        """What can be acted upon; None: it is about nothing, or about several."""
        one = self.subject
        return None if one is None or self.joined else MailSubject(one.kind, one.id, one.version)

    @property
    def itself(self) -> MailSubject:
        """The same of the notification: its version is how often it was put off."""
        return MailSubject("notification", self.id, self.snoozes)

    @property
    def own_words(self) -> Words:
        """Those that somebody chose for it, and what can be done about it."""
        return Words() if self.content is None else _unpack(self.content)

    def words(self) -> Words:
        """Title and body: its own, else those of its type."""
        own = self.own_words
        title, body = words_of(self.name, self.values, count=self.count, locale=self.locale, tz=self.tz)
        link = own.link or self.link
        if own.title:
            return msgspec.structs.replace(own, link=link)
        return msgspec.structs.replace(own, title=title, body=own.body or body, link=link)

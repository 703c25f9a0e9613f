"""What can be asked, as it travels from region to shard."""

from actors.kernel.contract.entity import Command
from actors.outgoing.replies import ChatPrivacy, OutgoingDone, ScheduledAnswer, ScheduledList, ScheduledWords


class ScheduleSend(Command[ScheduledAnswer], frozen=True, tag="schedule", kw_only=True):
    """Say this in that room at `send_at_ms`. `post`: all that it is, as the room takes it; `body`: its words."""

    id: str
    room: str
    send_at_ms: int
    body: str
    post: bytes


class Reschedule(Command[ScheduledAnswer], frozen=True, tag="reschedule", kw_only=True):
    """Other words in place of those of the number `was`, or another time."""

    id: str
    body: str | None = None
    post: bytes = b""
    was: int = 0
    send_at_ms: int | None = None


class GetScheduledWords(Command[ScheduledWords], frozen=True, tag="words"):
    """All that one is."""

    id: str


class CancelScheduled(Command[ScheduledAnswer], frozen=True, tag="cancel"):
    """Do not say it."""

    id: str


class ListScheduled(Command[ScheduledList], frozen=True, tag="list"):
    """All of them."""


class SendScheduled(Command[OutgoingDone], frozen=True, tag="send"):
    """A timer: its time has come, if it still waits for that."""

    id: str
    due_ms: int


class TellSaid(Command[OutgoingDone], frozen=True, tag="said", kw_only=True):
    """The room: it was said, as `message_id`; or it was not, because of `reason`."""

    id: str
    message_id: str = ""
    reason: str = ""


class GetPrivacy(Command[ChatPrivacy], frozen=True, tag="privacy"):
    """What the person keeps to themselves."""


class ChoosePrivacy(Command[ChatPrivacy], frozen=True, tag="choose_privacy"):
    """What is not None is so from now on."""

    receipts: bool | None = None
    typing: bool | None = None


class AskFor(Command[OutgoingDone], frozen=True, tag="ask_for"):
    """The person is about to ask for this conversation. `most`: so many may wait for an answer."""

    room: str
    most: int


class NoteAsked(Command[OutgoingDone], frozen=True, tag="note_asked", kw_only=True):
    """Its room, at its number `seq`: it waits for an answer, or does no more. 0: it was not asked for in the end."""

    room: str
    waits: bool
    seq: int


class ForgetOutgoing(Command[OutgoingDone], frozen=True, tag="forget"):
    """The person is erased: nothing of theirs is said any more."""


OutgoingCommand = (
    ScheduleSend
    | Reschedule
    | GetScheduledWords
    | CancelScheduled
    | ListScheduled
    | SendScheduled
    | TellSaid
    | GetPrivacy
    | ChoosePrivacy
    | AskFor
    | NoteAsked
    | ForgetOutgoing
)

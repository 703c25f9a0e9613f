"""The mailbox of one user: everything that was addressed to them, numbered and kept, until they say it was seen.

The state is a watermark; the contents are in the journal, sealed under the user's own key.
"""

import re
from dataclasses import dataclass, field
from typing import Final, assert_never

import msgspec

from actors.inboxes.commands import AckInbox, Deliver, InboxCommand, LetterItem, ReadInbox, Whisper
from actors.inboxes.replies import InboxAnswer
from actors.kernel.contract.entity import Context, Decision, Event, Query, Signal
from common.errors import InvalidArgument, PermissionDenied
from common.ids import is_id

LARGEST_PAGE: Final = 200
MOST_WATCHED: Final = 1000
"""Letters that wait to be acknowledged for somebody who wants to hear of it; of more, the oldest are forgotten."""
_NAME: Final = re.compile(r"[a-z][a-z_]{0,63}")
_decode_payload: Final = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode


class InboxDelivered(Event, frozen=True, kw_only=True, array_like=True, tag="delivered"):
    """Something was addressed to the user (`author`). The payload, a JSON object, is the secret."""

    event_id: str
    name: str
    watch: int = 0


class Seen(Event, frozen=True, kw_only=True, array_like=True, tag="seen"):
    """A note: all up to `upto` has been seen. `watched`: the numbers by which letters among that were watched."""

    upto: int
    watched: tuple[int, ...] = ()


class InboxContents(Query, frozen=True):
    """What lies above `after`, to be read from the journal."""

    after: int
    limit: int
    seen: int


@dataclass(slots=True)
class Inbox:
    """`seen` is the highest number that the user acknowledged. `watched`: letters above it whose writer wants to hear
    of it, by their number."""

    user: str
    seen: int = 0
    watched: dict[int, int] = field(default_factory=dict)

    def decide(self, command: InboxCommand, context: Context, version: int) -> Decision:
        """See `Entity.decide`.

        Raises:
            PermissionDenied: a letter that the system did not send, or a user at another's mailbox.
            InvalidArgument: a malformed letter, a number beyond the end, a page of an impossible size.
        """
        if isinstance(command, Deliver | Whisper):
            if not context.by.is_system:
                raise PermissionDenied("Only Carewire itself writes to an inbox.")
        else:
            self.admit(context.by.user)
        match command:
            case Deliver():
                return self._deliver(command)
            case Whisper():
                payload = command.payload if command.secret is None else command.secret
                _check(command.name, payload)
                return Decision(InboxAnswer(), signals=[Signal(command.name, payload)])
            case AckInbox():
                return self._ack(command, version)
            case ReadInbox():
                return self._read(command)
        assert_never(command)

    def admit(self, user: str) -> None:
        """Raises PermissionDenied unless it is the user's own."""
        if user != self.user:
            raise PermissionDenied("This is somebody else's inbox.")

    def apply(self, event: InboxDelivered | Seen, seq: int, at_ms: int) -> None:
        """See `Entity.apply`."""
        if isinstance(event, Seen):
            self.seen = max(self.seen, event.upto)
            self.watched = {number: watch for number, watch in self.watched.items() if number > event.upto}
        elif event.watch:
            self.watched[seq] = event.watch
            while len(self.watched) > MOST_WATCHED:
                del self.watched[next(iter(self.watched))]

    def _deliver(self, command: Deliver) -> Decision:
        first = LetterItem(
            command.event_id, command.name, command.payload if command.secret is None else command.secret
        )
        beside = [self._delivered(item) for item in command.also]
        return Decision(InboxAnswer(), events=[self._delivered(first, command.watch), *beside])

    def _delivered(self, item: LetterItem, watch: int = 0) -> InboxDelivered:
        if not is_id(item.event_id):
            raise InvalidArgument("A letter has an id and the name of an event.")
        _check(item.name, item.payload)
        return InboxDelivered(
            author=self.user, secret=item.payload, event_id=item.event_id, name=item.name, watch=watch
        )

    def _ack(self, command: AckInbox, version: int) -> Decision:
        if not 0 <= command.inbox_seq <= version:
            raise InvalidArgument(
                "inbox_seq is the number of something that was addressed to you.", details={"field": "inbox_seq"}
            )
        if command.inbox_seq <= self.seen:
            return Decision(InboxAnswer())
        watched = tuple(watch for number, watch in self.watched.items() if number <= command.inbox_seq)
        return Decision(InboxAnswer(), notes=[Seen(upto=command.inbox_seq, watched=watched)])

    def _read(self, command: ReadInbox) -> Decision:
        if command.after < 0:
            raise InvalidArgument("after is 0 or more.", details={"field": "after"})
        if not 1 <= command.limit <= LARGEST_PAGE:
            raise InvalidArgument(f"limit is 1 to {LARGEST_PAGE}.", details={"field": "limit"})
        return Decision(InboxContents(command.after, command.limit, self.seen))


def _check(name: str, payload: bytes) -> None:
    if not _NAME.fullmatch(name):
        raise InvalidArgument("A letter has an id and the name of an event.")
    try:
        _decode_payload(payload)
    except msgspec.MsgspecError:
        raise InvalidArgument("The payload of a letter is a JSON object.") from None

"""What follows from events of mailboxes: what somebody has on a screen need not be pushed to them."""

from typing import Final

import msgspec

from actors.inboxes.inbox import Seen
from actors.kernel.contract.entity import Letter, Recorded
from actors.kernel.contract.reactions import NOTHING, AnyReaction, Owed, Reaction
from actors.notifications.notifier.commands import Acknowledge
from actors.workflows.notify import FEATURE, NOTIFIER

_pack: Final = msgspec.msgpack.Encoder().encode


def tell_seen(entity_id: str, recorded: Recorded[Seen]) -> Owed:
    """The notifier, which of what it waits for was acknowledged."""
    watched = recorded.event.watched
    if not watched:
        return NOTHING
    return Owed([Letter(f"{NOTIFIER}:{entity_id.partition(':')[2]}", _pack(Acknowledge(watched)))])


REACTIONS: Final[list[AnyReaction]] = [Reaction("tell_seen", "user", Seen, tell_seen, to=(NOTIFIER,), feature=FEATURE)]

"""What follows when a mail comes back: whoever it was for is shown that it did not arrive."""

from typing import Final

import msgspec

from actors.kernel.contract.entity import Letter, Recorded
from actors.kernel.contract.reactions import NOTHING, AnyReaction, Owed, Reaction
from actors.notifications.mailing.events import Traced
from actors.notifications.notifier.commands import MailCameBack
from actors.workflows.notify import FEATURE, NOTIFIER

_pack: Final = msgspec.msgpack.Encoder().encode


def tell_bounced(entity_id: str, recorded: Recorded[Traced]) -> Owed:
    """The notifier, of the delivery whose mail did not arrive."""
    traced = recorded.event
    if traced.fate != "bounced":
        return NOTHING
    return Owed([Letter(f"{NOTIFIER}:{traced.user}", _pack(MailCameBack(traced.delivery)))])


REACTIONS: Final[list[AnyReaction]] = [
    Reaction("tell_bounced", "mailing", Traced, tell_bounced, to=(NOTIFIER,), feature=FEATURE)
]

"""What follows when a mail comes back, or was not wanted: so it is shown at the notification that it was of."""

from typing import Final

import msgspec

from actors.kernel.contract.entity import Letter, Recorded
from actors.kernel.contract.reactions import NOTHING, AnyReaction, Owed, Reaction
from actors.notifications.mailing.events import Traced
from actors.notifications.notifier.commands import MailCameBack
from actors.workflows.notify import FEATURE, NOTIFIER

_pack: Final = msgspec.msgpack.Encoder().encode


def tell_bounced(entity_id: str, recorded: Recorded[Traced]) -> Owed:
    """The notifier, of the delivery whose mail did not arrive, or was called unwanted."""
    traced = recorded.event
    match traced.fate:
        case "bounced" | "complained" as fate:
            return Owed([Letter(f"{NOTIFIER}:{traced.user}", _pack(MailCameBack(traced.delivery, fate)))])
    return NOTHING


REACTIONS: Final[list[AnyReaction]] = [
    Reaction("tell_bounced", "mailing", Traced, tell_bounced, to=(NOTIFIER,), feature=FEATURE)
]

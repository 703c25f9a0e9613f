"""The rules of a mailing: whatever is told of it counts once, however often, by however many and in whatever order."""

from dataclasses import dataclass, field
from typing import Final

import msgspec

from actors.kernel.contract.entity import Context, Decision
from actors.notifications.activities import MailFate, MailTraced
from actors.notifications.mailing.commands import MailingCommand
from actors.notifications.mailing.events import FateTold, MailingEvent, Traced
from common.errors import PermissionDenied

_decode: Final = msgspec.msgpack.Decoder(MailTraced).decode


@dataclass(slots=True)
class Mailing:
    """`told`: what has become of it."""

    told: frozenset[MailFate] = field(default_factory=frozenset)

    def decide(self, command: MailingCommand, context: Context, version: int) -> Decision:
        """See `Entity.decide`.

        Raises:
            PermissionDenied: it is not Carewire itself that asks.
        """
        if not context.by.is_system:
            raise PermissionDenied("Only Carewire itself may do this.")
        first = command.fate not in self.told
        event = FateTold(fate=command.fate, provider=command.provider, arrival=command.arrival, first=first)
        return Decision(events=[event])

    def apply(self, event: MailingEvent, seq: int, at_ms: int) -> None:
        """See `Entity.apply`."""
        if isinstance(event, FateTold):
            self.told |= {event.fate}


def traced(fate: str, result: bytes) -> Decision:
    """Whoever remembers it has said of which delivery it was."""
    of = _decode(result) if result else MailTraced()
    if not of.delivery:
        return Decision()
    return Decision(events=[Traced(fate=msgspec.convert(fate, MailFate), user=of.user, delivery=of.delivery)])

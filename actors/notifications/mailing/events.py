"""What happened to a mailing. What is stored of it is stored for ever: new members stand at the end, with defaults."""

from actors.kernel.contract.entity import Event
from actors.notifications.activities import MailFate


class FateTold(Event, frozen=True, kw_only=True, array_like=True, tag="fate_told"):
    """A provider told what became of it; `first`: nobody had told so before."""

    fate: MailFate
    provider: str
    arrival: str
    first: bool


class Traced(Event, frozen=True, kw_only=True, array_like=True, tag="traced"):
    """It is known of which delivery of whom it was."""

    fate: MailFate
    user: str
    delivery: str


MailingEvent = FateTold | Traced

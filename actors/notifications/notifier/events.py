"""What happened to a notifier. What is stored of it is stored for ever: new members stand at the end, with defaults."""

from actors.kernel.contract.activities import Outcome, Urgency
from actors.kernel.contract.entity import Event


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


NotifierEvent = MailOwed | MailSettled

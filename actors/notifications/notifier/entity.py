"""The rules of a notifier: a mail is owed once, and forgotten once it is settled."""

from dataclasses import dataclass, field
from typing import assert_never

from actors.kernel.contract.activities import Answered
from actors.kernel.contract.entity import Context, Decision
from actors.notifications.notifier.commands import NotifierCommand
from actors.notifications.notifier.events import MailOwed, MailSettled, NotifierEvent
from common.errors import InvalidArgument, PermissionDenied
from common.ids import is_id

_KEY = "mail|"


@dataclass(slots=True)
class Notifier:
    """`owed` are the mails that are not settled: id to the number of the event that owed them."""

    id: str
    owed: dict[str, int] = field(default_factory=dict)

    def decide(self, command: NotifierCommand, context: Context, version: int) -> Decision:
        """See `Entity.decide`.

        Raises:
            PermissionDenied: it is not Carewire itself that asks.
            InvalidArgument: there is no mail, or no proper id.
        """
        if not context.by.is_system:
            raise PermissionDenied("Only Carewire itself sends mail.")
        if not is_id(command.mail_id) or not command.owner or command.secret is None:
            raise InvalidArgument("A mail has an id, an owner, and something to say.")
        if command.mail_id in self.owed:
            return Decision()
        event = MailOwed(
            author=command.owner,
            secret=command.secret,
            mail_id=command.mail_id,
            urgency=command.urgency,
            deadline_ms=command.deadline_ms,
        )
        return Decision(events=[event])

    def answered(self, answered: Answered) -> Decision:
        """What became of a mail. One that is settled already changes nothing."""
        mail_id = answered.key.removeprefix(_KEY)
        owed = self.owed.get(mail_id)
        if owed is None:
            return Decision()
        return Decision(events=[MailSettled(mail_id=mail_id, outcome=answered.outcome, owed=owed, code=answered.code)])

    def apply(self, event: NotifierEvent, seq: int, at_ms: int) -> None:
        """See `Entity.apply`."""
        match event:
            case MailOwed():
                self.owed[event.mail_id] = seq
            case MailSettled():
                self.owed.pop(event.mail_id, None)
            case _:
                assert_never(event)


def activity_key(mail_id: str) -> str:
    """The key of the activity that sends this mail."""
    return _KEY + mail_id

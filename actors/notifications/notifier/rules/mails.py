"""Mails that are owed whole (codes, invitations): owed once, and forgotten once they are settled. Pure."""

from typing import Final

from actors.kernel.contract.activities import Activity, Answered
from actors.kernel.contract.entity import Decision
from actors.notifications.activities import EMAIL
from actors.notifications.notifier.commands import SendMail
from actors.notifications.notifier.events import MailOwed, MailSettled
from common.errors import InvalidArgument
from common.ids import is_id

KEY: Final = "mail|"


def owe(owed: dict[str, int], command: SendMail) -> Decision:
    """Owe it, unless it is. Raises InvalidArgument: there is no mail, or no proper id."""
    if not is_id(command.mail_id) or not command.owner or command.secret is None:
        raise InvalidArgument("A mail has an id, an owner, and something to say.")
    if command.mail_id in owed:
        return Decision()
    event = MailOwed(
        author=command.owner,
        secret=command.secret,
        mail_id=command.mail_id,
        urgency=command.urgency,
        deadline_ms=command.deadline_ms,
    )
    return Decision(events=[event])


def settled(owed: dict[str, int], answered: Answered) -> Decision:
    """What became of a mail. One that is settled already changes nothing."""
    mail_id = answered.key.removeprefix(KEY)
    seq = owed.get(mail_id)
    if seq is None:
        return Decision()
    return Decision(events=[MailSettled(mail_id=mail_id, outcome=answered.outcome, owed=seq, code=answered.code)])


def sending(event: MailOwed, mail: bytes) -> Activity:
    """The activity that sends it."""
    return Activity(
        connector=EMAIL,
        key=activity_key(event.mail_id),
        payload=mail,
        owner=event.author,
        urgency=event.urgency,
        deadline_ms=event.deadline_ms,
    )


def activity_key(mail_id: str) -> str:
    """The key of the activity that sends this mail."""
    return KEY + mail_id

"""What follows from mails that warn somebody about their account: they are told on their devices too."""

from typing import Final

import msgspec

from actors.kernel.contract.entity import Recorded
from actors.kernel.contract.reactions import NOTHING, AnyReaction, Owed, Reaction
from actors.notifications.activities import Mail
from actors.notifications.notifier.commands import Tell
from actors.notifications.notifier.events import MailOwed
from actors.workflows.notify import FEATURE, NOTIFIER, told

WARNINGS: Final = frozenset(
    {
        "new_sign_in",
        "session_stolen",
        "password_changed",
        "totp_removed",
        "recovery_code_used",
        "login_locked",
    }
)
"""Mails that say that something happened, and not how to go on with it."""
_mail: Final = msgspec.msgpack.Decoder(Mail).decode


def notify_security(entity_id: str, recorded: Recorded[MailOwed]) -> Owed:
    """The person whose account it is: `security_notice`, beside the mail."""
    event = recorded.event
    if event.secret is None:
        return NOTHING
    mail = _mail(event.secret)
    if mail.template not in WARNINGS or not mail.user:
        return NOTHING
    notice = Tell(name="security_notice", channels=("in_app", "push"), values={"what": mail.template})
    return Owed(told((mail.user,), notice))


REACTIONS: Final[list[AnyReaction]] = [
    Reaction("notify_security", "notifier", MailOwed, notify_security, to=(NOTIFIER,), feature=FEATURE)
]

"""What can be asked of a mailing. Only Carewire itself asks."""

from actors.kernel.contract.entity import Command
from actors.notifications.activities import MailFate


class TellFate(Command[None], frozen=True, kw_only=True, tag="tell_fate"):
    """A provider tells what became of the mail. `arrival` is where that is kept until we have it."""

    fate: MailFate
    provider: str
    arrival: str


MailingCommand = TellFate

"""What can be asked of a notifier, as it travels from region to shard."""

from actors.kernel.contract.activities import Urgency
from actors.kernel.contract.entity import Command


class SendMail(Command[None], frozen=True, tag="send_mail"):
    """Owe this mail. Only Carewire itself asks for it.

    `mail_id` names it: asked for again before it is settled, it is still one mail. `owner` is whose key it is sealed
    under. Past `deadline_ms` it is not sent. `secret` is a packed `actors.notifications.activities.Mail`.
    """

    mail_id: str
    owner: str
    urgency: Urgency = "soon"
    deadline_ms: int | None = None
    secret: bytes | None = None


NotifierCommand = SendMail

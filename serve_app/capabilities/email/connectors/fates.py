"""The connector `mail_fates`: what became of mails is remembered, and the mailing hears of which delivery each was. No
other partner is called for it."""

from typing import Final

import msgspec
from typing_extensions import override

from actors.notifications.activities import MAIL_FATES, MailFate, MailOutcome, MailTraced
from serve_app.activities.connector import FOR_EVER_S, Call, Capacity, Connector, Unreadable
from serve_app.capabilities.email.figures import MailFigures
from serve_app.capabilities.email.suppressions import Reason, Suppressions

_SUPPRESSED: Final[dict[MailFate, Reason]] = {"bounced": "bounce", "deferred": "soft", "complained": "complaint"}
_decode: Final = msgspec.msgpack.Decoder(MailOutcome).decode


class FatesConnector(Connector):
    """One a runner. Told again after a crash, it may count a mail twice; what is suppressed stays the same."""

    name = MAIL_FATES
    capacity = Capacity(at_once=16, call_s=5.0)
    remembers_s = FOR_EVER_S

    def __init__(self, suppressions: Suppressions, figures: MailFigures) -> None:
        self._suppressions, self._figures = suppressions, figures

    @override
    async def carry_out(self, call: Call) -> bytes:
        try:
            outcome = _decode(call.payload)
        except msgspec.MsgspecError as error:
            raise Unreadable("This is no outcome of a mail.") from error
        reason = _SUPPRESSED.get(outcome.fate)
        of = MailTraced()
        if reason is not None:
            of = await self._suppressions.returned(outcome.mail, reason, outcome.provider)
        await self._figures.count(outcome.fate)
        return msgspec.msgpack.encode(of)

    @override
    async def find(self, call: Call) -> bytes | None:
        return None

    @override
    async def close(self) -> None:
        """Nothing is open."""

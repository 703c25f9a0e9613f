"""Who is not written to, and what was sent, as the connector `email` asks (`connectors.failover.Ledger`)."""

from dataclasses import dataclass

from actors.notifications.activities import MailTraced
from serve_app.capabilities.email.connectors.providers import RawMail
from serve_app.capabilities.email.figures import MailFigures
from serve_app.capabilities.email.suppressions import Suppressions


@dataclass(frozen=True, slots=True)
class MailLedger:
    """One a runner."""

    suppressions: Suppressions
    figures: MailFigures

    async def may_send(self, to: str, template: str) -> bool:
        """Is the address one that mail gets to, and is wanted at?"""
        return await self.suppressions.may_send(to, template)

    async def sent(self, mail: RawMail) -> None:
        """A provider has it. A mail that is sent again counts once."""
        of = MailTraced(user=mail.user, delivery=mail.delivery) if mail.delivery else MailTraced()
        if await self.suppressions.sent(mail.to, mail.key, mail.owner, of):
            await self.figures.count("sent")

    async def refused(self, to: str, provider: str, owner: str) -> None:
        """A provider says that there is no such address."""
        await self.suppressions.refused(to, provider, owner)
        await self.figures.count("sent")
        await self.figures.count("bounced")

"""Who delivers mail: what a provider is to the connector `email`, and what its failures say."""

from dataclasses import dataclass
from email.message import EmailMessage
from typing import Protocol

from serve_app.activities.connector import Later


@dataclass(frozen=True, slots=True)
class RawMail:
    """One mail on its way. `raw`: the message in its final form. `key`: the activity's, as partners see it. `owner`:
    whom it is for. `user`, `delivery`: of which it is the mail; "": of none."""

    to: str
    key: str
    owner: str
    message: EmailMessage
    raw: bytes
    user: str = ""
    delivery: str = ""


class MaybeSent(Later):
    """The provider may have the mail: it was cut off, or was silent, after it was given all of it. Nobody but the same
    provider can know, so it is the one to be asked again first."""


class MailProvider(Protocol):
    """`name`: as in `CAREWIRE_EMAIL__PROVIDERS`."""

    name: str

    async def send(self, mail: RawMail) -> None:
        """Hand the mail over.

        Raises:
            Refused: the provider will never take it; code `address_refused`: it is the address.
            MaybeSent: see there.
            Later: it has not been sent.
            Misconfigured: our credentials or addresses are wrong.
        """
        ...

    async def close(self) -> None:
        """Hang up."""
        ...

"""Messages to people outside of the sockets: one-time codes, warnings.

`ActivityOutbox` has them sent. Where there is no mail server, `MongoOutbox` keeps them sealed, and for a day only.
`PrintingOutbox` shows them to a developer.
"""

from datetime import UTC, datetime, timedelta
from typing import Final, Protocol

import msgspec
from pymongo import ASCENDING, IndexModel

from actors.kernel.contract.entity import SYSTEM
from actors.kernel.contract.ports import EntityClient
from actors.notifications.activities import Mail
from actors.notifications.notifier.commands import SendMail
from common.clock import Clock
from common.ids import new_id
from common.logs import get_logger
from serve_app.capabilities.identity.accounts.sealing import Sealing
from store.mongo.client import Database, database_errors

COLLECTION: Final = "outbox"
INDEXES: Final = (
    IndexModel([("expires", ASCENDING)], name="expires", expireAfterSeconds=0),
    IndexModel([("owner", ASCENDING)], name="owner"),
)
KEPT: Final = timedelta(days=1)
log = get_logger(__name__)


class OutgoingMail(msgspec.Struct, frozen=True):
    """`template` names the words, `to` is an address (e-mail), `code` what they are about, if anything."""

    template: str
    to: str
    code: str = ""


class MailOutbox(Protocol):
    """Where messages go."""

    async def send(
        self, owner: str, message: OutgoingMail, *, invitation: str = "", lifetime_s: float | None = None
    ) -> None:
        """Hand over for delivery. `owner` is whose key it is sealed under, and who it is for, unless it is about an
        `invitation`: then it is for whoever has the address. After `lifetime_s` it is not worth sending. Raises
        Unavailable."""
        ...


class ActivityOutbox:
    """`notifier:<user>` owes each message to the connector `email`, which writes to the address of that moment."""

    def __init__(self, region: EntityClient, clock: Clock) -> None:
        self._region = region
        self._clock = clock

    async def send(
        self, owner: str, message: OutgoingMail, *, invitation: str = "", lifetime_s: float | None = None
    ) -> None:
        """See `MailOutbox`."""
        now_ms = self._clock.platform_ms()
        deadline_ms = None if lifetime_s is None else now_ms + int(lifetime_s * 1000)
        if invitation:
            mail = Mail(message.template, to=message.to, code=message.code)
        else:
            mail = Mail(message.template, user=owner, code=message.code)
        await self.owe(
            notifier=invitation or owner,
            owner=owner,
            mail_id=new_id("mail", now_ms),
            mail=mail,
            deadline_ms=deadline_ms,
        )

    async def owe(self, notifier: str, owner: str, mail_id: str, mail: Mail, deadline_ms: int | None) -> None:
        """Owe a mail of this id, once. Raises Unavailable."""
        command = SendMail(
            mail_id=mail_id,
            owner=owner,
            urgency="now" if mail.code else "soon",
            deadline_ms=deadline_ms,
            secret=msgspec.msgpack.encode(mail),
        )
        await self._region.submit(f"notifier:{notifier}", command, by=SYSTEM, command_id=mail_id)


class MongoOutbox:
    """The `outbox` collection."""

    def __init__(self, database: Database, sealing: Sealing, clock: Clock) -> None:
        self._messages = database[COLLECTION]
        self._sealing = sealing
        self._clock = clock

    async def send(
        self, owner: str, message: OutgoingMail, *, invitation: str = "", lifetime_s: float | None = None
    ) -> None:
        """See `MailOutbox`."""
        del invitation, lifetime_s
        now_ms = self._clock.now_ms()
        id_ = new_id("out", now_ms)
        sealed = await self._sealing.seal(owner, message, id_)
        expires = datetime.fromtimestamp(now_ms / 1000, UTC) + KEPT
        with database_errors():
            await self._messages.insert_one({"_id": id_, "owner": owner, "sealed": sealed, "expires": expires})

    async def waiting(self, owner: str) -> list[OutgoingMail]:
        """What is there for `owner`, oldest first."""
        with database_errors():
            found = [one async for one in self._messages.find({"owner": owner}, sort=[("_id", 1)])]
        opened = [await self._sealing.open(one["sealed"], OutgoingMail, one["_id"]) for one in found]
        return [message for message in opened if message is not None]


class PrintingOutbox:
    """Also prints what is sent: for development, never where real people are."""

    def __init__(self, inner: MailOutbox) -> None:
        self._inner = inner

    async def send(
        self, owner: str, message: OutgoingMail, *, invitation: str = "", lifetime_s: float | None = None
    ) -> None:
        """See `MailOutbox`."""
        await self._inner.send(owner, message, invitation=invitation, lifetime_s=lifetime_s)
        log.warning("outbox.development", owner=owner, template=message.template, to=message.to, code=message.code)

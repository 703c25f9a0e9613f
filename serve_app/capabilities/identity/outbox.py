"""Messages to people outside of the sockets: one-time codes, warnings. The channel is an interface; mail comes later.

`MongoOutbox` keeps them sealed for whoever delivers, and for a day only. `PrintingOutbox` shows them to a developer.
"""

from datetime import UTC, datetime, timedelta
from typing import Final, Protocol

import msgspec
from pymongo import ASCENDING, IndexModel

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
_KEPT: Final = timedelta(days=1)
log = get_logger(__name__)


class OutgoingMail(msgspec.Struct, frozen=True):
    """`template` names the words, `to` is an address (e-mail), `code` what they are about, if anything."""

    template: str
    to: str
    code: str = ""


class MailOutbox(Protocol):
    """Where messages go."""

    async def send(self, owner: str, message: OutgoingMail) -> None:
        """Hand over for delivery, at least once. `owner` is whose key it is sealed under. Raises Unavailable."""


class MongoOutbox:
    """The `outbox` collection."""

    def __init__(self, database: Database, sealing: Sealing, clock: Clock) -> None:
        self._messages = database[COLLECTION]
        self._sealing = sealing
        self._clock = clock

    async def send(self, owner: str, message: OutgoingMail) -> None:
        """See `MailOutbox`."""
        now_ms = self._clock.now_ms()
        id_ = new_id("out", now_ms)
        sealed = await self._sealing.seal(owner, message, id_)
        expires = datetime.fromtimestamp(now_ms / 1000, UTC) + _KEPT
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

    async def send(self, owner: str, message: OutgoingMail) -> None:
        """See `MailOutbox`."""
        await self._inner.send(owner, message)
        log.warning("outbox.development", owner=owner, template=message.template, to=message.to, code=message.code)

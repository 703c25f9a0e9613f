"""What an earlier release left in the collection `outbox`: sent once, and then the collection goes."""

from datetime import datetime, timedelta
from typing import Final

from actors.notifications.activities import Mail
from common.clock import Clock
from common.errors import Unavailable
from common.logs import get_logger
from config.settings import IdentitySettings
from serve_app.capabilities.identity.accounts.sealing import Sealing
from serve_app.capabilities.identity.messages.outbox import COLLECTION, KEPT, ActivityOutbox, OutgoingMail
from store.mongo.client import Database, Document, database_errors

_PAGE: Final = 100
log = get_logger(__name__)


class OutboxCarrying:
    """`outbox` takes what waits. Every replica of the API may do it, at the same time: a message has one id."""

    def __init__(
        self, database: Database, sealing: Sealing, outbox: ActivityOutbox, settings: IdentitySettings, clock: Clock
    ) -> None:
        self._database = database
        self._messages = database[COLLECTION]
        self._sealing = sealing
        self._outbox = outbox
        self._clock = clock
        self._lifetimes = {
            "password_reset": timedelta(minutes=settings.code_ttl_m),
            "invitation": timedelta(hours=settings.invitation_ttl_h),
        }

    async def carry_over(self) -> int:
        """Owe all that is there, and drop the collection when it is empty. How many there were.

        Raises:
            Unavailable: it is not finished, and can be tried again.
        """
        count = 0
        while rows := await self._page():
            for row in rows:
                await self._carry(row)
            count += len(rows)
        await self._drop_if_empty()
        return count

    async def resume(self) -> None:
        """The same at a start: what fails is tried again at the next one, and holds nobody up."""
        try:
            if count := await self.carry_over():
                log.info("outbox.carried_over", messages=count)
        except Unavailable as error:
            log.warning("outbox.not_carried_over", code=error.code)

    async def _drop_if_empty(self) -> None:
        """A replica of the earlier release may still write: what came meanwhile stays for the next start."""
        with database_errors():
            if await self._messages.count_documents({}, limit=1) == 0:
                await self._database.drop_collection(COLLECTION)

    async def _page(self) -> list[Document]:
        with database_errors():
            return [one async for one in self._messages.find(sort=[("_id", 1)], limit=_PAGE)]

    async def _carry(self, row: Document) -> None:
        message = await self._sealing.open(row["sealed"], OutgoingMail, row["_id"])
        if message is not None:  # else its person was erased
            mail = Mail(message.template, to=message.to, code=message.code)
            deadline_ms = self._deadline_ms(message.template, row["expires"] - KEPT)
            await self._outbox.owe(row["owner"], row["owner"], row["_id"], mail, deadline_ms=deadline_ms)
        with database_errors():
            await self._messages.delete_one({"_id": row["_id"]})

    def _deadline_ms(self, template: str, made: datetime) -> int | None:
        """Until when it is worth sending, as the platform's clock has it."""
        lifetime = self._lifetimes.get(template)
        if lifetime is None:
            return None
        ahead_ms = self._clock.platform_ms() - self._clock.now_ms()
        return int((made + lifetime).timestamp() * 1000) + ahead_ms

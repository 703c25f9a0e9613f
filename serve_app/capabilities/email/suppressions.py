"""Addresses that are not written to: mail to them came back for good, or was not wanted. Shared by all providers.

An address is known by a keyed hash alone: whoever has the database cannot tell whose it is, and whoever has an address
cannot ask. Collections: `email_suppressions` `{_id: hash, reason, provider, at, until?, masked, owner}`; `email_sent`
`{_id: key, address: hash, masked, at, owner, user?, delivery?}`, of the last 30 days, by which what providers tell
later is about somebody, and about the delivery of a notification; `email_soft` `{_id: hash/key, address, at, owner}`:
what came back for the moment. `owner` is a keyed hash of the person.
"""

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, Literal, TypeAlias

from pymongo import ASCENDING, DESCENDING, IndexModel

from actors.notifications.activities import MailTraced
from common.auth.keys import derive
from common.clock import Clock
from common.errors import NotFound
from serve_app.capabilities.email.words import WORDS
from store.mongo.client import Database, Document, database_errors

SUPPRESSIONS: Final = "email_suppressions"
SENT: Final = "email_sent"
SOFT: Final = "email_soft"
KEPT_D: Final = 30
_PURPOSE: Final = "email suppressions"
SOFT_MOST: Final = 3
SOFT_D: Final = 7
_DAY_S: Final = 86_400
INDEXES: Final[Mapping[str, Sequence[IndexModel]]] = {
    SUPPRESSIONS: [
        IndexModel([("at", DESCENDING), ("_id", ASCENDING)], name="newest"),
        IndexModel([("until", ASCENDING)], name="lapse", expireAfterSeconds=0),
        IndexModel([("owner", ASCENDING)], name="owner"),
    ],
    SENT: [
        IndexModel([("at", ASCENDING)], name="lapse", expireAfterSeconds=KEPT_D * _DAY_S),
        IndexModel([("owner", ASCENDING)], name="owner"),
    ],
    SOFT: [
        IndexModel([("at", ASCENDING)], name="lapse", expireAfterSeconds=SOFT_D * _DAY_S),
        IndexModel([("address", ASCENDING)], name="address"),
        IndexModel([("owner", ASCENDING)], name="owner"),
    ],
}
Reason: TypeAlias = Literal["bounce", "complaint", "refused", "soft"]


@dataclass(frozen=True, slots=True)
class Suppression:
    """One address. `until`: when it lapses by itself; None: never."""

    id: str
    reason: Reason
    provider: str
    at: datetime
    until: datetime | None
    masked: str


class Suppressions:
    """`key`: what addresses are hashed with."""

    def __init__(self, database: Database, key: bytes, clock: Clock) -> None:
        self._database, self._key, self._clock = database, key, clock

    async def may_send(self, to: str, template: str) -> bool:
        """Is it one that mail gets to, and is wanted at? Who complained of mails still gets those that the safety of
        their account hangs on: whoever pressed "spam" once must be able to choose a new password."""
        with database_errors():
            found = await self._database[SUPPRESSIONS].find_one({"_id": self.hash_of(to)})
        if found is None or _lapsed(found, self._now()):
            return True
        words = WORDS.get(template)
        return found["reason"] == "complaint" and words is not None and words.security

    async def sent(self, to: str, key: str, owner: str, of: MailTraced) -> bool:
        """A provider has this mail, which is of that delivery. Is it the first that we hear of it?"""
        kept = {
            "address": self.hash_of(to),
            "masked": masked(to),
            "at": self._now(),
            "owner": self.hash_of(owner),
        } | ({"user": of.user, "delivery": of.delivery} if of.delivery else {})
        with database_errors():
            done = await self._database[SENT].update_one({"_id": key}, {"$set": kept}, upsert=True)
        return done.upserted_id is not None

    async def refused(self, to: str, provider: str, owner: str) -> None:
        """A provider says that there is no such address."""
        mail = {"address": self.hash_of(to), "masked": masked(to), "owner": self.hash_of(owner)}
        await self._add(mail, "refused", provider)

    async def returned(self, key: str, reason: Reason, provider: str) -> MailTraced:
        """What became of a mail, by its key: of which delivery it was, if it is one of the last 30 days."""
        with database_errors():
            mail = await self._database[SENT].find_one({"_id": key})
        if mail is None:
            return MailTraced()
        if reason != "soft":
            await self._add(mail, reason, provider)
        elif await self._softly(mail, key) >= SOFT_MOST:
            await self._add(mail, reason, provider, self._now() + timedelta(days=SOFT_D))
        return MailTraced(user=mail.get("user", ""), delivery=mail.get("delivery", ""))

    async def page(self, after: str | None, limit: int) -> list[Suppression]:
        """The newest first. `after`: the id of the last one seen."""
        with database_errors():
            query: Document = {}
            if after is not None:
                last = await self._database[SUPPRESSIONS].find_one({"_id": after})
                if last is None:
                    raise NotFound("The page before is gone. Please begin again.")
                query = {"$or": [{"at": {"$lt": last["at"]}}, {"at": last["at"], "_id": {"$gt": after}}]}
            rows = self._database[SUPPRESSIONS].find(query).sort([("at", DESCENDING), ("_id", ASCENDING)]).limit(limit)
            return [_shown(row) async for row in rows]

    async def remove(self, id_: str) -> None:
        """Write there again. Raises NotFound: it is not suppressed."""
        with database_errors():
            gone = await self._database[SUPPRESSIONS].delete_one({"_id": id_})
            await self._database[SOFT].delete_many({"address": id_})
        if not gone.deleted_count:
            raise NotFound("There is no such suppression.")

    async def forget(self, owner: str) -> None:
        """Nothing is known of this person's addresses any more. Idempotent."""
        whose = {"owner": self.hash_of(owner)}
        with database_errors():
            for collection in INDEXES:
                await self._database[collection].delete_many(whose)

    async def of(self, owner: str) -> list[Suppression]:
        """Those of a person's addresses that are suppressed."""
        whose = {"owner": self.hash_of(owner)}
        with database_errors():
            return [_shown(row) async for row in self._database[SUPPRESSIONS].find(whose)]

    def hash_of(self, address: str) -> str:
        """What an address, or a person, is known by. In any letter case an address is the same one."""
        text = address.strip().casefold()
        return hmac.new(self._key, text.encode(), hashlib.sha256).hexdigest()[:40]

    async def _softly(self, mail: Document, key: str) -> int:
        """So many mails came back softly within the days that count. A mail counts once, however often it is told."""
        now, address = self._now(), mail["address"]
        first = {"$setOnInsert": {"address": address, "at": now, "owner": mail["owner"]}}
        with database_errors():
            soft = self._database[SOFT]
            await soft.update_one({"_id": f"{address}/{key}"}, first, upsert=True)
            return await soft.count_documents({"address": address, "at": {"$gt": now - timedelta(days=SOFT_D)}})

    async def _add(self, mail: Document, reason: Reason, provider: str, until: datetime | None = None) -> None:
        """What lapses gives way to what does not, and never the other way."""
        where = {"_id": mail["address"]}
        kept = {"reason": reason, "provider": provider, "at": self._now()}
        kept |= {"masked": mail["masked"], "owner": mail["owner"]}
        with database_errors():
            suppressions = self._database[SUPPRESSIONS]
            if until is None:
                await suppressions.update_one(where, {"$set": kept, "$unset": {"until": ""}}, upsert=True)
            else:
                await suppressions.update_one(where, {"$setOnInsert": kept | {"until": until}}, upsert=True)

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self._clock.platform_ms() / 1000, UTC)


def masked(address: str) -> str:
    """As operators see it: enough to recognise one that they know, too little to learn one."""
    local, _, domain = address.rpartition("@")
    name, _, top = domain.rpartition(".")
    return f"{local[:1]}***@{name[:1]}***.{top}"


def _lapsed(found: Document, now: datetime) -> bool:
    return found.get("until") is not None and _aware(found["until"]) <= now


def _shown(row: Document) -> Suppression:
    until = row.get("until")
    return Suppression(
        id=row["_id"],
        reason=row["reason"],
        provider=row["provider"],
        at=_aware(row["at"]),
        until=None if until is None else _aware(until),
        masked=row["masked"],
    )


def _aware(at: datetime) -> datetime:
    return at if at.tzinfo is not None else at.replace(tzinfo=UTC)


def suppressions_of(root: str, database: Database, clock: Clock) -> Suppressions:
    """Those of this installation."""
    return Suppressions(database, derive(root, _PURPOSE), clock)

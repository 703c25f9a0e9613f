"""Care relationships: which therapist cares for which client. They decide who may open a direct room, see a booking or
a worksheet. A therapist proposes and the client accepts; an administrator may establish one; either party ends it.

`{_id, client, therapist, state: pending | active | ended, by, since, ended_at}`; one that has not ended for a pair.
"""

from dataclasses import dataclass
from typing import Final

from pymongo import ASCENDING, IndexModel, ReturnDocument
from pymongo.errors import DuplicateKeyError

from common.clock import Clock
from common.errors import AlreadyExists, FailedPrecondition, NotFound
from common.ids import new_id
from common.policy import Relation
from store.mongo.client import Database, Document, database_errors

COLLECTION: Final = "care"
INDEXES: Final = (
    IndexModel(
        [("client", ASCENDING), ("therapist", ASCENDING)],
        name="pair",
        unique=True,
        partialFilterExpression={"open": True},
    ),
    IndexModel([("therapist", ASCENDING), ("_id", ASCENDING)], name="therapist"),
)


@dataclass(frozen=True, slots=True)
class Care:
    """One relationship. Instants are milliseconds; `ended_at` is 0 while it lasts."""

    id: str
    client: str
    therapist: str
    state: str
    by: str
    since: int
    ended_at: int

    def relations(self, user: str) -> set[Relation]:
        """What `user` is to it."""
        if user == self.client:
            return {Relation.MEMBER, Relation.SELF}
        return {Relation.MEMBER} if user == self.therapist else {Relation.NONE}


class CareRelations:
    """The collection."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._all = database[COLLECTION]
        self._clock = clock

    async def begin(self, client: str, therapist: str, *, by: str, active: bool) -> Care:
        """Raises AlreadyExists: they have one, or one is proposed."""
        now_ms = self._clock.now_ms()
        document = {
            "_id": new_id("care", now_ms),
            "client": client,
            "therapist": therapist,
            "state": "active" if active else "pending",
            "open": True,
            "by": by,
            "since": now_ms,
            "ended_at": 0,
        }
        with database_errors():
            try:
                await self._all.insert_one(document)
            except DuplicateKeyError:
                raise AlreadyExists("There is such a care relationship, or it has been proposed.") from None
        return _care(document)

    async def get(self, id_: str) -> Care:
        """Raises NotFound."""
        with database_errors():
            found: Document | None = await self._all.find_one({"_id": id_})
        if found is None:
            raise NotFound("There is no such care relationship.", care=id_)
        return _care(found)

    async def accept(self, id_: str) -> Care:
        """The client agrees. Idempotent. Raises FailedPrecondition: it has ended."""
        return await self._move(id_, {"state": "active"})

    async def end(self, id_: str) -> Care:
        """It is over, or was declined. Raises FailedPrecondition: it had ended."""
        return await self._move(id_, {"state": "ended", "open": False, "ended_at": self._clock.now_ms()})

    async def of(self, user: str | None, *, after: str | None = None, limit: int = 200) -> list[Care]:
        """Those of a user, or all, by id."""
        query: Document = {} if user is None else {"$or": [{"client": user}, {"therapist": user}]}
        if after is not None:
            query["_id"] = {"$gt": after}
        with database_errors():
            return [_care(one) async for one in self._all.find(query, sort=[("_id", 1)], limit=limit)]

    async def cares(self, one: str, other: str) -> bool:
        """Is there an active relationship between the two, whichever is the client?"""
        pairs = [{"client": one, "therapist": other}, {"client": other, "therapist": one}]
        with database_errors():
            return await self._all.find_one({"$or": pairs, "state": "active"}) is not None

    async def relations(self, user: str, person: str) -> set[Relation]:
        """What `user` is to `person`: SELF, CARE or NONE."""
        if user == person:
            return {Relation.SELF}
        return {Relation.CARE} if await self.cares(user, person) else {Relation.NONE}

    async def end_all(self, user: str) -> None:
        """End every one of a user (erasure)."""
        over = {"$set": {"state": "ended", "open": False, "ended_at": self._clock.now_ms()}}
        with database_errors():
            await self._all.update_many({"$or": [{"client": user}, {"therapist": user}], "open": True}, over)

    async def _move(self, id_: str, fields: Document) -> Care:
        with database_errors():
            found: Document | None = await self._all.find_one_and_update(
                {"_id": id_, "open": True}, {"$set": fields}, return_document=ReturnDocument.AFTER
            )
        if found is None:
            await self.get(id_)
            raise FailedPrecondition("This care relationship has ended. Propose a new one.")
        return _care(found)


def _care(document: Document) -> Care:
    return Care(
        document["_id"],
        document["client"],
        document["therapist"],
        document["state"],
        document["by"],
        document["since"],
        document["ended_at"],
    )

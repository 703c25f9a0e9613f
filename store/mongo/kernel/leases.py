"""Leases in MongoDB, by its clock alone (`$$NOW`): `{_id: name, holder, host, pid, started, epoch, until}`."""

from collections.abc import Sequence
from typing import Final

from pymongo import ReturnDocument
from pymongo.errors import DuplicateKeyError

from common.errors import Unavailable
from store.holders import is_dead
from store.mongo.client import Database, Document, database_errors
from store.ports.leases import HeldLease, Holder, Lease

LEASES: Final = "leases"
_ROUNDS: Final = 3  # a second round only when the lease was never there before


class MongoLeases:
    """`Leases` over one collection."""

    def __init__(self, database: Database) -> None:
        self._leases = database[LEASES]

    async def acquire(self, name: str, holder: Holder, ttl_s: float) -> Lease | None:
        with database_errors():
            for _ in range(_ROUNDS):
                if lease := await self._take(name, holder, ttl_s):
                    return lease
                held = await self._leases.find_one({"_id": name})
                if held is None:
                    await self._make(name)
                elif held["holder"] is not None:
                    other = Holder(held["holder"], held["host"], held["pid"], held["started"])
                    return await self._take(name, holder, ttl_s, dead=other.id) if is_dead(other) else None
        raise Unavailable("The lease changes hands too fast.", lease=name)

    async def _take(self, name: str, holder: Holder, ttl_s: float, dead: str | None = None) -> Lease | None:
        """Take it if it is ours, nobody's, void, or the dead one's: one atomic step of the database."""
        void = {"$expr": {"$lte": ["$until", "$$NOW"]}}
        free = [{"holder": holder.id}, {"holder": None}, void] + ([{"holder": dead}] if dead is not None else [])
        taken: Document | None = await self._leases.find_one_and_update(
            {"_id": name, "$or": free},
            [
                {
                    "$set": {
                        "epoch": {"$cond": [{"$eq": ["$holder", _text(holder.id)]}, "$epoch", {"$add": ["$epoch", 1]}]},
                        "holder": _text(holder.id),
                        "host": _text(holder.host),
                        "pid": holder.pid,
                        "started": holder.started_ms,
                        "until": _from_now(ttl_s),
                    }
                }
            ],
            return_document=ReturnDocument.AFTER,
        )
        return Lease(name, holder.id, taken["epoch"], ttl_s) if taken is not None else None

    async def _make(self, name: str) -> None:
        try:
            await self._leases.insert_one({"_id": name, "holder": None, "epoch": 0})
        except DuplicateKeyError:
            return  # somebody else made it

    async def renew(self, lease: Lease) -> bool:
        with database_errors():
            done = await self._leases.update_one(_own(lease), [{"$set": {"until": _from_now(lease.ttl_s)}}])
        return done.matched_count == 1

    async def release(self, lease: Lease) -> None:
        with database_errors():
            await self._leases.update_one(_own(lease), {"$set": {"holder": None}})

    async def held(self) -> Sequence[HeldLease]:
        in_force = {"holder": {"$ne": None}, "$expr": {"$gt": ["$until", "$$NOW"]}}
        left = {"$set": {"left_ms": {"$subtract": ["$until", "$$NOW"]}}}
        with database_errors():
            found = await self._leases.aggregate([{"$match": in_force}, left, {"$sort": {"_id": 1}}]).to_list(None)
        holders = [(Holder(each["holder"], each["host"], each["pid"], each["started"]), each) for each in found]
        return [
            HeldLease(each["_id"], holder, each["left_ms"] / 1000) for holder, each in holders if not is_dead(holder)
        ]


def _own(lease: Lease) -> Document:
    return {"_id": lease.name, "holder": lease.holder, "epoch": lease.epoch}


def _from_now(ttl_s: float) -> Document:
    return {"$add": ["$$NOW", int(ttl_s * 1000)]}


def _text(value: str) -> Document:
    return {"$literal": value}  # else a leading "$" would be read as a field's name

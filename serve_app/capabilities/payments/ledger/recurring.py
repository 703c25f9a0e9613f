"""What comes again each month, and what was lost of it, from the movements of subscriptions."""

from typing import NamedTuple

from actors.payments.subscription.recurring import MOVEMENTS, monthly
from store.mongo.client import Database, Document, database_errors


class RecurringRevenue(NamedTuple):
    """`mrr`: what comes in a month, at the end of a time (minor units). `churn`: of the subscriptions that were paid
    for at its beginning, the part that is not at its end; None: there were none."""

    mrr: int
    churn: float | None


class Movements:
    """One a process. The sums are the database's."""

    def __init__(self, database: Database) -> None:
        self._movements = database[MOVEMENTS]

    async def recurring(self, since: int, until: int, currency: str) -> RecurringRevenue:
        """Of [since, until), in ms."""
        early: Document = {"$cond": [{"$lt": ["$f.at", since]}, "$f.moved", 0]}
        stages: list[Document] = [
            {"$match": {"f.currency": currency, "f.at": {"$lt": until}}},
            {"$group": {"_id": "$f.subscription", "first": {"$sum": early}, "last": {"$sum": "$f.moved"}}},
            {
                "$group": {
                    "_id": None,
                    "worth": {"$sum": "$last"},
                    "had": {"$sum": {"$cond": [{"$gt": ["$first", 0]}, 1, 0]}},
                    "lost": {"$sum": {"$cond": [{"$and": [{"$gt": ["$first", 0]}, {"$lte": ["$last", 0]}]}, 1, 0]}},
                }
            },
        ]
        with database_errors():
            async for one in self._movements.aggregate(stages):
                had = int(one["had"])
                return RecurringRevenue(monthly(int(one["worth"])), int(one["lost"]) / had if had else None)
        return RecurringRevenue(0, None)

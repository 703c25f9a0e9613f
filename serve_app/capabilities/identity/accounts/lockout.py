"""Wrong passwords: each one makes the next wait longer, for as long as somebody goes on guessing.

Three counts for every attempt, taken before the password is looked at (so that a thousand at once are a thousand):

* account and address: few are free, then the delay doubles. Stops one guesser; the owner, elsewhere, does not notice;
* address: more are free. Stops one password against many accounts;
* account, from anywhere: many are free. Stops a botnet. A device that has signed in before (it shows the token that it
  was given then) is counted on its own and nowhere else, so that nobody can lock the owner out.

The counts are documents, so they hold across replicas and restarts; they lapse a day after the last attempt.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from pymongo import ASCENDING, IndexModel, ReturnDocument
from pymongo.errors import DuplicateKeyError

from common.clock import Clock
from common.errors import RateLimited
from config.settings import IdentitySettings
from store.mongo.client import Database, Document, database_errors

COLLECTION: Final = "lockouts"
INDEXES: Final = (IndexModel([("expires", ASCENDING)], name="expires", expireAfterSeconds=0),)
_MEMORY: Final = timedelta(days=1)
_MOST_DOUBLINGS: Final = 30
_ADDRESS: Final = "address "


@dataclass(frozen=True, slots=True)
class Count:
    """One of the counts: its key, and how many attempts are free."""

    key: str
    free: int


@dataclass(frozen=True, slots=True)
class LoginAttempt:
    """An attempt that may be made. `first`: nobody has tried this account lately. `began_lock`: the account is being
    guarded from now on, and was not before."""

    counts: tuple[Count, ...]
    began_lock: bool
    first: bool = False


def delay_ms(attempts: int, free: int, settings: IdentitySettings) -> int:
    """How long the next one waits after so many attempts. Pure."""
    over = attempts - free
    if over < 0:
        return 0
    delay_s = min(settings.first_delay_s * 2 ** min(over, _MOST_DOUBLINGS), settings.longest_delay_s)
    return int(delay_s * 1000)


class Lockout:
    """The counts, in MongoDB."""

    def __init__(self, database: Database, settings: IdentitySettings, clock: Clock) -> None:
        self._counts = database[COLLECTION]
        self._settings = settings
        self._clock = clock

    def counts(self, account: str, address: str, device: str | None) -> tuple[Count, ...]:
        """The counts of an attempt. `device`: the known one that it comes from."""
        settings = self._settings
        if device:
            return (Count(f"known {account} {device}", settings.free_attempts),)
        return (
            Count(f"pair {account} {address}", settings.free_attempts),
            Count(f"account {account}", settings.free_attempts_account),
            Count(f"{_ADDRESS}{address}", settings.free_attempts_ip),
        )

    async def begin(self, counts: Sequence[Count]) -> LoginAttempt:
        """Count an attempt.

        Raises:
            RateLimited: it is too early; nothing was counted against those that are still free.
        """
        taken: list[Count] = []
        made: list[int] = []
        for count in counts:
            try:
                made.append(await self._take(count))
            except RateLimited:
                for other in taken:
                    await self._give_back(other)
                raise
            taken.append(count)
        began = any(n == count.free for n, count in zip(made, taken, strict=True))
        first = all(n == 1 for n, count in zip(made, taken, strict=True) if not count.key.startswith(_ADDRESS))
        return LoginAttempt(tuple(taken), began, first)

    async def succeeded(self, attempt: LoginAttempt) -> None:
        """The password was right: the account's counts begin anew, the address gets this one back."""
        own = [count.key for count in attempt.counts if not count.key.startswith(_ADDRESS)]
        with database_errors():
            await self._counts.delete_many({"_id": {"$in": own}})
        await self.spared(attempt)

    async def spared(self, attempt: LoginAttempt) -> None:
        """The password was right but is not all that is asked for: the address gets this one back."""
        for count in attempt.counts:
            if count.key.startswith(_ADDRESS):
                await self._give_back(count)

    async def forget(self, accounts: Iterable[str]) -> None:
        """Delete the counts of these (erasure)."""
        names = "|".join(re.escape(account) for account in accounts)
        with database_errors():
            await self._counts.delete_many({"_id": {"$regex": f"^(pair|account|known) ([a-z]+ )?({names})( |$)"}})

    async def _take(self, count: Count) -> int:
        """How many attempts there have been with this one."""
        now_ms = self._clock.now_ms()
        expires = datetime.fromtimestamp(now_ms / 1000, UTC) + _MEMORY
        delays = [delay_ms(count.free + n, count.free, self._settings) for n in range(_MOST_DOUBLINGS)]
        over = {"$subtract": ["$n", count.free]}
        wait = {"$arrayElemAt": [delays, {"$min": [over, len(delays) - 1]}]}
        pipeline: list[Document] = [
            {"$set": {"n": {"$add": [{"$ifNull": ["$n", 0]}, 1]}, "expires": expires}},
            {"$set": {"until": {"$cond": [{"$gte": ["$n", count.free]}, {"$add": [now_ms, wait]}, 0]}}},
        ]
        free_now = {"_id": count.key, "$or": [{"until": {"$lte": now_ms}}, {"until": {"$exists": False}}]}
        with database_errors():
            try:
                after: Document | None = await self._counts.find_one_and_update(
                    free_now, pipeline, upsert=True, return_document=ReturnDocument.AFTER
                )
            except DuplicateKeyError:
                held = await self._counts.find_one({"_id": count.key})
                wait_s = max(0.0, ((held or {}).get("until", now_ms) - now_ms) / 1000)
                raise RateLimited(
                    "Too many wrong attempts. Wait, or reset your password.", retry_after_s=round(wait_s + 0.001, 3)
                ) from None
        return 0 if after is None else int(after["n"])

    async def _give_back(self, count: Count) -> None:
        with database_errors():
            await self._counts.update_one(
                {"_id": count.key, "n": {"$gt": 0}}, [{"$set": {"n": {"$subtract": ["$n", 1]}, "until": 0}}]
            )

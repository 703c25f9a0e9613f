"""Revocations: written once, looked up by every HTTP request, and followed by every gateway.

Why a collection and not a topic of the kernel: who must be thrown out must be thrown out also while a shard restarts;
HTTP needs the look-up anyway, so both read the same fact; and a change stream brings it to every process a few
milliseconds after a majority has it. An in-sequence signal through `user:<id>` would have been as fast on a good day.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from pymongo import ASCENDING, IndexModel

from common.auth.revocations import Revocation, keys_of, revocation_refusal
from common.auth.tokens import Verified
from common.clock import Clock
from common.lib.batching import Batcher, look_up_together
from common.logs import get_logger
from store.mongo.client import Database, Document, database_errors
from store.mongo.following import Following

COLLECTION: Final = "revocations"
INDEXES: Final = (
    IndexModel([("expires", ASCENDING)], name="expires", expireAfterSeconds=0),
    IndexModel([("user", ASCENDING)], name="user"),
)
_AT_ONCE: Final = 1000
_REST_S: Final = 0.004  # a look-up costs half a millisecond, whether for one token or for fifty

log = get_logger(__name__)


class Revocations:
    """The collection."""

    def __init__(self, database: Database, clock: Clock, *, session_memory_s: float) -> None:
        """`session_memory_s`: how long a token of a session that has ended could still be shown."""
        self._all = database[COLLECTION]
        self._look_ups: Batcher[Iterable[str], list[Revocation]] = Batcher(
            look_up_together(self._look_up), wait_s=_REST_S
        )
        self._clock = clock
        self._memory = timedelta(seconds=session_memory_s)

    async def revoke(self, revocation: Revocation, *, until_ms: int | None = None) -> None:
        """From when this returns, no HTTP request passes; sockets follow. `until_ms`: expiry of a single token."""
        fields: Document = {"user": revocation.user}
        if revocation.session or revocation.token:
            fields |= {"session": revocation.session, "token": revocation.token}
            now = datetime.fromtimestamp(self._clock.now_ms() / 1000, UTC)
            ends = datetime.fromtimestamp(until_ms / 1000, UTC) + timedelta(minutes=10) if until_ms else now
            change = {"$set": fields | {"expires": max(ends, now + self._memory)}}
        else:
            if revocation.blocked:
                fields["blocked"] = True
            change = {
                "$set": fields,
                "$max": {"epoch": revocation.epoch, "before_ms": revocation.before_ms},
            }
        with database_errors():
            await self._all.update_one({"_id": revocation.key}, change, upsert=True)

    async def unblock(self, user: str) -> None:
        """New tokens of this user are good again."""
        with database_errors():
            await self._all.update_one({"_id": Revocation(user).key}, {"$set": {"blocked": False}})

    async def admit(self, verified: Verified) -> None:
        """One look-up by id, together with others that come while the database answers earlier ones.

        Raises:
            Unauthenticated: the token was taken back.
            Unavailable: the database does not answer.
        """
        revocations = await self._look_ups.put(keys_of(verified))
        errors = [
            error for revocation in revocations if (error := revocation_refusal(verified, revocation)) is not None
        ]
        if errors:
            raise min(errors, key=lambda error: error.code == "token_expired")  # the graver one

    async def _look_up(self, keys: Sequence[str]) -> Mapping[str, Revocation]:
        with database_errors():
            return {one["_id"]: _from(one) async for one in self._all.find({"_id": {"$in": list(keys)}})}

    async def of(self, users: Iterable[str]) -> list[Revocation]:
        """All that is in force against these users."""
        with database_errors():
            return [_from(one) async for one in self._all.find({"user": {"$in": list(users)}})]


class RevocationFollower:
    """Brings revocations to a process that holds live sockets, for as long as it runs. Whenever its stream is opened,
    it reads what concerns the users who are connected."""

    def __init__(
        self,
        database: Database,
        revocations: Revocations,
        on_revocation: Callable[[Revocation], None],
        users: Callable[[], Collection[str]],
    ) -> None:
        self._revocations = revocations
        self._on_revocation = on_revocation
        self._users = users
        self._following = Following(
            database[COLLECTION], lambda document: on_revocation(_from(document)), self._catch_up
        )

    async def start(self) -> None:
        """Returns once the stream is open. Raises TimeoutError when that takes too long."""
        await self._following.start()

    async def stop(self) -> None:
        """Idempotent."""
        await self._following.stop()

    async def _catch_up(self) -> None:
        users = sorted(self._users())
        for first in range(0, len(users), _AT_ONCE):
            for revocation in await self._revocations.of(users[first : first + _AT_ONCE]):
                self._tell(revocation)

    def _tell(self, revocation: Revocation) -> None:
        try:
            self._on_revocation(revocation)
        except Exception:
            log.exception("revocations.not_obeyed", user=revocation.user)


def _from(document: Document) -> Revocation:
    return Revocation(
        user=document["user"],
        session=document.get("session", ""),
        token=document.get("token", ""),
        blocked=document.get("blocked", False),
        epoch=document.get("epoch", 0),
        before_ms=document.get("before_ms", 0),
    )

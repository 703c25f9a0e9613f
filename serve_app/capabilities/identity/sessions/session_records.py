"""Sessions: one for each login, bound to a device, alive as long as its refresh token is used.

`{_id, user, device, sealed: {name, agent, address}, generation, digest, started_at, seen_at, seen_by, ended, expires}`.
A session is the family of its refresh tokens: only the newest one is good, and showing an older one ends the session.

But two tabs that wake up at once show the same one, and a phone that lost the answer shows it again. So for `GRACE_S`
the token before the newest gets the newest once more, if it comes from where that was asked for: from the same address,
by the same user agent (`seen_by` is a keyed hash of both). A thief must be there, within that time, and gains nothing:
from then on both hold one token, and whoever shows it second ends the session.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

import msgspec
from pymongo import ASCENDING, DESCENDING, IndexModel
from pymongo import ReturnDocument as Return

from common.auth.revocations import Revocation
from common.clock import Clock
from common.errors import NotFound, Unauthenticated
from common.ids import new_id
from common.logs import get_logger
from config.settings import IdentitySettings
from serve_app.capabilities.identity.accounts.sealing import Sealing
from serve_app.capabilities.identity.origin import RequestOrigin
from serve_app.capabilities.identity.sessions.revocation import Revocations
from serve_app.capabilities.identity.sessions.tickets import RefreshCredential, Tickets
from store.mongo.client import Database, Document, database_errors

COLLECTION: Final = "sessions"
INDEXES: Final = (
    IndexModel([("user", ASCENDING), ("started_at", DESCENDING)], name="user"),
    IndexModel([("expires", ASCENDING)], name="expires", expireAfterSeconds=0),
)
GRACE_S: Final = 10.0  # that the answer to a refresh is given again
log = get_logger(__name__)


class SessionDevice(msgspec.Struct, frozen=True):
    """What is sealed of a session: the device's name, and what the login told of it."""

    name: str = ""
    agent: str = ""
    address: str = ""


@dataclass(frozen=True, slots=True)
class LoginSession:
    """One session. Instants are milliseconds; `device` is the device's id."""

    id: str
    user: str
    device: str
    about: SessionDevice
    started_at: int
    seen_at: int


@dataclass(frozen=True, slots=True)
class Reused:
    """A refresh token was shown that had been used: the session has been ended."""

    session: str
    user: str


class LoginSessions:
    """The collection."""

    def __init__(
        self,
        database: Database,
        sealing: Sealing,
        tickets: Tickets,
        revocations: Revocations,
        settings: IdentitySettings,
        clock: Clock,
    ) -> None:
        self._all = database[COLLECTION]
        self._sealing = sealing
        self._tickets = tickets
        self._revocations = revocations
        self._settings = settings
        self._clock = clock

    async def begin(self, user: str, device: str, about: SessionDevice) -> tuple[LoginSession, str]:
        """A new session and its first refresh token. With too many of them, the oldest ends."""
        now_ms = self._clock.now_ms()
        id_ = new_id("ses", now_ms)
        token, ticket = self._tickets.issue(id_, 1)
        document = {
            "_id": id_,
            "user": user,
            "device": device,
            "sealed": await self._sealing.seal(user, about, id_),
            "generation": 1,
            "digest": ticket.digest,
            "started_at": now_ms,
            "seen_at": now_ms,
            "ended": False,
            "expires": self._expiry(now_ms),
        }
        with database_errors():
            await self._all.insert_one(document)
        for old in (await self.of(user))[self._settings.max_sessions :]:
            await self.end(user, old.id)
        return LoginSession(id=id_, user=user, device=device, about=about, started_at=now_ms, seen_at=now_ms), token

    async def rotate(self, token: str, by: RequestOrigin) -> tuple[LoginSession, str] | Reused:
        """The session and its next refresh token; within `GRACE_S`, for the same client, once more.

        Raises:
            Unauthenticated: the token is not ours, or its session has ended.
        """
        shown = self._tickets.read(token)
        now_ms = self._clock.now_ms()
        fresh, ticket = self._tickets.successor(token)
        seen_by = self._sealing.index("client", f"{by.address}\n{by.agent}")
        present = {
            "_id": shown.session,
            "generation": shown.generation,
            "digest": shown.digest,
            "ended": False,
            "expires": {"$gt": datetime.fromtimestamp(now_ms / 1000, UTC)},
        }
        next_ = {
            "generation": ticket.generation,
            "digest": ticket.digest,
            "seen_at": now_ms,
            "seen_by": seen_by,
            "expires": self._expiry(now_ms),
        }
        with database_errors():
            found = await self._all.find_one_and_update(present, {"$set": next_}, return_document=Return.AFTER)
            if found is not None:
                return await self._session(found), fresh
            known: Document | None = await self._all.find_one({"_id": shown.session, "ended": False})
        if known is None or known["generation"] <= shown.generation:
            raise Unauthenticated("This session has ended. Sign in again.", reason="session_ended")
        if _is_repeat(known, ticket, seen_by, now_ms):
            return await self._session(known), fresh
        await self.end(known["user"], shown.session)
        return Reused(shown.session, known["user"])

    async def of(self, user: str) -> list[LoginSession]:
        """The sessions that have not ended, the newest first."""
        with database_errors():
            found = self._all.find({"user": user, "ended": False}, sort=[("started_at", -1), ("_id", -1)])
            return [await self._session(one) for one in await found.to_list(None)]

    async def rename(self, user: str, session: str, name: str) -> LoginSession:
        """Give the device of a session a name. Raises NotFound."""
        found = await self._find(user, session)
        present = await self._session(found)
        about = SessionDevice(name, present.about.agent, present.about.address)
        sealed = await self._sealing.seal(user, about, session)
        with database_errors():
            await self._all.update_one({"_id": session}, {"$set": {"sealed": sealed}})
        return LoginSession(
            id=present.id,
            user=user,
            device=present.device,
            about=about,
            started_at=present.started_at,
            seen_at=present.seen_at,
        )

    async def end(self, user: str, session: str) -> None:
        """End one session: its tokens are void when this returns, its sockets are closed a moment later. Idempotent.

        Raises:
            NotFound: the user has no such session.
        """
        await self._find(user, session)
        # The revocation first: a crash in between leaves a session that cannot be used, never one that still can.
        await self._revocations.revoke(Revocation(user, session=session))
        with database_errors():
            await self._all.update_one({"_id": session}, {"$set": {"ended": True}})

    async def end_all(self, user: str, *, but: str = "") -> int:
        """End every session, except `but`. How many."""
        sessions = [one.id for one in await self.of(user) if one.id != but]
        for session in sessions:
            await self.end(user, session)
        return len(sessions)

    async def forget(self, user: str) -> None:
        """Delete all of them (erasure). End them first."""
        with database_errors():
            await self._all.delete_many({"user": user})

    async def _find(self, user: str, session: str) -> Document:
        with database_errors():
            found: Document | None = await self._all.find_one({"_id": session, "user": user})
        if found is None:
            raise NotFound("There is no such session of yours.", session=session)
        return found

    async def _session(self, document: Document) -> LoginSession:
        about = await self._sealing.open(document["sealed"], SessionDevice, document["_id"]) or SessionDevice()
        return LoginSession(
            id=document["_id"],
            user=document["user"],
            device=document["device"],
            about=about,
            started_at=document["started_at"],
            seen_at=document["seen_at"],
        )

    def _expiry(self, now_ms: int) -> datetime:
        return datetime.fromtimestamp(now_ms / 1000, UTC) + timedelta(days=self._settings.session_ttl_d)


def _is_repeat(known: Document, ticket: RefreshCredential, seen_by: str, now_ms: int) -> bool:
    """Has this successor just been handed out, to the same client?"""
    newest = (known["generation"], known["digest"]) == (ticket.generation, ticket.digest)
    return newest and known.get("seen_by") == seen_by and now_ms - known["seen_at"] <= GRACE_S * 1000

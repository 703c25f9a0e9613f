"""One-time codes and invitations: only hashes are kept, tries are counted, and each is good once."""

import re
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from pymongo import ASCENDING, IndexModel

from common.clock import Clock, to_rfc3339
from common.errors import FailedPrecondition, NotFound
from common.ids import new_id
from config.settings import IdentitySettings
from serve_app.capabilities.identity.accounts.email_addresses import folded
from serve_app.capabilities.identity.accounts.sealing import Sealing
from store.mongo.client import Database, Document, database_errors

CODES: Final = "codes"
INVITATIONS: Final = "invitations"
INDEXES: Final = (IndexModel([("expires", ASCENDING)], name="expires", expireAfterSeconds=0),)
_DIGITS: Final = 8


@dataclass(frozen=True, slots=True)
class Invitation:
    """Somebody with this address may register with this role. `code` is told once, when it is made."""

    id: str
    role: str
    by: str
    expires_at: str
    used_by: str | None = None
    code: str = ""


class Codes:
    """One-time codes, each for one account and one purpose."""

    def __init__(self, database: Database, sealing: Sealing, settings: IdentitySettings, clock: Clock) -> None:
        self._all = database[CODES]
        self._sealing = sealing
        self._settings = settings
        self._clock = clock

    @property
    def lifetime_s(self) -> float:
        """How long a code is good."""
        return self._settings.code_ttl_m * 60

    async def make(self, purpose: str, user: str) -> str:
        """A fresh code; one that was made before is void."""
        code = "".join(secrets.choice("0123456789") for _ in range(_DIGITS))
        key = f"{purpose} {user}"
        expires = self._now() + timedelta(minutes=self._settings.code_ttl_m)
        document = {"hash": self._sealing.index(key, code), "tries": 0, "expires": expires}
        with database_errors():
            await self._all.replace_one({"_id": key}, document, upsert=True)
        return code

    async def use(self, purpose: str, user: str, code: str) -> bool:
        """Is it the code? Then it is used up. Every try counts, and after too many of them none is good."""
        key = f"{purpose} {user}"
        good = {"_id": key, "tries": {"$lt": self._settings.code_attempts}, "expires": {"$gt": self._now()}}
        with database_errors():
            found: Document | None = await self._all.find_one_and_update(good, {"$inc": {"tries": 1}})
            if found is None or not self._sealing.matches(key, code, found["hash"]):
                return False
            gone = await self._all.delete_one({"_id": key, "hash": found["hash"]})
        return gone.deleted_count == 1

    async def forget(self, user: str) -> None:
        """Delete the user's (erasure)."""
        with database_errors():
            await self._all.delete_many({"_id": {"$regex": f"^[a-z]+ {re.escape(user)}$"}})

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self._clock.now_ms() / 1000, UTC)


class Invitations:
    """Invitations of staff."""

    def __init__(self, database: Database, sealing: Sealing, settings: IdentitySettings, clock: Clock) -> None:
        self._all = database[INVITATIONS]
        self._sealing = sealing
        self._settings = settings
        self._clock = clock

    @property
    def lifetime_s(self) -> float:
        """How long an invitation is good."""
        return self._settings.invitation_ttl_h * 3600

    async def make(self, email: str, role: str, by: str) -> Invitation:
        """A new one. The code is 160 random bits."""
        now_ms = self._clock.now_ms()
        id_, code = new_id("inv", now_ms), secrets.token_urlsafe(20)
        expires = datetime.fromtimestamp(now_ms / 1000, UTC) + timedelta(hours=self._settings.invitation_ttl_h)
        document = {
            "_id": id_,
            "hash": self._sealing.index("invitation", code),
            "mail": self._sealing.index("mail", folded(email)),
            "role": role,
            "by": by,
            "used_by": None,
            "expires": expires,
        }
        with database_errors():
            await self._all.insert_one(document)
        return _invitation(document, code)

    async def claim(self, code: str, email: str, user: str) -> str:
        """Use it up for `user`. The role that it gives.

        Raises:
            FailedPrecondition: it is no invitation for this address, or not any more.
        """
        open_ = {
            "hash": self._sealing.index("invitation", code),
            "mail": self._sealing.index("mail", folded(email)),
            "used_by": None,
            "expires": {"$gt": datetime.fromtimestamp(self._clock.now_ms() / 1000, UTC)},
        }
        with database_errors():
            found: Document | None = await self._all.find_one_and_update(open_, {"$set": {"used_by": user}})
        if found is None:
            raise FailedPrecondition(
                "This invitation is not good for this address, or not any more. Ask for a new one."
            )
        return str(found["role"])

    async def give_back(self, user: str) -> None:
        """The account could not be made after all."""
        with database_errors():
            await self._all.update_one({"used_by": user}, {"$set": {"used_by": None}})

    async def forget(self, user: str) -> None:
        """Delete what the user came in with (erasure)."""
        with database_errors():
            await self._all.delete_many({"used_by": user})

    async def page(self, after: str | None, limit: int) -> list[Invitation]:
        """Those that have not expired, by id."""
        query: Document = {} if after is None else {"_id": {"$gt": after}}
        with database_errors():
            return [_invitation(one) async for one in self._all.find(query, sort=[("_id", 1)], limit=limit)]

    async def withdraw(self, id_: str) -> None:
        """Raises NotFound: there is none, or it was used."""
        with database_errors():
            done = await self._all.delete_one({"_id": id_, "used_by": None})
        if not done.deleted_count:
            raise NotFound("There is no such open invitation.", invitation=id_)


def _invitation(document: Document, code: str = "") -> Invitation:
    expires = document["expires"]
    stamp = to_rfc3339(int(expires.timestamp() * 1000))
    return Invitation(
        id=document["_id"],
        role=document["role"],
        by=document["by"],
        expires_at=stamp,
        used_by=document["used_by"],
        code=code,
    )

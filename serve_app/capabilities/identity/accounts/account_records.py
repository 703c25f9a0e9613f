"""Accounts as they are kept: `{_id: user, mail, sealed, password, role, epoch, status, totp, created_at}`.

`mail` is a keyed hash to find the account by; the address and the name are in `sealed`, under the person's own key.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec
from pymongo import ASCENDING, IndexModel, ReturnDocument
from pymongo.errors import DuplicateKeyError

from common.errors import AlreadyExists, NotFound
from serve_app.capabilities.identity.accounts.email_addresses import folded
from serve_app.capabilities.identity.accounts.sealing import Sealing
from store.mongo.client import Database, Document, database_errors

COLLECTION: Final = "accounts"
INDEXES: Final = (
    IndexModel([("role", ASCENDING), ("_id", ASCENDING)], name="role"),
    IndexModel([("mail", ASCENDING)], name="mail", unique=True, partialFilterExpression={"mail": {"$type": "string"}}),
)


class AccountOwner(msgspec.Struct, frozen=True):
    """What is sealed of an account."""

    email: str
    name: str = ""


class TotpSecret(msgspec.Struct, frozen=True):
    """The sealed secret of the second factor."""

    secret: str


@dataclass(frozen=True, slots=True)
class Totp:
    """A second factor. `step` is the last time step that was used; `recovery` are hashes of unused codes."""

    sealed: bytes
    on: bool
    step: int
    recovery: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Account:
    """One account. `epoch` grows with every change of rights; `status`: active, blocked or erased."""

    user: str
    role: str
    password: str
    epoch: int
    status: str
    created_at: int
    sealed: bytes | None
    totp: Totp | None = field(default=None)


class Accounts:
    """The collection."""

    def __init__(self, database: Database, sealing: Sealing) -> None:
        self._all = database[COLLECTION]
        self._sealing = sealing

    def mail_of(self, email: str) -> str:
        """What an address is found by, however it is spelt."""
        return self._sealing.index("mail", folded(email))

    async def add(self, user: str, person: AccountOwner, *, role: str, password: str, now_ms: int) -> Account:
        """Raises AlreadyExists: the address has an account."""
        document = {
            "_id": user,
            "mail": self.mail_of(person.email),
            "sealed": await self._sealing.seal(user, person, user),
            "password": password,
            "role": role,
            "epoch": 0,
            "status": "active",
            "totp": None,
            "created_at": now_ms,
        }
        with database_errors():
            try:
                await self._all.insert_one(document)
            except DuplicateKeyError:
                raise AlreadyExists("There is an account for this address. Sign in, or reset its password.") from None
        return _account(document)

    async def by_mail(self, email: str) -> Account | None:
        """The account of an address."""
        with database_errors():
            found: Document | None = await self._all.find_one({"mail": self.mail_of(email)})
        return None if found is None else _account(found)

    async def get(self, user: str) -> Account | None:
        """The account of a user; None for users of another issuer."""
        with database_errors():
            found: Document | None = await self._all.find_one({"_id": user})
        return None if found is None else _account(found)

    async def many(self, users: Sequence[str]) -> list[Account]:
        """Those of these users that there are."""
        with database_errors():
            return [_account(one) async for one in self._all.find({"_id": {"$in": list(users)}})]

    async def users(self, after: str, limit: int) -> list[str]:
        """Who has an account, or had one: the first ones above this id, in order."""
        with database_errors():
            found = self._all.find({"_id": {"$gt": after}}, {"_id": 1}, sort=[("_id", ASCENDING)], limit=limit)
            return [str(one["_id"]) async for one in found]

    async def need(self, user: str) -> Account:
        """The same. Raises NotFound."""
        account = await self.get(user)
        if account is None:
            raise NotFound("There is no such account here.", user=user)
        return account

    async def person(self, account: Account) -> AccountOwner | None:
        """What is sealed of it; None once erased."""
        return await self._sealing.open(account.sealed, AccountOwner, account.user)

    async def change(self, user: str, *, new_epoch: bool = False, **fields: Any) -> Account:
        """Set fields. With `new_epoch`, tokens made before lose their rights.

        Raises:
            NotFound: there is no such account.
        """
        change: Document = {"$set": fields} if fields else {}
        if new_epoch:
            change["$inc"] = {"epoch": 1}
        with database_errors():
            found: Document | None = await self._all.find_one_and_update(
                {"_id": user}, change, return_document=ReturnDocument.AFTER
            )
        if found is None:
            raise NotFound("There is no such account here.", user=user)
        return _account(found)

    async def rename(self, account: Account, name: str) -> None:
        """Change the name."""
        person = await self.person(account)
        if person is not None:
            sealed = await self._sealing.seal(account.user, AccountOwner(person.email, name), account.user)
            await self.change(account.user, sealed=sealed)

    async def set_totp(self, user: str, totp: Totp | None) -> None:
        """Replace the second factor."""
        value = None
        if totp is not None:
            value = {"sealed": totp.sealed, "on": totp.on, "step": totp.step, "recovery": list(totp.recovery)}
        await self.change(user, totp=value)

    async def use_step(self, user: str, step: int) -> bool:
        """Use a time step up; False when it, or a later one, has been used."""
        with database_errors():
            done = await self._all.update_one({"_id": user, "totp.step": {"$lt": step}}, {"$set": {"totp.step": step}})
        return done.modified_count == 1

    async def use_recovery(self, user: str, digest: str) -> bool:
        """Use a recovery code up; False when there is no such one."""
        with database_errors():
            done = await self._all.update_one(
                {"_id": user, "totp.recovery": digest}, {"$pull": {"totp.recovery": digest}}
            )
        return done.modified_count == 1

    async def mail_hash(self, user: str) -> str | None:
        """What the account of a user is found by; None when there is no account, or it was erased."""
        with database_errors():
            found: Document | None = await self._all.find_one({"_id": user}, {"mail": True})
        return None if found is None else found.get("mail")

    async def tombstone(self, user: str) -> None:
        """Keep nothing but that there was somebody, also of those whose account lived with another issuer."""
        with database_errors():
            await self._all.update_one(
                {"_id": user},
                {
                    "$setOnInsert": {"role": "client", "created_at": 0},
                    "$set": {"status": "erased", "password": "", "totp": None, "sealed": None},
                    "$unset": {"mail": ""},
                    "$inc": {"epoch": 1},
                },
                upsert=True,
            )


def _account(document: Document) -> Account:
    totp = document.get("totp")
    return Account(
        user=document["_id"],
        role=document["role"],
        password=document["password"],
        epoch=document["epoch"],
        status=document["status"],
        created_at=document["created_at"],
        sealed=document.get("sealed"),
        totp=None if totp is None else Totp(totp["sealed"], totp["on"], totp["step"], tuple(totp["recovery"])),
    )

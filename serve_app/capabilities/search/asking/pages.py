"""Pages of an answer. What may be a hit is noted when it is first asked for, and holds for five minutes: nothing that
was there is skipped or shown twice. The note is sealed under the key of whoever asked, in the collection
`search_pages`: any process goes on with it. A cursor says which note, how far, since when; nobody can make one."""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from struct import Struct
from typing import Final

import msgspec
from pymongo import ASCENDING, IndexModel

from common.auth.keys import derive
from common.clock import Clock
from common.errors import FailedPrecondition, InvalidArgument
from serve_app.capabilities.search.process.questions import HitCandidate
from store.mongo.client import Database, Document, database_errors
from store.ports.vault import Vault

COLLECTION: Final = "search_pages"
HOLDS_MS: Final = 300_000
INDEXES: Final = (
    IndexModel([("at", ASCENDING)], name="at", expireAfterSeconds=2 * HOLDS_MS // 1000),
    IndexModel([("user", ASCENDING)], name="user"),
)
_HEAD: Final = Struct(">16sIQ")  # note, place, ms
_MAC_BYTES: Final = 16


class CandidateList(msgspec.Struct, frozen=True, array_like=True):
    """What may be a hit, in its order. `slips`: words that were taken for others. `more`: there was more than that.
    `reranked`: the first ones stand in the order of their meaning."""

    candidates: list[HitCandidate]
    slips: dict[str, list[str]]
    more: bool
    reranked: bool = False


@dataclass(frozen=True, slots=True)
class PageStart:
    """Where a page begins in a note."""

    note: bytes
    offset: int


_note: Final = msgspec.msgpack.Decoder(CandidateList).decode
_pack: Final = msgspec.msgpack.Encoder().encode


class Pages:
    """One a process. Raises Unavailable."""

    def __init__(self, database: Database, vault: Vault, root: str, clock: Clock) -> None:
        self._all, self._vault, self._clock = database[COLLECTION], vault, clock
        self._key = derive(root, "search cursors")

    async def keep(self, note: CandidateList, user: str) -> bytes:
        """Its name."""
        name = secrets.token_bytes(16)
        await self.replace(name, note, user)
        return name

    async def replace(self, name: bytes, note: CandidateList, user: str) -> None:
        """The same note, with more in it."""
        await self._vault.ensure([user])
        sealed = self._vault.seal(user, _pack(note), _place(name))
        kept = {"user": user, "at": self._now(), "sealed": sealed}
        with database_errors():
            await self._all.replace_one({"_id": name}, kept, upsert=True)

    async def read(self, place: PageStart, user: str) -> CandidateList:
        """It lives on for as long as the next cursor holds. Raises FailedPrecondition: it is not there any more."""
        named, later = {"_id": place.note, "user": user}, {"$set": {"at": self._now()}}
        with database_errors():
            found: Document | None = await self._all.find_one_and_update(named, later)
        if found is None:
            raise _expired()
        await self._vault.unlock([found["sealed"]])
        plain = self._vault.open(found["sealed"], _place(place.note))
        if plain is None:
            raise _expired()
        return _note(plain)

    async def forget(self, user: str) -> None:
        """Whatever was noted for them."""
        with database_errors():
            await self._all.delete_many({"user": user})

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self._clock.now_ms() / 1000, UTC)

    def cursor(self, place: PageStart, user: str, named: Sequence[object]) -> str:
        """For the page that begins there, of this question."""
        head = _HEAD.pack(place.note, place.offset, self._clock.now_ms())
        return base64.urlsafe_b64encode(head + self._mac(head, user, named)).decode().rstrip("=")

    def place_of(self, cursor: str, user: str, named: Sequence[object]) -> PageStart:
        """The inverse of `cursor`.

        Raises:
            InvalidArgument: it was not given to this person for this question.
            FailedPrecondition: five minutes are over; reason `cursor_expired`.
        """
        try:
            blob = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        except ValueError:
            raise _foreign() from None
        head, mac = blob[: _HEAD.size], blob[_HEAD.size :]
        if len(head) != _HEAD.size or not hmac.compare_digest(mac, self._mac(head, user, named)):
            raise _foreign()
        note, offset, at_ms = _HEAD.unpack(head)
        if self._clock.now_ms() - at_ms > HOLDS_MS:
            raise _expired()
        return PageStart(note, offset)

    def _mac(self, head: bytes, user: str, named: Sequence[object]) -> bytes:
        said = _pack([user, named])
        return hmac.new(self._key, head + said, hashlib.sha256).digest()[:_MAC_BYTES]


def _place(name: bytes) -> bytes:
    return b"search page " + name


def _foreign() -> InvalidArgument:
    return InvalidArgument("cursor: take the `next_cursor` of the page before.", details={"field": "cursor"})


def _expired() -> FailedPrecondition:
    return FailedPrecondition("This page is too old. Please search again.", details={"reason": "cursor_expired"})

"""Documents of accounts, sessions, codes, lockouts, timers, leases, maps and keys: written as ever, and read as ever.

`golden/documents.json` has one document of each kind (MongoDB Extended JSON, canonical) and the secret that opens it.
What is random in a document is compared by its type and length.
"""

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest
from bson import json_util
from typing_extensions import override

from common.clock import SystemClock
from config.settings import IdentitySettings
from serve_app.capabilities.identity.accounts.account_records import AccountOwner, Accounts
from serve_app.capabilities.identity.accounts.codes import Codes, Invitations
from serve_app.capabilities.identity.accounts.lockout import Count, Lockout
from serve_app.capabilities.identity.accounts.sealing import Sealing
from serve_app.capabilities.identity.origin import RequestOrigin
from serve_app.capabilities.identity.sessions.revocation import Revocations
from serve_app.capabilities.identity.sessions.session_records import LoginSessions, SessionDevice
from serve_app.capabilities.identity.sessions.tickets import Tickets
from store.crypto.masterkeys import MasterKeys
from store.crypto.vault import KeyringVault
from store.mongo.client import Database
from store.mongo.kernel.leases import MongoLeases
from store.mongo.kernel.maps import MongoPartitionMaps
from store.mongo.kernel.timers import MongoTimers
from store.mongo.keys import MongoKeyStore
from store.ports.keys import WrappedKey
from store.ports.leases import Holder
from store.ports.maps import PartitionMap
from store.ports.timers import Timer

FILE: Final = Path(__file__).parent / "golden" / "documents.json"
GOLDEN: Final[dict[str, Any]] = json.loads(FILE.read_text())
NOW_MS: Final = 1_763_631_000_123
PERSON: Final = AccountOwner("ada@example.org", "Ada")
DEVICE: Final = SessionDevice("phone", "agent/1", "192.0.2.1")
TIMER: Final = Timer("room:r1/close", "room:r1", 17, NOW_MS + 60_000, b"\x01command")
KEY: Final = WrappedKey(b"\x01" * 16, "bob", 1, "golden", b"\x02" * 60)
MAP: Final = PartitionMap("rooms", 1, ("rooms-0", "rooms-1"))
HOLDER: Final = Holder("rooms-0#1", "n1", 42, 1_763_000_000_000)
COUNT: Final = Count("account ada", 5)


class StillClock(SystemClock):
    @override
    def now_ms(self) -> int:
        return NOW_MS


class Stores:
    """All of it over one database, with keys that do not change."""

    def __init__(self, database: Database) -> None:
        clock, settings = StillClock(), IdentitySettings()
        self.database = database
        self.keys = MongoKeyStore(database)
        self.sealing = Sealing(KeyringVault(self.keys, MasterKeys({"golden": b"m" * 32}), clock), b"i" * 32)
        self.accounts = Accounts(database, self.sealing)
        self.codes = Codes(database, self.sealing, settings, clock)
        self.invitations = Invitations(database, self.sealing, settings, clock)
        self.lockout = Lockout(database, settings, clock)
        revocations = Revocations(database, clock, session_memory_s=3600)
        self.sessions = LoginSessions(database, self.sealing, Tickets(b"t" * 32), revocations, settings, clock)
        self.timers = MongoTimers(database)
        self.leases = MongoLeases(database)
        self.maps = MongoPartitionMaps(database)


@dataclass(frozen=True, slots=True)
class Case:
    """One kind of document. `write` puts it there and tells the secret that opens it; `read` finds it as it was;
    `random` are the fields that differ each time."""

    collection: str
    write: Callable[[Stores], Awaitable[str]]
    read: Callable[[Stores, str], Awaitable[None]]
    random: frozenset[str] = frozenset()


async def write_account(stores: Stores) -> str:
    await stores.accounts.add("ada", PERSON, role="client", password="$argon2id$hash", now_ms=NOW_MS)
    return ""


async def read_account(stores: Stores, _: str) -> None:
    account = await stores.accounts.by_mail("Ada@Example.org")
    assert account is not None
    assert await stores.accounts.person(account) == PERSON
    assert (account.user, account.role, account.password, account.epoch, account.status, account.created_at) == (
        ("ada", "client", "$argon2id$hash", 0, "active", NOW_MS)
    )


async def write_session(stores: Stores) -> str:
    return (await stores.sessions.begin("ada", "dev_1", DEVICE))[1]


async def read_session(stores: Stores, token: str) -> None:
    (session,) = await stores.sessions.of("ada")
    assert (session.device, session.about, session.started_at, session.seen_at) == ("dev_1", DEVICE, NOW_MS, NOW_MS)
    rotated = await stores.sessions.rotate(token, RequestOrigin(address="192.0.2.1", agent="agent/1"))
    assert isinstance(rotated, tuple)


async def write_code(stores: Stores) -> str:
    return await stores.codes.make("reset", "ada")


async def read_code(stores: Stores, code: str) -> None:
    assert not await stores.codes.use("verify", "ada", code)
    assert await stores.codes.use("reset", "ada", code)


async def write_invitation(stores: Stores) -> str:
    return (await stores.invitations.make("eve@example.org", "therapist", "root")).code


async def read_invitation(stores: Stores, code: str) -> None:
    assert await stores.invitations.claim(code, "Eve@example.org", "eve") == "therapist"


async def write_lockout(stores: Stores) -> str:
    for _ in range(COUNT.free):
        await stores.lockout.begin([COUNT])
    return ""


async def read_lockout(stores: Stores, _: str) -> None:
    document = await stores.database["lockouts"].find_one({"_id": COUNT.key})
    assert document is not None
    assert (document["n"], document["until"]) == (COUNT.free, NOW_MS + 1000 * int(IdentitySettings().first_delay_s))
    await stores.lockout.forget(["ada"])
    assert await stores.database["lockouts"].count_documents({}) == 0


async def write_timer(stores: Stores) -> str:
    await stores.timers.put([TIMER])
    return ""


async def read_timer(stores: Stores, _: str) -> None:
    assert await stores.timers.due([17], before_ms=TIMER.due_ms + 1, limit=10) == [TIMER]


async def write_lease(stores: Stores) -> str:
    assert await stores.leases.acquire("rooms-0", HOLDER, 20.0) is not None
    return ""


async def read_lease(stores: Stores, _: str) -> None:
    again = await stores.leases.acquire("rooms-0", HOLDER, 20.0)
    assert again is not None
    assert again.epoch == 1, "the same holder has the same epoch"
    assert [held.holder for held in await stores.leases.held()] == [HOLDER]


async def write_map(stores: Stores) -> str:
    await stores.maps.write(MAP)
    return ""


async def read_map(stores: Stores, _: str) -> None:
    assert await stores.maps.read("rooms") == MAP


async def write_key(stores: Stores) -> str:
    await stores.keys.add([KEY])
    return ""


async def read_key(stores: Stores, _: str) -> None:
    assert await stores.keys.by_id([KEY.id]) == {KEY.id: KEY}
    assert (await stores.keys.newest(["bob"]))["bob"] == KEY


CASES: Final = {
    "account": Case("accounts", write_account, read_account, frozenset({"sealed"})),
    "session": Case("sessions", write_session, read_session, frozenset({"_id", "sealed", "digest"})),
    "code": Case("codes", write_code, read_code, frozenset({"hash"})),
    "invitation": Case("invitations", write_invitation, read_invitation, frozenset({"_id", "hash"})),
    "lockout": Case("lockouts", write_lockout, read_lockout),
    "timer": Case("timers", write_timer, read_timer),
    "lease": Case("leases", write_lease, read_lease, frozenset({"until"})),
    "map": Case("partition_maps", write_map, read_map),
    "key": Case("keys", write_key, read_key),
}


def extended(documents: Any) -> Any:
    """As canonical Extended JSON: it tells a date from a text, and one width of numbers from another."""
    return json.loads(json_util.dumps(documents, json_options=json_util.CANONICAL_JSON_OPTIONS))


def shape(document: dict[str, Any], random: frozenset[str]) -> list[tuple[str, Any]]:
    """The fields in their order; of those that are random, only what they are."""
    return [(name, _outline(value) if name in random else value) for name, value in document.items()]


def _outline(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _outline(inner) for name, inner in value.items()}
    return len(value) if isinstance(value, str) else value


async def written(case: Case, database: Database) -> dict[str, Any]:
    """What to keep of a case: its document, the keys that it was sealed under, and its secret."""
    secret = await case.write(Stores(database))
    (document,) = await database[case.collection].find().to_list(None)
    keys = [] if case.collection == "keys" else await database["keys"].find().to_list(None)
    return {"document": extended(document), "keys": extended(keys), "secret": secret}


@pytest.mark.parametrize("name", CASES)
async def test_it_is_written_as_ever(name: str, mongo: Database) -> None:
    case = CASES[name]
    now = await written(case, mongo)
    assert shape(now["document"], case.random) == shape(GOLDEN[name]["document"], case.random)
    assert [list(key) for key in now["keys"]] == [list(key) for key in GOLDEN[name]["keys"]]


@pytest.mark.parametrize("name", CASES)
async def test_what_was_written_then_is_read(name: str, mongo: Database) -> None:
    case, golden = CASES[name], GOLDEN[name]
    for collection, documents in ((case.collection, [golden["document"]]), ("keys", golden["keys"])):
        if documents:
            await mongo[collection].insert_many(json_util.loads(json.dumps(documents)))
    await case.read(Stores(mongo), golden["secret"])

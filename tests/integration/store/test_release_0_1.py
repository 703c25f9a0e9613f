"""The database of release 0.1 opens, and its API answers as it did then.

`tests/data/v0.1` is every collection of a small system that ran on that release, the keys it ran with, and what its
REST API answered. Names of classes and files may change; what is stored may not, without a migration.
"""

import gzip
import json
import uuid
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final

import bson
import pytest
import pytest_asyncio
from motor.motor_asyncio import AsyncIOMotorClient

from tests.identity_rig import House, house
from tests.mongo import url_of

pytestmark = pytest.mark.asyncio(loop_scope="module")
RELEASE: Final = Path(__file__).parents[2] / "data" / "v0.1"
MANIFEST: Final[dict[str, Any]] = json.loads((RELEASE / "manifest.json").read_text())
ANSWERS: Final[dict[str, Any]] = json.loads((RELEASE / "expected.json").read_text())
ASKED: Final = [name for name, asked in ANSWERS.items() if isinstance(asked, dict) and "path" in asked]


async def load(url: str, database: str) -> None:
    client: AsyncIOMotorClient[dict[str, Any]] = AsyncIOMotorClient(url)
    try:
        for path in RELEASE.glob("data-v0.1/*.bson.gz"):
            documents = bson.decode_all(gzip.decompress(path.read_bytes()))
            collection = path.name.removesuffix(".bson.gz")
            assert len(documents) == MANIFEST["collections"][collection]
            await client[database][collection].insert_many(documents)
    finally:
        client.close()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def old(mongo_port: int, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    url, database = url_of(mongo_port), f"test_{uuid.uuid4().hex}"
    await load(url, database)
    keys: dict[str, Any] = {"secret": MANIFEST["auth_secret"], "master_keys": MANIFEST["master_keys"]}
    async with house(url, database, tmp_path_factory.mktemp("old"), **keys) as made:
        await made.gateway()
        yield made


async def test_there_is_something_to_compare() -> None:
    assert {"messages", "rooms", "bookings_ann", "bookings_cat", "calendar", "availability"} <= set(ASKED)


SINCE_THEN = {"state", "policy", "policy_version", "edits", "pinned", "thread", "links"}
"""Members that later releases have added. A client of the first one passes over them."""


def known_of(answer: Any, known: Any, added: set[str]) -> Any:
    """The answer without the members that are not `known`, whose names go into `added`."""
    if isinstance(answer, dict) and isinstance(known, dict):
        added |= answer.keys() - known.keys()
        return {name: known_of(answer[name], known[name], added) for name in known if name in answer}
    if isinstance(answer, list) and isinstance(known, list) and len(answer) == len(known):
        return [known_of(one, other, added) for one, other in zip(answer, known, strict=True)]
    return answer


@pytest.mark.parametrize("name", ASKED)
async def test_every_answer_is_what_it_was(name: str, old: House) -> None:
    asked = ANSWERS[name]
    answer = await old.call("GET", asked["path"], bearer=ANSWERS["tokens"][asked["user"]])
    assert answer.status_code == asked["status"]
    added: set[str] = set()
    assert known_of(answer.json(), asked["body"], added) == asked["body"]
    assert added <= SINCE_THEN


async def test_who_had_an_account_signs_in_with_the_old_password(old: House) -> None:
    account = ANSWERS["account"]
    signed_in = await old.ok("POST", "/api/auth/login", {"email": account["email"], "password": account["password"]})
    me = await old.ok("GET", "/api/auth/me", bearer=signed_in["access_token"])
    assert {name: me[name] for name in account["me"]} == account["me"]


async def test_a_message_that_is_sent_again_after_the_upgrade_is_still_one_message(old: House) -> None:
    repeated = ANSWERS["idempotent"]
    ann = await old.socket(ANSWERS["tokens"]["old-ann"])
    await ann.ok("join_room", {"room_id": "old-group"})
    sent = await ann.ok("message", {"room_id": "old-group", "body": "answer", "client_id": repeated["client_id"]})
    assert (sent["id"], sent["seq"], sent["duplicate"]) == (repeated["id"], repeated["seq"], True)


async def test_the_series_and_the_direct_room_are_found_again(old: House) -> None:
    ann = await old.socket(ANSWERS["tokens"]["old-ann"])
    made = await ann.ok("create_room", {"kind": "direct", "members": ["old-bob"]})
    assert (made["room"]["room_id"], made["created"]) == (ANSWERS["direct"], False)
    series = await old.ok("GET", f"/api/series/{ANSWERS['series_id']}", bearer=ANSWERS["tokens"]["old-ann"])
    assert series["series_id"] == ANSWERS["series_id"]
    assert len(series["occurrences"]) > 1


async def test_life_goes_on_in_the_old_rooms_and_calendars(old: House) -> None:
    ann = await old.socket(ANSWERS["tokens"]["old-ann"])
    joined = await ann.ok("join_room", {"room_id": "old-group"})
    sent = await ann.ok("message", {"room_id": "old-group", "body": "written by the next release", "client_id": "n1"})
    assert sent["seq"] == joined["last_seq"] + 1
    wish = {"therapist_id": "old-dr", "service_id": "talk", "start": "2033-03-14T12:00:00.000Z"}
    booked = await old.ok("POST", "/api/bookings", wish, bearer=ANSWERS["tokens"]["old-ann"])
    assert booked["status"] == "confirmed"
    taken = await old.call("POST", "/api/bookings", wish, bearer=ANSWERS["tokens"]["old-cat"])
    assert taken.status_code == 409

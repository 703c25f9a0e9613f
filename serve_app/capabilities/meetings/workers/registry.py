"""Which media workers there are, which meeting is at which, and what operators want of them; in MongoDB.

media_workers   {_id: name, life, state, node, pid, began, address, key, host, port}
media_rooms     {_id: meeting, worker, life, epoch}
media_control   {_id: "control", max_workers, draining: [name], wanted}
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Final

from store.mongo.client import Database, Document, database_errors

WORKERS: Final = "media_workers"
ROOMS: Final = "media_rooms"
CONTROL: Final = "media_control"
_CONTROL: Final = {"_id": "control"}


@dataclass(frozen=True, slots=True)
class WorkerRecord:
    """One life of a worker. `address`: where it answers whoever knows `key`. `host`, `port`: what clients are told.
    `began`: of its process, which with `node` and `pid` proves that it is dead."""

    name: str
    life: str
    node: str
    pid: int
    began: int
    address: str
    key: str
    host: str
    port: int


@dataclass(frozen=True, slots=True)
class Placed:
    """Where a meeting is."""

    meeting: str
    worker: str
    life: str
    epoch: int


@dataclass(frozen=True, slots=True)
class Control:
    """What operators want. `max_workers` None: as the settings say."""

    max_workers: int | None = None
    draining: tuple[str, ...] = ()


class MediaRegistry:
    """Raises Unavailable when the database does not answer."""

    def __init__(self, database: Database) -> None:
        self._workers = database[WORKERS]
        self._rooms = database[ROOMS]
        self._control = database[CONTROL]

    async def workers(self) -> list[WorkerRecord]:
        """Those that have said that they are there, and not yet been found dead."""
        with database_errors():
            found = await self._workers.find({}).sort("_id", 1).to_list(None)
        return [_record(each) for each in found]

    async def worker(self, name: str) -> WorkerRecord | None:
        """One of them."""
        with database_errors():
            found: Document | None = await self._workers.find_one({"_id": name})
        return None if found is None else _record(found)

    async def add(self, record: WorkerRecord) -> None:
        """It is there; whoever had its name is not."""
        members = asdict(record)
        name = members.pop("name")
        with database_errors():
            await self._workers.replace_one({"_id": name}, members, upsert=True)

    async def remove(self, record: WorkerRecord) -> None:
        """This life of it is over."""
        with database_errors():
            await self._workers.delete_one({"_id": record.name, "life": record.life})

    async def place(self, placed: Placed) -> None:
        """The meeting is there, unless it is known to have moved on since."""
        members = {"worker": placed.worker, "life": placed.life, "epoch": placed.epoch}
        with database_errors():
            await self._rooms.update_one(
                {"_id": placed.meeting}, [{"$set": _unless_newer(members, placed.epoch)}], upsert=True
            )

    async def gone(self, meeting: str, epoch: int) -> None:
        """It is at no worker any more."""
        with database_errors():
            await self._rooms.delete_one({"_id": meeting, "epoch": {"$lte": epoch}})

    async def placed_at(self, worker: str) -> list[Placed]:
        """The meetings of a worker."""
        with database_errors():
            found = await self._rooms.find({"worker": worker}).to_list(None)
        return [Placed(each["_id"], each["worker"], each["life"], each["epoch"]) for each in found]

    async def control(self) -> Control:
        """What operators want."""
        with database_errors():
            found: Document = await self._control.find_one(_CONTROL) or {}
        return Control(found.get("max_workers"), tuple(found.get("draining", ())))

    async def limit(self, max_workers: int) -> None:
        """So many at most, from now on."""
        with database_errors():
            await self._control.update_one(_CONTROL, {"$set": {"max_workers": max_workers}}, upsert=True)

    async def drain(self, worker: str) -> None:
        """It is to give its meetings away, and to end."""
        with database_errors():
            await self._control.update_one(_CONTROL, {"$addToSet": {"draining": worker}}, upsert=True)

    async def drained(self, workers: Sequence[str]) -> None:
        """They have."""
        with database_errors():
            await self._control.update_one(_CONTROL, {"$pullAll": {"draining": list(workers)}})


def _record(found: Document) -> WorkerRecord:
    return WorkerRecord(found.pop("_id"), **found)


def _unless_newer(members: Document, epoch: int) -> Document:
    newer = {"$gt": [{"$ifNull": ["$epoch", -1]}, epoch]}
    return {
        name: {"$cond": [newer, f"${name}", value if isinstance(value, int) else {"$literal": value}]}
        for name, value in members.items()
    }

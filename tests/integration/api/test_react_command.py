"""`carewire react` over a real database: what was not told is owed, and what was told is not."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from pydantic import SecretStr

from actors.kernel.caller.region import Region
from actors.kernel.cluster.local import LocalCluster
from actors.kernel.contract.entity import Principal
from actors.kernel.contract.reactions import AnyReaction
from actors.kernel.effects.postman import LETTERS
from actors.rooms.room.commands import Create
from actors.workflows.table import reactions_of
from common.clock import SystemClock
from config.settings import EncryptionSettings, KernelSettings, MongoSettings, Settings
from serve_app.cli.main import main
from serve_app.cluster.spec import CarewireSpec
from store.mongo.client import Database
from store.ports.stores import Stores
from store.stores import open_stores
from tests.waiting import eventually

KEYS = "k1:" + "A" * 43 + "="
ANN = Principal("ann")


class Rig:
    """A database, rooms over it with and without rules, and the command."""

    def __init__(self, stores: Stores, settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
        self.stores = stores
        self._kinds = CarewireSpec(settings).kinds("rooms")
        self._capsys = capsys

    async def create_room(self, room: str, *rules: AnyReaction) -> None:
        """A room of ann, with bob in it."""
        kernel, clock = KernelSettings(linger_ms=0), SystemClock()
        cluster = LocalCluster(self.stores, self._kinds, settings=kernel, clock=clock, shards=1, reactions=rules)
        await cluster.start()
        region: Region = await cluster.region("test")
        await region.submit(f"room:{room}", Create(title="Team", members=("bob",)), by=ANN)
        await eventually(self._settled, "the turn is not settled")
        await cluster.stop()

    async def react(self, *arguments: str) -> tuple[int, str, str]:
        """The exit code of `carewire react`, and what it says."""
        self._capsys.readouterr()
        code = await asyncio.to_thread(main, ["react", *arguments])
        said = self._capsys.readouterr()
        return code, said.out, said.err

    async def owed(self) -> list[str]:
        """To whom parked letters are owed."""
        return sorted(record.entity for record in await self.stores.activities.page(connector=LETTERS, limit=100))

    async def _settled(self) -> bool:
        return not await self.stores.journal.unsettled(range(256), limit=1)


@pytest_asyncio.fixture
async def rig(
    mongo: Database, mongo_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> AsyncIterator[Rig]:
    for name, value in {
        "MONGO__URL": mongo_url,
        "MONGO__DATABASE": mongo.name,
        "ENCRYPTION__MASTER_KEYS": KEYS,
        "DATA_DIR": str(tmp_path),
    }.items():
        monkeypatch.setenv(f"CAREWIRE_{name}", value)
    monkeypatch.chdir(tmp_path)
    settings = Settings(
        _env_file=None,  # type: ignore[call-arg] # pydantic-settings adds it
        data_dir=tmp_path,
        encryption=EncryptionSettings(master_keys=SecretStr(KEYS)),
        mongo=MongoSettings(url=SecretStr(mongo_url), database=mongo.name, timeout_s=10),
    )
    stores = await open_stores(settings)
    yield Rig(stores, settings, capsys)
    stores.close()


async def test_what_was_not_told_is_owed_once_and_what_was_told_is_not(rig: Rig) -> None:
    await rig.create_room("silent")
    await rig.create_room("told", *reactions_of(["room"]))
    code, said, _ = await rig.react("tell_first_members", "--since", "2026-01-01", "--dry-run")
    counted = "events 2 (of 2 entities); letters told before 1, would be told now 1."
    assert (code, said) == (0, f"tell_first_members: {counted}\n")
    assert await rig.owed() == []
    for _ in range(2):
        code, said, _ = await rig.react("tell_first_members", "--since", "2026-01-01T00:00:00+02:00")
        assert (code, "as soon as Carewire runs 1." in said) == (0, True)
        assert await rig.owed() == ["room:silent"]


async def test_what_lies_before_the_time_stays_untold(rig: Rig) -> None:
    await rig.create_room("silent")
    code, said, _ = await rig.react("tell_first_members", "--since", "2126-01-01")
    assert (code, said.startswith("tell_first_members: events 0 ")) == (0, True)
    assert await rig.owed() == []


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("no_such_rule", "--since", "2026-01-01"), "tell_first_members"),
        (("tell_first_members", "--since", "yesterday"), "2026-11-28T09:30:00Z"),
    ],
)
async def test_wrong_use_says_what_to_do(rig: Rig, arguments: tuple[str, ...], said: str) -> None:
    code, out, err = await rig.react(*arguments)
    assert (code, out) == (2, "")
    assert said in err
    assert len(err.splitlines()) == 1

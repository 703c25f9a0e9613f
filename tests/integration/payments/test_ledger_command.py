"""`carewire ledger check` over a real database: whole, until somebody touches what is stored."""

import asyncio
from pathlib import Path

import msgspec
import pytest
from pydantic import SecretStr

from actors.kernel.cluster.local import LocalCluster
from actors.kernel.contract.entity import SYSTEM, Principal
from actors.payments.bill.commands import OpenBill, Pay
from actors.payments.bill.kind import BillKind
from actors.payments.bill.state import Line
from actors.payments.ledger import POSTINGS
from common.clock import SystemClock
from config.settings import EncryptionSettings, KernelSettings, MongoSettings, Settings
from serve_app.cli.main import main
from store.mongo.client import Database
from store.ports.stores import Stores
from store.stores import open_stores
from tests.waiting import eventually

KEYS = "k1:" + "A" * 43 + "="
OPEN = OpenBill(
    kind="charge",
    payer="ada",
    client="ada",
    currency="EUR",
    lines=(Line(id="l1", quantity=1, unit_amount=5_000, amount=5_000),),
    secret=msgspec.msgpack.encode({"l1": "An hour"}),
)


async def a_bill_is_paid(stores: Stores) -> None:
    kernel = KernelSettings(linger_ms=0)
    cluster = LocalCluster(stores, [BillKind()], settings=kernel, clock=SystemClock(), shards=1, reactions=())
    await cluster.start()
    region = await cluster.region("test")
    await region.submit("bill:bil_1", OPEN, by=SYSTEM)
    await region.submit("bill:bil_1", Pay(provider="manual"), by=Principal("root", "admin"))

    async def settled() -> bool:
        return not await stores.journal.unsettled(range(256), limit=1)

    await eventually(settled, "the turn is not settled")
    await cluster.stop()


async def test_it_is_whole_until_somebody_touches_what_is_stored(
    mongo: Database, mongo_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
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
    await a_bill_is_paid(stores)
    stores.close()

    async def check(*more: str) -> tuple[int, str]:
        capsys.readouterr()
        code = await asyncio.to_thread(main, ["ledger", "check", *more])
        return code, capsys.readouterr().out

    whole = "EUR: debit 5000, credit 5000\nThe ledger is whole: 2 postings of 1 bills and payees.\n"
    assert await check() == (0, whole)
    await mongo[POSTINGS].update_one({"f.account": "revenue"}, {"$set": {"f.amount": -4_999}})
    code, said = await check()
    assert (code, said.splitlines()[0]) == (1, "EUR: debit 5000, credit 4999, DIFFERENCE 1")
    assert "revenue EUR: journal -5000, stored -4999" in said
    code, said = await check("--repair")
    assert (code, said.splitlines()[-2:]) == (
        0,
        ["Repaired, as the journal has it: 1 of 1 differences.", whole.splitlines()[-1]],
    )
    assert await check() == (0, whole)

"""What operators see of files: bytes that came and went, and how many there are in each state."""

import pytest
from prometheus_client import CollectorRegistry

from serve_app.capabilities.files.health import FilesHealth
from serve_app.capabilities.files.metrics import FilesMetrics
from tests.gateway_rig import token
from tests.identity_rig import House
from tests.integration.files.people import ready
from tests.waiting import eventually

STATES = ("scanning", "ready", "rejected", "erased")
pytestmark = pytest.mark.asyncio(loop_scope="module")


def moved(home: House, direction: str) -> float:
    return home.registry.get_sample_value("carewire_files_bytes_total", {"direction": direction}) or 0.0


async def test_bytes_are_counted_as_they_come_and_go(home: House) -> None:
    came, went = moved(home, "in"), moved(home, "out")
    found = await ready(home, "ada", b"twelve bytes")
    path = f"/api/files/{found['file_id']}/content"
    assert (await home.call("GET", path, bearer=token("ada"), Range="bytes=0-5")).content == b"twelve"
    assert (await home.call("HEAD", path, bearer=token("ada"))).status_code == 200
    assert (moved(home, "in") - came, moved(home, "out") - went) == (12, 6)


async def test_files_are_counted_by_their_state_when_somebody_looks(home: House) -> None:
    registry = CollectorRegistry()
    health = FilesHealth(home.context.blobs, home.settings.files, home.database, FilesMetrics(registry))

    async def counted() -> list[float | None]:
        assert (await health.look()).status == "ok"
        return [registry.get_sample_value("carewire_files", {"state": state}) for state in STATES]

    _, before, _, erased = await counted()
    assert before is not None
    assert erased is None
    await ready(home, "ada", b"a letter")
    gone = await ready(home, "ada", b"another")
    await home.ok("DELETE", f"/api/files/{gone['file_id']}", bearer=token("ada"))

    async def told() -> bool:
        return await counted() == [0, before + 1, 0, None]

    await eventually(told, "the files are not counted")

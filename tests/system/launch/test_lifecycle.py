"""Started, it comes up; stopped, in whatever way and at whatever moment, it leaves nothing behind."""

import signal
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import httpx
import pytest

from tests.system.harness import START_S, STOP_S, System, carewire, processes_of, wait_until


def is_there(path: Path) -> bool:
    return path.exists()


@pytest.fixture
def own(tmp_path: Path) -> Iterator[System]:
    """A Carewire of the test's own."""
    system = System(tmp_path / "data")
    yield system
    system.stop()


async def all_gone(system: System, within_s: float = 5.0) -> None:
    await wait_until(lambda: not processes_of(system.data_dir), within_s=within_s, what="the end of every process")


async def test_killed_outright_it_takes_its_processes_with_it_and_keeps_what_was_acknowledged(own: System) -> None:
    own.start()
    async with own.client("alice") as alice:
        await alice.call("create_room", {"room_id": "kept"})
        await alice.call("message", {"room_id": "kept", "body": "still here"})
    scratch = own.scratch()
    assert is_there(scratch)
    assert own.process is not None
    own.process.kill()
    assert own.wait() == -signal.SIGKILL
    await all_gone(own, 15.0)
    own.start()  # the lock died with its holder, and what was left is cleared away
    assert not is_there(scratch)
    async with own.http("alice") as http:
        messages = (await http.get("/api/rooms/kept/messages")).json()["messages"]
    assert [message["body"] for message in messages] == ["still here"]
    await ctrl_c_leaves_nothing(own)


async def ctrl_c_leaves_nothing(own: System) -> None:
    scratch = own.scratch()
    async with own.client("alice") as alice:  # a client is connected, and is told
        own.interrupt(signal.SIGINT)
        await alice.hears("reconnect")
    assert own.wait(STOP_S) == 0
    await all_gone(own, 1.0)
    assert not is_there(scratch)
    assert is_there(own.data_dir / "logs")


MOMENTS: dict[str, Callable[[System], object]] = {
    "at once": lambda system: is_there(system.data_dir / "run.json"),
    "while mongod starts": lambda system: is_there(system.data_dir / "mongod.log"),
    "while Ray's head starts": lambda system: any(process.name() == "gcs_server" for process in system.below()),
    "while Ray's node starts": lambda system: any(process.name() == "raylet" for process in system.below()),
    "while it is deployed": lambda system: " Ray " in system.said(),
}


@pytest.mark.parametrize("moment", MOMENTS)
async def test_a_start_may_be_interrupted_at_any_moment(own: System, moment: str) -> None:
    own.spawn()
    await wait_until(lambda: MOMENTS[moment](own), within_s=START_S, what=moment, every_s=0.01)
    own.interrupt(signal.SIGINT)
    assert own.wait(STOP_S) == 0, own.said()
    await all_gone(own, 1.0)
    assert "Traceback" not in own.said()


async def test_when_ray_breaks_it_is_started_again_and_carewire_down_stops_it(own: System) -> None:
    own.start()
    next(process for process in own.below() if process.name() == "raylet").kill()
    ready_again = partial(_said_twice, own, "Carewire is ready")
    await wait_until(ready_again, within_s=START_S, what="the second start", every_s=0.2)
    async with own.http() as http:
        await wait_until(partial(_healthy, http), within_s=15.0, what="health")
    assert carewire("down", env=own.env, cwd=own.data_dir).returncode == 0
    assert own.wait(1.0) == 0
    await all_gone(own, 1.0)


def _said_twice(system: System, line: str) -> bool:
    return system.said().count(line) == 2


async def _healthy(http: httpx.AsyncClient) -> bool:
    try:
        return bool((await http.get("/health")).json()["status"] == "ok")
    except (httpx.HTTPError, ValueError):
        return False


def test_a_second_up_says_what_is_running(system: System) -> None:
    second = carewire("up", env=system.env, cwd=system.data_dir)
    assert second.returncode == 2
    assert system.process is not None
    assert f"already running here (pid {system.process.pid})" in second.stderr
    assert system.http_url in second.stderr
    assert len(second.stderr.strip().splitlines()) == 1

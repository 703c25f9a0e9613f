"""What a running Carewire leaves on its machine while it runs: logs, sockets, and no room for a second one."""

import json
import os
import time
from pathlib import Path
from typing import Any

import httpx

from tests.system.harness import System, carewire, environment, wait_until


def lines_of(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


async def test_what_the_api_refuses_is_in_its_log_at_once_as_json(system: System) -> None:
    log = system.data_dir / "logs" / "carewire" / "api-0.log"
    before = len(lines_of(log))
    async with httpx.AsyncClient(base_url=system.http_url, trust_env=False) as http:
        assert (await http.get("/api/rooms", headers={"Authorization": "Bearer x"})).status_code == 401
    (line,) = lines_of(log)[before:]
    assert {"event", "level", "process", "timestamp", "logger"} <= set(line)
    assert line["process"] == "api-0"


async def test_every_process_logs_json_lines_at_their_level_into_a_file_of_its_own(system: System) -> None:
    folder = system.data_dir / "logs" / "carewire"
    names = {path.stem for path in folder.glob("*.log")}
    assert {"api-0", "gateway-0", "predictor-0", "rooms-0", "rooms-1", "calendars-0", "care-0", "presence-0"} <= names
    lines = [line for path in folder.glob("*.log") for line in lines_of(path)]
    assert {line["level"] for line in lines} <= {"info", "warning", "error", "critical"}
    assert any(line["event"] == "lease.acquired" for line in lines)
    for path in (system.data_dir / "logs" / "serve").glob("replica_*.log"):
        assert all("levelname" in line for line in lines_of(path))


async def test_nobody_else_enters_ray_s_directories(system: System) -> None:
    scratch = system.scratch()
    assert scratch.stat().st_mode & 0o077 == 0

    def open_to_others() -> list[str]:
        folders = [folder for folder, _, _ in os.walk(scratch)]
        assert len(folders) > 5
        return [folder for folder in folders if Path(folder).stat().st_mode & 0o077]

    await wait_until(lambda: not open_to_others(), within_s=10.0, what="directories of their owner's only")
    sockets = [path for path in scratch.rglob("*") if path.is_socket()]
    assert sockets
    assert all(path.stat().st_mode & 0o077 == 0 for path in sockets)


async def test_a_second_one_on_the_same_database_is_refused_and_told_who_serves(system: System, tmp_path: Path) -> None:
    port = system.env["CAREWIRE_MONGO__PORT"]
    env = environment(tmp_path / "data", MONGO__URL=f"mongodb://127.0.0.1:{port}/?replicaSet=carewire")
    began = time.monotonic()
    done = carewire("up", env=env | {"CAREWIRE_MIN_FREE_MEMORY_MB": "0"}, cwd=tmp_path, timeout_s=90)
    assert time.monotonic() < began + 60
    assert done.returncode == 2, done.stdout + done.stderr
    assert "is ready" not in done.stdout
    (line,) = done.stderr.strip().splitlines()
    assert f"pid {await system.pid_of('rooms-0')}" in line
    assert "--wait" in line
    async with system.client("undisturbed") as client:
        await client.call("create_room", {"room_id": "undisturbed-1"})

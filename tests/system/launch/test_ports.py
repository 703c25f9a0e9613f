"""What listens where: the table of the README, held to the running program."""

import re
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

import psutil
import pytest

from common.net.ports import PortRange
from tests.system.harness import System, environment, free_ports, processes_of

README: Final = (Path(__file__).parents[3] / "README.md").read_text()
RANGE_SETTING: Final = "CAREWIRE_CLUSTER__PORTS"
KINDS: Final = {
    "each shard": "shard",
    "each gateway": "gateway",
    "each replica of the REST API": "api",
    "each predictor": "predictor",
    "each runner of activities": "runner",
    "each worker that serves one thing alone": "worker",
    "each media worker (while somebody meets)": "media",
}
ALONE: Final = {"the worker of search besides": "worker"}
"""One process that has more than others of its kind."""
REPLICAS: Final = set(KINDS.values()) - {"shard", "media"}
WIDTH: Final = 40


def the_table() -> list[list[str]]:
    section = README.partition("## What listens where")[2].partition("###")[0]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in section.splitlines() if line[:1] == "|"]
    return rows[2:]


@pytest.fixture(scope="module")
def ranged(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """A system with a range of ports of its own, which holds none of its others."""
    data_dir = tmp_path_factory.mktemp("ports")
    fixed = {int(value) for name, value in environment(data_dir).items() if name.endswith("PORT") and value.isdigit()}
    first = next(one for one in free_ports(50) if not any(one <= port < one + WIDTH for port in fixed))
    system = System(data_dir, CLUSTER__PORTS=f"{first}-{first + WIDTH - 1}")
    try:
        yield system.start()
    finally:
        system.stop()


def listening(system: System) -> list[tuple[int, str, int]]:
    """Pid, address and port of all that the program's processes listen on."""
    found = []
    for pid in processes_of(system.data_dir):
        with suppress(psutil.NoSuchProcess):
            for connection in psutil.Process(pid).net_connections("tcp"):
                if connection.status == psutil.CONN_LISTEN:
                    found.append((pid, str(connection.laddr[0]), int(connection.laddr[1])))
    return found


async def test_the_readme_lists_every_port_of_ours(ranged: System) -> None:
    rows, sockets = await ranged.status(), listening(ranged)
    kind_of = {row["pid"]: row["kind"] for row in rows}
    first, _, last = ranged.env[RANGE_SETTING].partition("-")
    ports = PortRange(int(first), int(last))

    listed = {
        who.partition(",")[0]: int(count.split()[0]) for who, _, count, what in the_table() if RANGE_SETTING in what
    }
    told = {KINDS[who]: count for who, count in listed.items() if who not in ALONE}
    more = Counter({ALONE[who]: count for who, count in listed.items() if who in ALONE})
    seen = Counter(kind_of.get(pid, "unknown") for pid, _, port in sockets if port in ports)
    processes = Counter(row["kind"] for row in rows)
    assert seen == Counter({kind: count * processes[kind] for kind, count in told.items()}) + more

    settings = {name for *_, what in the_table() for name in re.findall(r"CAREWIRE_\w+__PORT\b", what)}
    fixed = {int(ranged.env[name]) for name in settings}
    assert fixed == {int(value) for name, value in ranged.env.items() if re.fullmatch(r"CAREWIRE_\w+__PORT", name)}
    assert fixed <= {port for _, _, port in sockets}

    elsewhere = [(pid, address) for pid, address, port in sockets if port not in fixed and port not in ports]
    open_to_all = Counter(pid for pid, address in elsewhere if not address.endswith(("127.0.0.1", "::1")))
    replicas = {pid: 1 for pid, kind in kind_of.items() if kind in REPLICAS}
    assert dict(open_to_all) == replicas, "beside ours, Ray's one of each replica is open"
    ours = {pid for pid, kind in kind_of.items() if kind in KINDS.values()}
    rays = Counter(pid for pid, address in elsewhere if pid in ours and address.endswith("127.0.0.1"))
    assert set(rays.values()) <= {1}, "and Ray's own of each worker is on 127.0.0.1"

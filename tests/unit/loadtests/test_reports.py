"""What the load tests tell people."""

from dataclasses import replace
from pathlib import Path

import pytest

from common.errors import StartupError
from loadtests.lib.target import find
from loadtests.lib.workloads import WORKLOADS, LoadPhase, WorkloadResult, percentile
from loadtests.load import summary
from loadtests.whole.bench_path import PathRow, ratios, table
from loadtests.whole.bench_writing import OWN, Round, judged

PHASE = LoadPhase(1000.0, 100.0, 0, 0, 0, 0.5)
PACED = replace(
    PHASE, missing=2, failed_acks=1, delivery_p50_ms=1.0, delivery_p99_ms=9.0, ack_p50_ms=2.0, ack_p99_ms=8.0
)


def test_a_percentile_is_a_value_that_occurred() -> None:
    assert percentile([3.0, 1.0, 2.0], 0.5) == 2.0
    assert percentile(range(1, 101), 0.99) == 99
    assert percentile([5.0], 0.99) == 5.0
    with pytest.raises(ValueError, match="no values"):
        percentile([], 0.5)


def test_the_table_shows_losses_next_to_the_throughput() -> None:
    row = PathRow(
        server="carewire",
        workload="500 pairs",
        sockets=1000,
        rate=1000,
        found=WorkloadResult(PHASE, PACED, 1.0),
        server_cores=1.25,
        server_mb=900.0,
    )
    head, line = table([row]).splitlines()
    assert head.split()[:2] == ["server", "workload"]
    assert " ".join(line.split()) == "carewire 500 pairs 1,000 100 1.25 0.50 1000/s 1.0 / 9.0 2.0 / 8.0 2 1"


def test_what_we_reach_is_set_against_each_peer_in_the_same_workload() -> None:
    ours = [
        PathRow(
            server="carewire",
            workload="500 pairs",
            sockets=1000,
            rate=1000,
            found=WorkloadResult(replace(PHASE, deliveries_per_s=rate), PACED, 1.0),
            server_cores=1.0,
            server_mb=1.0,
        )
        for rate in (900, 1500, 3000)
    ]
    theirs = PathRow(
        server="node socket.io",
        workload="500 pairs",
        sockets=1000,
        rate=1000,
        found=WorkloadResult(PHASE, PACED, 1.0),
        server_cores=1.0,
        server_mb=90.0,
    )
    other = PathRow(
        server="node socket.io",
        workload="1 room of 500",
        sockets=500,
        rate=20,
        found=WorkloadResult(PHASE, PACED, 1.0),
        server_cores=1.0,
        server_mb=90.0,
    )
    assert ratios([*ours, theirs, other]).split() == ["carewire", "/", "node", "socket.io", "500", "pairs", "1.50"]


def test_a_quick_run_asks_a_fifth() -> None:
    assert [(one.name, one.sockets) for one in (workload.smaller() for workload in WORKLOADS)] == [
        ("1 room of 100", 100),
        ("2 rooms of 100", 200),
        ("100 pairs", 200),
    ]


def test_a_load_run_says_how_many_acks_were_bad() -> None:
    row = {
        "method": "ACK",
        "name": "message",
        "num_requests": 10,
        "num_failures": 0,
        "response_times": {"5": 9, "80": 1},
    }
    assert summary([row], 2).splitlines()[1].split() == ["ACK", "message", "10", "0", "5.0", "5", "80"]
    assert summary([row], 2).endswith("every ack was good and in time")
    assert summary([{**row, "num_failures": 3}], 2).endswith("3 failed, late or out of order")


def test_without_a_server_one_is_told_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CAREWIRE_DATA_DIR", str(tmp_path))
    with pytest.raises(StartupError, match=r"not running .* `make up`"):
        find(None, None, users=3)
    assert list(tmp_path.iterdir()) == []


def test_tokens_come_from_a_file_that_has_enough_of_them(tmp_path: Path) -> None:
    file = tmp_path / "tokens.jsonl"
    file.write_text('{"user": "a", "token": "A"}\n{"user": "b", "token": "B"}\n')
    assert find("http://x", file, users=2).tokens == [("a", "A"), ("b", "B")]
    with pytest.raises(StartupError, match="holds 2 tokens for 3 users"):
        find("http://x", file, users=3)
    file.write_text("rubbish")
    with pytest.raises(StartupError, match="no file of tokens"):
        find("http://x", file, users=1)


EVENTS, YJS = (name for name, _ in OWN)


def a_round(
    door: str = YJS, *, rate: float = 200.0, missing: int = 0, path_ms_each: float = 0.4, ack_p99_ms: float = 50.0
) -> Round:
    return Round(
        door=door,
        rate=rate,
        updates=100,
        missing=missing,
        refused=0,
        heard_p50_ms=5.0,
        heard_p99_ms=50.0,
        server_ms_each=1.0,
        path_ms_each=path_ms_each,
        client_cores=0.1,
        ack_p50_ms=10.0,
        ack_p99_ms=ack_p99_ms,
    )


def test_saving_is_good_when_nothing_is_lost_and_no_floor_is_missed() -> None:
    peer, events = a_round("a peer", path_ms_each=0.25), a_round(EVENTS)
    assert judged([events, a_round(), peer])
    assert judged([events, a_round()]), "no peer is no failure"
    assert not judged([events, a_round(missing=1), peer])
    assert not judged([a_round(EVENTS, ack_p99_ms=61.0), a_round(), peer])
    assert not judged([events, a_round(path_ms_each=0.51), peer])


def test_saving_is_compared_with_a_peer_at_the_same_rate() -> None:
    fast = a_round("a peer", rate=625.0, path_ms_each=0.1)
    rounds = [a_round(EVENTS), a_round(), a_round(EVENTS, rate=625.0)]
    assert judged([*rounds, a_round(rate=625.0, path_ms_each=0.2), fast])
    assert not judged([*rounds, a_round(rate=625.0, path_ms_each=0.3), fast])

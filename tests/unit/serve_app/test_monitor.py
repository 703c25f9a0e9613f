"""What health makes of the processes that were asked."""

from collections.abc import Mapping, Sequence
from typing import cast

import pytest

from serve_app.processes.monitor import ProcessMonitor, ProcessStatus, finding_of, finding_of_models
from store.mongo.processes import Process, ProcessRegistry


def predictor(stats: Mapping[str, object] | None) -> ProcessStatus:
    return ProcessStatus("predictor-0", "predictor", stats)


TRAINED = predictor({"model": "abc", "rules_only": False})
BARE = predictor({"model": "rules-only", "rules_only": True})
SILENT = predictor(None)


@pytest.mark.parametrize(
    ("sightings", "status"),
    [
        ([TRAINED], "ok"),
        ([TRAINED, TRAINED], "ok"),
        ([BARE], "degraded"),
        ([TRAINED, BARE], "degraded"),
        ([TRAINED, SILENT], "degraded"),
        ([SILENT], "down"),
        ([], "down"),
    ],
)
def test_a_predictor_without_a_model_is_degraded_and_one_that_is_silent_down(
    sightings: list[ProcessStatus], status: str
) -> None:
    assert finding_of_models(sightings).status == status


def test_health_names_the_models_in_service() -> None:
    details = finding_of_models([TRAINED, BARE]).details
    assert details == {"running": 2, "of": 2, "models": ["abc", "rules-only"], "rules_only": True}


def test_a_process_that_does_not_serve_yet_is_not_well() -> None:
    assert finding_of([ProcessStatus("rooms-0", "shard", {"serving": False})]).status == "down"


class Registry:
    """Nobody but shards is there."""

    async def alive(self) -> list[Process]:
        return []


class OneShard:
    """A shard that answers, or is too busy to. `serve_app.processes.monitor.Shards`."""

    def __init__(self) -> None:
        self.there = ["rooms-0"]
        self.busy = False

    async def names(self) -> Sequence[str]:
        return self.there

    async def stats(self, shard: str) -> Mapping[str, object]:
        if self.busy:
            raise TimeoutError
        return {"pid": 4711, "node": "farm", "entities": 3, "serving": True}

    async def metrics(self, shard: str) -> bytes:
        return b""


class Watch:
    """A clock that is set by hand."""

    now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


def a_census() -> tuple[ProcessMonitor, OneShard, Watch]:
    shards, watch = OneShard(), Watch()
    return ProcessMonitor(cast(ProcessRegistry, Registry()), shards, clock=watch), shards, watch


async def rows(census: ProcessMonitor) -> list[dict[str, object]]:
    return [sighting.row() for sighting in await census.sightings()]


async def test_who_does_not_answer_is_shown_with_what_they_said_last_and_how_old_it_is() -> None:
    census, shards, watch = a_census()
    (fresh,) = await rows(census)
    assert (fresh["status"], fresh["pid"], "age_s" in fresh) == ("ok", 4711, False)
    shards.busy = True
    watch.now_s += 7.0
    (old,) = await rows(census)
    assert (old["status"], old["pid"], old["node"], old["entities"]) == ("unreachable", 4711, "farm", 3)
    assert old["age_s"] == 7.0
    shards.busy = False
    (again,) = await rows(census)
    assert (again["status"], "age_s" in again) == ("ok", False)


async def test_what_was_said_last_is_no_sign_of_life() -> None:
    census, shards, _ = a_census()
    assert finding_of(await census.shards(["rooms-0"])).status == "ok"
    shards.busy = True
    assert finding_of(await census.shards(["rooms-0"])).status == "down"


async def test_who_is_gone_for_good_is_forgotten() -> None:
    census, shards, _ = a_census()
    await rows(census)
    shards.there = []
    assert await rows(census) == []
    shards.there, shards.busy = ["rooms-0"], True
    (row,) = await rows(census)
    assert (row["status"], row["pid"]) == ("unreachable", None)

"""The whole is as well as its parts."""

import asyncio

from serve_app.processes.health import Finding, HealthMonitor, HealthPart, State, switched_off


class Patient:
    """A part whose state the test sets."""

    def __init__(self, name: str, state: State | Exception, *, vital: bool = True) -> None:
        self.state = state
        self.probes = 0
        self.part = HealthPart(name, self._probe, vital)

    async def _probe(self) -> Finding:
        self.probes += 1
        await asyncio.sleep(0)
        if isinstance(self.state, Exception):
            raise self.state
        return Finding(self.state, {"seen": self.probes})


class HandClock:
    """A clock that the test turns."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


async def test_all_is_well_when_every_part_is() -> None:
    health = await HealthMonitor([Patient("mongo", "ok").part, Patient("gateway", "ok").part]).look()
    assert health.status == "ok"
    assert health.services["mongo"] == {"status": "ok", "last_success_age_s": 0.0, "seen": 1}


async def test_it_is_down_when_a_vital_part_is_and_degraded_when_another_is() -> None:
    vital, other = Patient("mongo", "ok"), Patient("mail", ConnectionError("secret address"), vital=False)
    health = await HealthMonitor([vital.part, other.part]).look()
    assert (health.status, health.services["mail"]["status"]) == ("degraded", "down")
    assert health.services["mail"]["reason"] == "ConnectionError"
    vital.state = "down"
    assert (await HealthMonitor([vital.part, other.part]).look()).status == "down"


async def test_what_is_still_to_be_set_up_is_shown_and_the_whole_is_none_the_worse() -> None:
    ladder = Patient("notifications", "degraded", vital=False)
    advisory = HealthPart("notifications", ladder.part.probe, vital=False, advisory=True)
    health = await HealthMonitor([Patient("mongo", "ok").part, advisory]).look()
    assert (health.status, health.services["notifications"]["status"]) == ("ok", "degraded")
    assert (await HealthMonitor([Patient("mongo", "ok").part, ladder.part]).look()).status == "degraded"


async def test_the_age_of_the_last_success_is_told_of_a_part_that_fails() -> None:
    clock, mongo = HandClock(), Patient("mongo", "ok")
    monitor = HealthMonitor([mongo.part], clock)
    await monitor.look()
    mongo.state = "down"
    clock.now += 12
    assert (await monitor.look()).services["mongo"]["last_success_age_s"] == 12.0


async def test_those_who_ask_at_once_or_soon_after_share_one_probe() -> None:
    clock, mongo = HandClock(), Patient("mongo", "ok")
    monitor = HealthMonitor([mongo.part], clock)
    await asyncio.gather(*(monitor.look() for _ in range(10)))
    await monitor.look()
    assert mongo.probes == 1
    clock.now += 1.5
    await monitor.look()
    assert mongo.probes == 2


async def test_a_feature_that_is_off_says_so_and_the_whole_is_none_the_worse() -> None:
    health = await HealthMonitor([Patient("mongo", "ok").part, switched_off("ml")]).look()
    assert (health.status, health.services["ml"]) == ("ok", {"status": "off"})
    health = await HealthMonitor([Patient("mongo", "down").part, switched_off("ml")]).look()
    assert health.status == "down"
